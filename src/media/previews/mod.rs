//! Previews of pictures: which pictures may have some, how they are made, and how the process that makes them answers.

mod answer;
mod making;

pub use answer::{MOST_BYTES, read, write};
pub use making::make;

use image::ImageFormat;

use crate::domain::preview::{PreviewFormat, PreviewKind};

/// The longest side of a picture that is decoded, in pixels.
const LONGEST_SIDE: u32 = 16_384;
/// The most pixels of a picture that is decoded.
const MOST_PIXELS: u64 = 50_000_000;
/// The most bytes of a file that is decoded.
const MOST_FILE_BYTES: u64 = 64 * 1024 * 1024;
/// The most bytes of a decoded picture.
const MOST_DECODED_BYTES: u64 = 256 * 1024 * 1024;

/// A preview that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadePreview {
    /// How large it is.
    pub kind: PreviewKind,
    /// What it is.
    pub format: PreviewFormat,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// Why a picture has no previews.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unpicturable {
    /// Previews are not made of files of its type.
    Type,
    /// It is too large to be decoded.
    TooLarge,
    /// It cannot be decoded.
    Malformed,
}

/// Whether a picture may be decoded, by what its file says of itself: its type, its size in bytes, its width and its height.
pub fn is_decodable(media_type: &str, bytes: u64, sides: (u32, u32)) -> bool {
    let (width, height) = sides;
    format_of(media_type).is_some()
        && bytes <= MOST_FILE_BYTES
        && width.max(height) <= LONGEST_SIDE
        && u64::from(width) * u64::from(height) <= MOST_PIXELS
}

/// Whether a picture of these sides is larger than a preview.
pub fn is_worth_it(sides: (u32, u32)) -> bool {
    let longest = sides.0.max(sides.1);
    PreviewKind::ALL
        .iter()
        .any(|kind| longest > kind.longest_side())
}

fn format_of(media_type: &str) -> Option<ImageFormat> {
    match media_type {
        "image/jpeg" => Some(ImageFormat::Jpeg),
        "image/png" => Some(ImageFormat::Png),
        "image/gif" => Some(ImageFormat::Gif),
        "image/webp" => Some(ImageFormat::WebP),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
