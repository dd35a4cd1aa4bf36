//! Media types, and whether browsers may show a file of each inside a page.

/// Where browsers may show a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// In a page.
    Inline,
    /// Nowhere: they save it.
    Download,
}

/// The media type of a file's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaType(pub &'static str);

/// What is not known, or not safe to name.
pub const UNKNOWN: MediaType = MediaType("application/octet-stream");

/// The types that browsers may show. None of them can run a script.
const INLINE: [&str; 12] = [
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "image/avif",
    "video/mp4",
    "video/webm",
    "audio/mp4",
    "audio/webm",
    "audio/ogg",
    "audio/mpeg",
    "audio/wav",
];

impl Placement {
    /// Where a file of this type may be shown.
    pub fn of(media_type: &str) -> Self {
        match INLINE.contains(&media_type) {
            true => Self::Inline,
            false => Self::Download,
        }
    }
}
