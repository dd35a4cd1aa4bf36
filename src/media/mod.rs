//! What the bytes of a file are. Pure.

mod kind;
mod sniff;

pub use kind::{MediaType, Placement};
pub use sniff::{HEAD_BYTES, sniff};
