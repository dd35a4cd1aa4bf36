//! How long a WAV plays: its bytes, by the bytes of a second.

use super::milliseconds;
use crate::media::reading::{Reader, Trouble};

/// The most chunks that are looked at.
const CHUNKS: u32 = 1_000;

pub(super) fn duration(reader: &mut Reader<'_>) -> Result<Option<u64>, Trouble> {
    reader.skip(12)?;
    let mut bytes_a_second = None;
    for _ in 0..CHUNKS {
        let kind: [u8; 4] = reader.array()?;
        let length = u64::from(u32::from_le_bytes(reader.array()?));
        let start = reader.at();
        match &kind {
            b"fmt " => {
                reader.skip(8)?;
                bytes_a_second = Some(u64::from(u32::from_le_bytes(reader.array()?)));
            }
            b"data" => {
                // A recorder that does not know the length yet writes one that is too large.
                let length = length.min(reader.left());
                return Ok(bytes_a_second.and_then(|scale| milliseconds(length, scale)));
            }
            _ => {}
        }
        reader.seek(start + length + (length & 1))?;
    }
    Ok(None)
}
