//! ISO base media files (MP4, QuickTime, HEIF): what they say beside their pictures and sounds is overwritten in place with zeros, in
//! boxes that are renamed to `free`, so that nothing else moves.

use std::ops::Range;

use super::iso_items;
use super::plan::Plan;
use crate::media::boxes::{BOXES, BoxAt, child};
use crate::media::reading::{Reader, Trouble};

/// How deep boxes may lie in each other.
const DEPTH: u8 = 12;
/// Boxes whose content is boxes.
const CONTAINERS: [&[u8; 4]; 9] = [
    b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"moof", b"traf", b"mvex",
];
/// Boxes that say what is not shown: users' data, tags, properties of programs.
const TELLING: [&[u8; 4]; 6] = [b"udta", b"uuid", b"meta", b"Xtra", b"XMP_", b"ludt"];
/// Boxes with the times at which a file was made.
const TIMED: [&[u8; 4]; 3] = [b"mvhd", b"tkhd", b"mdhd"];
/// Handlers of tracks that are shown or heard. Others carry places, movements and programs' own data.
const SHOWN: [&[u8; 4]; 9] = [
    b"vide", b"soun", b"pict", b"auxv", b"text", b"sbtl", b"subt", b"clcp", b"tmcd",
];

/// What is overwritten.
#[derive(Default)]
pub(super) struct Edits {
    /// The offsets of names of boxes that become `free`.
    names: Vec<u64>,
    /// Bytes that become zeros.
    zeros: Vec<Range<u64>>,
    boxes: u32,
}

impl Edits {
    /// Overwrites these bytes.
    pub(super) fn zero(&mut self, range: Range<u64>) {
        if !range.is_empty() {
            self.zeros.push(range);
        }
    }

    fn drop_box(&mut self, found: BoxAt) {
        self.names.push(found.start + 4);
        self.zero(found.content..found.end);
    }

    fn count(&mut self) -> Result<(), Trouble> {
        self.boxes += 1;
        match self.boxes > BOXES {
            true => Err(Trouble::Malformed),
            false => Ok(()),
        }
    }

    /// The whole file, with the edits.
    fn plan(self, size: u64) -> Result<Plan, Trouble> {
        let names = self.names.into_iter().map(|at| (at..at + 4, true));
        let zeros = self.zeros.into_iter().map(|range| (range, false));
        let mut edits: Vec<(Range<u64>, bool)> = names.chain(zeros).collect();
        edits.sort_by_key(|(range, _)| (range.start, range.end));
        let (mut plan, mut at) = (Plan::default(), 0);
        for (range, is_name) in edits {
            // Zeros inside of zeros.
            let start = range.start.max(at);
            if start >= range.end {
                continue;
            }
            plan.copy(at..start)?;
            match is_name {
                true => plan.bytes(b"free".to_vec())?,
                false => plan.zeros(range.end - start)?,
            }
            at = range.end;
        }
        plan.copy(at..size)?;
        Ok(plan)
    }
}

pub(super) fn plan(reader: &mut Reader<'_>) -> Result<Plan, Trouble> {
    let (size, mut edits) = (reader.size(), Edits::default());
    let first = BoxAt::read(reader, size)?;
    if &first.kind != b"ftyp" {
        return Err(Trouble::Malformed);
    }
    reader.seek(0)?;
    walk(reader, size, 0, &mut edits)?;
    edits.plan(size)
}

/// Looks at all boxes up to an offset.
fn walk(reader: &mut Reader<'_>, within: u64, depth: u8, edits: &mut Edits) -> Result<(), Trouble> {
    while reader.at() + 8 <= within {
        edits.count()?;
        let found = BoxAt::read(reader, within)?;
        match &found.kind {
            // A picture's own structure: only some of its items say more.
            b"meta" if depth == 0 && iso_items::are_in(reader, found)? => {
                iso_items::strip(reader, found, edits)?;
            }
            b"trak" if !is_shown(reader, found)? => edits.drop_box(found),
            kind if TELLING.contains(&kind) => edits.drop_box(found),
            kind if TIMED.contains(&kind) => zero_times(reader, found, edits)?,
            kind if CONTAINERS.contains(&kind) => {
                if depth >= DEPTH {
                    return Err(Trouble::Malformed);
                }
                reader.seek(found.content)?;
                walk(reader, found.end, depth + 1, edits)?;
            }
            _ => {}
        }
        reader.seek(found.end)?;
    }
    Ok(())
}

/// Whether a track is shown or heard.
fn is_shown(reader: &mut Reader<'_>, track: BoxAt) -> Result<bool, Trouble> {
    let handler = child(reader, track, b"mdia")?;
    let handler = match handler {
        Some(media) => child(reader, media, b"hdlr")?,
        None => None,
    };
    let Some(handler) = handler else {
        return Ok(false);
    };
    // A version with flags, and a field that was the type of component once.
    reader.seek(handler.content)?;
    reader.skip(8)?;
    Ok(SHOWN.contains(&&reader.array()?))
}

/// Overwrites when a film or a track was made and changed.
fn zero_times(reader: &mut Reader<'_>, found: BoxAt, edits: &mut Edits) -> Result<(), Trouble> {
    reader.seek(found.content)?;
    let width = match reader.byte()? {
        1 => 16,
        _ => 8,
    };
    let times = found.content + 4..found.content + 4 + width;
    match times.end <= found.end {
        true => edits.zero(times),
        false => return Err(Trouble::Malformed),
    }
    Ok(())
}
