//! How long an Ogg plays: the position of its last page, in samples.

use super::milliseconds;
use crate::media::reading::{Reader, Trouble};

/// The end of a file in which its last page begins: a page has at most 65,307 bytes.
const TAIL: u64 = 131_072;
/// Bytes of a page before its table of segments.
const HEAD: u64 = 27;
/// The position of a page in which no packet ends.
const NONE: u64 = u64::MAX;

/// What the first packet says.
struct Stream {
    /// Samples in a second.
    rate: u64,
    /// Samples that are not played.
    skipped: u64,
}

pub(super) fn duration(reader: &mut Reader<'_>) -> Result<Option<u64>, Trouble> {
    let Some(stream) = stream(reader)? else {
        return Ok(None);
    };
    let last = last_position(reader)?;
    let played = last.map(|last| last.saturating_sub(stream.skipped));
    Ok(played.and_then(|samples| milliseconds(samples, stream.rate)))
}

fn stream(reader: &mut Reader<'_>) -> Result<Option<Stream>, Trouble> {
    reader.seek(HEAD - 1)?;
    let segments = reader.byte()?;
    reader.skip(u64::from(segments))?;
    let kind: [u8; 8] = reader.array()?;
    match &kind {
        b"OpusHead" => {
            reader.skip(2)?;
            let skipped = u64::from(u16::from_le_bytes(reader.array()?));
            let rate = 48_000;
            Ok(Some(Stream { rate, skipped }))
        }
        [1, b'v', b'o', b'r', b'b', b'i', b's', _] => {
            reader.skip(4)?;
            let rate = u64::from(u32::from_le_bytes(reader.array()?));
            Ok(Some(Stream { rate, skipped: 0 }))
        }
        _ => Ok(None),
    }
}

fn last_position(reader: &mut Reader<'_>) -> Result<Option<u64>, Trouble> {
    let length = reader.size().min(TAIL);
    reader.seek(reader.size() - length)?;
    let tail = reader.take(usize::try_from(length).unwrap_or_default())?;
    let positions = tail.windows(14).filter_map(|page| {
        let position = page.strip_prefix(b"OggS\0")?.get(1..9)?;
        Some(u64::from_le_bytes(position.try_into().ok()?))
    });
    Ok(positions.rev().find(|position| *position != NONE))
}
