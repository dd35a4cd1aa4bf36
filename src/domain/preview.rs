//! Previews: smaller pictures that are shown in place of a file.

use serde::{Deserialize, Serialize};

/// How large a preview is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PreviewKind {
    /// For lists: 360 pixels at most on each side.
    Thumb,
    /// For a page of its own: 1,600 pixels at most on each side.
    View,
}

impl PreviewKind {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Thumb, Self::View];

    /// The name in links and in the store.
    pub fn name(self) -> &'static str {
        match self {
            Self::Thumb => "thumb",
            Self::View => "view",
        }
    }

    /// The longest side in pixels. A picture that is no larger has no such preview.
    pub fn longest_side(self) -> u32 {
        match self {
            Self::Thumb => 360,
            Self::View => 1_600,
        }
    }
}

/// What a preview is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PreviewFormat {
    /// A JPEG.
    #[serde(rename = "image/jpeg")]
    Jpeg,
    /// A PNG, where the picture lets its background through.
    #[serde(rename = "image/png")]
    Png,
}

impl PreviewFormat {
    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
        }
    }
}

/// A preview that is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// What it is.
    #[serde(rename = "type")]
    pub format: PreviewFormat,
    /// Its size in bytes.
    pub size: u32,
}
