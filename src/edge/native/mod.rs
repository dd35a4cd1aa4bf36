//! What clients see: native JSON frames, the public JSON view of things.

pub mod acting;
pub mod deals;
pub mod decode;
pub mod encode;
pub mod events;
pub mod frame_id;
pub mod instants;
pub mod pressing;
pub mod read;
pub mod rest;
pub mod sent;
pub mod views;
