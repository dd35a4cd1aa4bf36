//! The words of the Lola guide. Where it names no payload, the payloads are the core's own fields in camelCase; `docs/socketio.md` has a
//! line for each event.

pub mod answers;
pub mod events;
pub mod requests;
pub mod views;

/// Where it is spoken over Socket.IO.
pub const NAMESPACE: &str = "/realtime";
