//! HEIF and AVIF: the sides of the picture that a file shows, turned as it says.

use super::Sides;
use crate::media::boxes::{BoxAt, child, each_child, inside_meta, whole_file};
use crate::media::reading::{Reader, Trouble};

pub(super) fn sides(reader: &mut Reader<'_>) -> Result<Option<Sides>, Trouble> {
    let file = whole_file(reader);
    let Some(meta) = child(reader, file, b"meta")?.map(inside_meta) else {
        return Ok(None);
    };
    let Some(shown) = child(reader, meta, b"pitm")? else {
        return Ok(None);
    };
    let shown = item_id(reader, shown)?;
    let Some(properties) = child(reader, meta, b"iprp")? else {
        return Ok(None);
    };
    let Some(associations) = child(reader, properties, b"ipma")? else {
        return Ok(None);
    };
    let of_shown = properties_of(reader, associations, shown)?;
    let Some(list) = child(reader, properties, b"ipco")? else {
        return Ok(None);
    };
    let (mut sides, mut is_turned, mut number) = (None, false, 0);
    each_child(reader, list, |reader, found| {
        // Properties are counted from 1.
        number += 1;
        if !of_shown.contains(&number) {
            return Ok(());
        }
        match &found.kind {
            b"ispe" => {
                reader.skip(4)?;
                let (width, height) = (reader.u32()?, reader.u32()?);
                sides = Some(Sides { width, height });
            }
            b"irot" => is_turned = reader.byte()? & 1 == 1,
            _ => {}
        }
        Ok(())
    })?;
    Ok(match is_turned {
        true => sides.map(Sides::turned),
        false => sides,
    })
}

fn item_id(reader: &mut Reader<'_>, shown: BoxAt) -> Result<u32, Trouble> {
    reader.seek(shown.content)?;
    let version = reader.byte()?;
    reader.skip(3)?;
    match version {
        0 => Ok(u32::from(reader.u16()?)),
        _ => reader.u32(),
    }
}

/// The numbers of an item's properties.
fn properties_of(
    reader: &mut Reader<'_>,
    associations: BoxAt,
    wanted: u32,
) -> Result<Vec<u16>, Trouble> {
    reader.seek(associations.content)?;
    let version = reader.byte()?;
    reader.skip(2)?;
    let is_wide = reader.byte()? & 1 == 1;
    let items = reader.u32()?;
    for _ in 0..items {
        let item = match version {
            0 => u32::from(reader.u16()?),
            _ => reader.u32()?,
        };
        let count = reader.byte()?;
        let mut numbers = Vec::with_capacity(usize::from(count));
        for _ in 0..count {
            // The highest bit says that a reader must know the property.
            numbers.push(match is_wide {
                true => reader.u16()? & 0x7FFF,
                false => u16::from(reader.byte()? & 0x7F),
            });
        }
        if item == wanted {
            return Ok(numbers);
        }
    }
    Ok(Vec::new())
}
