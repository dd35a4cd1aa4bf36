//! Boxes: what ISO base media files (MP4, QuickTime, HEIF) are made of.

use super::reading::{Reader, Trouble};

/// The most boxes that are looked at.
pub(super) const BOXES: u32 = 50_000;

/// A box: its name, and where it is. Its content follows its head.
#[derive(Clone, Copy, Debug)]
pub(super) struct BoxAt {
    pub(super) kind: [u8; 4],
    pub(super) start: u64,
    pub(super) content: u64,
    pub(super) end: u64,
}

impl BoxAt {
    /// Reads the head of a box that lies before `within`. The position is at its content then.
    pub(super) fn read(reader: &mut Reader<'_>, within: u64) -> Result<Self, Trouble> {
        let start = reader.at();
        let size = u64::from(reader.u32()?);
        let kind = reader.array()?;
        let size = match size {
            0 => within - start,
            1 => reader.u64()?,
            size => size,
        };
        let (content, end) = (reader.at(), start.checked_add(size));
        match end {
            Some(end) if end <= within && end >= content => Ok(Self {
                kind,
                start,
                content,
                end,
            }),
            Some(_) | None => Err(Trouble::Malformed),
        }
    }
}

/// The first box of a kind in another one.
pub(super) fn child(
    reader: &mut Reader<'_>,
    parent: BoxAt,
    kind: &[u8; 4],
) -> Result<Option<BoxAt>, Trouble> {
    reader.seek(parent.content)?;
    for _ in 0..BOXES {
        if reader.at() + 8 > parent.end {
            break;
        }
        let found = BoxAt::read(reader, parent.end)?;
        if &found.kind == kind {
            return Ok(Some(found));
        }
        reader.seek(found.end)?;
    }
    Ok(None)
}

/// Calls `look` with each box in another one. The position is at the content of the box then.
pub(super) fn each_child<'a>(
    reader: &mut Reader<'a>,
    parent: BoxAt,
    mut look: impl FnMut(&mut Reader<'a>, BoxAt) -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    reader.seek(parent.content)?;
    for _ in 0..BOXES {
        if reader.at() + 8 > parent.end {
            break;
        }
        let found = BoxAt::read(reader, parent.end)?;
        look(reader, found)?;
        reader.seek(found.end)?;
    }
    Ok(())
}

/// A whole file, as the box of its outermost boxes.
pub(super) fn whole_file(reader: &Reader<'_>) -> BoxAt {
    BoxAt {
        kind: *b"file",
        start: 0,
        content: 0,
        end: reader.size(),
    }
}

/// The box with the items begins with a version and flags, unlike QuickTime's.
pub(super) fn inside_meta(found: BoxAt) -> BoxAt {
    BoxAt {
        content: (found.content + 4).min(found.end),
        ..found
    }
}
