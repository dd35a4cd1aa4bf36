//! The native dialect: JSON frames over a WebSocket, and the REST API under `/api/v1`.

pub mod acting;
mod annotating;
pub mod annotations;
pub mod attachments;
pub mod deals;
pub mod decode;
pub mod encode;
pub mod events;
mod forwarding;
pub mod frame_id;
pub mod instants;
pub mod notices;
pub(in crate::edge) mod payload;
pub mod pressing;
pub mod read;
pub mod rest;
pub mod searching;
pub mod sent;
pub mod views;

use crate::domain::dialect::Dialect;
use crate::edge::dialect::{Mount, Spec};

/// The path of its REST endpoints.
const PATH: &str = "/api/v1";

/// Stoa's own dialect, which every server speaks. It has a WebSocket of its own instead of Socket.IO.
pub static DIALECT: Spec = Spec {
    name: Dialect::NATIVE.name(),
    needs: Dialect::NATIVE.needs(),
    encode: events::encode,
    socketio: None,
    rest: &[Mount {
        prefix: PATH,
        routes: rest::api,
        refused: None,
    }],
};
