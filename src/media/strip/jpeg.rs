//! JPEG: tables, frames, scans, the colour profile and which way up it is. It ends at its end: what follows, such as a film or a second
//! picture, is cut off.

use super::exif;
use super::plan::Plan;
use crate::media::reading::{Reader, Trouble};

const START: [u8; 2] = [0xFF, 0xD8];
const END: [u8; 2] = [0xFF, 0xD9];

/// What is done with a segment.
enum Fate {
    Keep,
    Drop,
    /// Look for the orientation in it.
    Exif,
}

pub(super) fn plan(reader: &mut Reader<'_>) -> Result<Plan, Trouble> {
    let mut plan = Plan::default();
    if reader.array()? != START {
        return Err(Trouble::Malformed);
    }
    plan.bytes(START.to_vec())?;
    let (mut orientation, mut has_scan) = (None, false);
    let mut next = Some(marker(reader)?);
    while let Some(marker) = next {
        let start = reader.at() - 2;
        match marker {
            0xD9 => break,
            // Markers without a segment: a temporary one, and restarts.
            0x01 | 0xD0..=0xD7 => {}
            _ => {
                let length = u64::from(reader.u16()?);
                let end = start + 2 + length;
                if length < 2 || end > reader.size() {
                    return Err(Trouble::Malformed);
                }
                match fate(marker, reader, length)? {
                    Fate::Keep => plan.copy(start..end)?,
                    Fate::Exif if orientation.is_none() => {
                        orientation = orientation_of(reader, length)?;
                        if let Some(value) = orientation {
                            plan.bytes(segment(value))?;
                        }
                    }
                    Fate::Exif | Fate::Drop => {}
                }
                reader.seek(end)?;
                if marker == 0xDA {
                    has_scan = true;
                    next = scan(reader, &mut plan)?;
                    continue;
                }
            }
        }
        next = Some(self::marker(reader)?);
    }
    if !has_scan {
        return Err(Trouble::Malformed);
    }
    plan.bytes(END.to_vec())?;
    Ok(plan)
}

/// The next marker; fill bytes may stand before it.
fn marker(reader: &mut Reader<'_>) -> Result<u8, Trouble> {
    if reader.byte()? != 0xFF {
        return Err(Trouble::Malformed);
    }
    loop {
        match reader.byte()? {
            0xFF => {}
            0 => return Err(Trouble::Malformed),
            marker => return Ok(marker),
        }
    }
}

/// The data of a scan, up to the marker that follows; `None` at the end of the file.
fn scan(reader: &mut Reader<'_>, plan: &mut Plan) -> Result<Option<u8>, Trouble> {
    let start = reader.at();
    while reader.left() > 0 {
        if reader.byte()? != 0xFF {
            continue;
        }
        let mut end = reader.at() - 1;
        while reader.left() > 0 {
            match reader.byte()? {
                // An escaped byte, or a restart: the scan goes on.
                0 | 0xD0..=0xD7 => break,
                0xFF => end = reader.at() - 1,
                marker => {
                    plan.copy(start..end)?;
                    return Ok(Some(marker));
                }
            }
        }
    }
    plan.copy(start..reader.at())?;
    Ok(None)
}

fn fate(marker: u8, reader: &mut Reader<'_>, length: u64) -> Result<Fate, Trouble> {
    let begins = |reader: &mut Reader<'_>, wanted: &[u8]| -> Result<bool, Trouble> {
        let at = reader.at();
        let count = wanted.len().min((length - 2) as usize);
        let found = reader.take(count)?;
        reader.seek(at)?;
        Ok(found == wanted)
    };
    Ok(match marker {
        // Frames, tables, scans, restarts.
        0xC0..=0xCF | 0xDA..=0xDF => Fate::Keep,
        0xE0 if begins(reader, b"JFIF\0")? => Fate::Keep,
        0xE1 if begins(reader, b"Exif\0\0")? => Fate::Exif,
        0xE2 if begins(reader, b"ICC_PROFILE\0")? => Fate::Keep,
        0xEE if begins(reader, b"Adobe")? => Fate::Keep,
        _ => Fate::Drop,
    })
}

fn orientation_of(reader: &mut Reader<'_>, length: u64) -> Result<Option<u8>, Trouble> {
    let content = reader.take((length - 2) as usize)?;
    Ok(content.get(6..).and_then(exif::orientation))
}

/// A segment that says an orientation.
fn segment(orientation: u8) -> Vec<u8> {
    let tiff = exif::tiff(orientation);
    let length = u16::try_from(2 + 6 + tiff.len()).unwrap_or_default();
    let mut segment = vec![0xFF, 0xE1];
    segment.extend(length.to_be_bytes());
    segment.extend(b"Exif\0\0");
    segment.extend(tiff);
    segment
}
