//! What clients see: native JSON frames, the public JSON view of things, the frame guard.

pub mod acting;
pub mod answer;
pub mod deals;
pub mod decode;
pub mod encode;
pub mod guard;
pub mod read;
pub mod views;
