//! The sides of pictures whose head says them: JPEG, PNG, GIF, WebP.

use super::Sides;
use crate::media::reading::{Reader, Trouble};
use crate::media::strip::orientation;

/// The most segments of a JPEG before its frame.
const SEGMENTS: u32 = 1_000;

/// A JPEG, turned as its EXIF says.
pub(super) fn jpeg(reader: &mut Reader<'_>) -> Result<Option<Sides>, Trouble> {
    reader.skip(2)?;
    let mut is_turned = false;
    for _ in 0..SEGMENTS {
        if reader.byte()? != 0xFF {
            return Err(Trouble::Malformed);
        }
        let marker = reader.byte()?;
        if marker == 0xFF {
            reader.seek(reader.at() - 1)?;
            continue;
        }
        if matches!(marker, 0x01 | 0xD0..=0xD8) {
            continue;
        }
        let start = reader.at();
        let length = reader.u16()?;
        match marker {
            // Frames; the others of these numbers are tables.
            0xC0..=0xCF if !matches!(marker, 0xC4 | 0xC8 | 0xCC) => {
                reader.skip(1)?;
                let (height, width) = (u32::from(reader.u16()?), u32::from(reader.u16()?));
                let sides = Sides { width, height };
                return Ok(Some(if is_turned { sides.turned() } else { sides }));
            }
            0xE1 if length > 8 => {
                let content = reader.take(usize::from(length - 2))?;
                let tiff = content.strip_prefix(b"Exif\0\0");
                is_turned |= tiff.and_then(orientation).is_some_and(|value| value >= 5);
            }
            0xD9 | 0xDA => return Ok(None),
            _ => {}
        }
        reader.seek(start + u64::from(length))?;
    }
    Ok(None)
}

pub(super) fn png(reader: &mut Reader<'_>) -> Result<Sides, Trouble> {
    reader.skip(16)?;
    let (width, height) = (reader.u32()?, reader.u32()?);
    Ok(Sides { width, height })
}

pub(super) fn gif(reader: &mut Reader<'_>) -> Result<Sides, Trouble> {
    reader.skip(6)?;
    let width = u32::from(u16::from_le_bytes(reader.array()?));
    let height = u32::from(u16::from_le_bytes(reader.array()?));
    Ok(Sides { width, height })
}

/// A WebP: its first chunk says how large it is, in one of three ways.
pub(super) fn webp(reader: &mut Reader<'_>) -> Result<Option<Sides>, Trouble> {
    reader.skip(12)?;
    let kind: [u8; 4] = reader.array()?;
    reader.skip(4)?;
    Ok(match &kind {
        b"VP8X" => {
            reader.skip(4)?;
            let width = u24(reader)? + 1;
            let height = u24(reader)? + 1;
            Some(Sides { width, height })
        }
        b"VP8L" => {
            reader.skip(1)?;
            let bits = u32::from_le_bytes(reader.array()?);
            let width = (bits & 0x3FFF) + 1;
            let height = ((bits >> 14) & 0x3FFF) + 1;
            Some(Sides { width, height })
        }
        b"VP8 " => {
            reader.skip(6)?;
            let width = u32::from(u16::from_le_bytes(reader.array()?) & 0x3FFF);
            let height = u32::from(u16::from_le_bytes(reader.array()?) & 0x3FFF);
            Some(Sides { width, height })
        }
        _ => None,
    })
}

/// A little-endian number of three bytes.
fn u24(reader: &mut Reader<'_>) -> Result<u32, Trouble> {
    let [first, second, third] = reader.array()?;
    Ok(u32::from_le_bytes([first, second, third, 0]))
}
