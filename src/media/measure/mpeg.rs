//! How long an MP3 plays: by the count of frames that its first frame may hold, or by its bit rate.

use super::milliseconds;
use crate::media::reading::{Reader, Trouble};

/// Bytes behind the tag in which the first frame begins.
const SEARCHED: u32 = 65_536;
/// Kilobits in a second, of layer 3 in MPEG 1 and in MPEG 2.
const RATES: [[u64; 15]; 2] = [
    [
        0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320,
    ],
    [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];
/// Samples in a second in MPEG 1; MPEG 2 has half as many, MPEG 2.5 a quarter.
const FREQUENCIES: [u64; 3] = [44_100, 48_000, 32_000];

/// The head of a frame.
struct Frame {
    /// Bits in a second.
    bits: u64,
    /// Samples in a second.
    frequency: u64,
    /// Samples of a frame.
    samples: u64,
    /// Bytes between the head and what encoders say.
    side: u64,
}

impl Frame {
    fn read([first, second, third, fourth]: [u8; 4]) -> Option<Self> {
        if first != 0xFF || second & 0b1110_0110 != 0b1110_0010 {
            return None;
        }
        let (is_one, quarter) = match (second >> 3) & 3 {
            3 => (true, 1),
            2 => (false, 2),
            0 => (false, 4),
            _ => return None,
        };
        let rates = RATES.get(usize::from(!is_one))?;
        let kilobits = rates
            .get(usize::from(third >> 4))
            .filter(|rate| **rate > 0)?;
        let frequency = FREQUENCIES.get(usize::from((third >> 2) & 3))? / quarter;
        let side = match (is_one, fourth >> 6 == 3) {
            (true, false) => 32,
            (true, true) | (false, false) => 17,
            (false, true) => 9,
        };
        Some(Self {
            bits: kilobits * 1_000,
            frequency,
            samples: if is_one { 1_152 } else { 576 },
            side,
        })
    }
}

pub(super) fn duration(reader: &mut Reader<'_>) -> Result<Option<u64>, Trouble> {
    skip_tag(reader)?;
    let Some((start, frame)) = first_frame(reader)? else {
        return Ok(None);
    };
    match frames(reader, start, &frame) {
        Ok(Some(count)) => Ok(milliseconds(count * frame.samples, frame.frequency)),
        Ok(None) | Err(Trouble::Malformed) => {
            Ok(milliseconds((reader.size() - start) * 8, frame.bits))
        }
        Err(trouble) => Err(trouble),
    }
}

/// Moves behind a tag at the beginning. Its length has seven bits in a byte.
fn skip_tag(reader: &mut Reader<'_>) -> Result<(), Trouble> {
    let head: [u8; 10] = reader.array()?;
    let [b'I', b'D', b'3', _, _, _, length @ ..] = head else {
        return reader.seek(0);
    };
    let length = length
        .iter()
        .fold(0, |length, byte| (length << 7) | u64::from(byte & 0x7F));
    reader.skip(length)
}

fn first_frame(reader: &mut Reader<'_>) -> Result<Option<(u64, Frame)>, Trouble> {
    for _ in 0..SEARCHED {
        let start = reader.at();
        if reader.left() < 4 {
            break;
        }
        if let Some(frame) = Frame::read(reader.array()?) {
            return Ok(Some((start, frame)));
        }
        reader.seek(start + 1)?;
    }
    Ok(None)
}

/// The count of frames, if the first frame says it.
fn frames(reader: &mut Reader<'_>, start: u64, frame: &Frame) -> Result<Option<u64>, Trouble> {
    reader.seek(start + 4 + frame.side)?;
    let name: [u8; 4] = reader.array()?;
    if matches!(&name, b"Xing" | b"Info") && reader.u32()? & 1 == 1 {
        return Ok(Some(u64::from(reader.u32()?)));
    }
    reader.seek(start + 36)?;
    let name: [u8; 4] = reader.array()?;
    if &name == b"VBRI" {
        reader.skip(10)?;
        return Ok(Some(u64::from(reader.u32()?)));
    }
    Ok(None)
}
