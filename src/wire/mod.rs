//! What clients see: native JSON frames, Engine.IO and Socket.IO, the public JSON view of things, the frame guard.

pub mod acting;
pub mod answer;
pub mod bearer;
pub mod deals;
pub mod decode;
pub mod encode;
pub mod engineio;
pub mod frame_id;
pub mod guard;
pub mod handshake;
pub mod instants;
pub mod origin;
pub mod pressing;
pub mod read;
pub mod sent;
pub mod socketio;
pub mod views;
