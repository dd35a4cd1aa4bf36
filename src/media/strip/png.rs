//! PNG: the chunks that are needed to show it, colours and animation included.

use super::exif;
use super::plan::Plan;
use crate::media::reading::{Reader, Trouble};

const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1A\n";
/// Chunks that say how the picture looks.
const KEPT: [&[u8; 4]; 20] = [
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB",
    b"cICP", b"mDCV", b"cLLI", b"bKGD", b"hIST", b"pHYs", b"acTL", b"fcTL", b"fdAT", b"sPLT",
];
/// The largest EXIF that is looked at.
const EXIF_BYTES: u64 = 1 << 20;

pub(super) fn plan(reader: &mut Reader<'_>) -> Result<Plan, Trouble> {
    let mut plan = Plan::default();
    if reader.array()? != SIGNATURE {
        return Err(Trouble::Malformed);
    }
    plan.copy(0..SIGNATURE.len() as u64)?;
    let mut is_first = true;
    loop {
        let start = reader.at();
        let length = u64::from(reader.u32()?);
        let kind: [u8; 4] = reader.array()?;
        let end = start + 12 + length;
        if length > i32::MAX as u64 || end > reader.size() || is_first != (&kind == b"IHDR") {
            return Err(Trouble::Malformed);
        }
        is_first = false;
        if KEPT.contains(&&kind) {
            plan.copy(start..end)?;
        } else if &kind == b"eXIf" && length <= EXIF_BYTES {
            let content = reader.take(length as usize)?;
            if let Some(orientation) = exif::orientation(&content) {
                plan.bytes(chunk(b"eXIf", &exif::tiff(orientation)))?;
            }
        }
        if &kind == b"IEND" {
            return Ok(plan);
        }
        reader.seek(end)?;
    }
}

fn chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap_or_default();
    let named = [&kind[..], content].concat();
    let mut chunk = length.to_be_bytes().to_vec();
    chunk.extend(&named);
    chunk.extend(crc32(&named).to_be_bytes());
    chunk
}

/// The checksum of ISO 3309, bit by bit: it is made for a few bytes.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            let shifted = crc >> 1;
            if crc & 1 == 1 {
                shifted ^ 0xEDB8_8320
            } else {
                shifted
            }
        })
    };
    !bytes.iter().fold(!0, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_standard() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(chunk(b"IEND", b""), b"\0\0\0\0IEND\xAEB`\x82");
    }
}
