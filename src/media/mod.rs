//! What the bytes of a file are, what of them is kept, how large a picture is, how it looks when it is small, and how long a recording
//! plays. Pure.

mod boxes;
mod kind;
pub mod measure;
pub mod previews;
mod reading;
mod sniff;
pub mod strip;

pub use kind::{MediaType, Placement, UNKNOWN};
pub use reading::{Source, Trouble};
pub use sniff::{HEAD_BYTES, sniff};
