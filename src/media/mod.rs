//! What the bytes of a file are, what of them is kept, how large a picture is and how long a recording plays. Pure.

mod boxes;
mod kind;
pub mod measure;
mod reading;
mod sniff;
pub mod strip;

pub use kind::{MediaType, Placement, UNKNOWN};
pub use reading::{Source, Trouble};
pub use sniff::{HEAD_BYTES, sniff};
