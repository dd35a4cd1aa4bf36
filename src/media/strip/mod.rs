//! Removes from pictures and films what they say beside what they show: places, times, devices, people, and what is hidden behind their
//! end. A format is rebuilt from the parts that are known; everything else is left out.

mod exif;
mod gif;
mod iso;
mod iso_items;
mod jpeg;
mod plan;
mod png;
mod webp;

use super::reading::{Reader, Source, Trouble};
pub(super) use exif::orientation;
pub use plan::{Part, Plan};

/// The parts of a file that are kept; `None` for a type from which nothing is removed.
///
/// # Errors
///
/// `Trouble::Malformed` if the file is not what its type says: then nothing is known of what it holds.
pub fn plan(media_type: &str, source: &dyn Source) -> Result<Option<Plan>, Trouble> {
    let mut reader = Reader::new(source);
    let plan = match media_type {
        "image/jpeg" => jpeg::plan(&mut reader)?,
        "image/png" => png::plan(&mut reader)?,
        "image/gif" => gif::plan(&mut reader)?,
        "image/webp" => webp::plan(&mut reader)?,
        "video/mp4" | "video/quicktime" | "audio/mp4" | "image/heic" | "image/heif"
        | "image/avif" => iso::plan(&mut reader)?,
        _ => return Ok(None),
    };
    Ok(Some(plan))
}

#[cfg(test)]
mod tests;
