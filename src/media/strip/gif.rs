//! GIF: its pictures, how long each is shown, and how often they repeat. Comments and other extensions are left out.

use super::plan::Plan;
use crate::media::reading::{Reader, Trouble};

/// Extensions of programs that say how often an animation repeats.
const LOOPS: [&[u8; 11]; 2] = [b"NETSCAPE2.0", b"ANIMEXTS1.0"];

pub(super) fn plan(reader: &mut Reader<'_>) -> Result<Plan, Trouble> {
    let mut plan = Plan::default();
    let version: [u8; 6] = reader.array()?;
    if !matches!(&version, b"GIF87a" | b"GIF89a") {
        return Err(Trouble::Malformed);
    }
    reader.skip(4)?;
    let flags = reader.byte()?;
    reader.skip(2)?;
    skip_table(reader, flags)?;
    plan.copy(0..reader.at())?;
    let mut has_picture = false;
    // A file that is cut in the middle shows what it has.
    while reader.left() > 0 {
        let start = reader.at();
        match reader.byte()? {
            b';' => break,
            b',' => {
                reader.skip(8)?;
                let flags = reader.byte()?;
                skip_table(reader, flags)?;
                reader.skip(1)?;
                skip_blocks(reader)?;
                plan.copy(start..reader.at())?;
                has_picture = true;
            }
            b'!' => {
                let is_kept = is_kept(reader)?;
                skip_blocks(reader)?;
                if is_kept {
                    plan.copy(start..reader.at())?;
                }
            }
            _ => return Err(Trouble::Malformed),
        }
    }
    if !has_picture {
        return Err(Trouble::Malformed);
    }
    plan.bytes(b";".to_vec())?;
    Ok(plan)
}

/// A table of colours, if the flags say that there is one.
fn skip_table(reader: &mut Reader<'_>, flags: u8) -> Result<(), Trouble> {
    match flags & 0x80 {
        0 => Ok(()),
        _ => reader.skip(3 << ((flags & 7) + 1)),
    }
}

fn skip_blocks(reader: &mut Reader<'_>) -> Result<(), Trouble> {
    loop {
        match reader.byte()? {
            0 => return Ok(()),
            length => reader.skip(u64::from(length))?,
        }
    }
}

/// Whether an extension says how the pictures are shown. The position is at its blocks then.
fn is_kept(reader: &mut Reader<'_>) -> Result<bool, Trouble> {
    let label = reader.byte()?;
    let at = reader.at();
    let is_loop = label == 0xFF && reader.byte()? == 11 && {
        let name: [u8; 11] = reader.array()?;
        LOOPS.contains(&&name)
    };
    reader.seek(at)?;
    Ok(is_loop || label == 0xF9)
}
