//! WebP: the chunks that are needed to show it, animation and colour profile included.

use std::ops::Range;

use super::exif;
use super::plan::Plan;
use crate::media::reading::{Reader, Trouble};

/// Chunks that are kept as they are.
const KEPT: [&[u8; 4]; 5] = [b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ICCP"];
/// Chunks inside a frame of an animation that are kept.
const IN_FRAME: [&[u8; 4]; 3] = [b"ALPH", b"VP8 ", b"VP8L"];
/// Bytes of a frame's own fields.
const FRAME_BYTES: u64 = 16;
/// Bytes of the chunk that lists what a file has.
const FEATURES_BYTES: u64 = 10;
/// The flags of EXIF and XMP in it.
const HAS_EXIF: u8 = 0x08;
const HAS_XMP: u8 = 0x04;
/// The largest EXIF that is looked at.
const EXIF_BYTES: u64 = 1 << 20;

/// A chunk: its name, and where its content is. A byte follows a content of odd length.
struct Chunk {
    kind: [u8; 4],
    content: Range<u64>,
    end: u64,
}

impl Chunk {
    fn read(reader: &mut Reader<'_>, within: u64) -> Result<Self, Trouble> {
        let kind = reader.array()?;
        let length = u64::from(u32::from_le_bytes(reader.array()?));
        let content = reader.at()..reader.at() + length;
        let end = content.end + (length & 1);
        match content.end <= within {
            true => Ok(Self {
                kind,
                // Some programs leave the last byte out.
                end: end.min(within),
                content,
            }),
            false => Err(Trouble::Malformed),
        }
    }

    /// With its name and length.
    fn whole(&self) -> Range<u64> {
        self.content.start - 8..self.end
    }
}

pub(super) fn plan(reader: &mut Reader<'_>) -> Result<Plan, Trouble> {
    let head: [u8; 4] = reader.array()?;
    let length = u64::from(u32::from_le_bytes(reader.array()?));
    let kind: [u8; 4] = reader.array()?;
    let within = length + 8;
    if &head != b"RIFF" || &kind != b"WEBP" || within > reader.size() {
        return Err(Trouble::Malformed);
    }
    let mut body = Body::default();
    while reader.at() + 8 <= within {
        let chunk = Chunk::read(reader, within)?;
        body.take(reader, &chunk)?;
        reader.seek(chunk.end)?;
    }
    body.finish()
}

/// What follows the head.
#[derive(Default)]
struct Body {
    features: Option<Vec<u8>>,
    rest: Plan,
    orientation: Option<u8>,
    has_picture: bool,
}

impl Body {
    fn take(&mut self, reader: &mut Reader<'_>, chunk: &Chunk) -> Result<(), Trouble> {
        let length = chunk.content.end - chunk.content.start;
        match &chunk.kind {
            b"VP8X" if length >= FEATURES_BYTES && self.features.is_none() => {
                self.features = Some(reader.take(FEATURES_BYTES as usize)?);
            }
            b"ANMF" => {
                self.has_picture = true;
                return self.take_frame(reader, chunk);
            }
            b"EXIF" if length <= EXIF_BYTES => {
                let content = reader.take(length as usize)?;
                let tiff = content.strip_prefix(b"Exif\0\0").unwrap_or(&content);
                self.orientation = self.orientation.or(exif::orientation(tiff));
            }
            kind if KEPT.contains(&kind) => {
                self.has_picture |= kind.starts_with(b"VP8");
                self.copy(chunk)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn copy(&mut self, chunk: &Chunk) -> Result<(), Trouble> {
        self.rest.copy(chunk.whole())?;
        let odd = (chunk.content.end - chunk.content.start) & 1 == 1;
        match odd && chunk.end == chunk.content.end {
            true => self.rest.zeros(1),
            false => Ok(()),
        }
    }

    /// A frame of an animation, with the chunks in it that are known.
    fn take_frame(&mut self, reader: &mut Reader<'_>, frame: &Chunk) -> Result<(), Trouble> {
        let fields = reader.at()..reader.at() + FRAME_BYTES;
        reader.skip(FRAME_BYTES)?;
        let mut inner = Vec::new();
        while reader.at() + 8 <= frame.content.end {
            let chunk = Chunk::read(reader, frame.content.end)?;
            reader.seek(chunk.end)?;
            if IN_FRAME.contains(&&chunk.kind) {
                inner.push(chunk);
            }
        }
        let whole = |chunk: &Chunk| {
            let length = chunk.content.end - chunk.content.start;
            8 + length + (length & 1)
        };
        let length = FRAME_BYTES + inner.iter().map(whole).sum::<u64>();
        self.rest.bytes(head(b"ANMF", length)?)?;
        self.rest.copy(fields)?;
        inner.iter().try_for_each(|chunk| self.copy(chunk))
    }

    fn finish(self) -> Result<Plan, Trouble> {
        if !self.has_picture {
            return Err(Trouble::Malformed);
        }
        // EXIF needs the chunk that says that it is there.
        let orientation = self.orientation.filter(|_| self.features.is_some());
        let exif = match orientation {
            Some(orientation) => {
                let tiff = exif::tiff(orientation);
                [head(b"EXIF", tiff.len() as u64)?, tiff].concat()
            }
            None => Vec::new(),
        };
        let features = match self.features {
            Some(mut features) => {
                if let Some(flags) = features.first_mut() {
                    *flags &= !(HAS_EXIF | HAS_XMP);
                    *flags |= orientation.map_or(0, |_| HAS_EXIF);
                }
                [head(b"VP8X", FEATURES_BYTES)?, features].concat()
            }
            None => Vec::new(),
        };
        let length = 4 + features.len() as u64 + self.rest.size() + exif.len() as u64;
        let mut plan = Plan::default();
        plan.bytes([head(b"RIFF", length)?, b"WEBP".to_vec(), features].concat())?;
        plan.append(self.rest)?;
        match exif.is_empty() {
            true => Ok(()),
            false => plan.bytes(exif),
        }?;
        Ok(plan)
    }
}

fn head(kind: &[u8; 4], length: u64) -> Result<Vec<u8>, Trouble> {
    let length = u32::try_from(length).map_err(|_| Trouble::Malformed)?;
    Ok([&kind[..], &length.to_le_bytes()].concat())
}
