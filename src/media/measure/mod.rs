//! How large a picture or a film is shown, and how long a recording or a film plays, by what the file says of itself.

mod iso;
mod iso_fragments;
mod iso_items;
mod matroska;
mod mpeg;
mod ogg;
mod pictures;
mod wave;

use std::io;

use super::reading::{Reader, Source, Trouble};
use crate::domain::measures::Measures;

/// Sides beyond this are not believed.
const LONGEST_SIDE: u32 = 1_000_000;

/// The width and the height of something, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sides {
    width: u32,
    height: u32,
}

impl Sides {
    /// Turned by a quarter.
    fn turned(self) -> Self {
        Self {
            width: self.height,
            height: self.width,
        }
    }
}

/// What a file of this type says of itself. What it does not say, or what makes no sense, is missing.
///
/// # Errors
///
/// If its bytes cannot be read.
pub fn measure(media_type: &str, source: &dyn Source) -> io::Result<Measures> {
    let (sides, milliseconds) = match found(media_type, &mut Reader::new(source)) {
        Ok(found) => found,
        Err(Trouble::Malformed) => (None, None),
        Err(Trouble::Io(error)) => return Err(error),
    };
    let is_likely = |side: u32| (1..=LONGEST_SIDE).contains(&side);
    let sides = sides.filter(|sides| is_likely(sides.width) && is_likely(sides.height));
    let duration = milliseconds.and_then(|all| u32::try_from(all).ok());
    Ok(Measures {
        width: sides.map(|sides| sides.width),
        height: sides.map(|sides| sides.height),
        duration_ms: duration.filter(|milliseconds| *milliseconds > 0),
        ..Measures::default()
    })
}

/// The sides, and how many milliseconds it plays.
type Found = (Option<Sides>, Option<u64>);

fn found(media_type: &str, reader: &mut Reader<'_>) -> Result<Found, Trouble> {
    Ok(match media_type {
        "image/jpeg" => (pictures::jpeg(reader)?, None),
        "image/png" => (Some(pictures::png(reader)?), None),
        "image/gif" => (Some(pictures::gif(reader)?), None),
        "image/webp" => (pictures::webp(reader)?, None),
        "image/avif" | "image/heic" | "image/heif" => (iso_items::sides(reader)?, None),
        "video/mp4" | "video/quicktime" | "audio/mp4" => iso::measure(reader)?,
        "video/webm" | "audio/webm" | "video/x-matroska" => matroska::measure(reader)?,
        "audio/ogg" | "video/ogg" => (None, ogg::duration(reader)?),
        "audio/mpeg" => (None, mpeg::duration(reader)?),
        "audio/wav" => (None, wave::duration(reader)?),
        _ => (None, None),
    })
}

/// Units of which there are `scale` in a second, as milliseconds.
fn milliseconds(units: u64, scale: u64) -> Option<u64> {
    let all = u128::from(units) * 1_000;
    u64::try_from(all.checked_div(u128::from(scale))?).ok()
}

#[cfg(test)]
mod tests;
