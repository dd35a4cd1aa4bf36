//! What the bytes of a file are, and what of them is kept. Pure.

mod kind;
mod sniff;
pub mod strip;

pub use kind::{MediaType, Placement, UNKNOWN};
pub use sniff::{HEAD_BYTES, sniff};
