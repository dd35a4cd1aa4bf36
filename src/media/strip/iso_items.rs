//! The items of HEIF pictures: EXIF and XMP are items, whose bytes lie anywhere in the file.

use std::collections::HashSet;

use super::iso::Edits;
use crate::media::boxes::{BoxAt, child, inside_meta};
use crate::media::reading::{Reader, Trouble};

/// The most items that are looked at.
const ITEMS: u64 = 10_000;

/// Whether a box is that of a picture's items.
pub(super) fn are_in(reader: &mut Reader<'_>, found: BoxAt) -> Result<bool, Trouble> {
    let Ok(Some(handler)) = child(reader, inside_meta(found), b"hdlr") else {
        return Ok(false);
    };
    reader.seek(handler.content)?;
    reader.skip(8)?;
    let kind: [u8; 4] = reader.array()?;
    Ok(&kind == b"pict")
}

/// Overwrites the items that say more than they show.
pub(super) fn strip(
    reader: &mut Reader<'_>,
    found: BoxAt,
    edits: &mut Edits,
) -> Result<(), Trouble> {
    let meta = inside_meta(found);
    let Some(names) = child(reader, meta, b"iinf")? else {
        return Ok(());
    };
    let telling = telling(reader, names)?;
    if telling.is_empty() {
        return Ok(());
    }
    let places = child(reader, meta, b"iloc")?.ok_or(Trouble::Malformed)?;
    let own = child(reader, meta, b"idat")?.map(|found| found.content);
    zero_items(reader, places, &telling, own, edits)
}

/// The ids of items that are EXIF, XMP, or anything of a media type.
fn telling(reader: &mut Reader<'_>, names: BoxAt) -> Result<HashSet<u32>, Trouble> {
    reader.seek(names.content)?;
    let version = reader.byte()?;
    reader.skip(3)?;
    let count = match version {
        0 => u64::from(reader.u16()?),
        _ => u64::from(reader.u32()?),
    };
    if count > ITEMS {
        return Err(Trouble::Malformed);
    }
    let mut found = HashSet::new();
    for _ in 0..count {
        let entry = BoxAt::read(reader, names.end)?;
        let version = reader.byte()?;
        reader.skip(3)?;
        // Older versions have no kinds of items.
        if &entry.kind == b"infe" && version >= 2 {
            let id = match version {
                2 => u32::from(reader.u16()?),
                _ => reader.u32()?,
            };
            reader.skip(2)?;
            let kind: [u8; 4] = reader.array()?;
            if matches!(&kind, b"Exif" | b"mime" | b"uri ") {
                found.insert(id);
            }
        }
        reader.seek(entry.end)?;
    }
    Ok(found)
}

/// How wide the numbers of the box with the places are.
struct Widths {
    offset: u8,
    length: u8,
    base: u8,
    index: u8,
}

fn zero_items(
    reader: &mut Reader<'_>,
    places: BoxAt,
    telling: &HashSet<u32>,
    own: Option<u64>,
    edits: &mut Edits,
) -> Result<(), Trouble> {
    reader.seek(places.content)?;
    let version = reader.byte()?;
    reader.skip(3)?;
    let (first, second) = (reader.byte()?, reader.byte()?);
    let widths = Widths {
        offset: first >> 4,
        length: first & 15,
        base: second >> 4,
        index: if version == 0 { 0 } else { second & 15 },
    };
    let count = match version {
        0 | 1 => u64::from(reader.u16()?),
        _ => u64::from(reader.u32()?),
    };
    if count > ITEMS {
        return Err(Trouble::Malformed);
    }
    for _ in 0..count {
        let id = match version {
            0 | 1 => u32::from(reader.u16()?),
            _ => reader.u32()?,
        };
        let method = match version {
            0 => 0,
            _ => reader.u16()? & 15,
        };
        reader.skip(2)?;
        let base = reader.number(widths.base)?;
        let start = match (method, own) {
            (0, _) => Some(base),
            (1, Some(own)) => own.checked_add(base),
            _ => None,
        };
        let extents = reader.u16()?;
        for _ in 0..extents {
            reader.skip(u64::from(widths.index))?;
            let offset = reader.number(widths.offset)?;
            let length = reader.number(widths.length)?;
            if telling.contains(&id) {
                let start = start.and_then(|start| start.checked_add(offset));
                zero(reader, start, length, edits)?;
            }
        }
    }
    Ok(())
}

fn zero(
    reader: &Reader<'_>,
    start: Option<u64>,
    length: u64,
    edits: &mut Edits,
) -> Result<(), Trouble> {
    let start = start.ok_or(Trouble::Malformed)?;
    // An extent without a length reaches to the end.
    let end = match length {
        0 => Some(reader.size()),
        length => start.checked_add(length),
    };
    match end {
        Some(end) if end <= reader.size() => edits.zero(start..end),
        Some(_) | None => return Err(Trouble::Malformed),
    }
    Ok(())
}
