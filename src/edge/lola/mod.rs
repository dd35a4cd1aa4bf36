//! The dialect of Lola's two front ends: flat messages with their id under both names, and its events and acknowledgements. What these
//! clients have no name for is the native event in camelCase. `docs/lola.md` has a line for each event.

pub mod answers;
pub mod events;
pub mod message;
mod notices;
pub mod people;
pub mod requests;
pub mod rest;
pub mod room;
mod sending;
mod writing;

use serde_json::json;

use crate::domain::dialect::Needs;
use crate::edge::dialect::{Mount, SocketIoSpec, Spec};

/// Where it is spoken over Socket.IO.
pub const NAMESPACE: &str = "/realtime";

/// The dialect.
pub static DIALECT: Spec = Spec {
    name: "lola",
    needs: Needs {
        messages_of_marks: true,
        newest_messages: true,
        attendance: true,
        ..Needs::NOTHING
    },
    encode: events::encode,
    socketio: Some(SocketIoSpec {
        namespace: NAMESPACE,
        requests: &requests::EVENTS,
        read: |name, arguments, _| requests::decode(name, arguments),
        refused_as: |_| None,
        acknowledge: answers::acknowledgement,
        watched: |_, _| json!({ "success": true }).to_string(),
        refused: answers::refused,
        notice: notices::notice,
        greeting: answers::greeting,
    }),
    rest: &[
        // The front ends'.
        Mount {
            prefix: "/chat",
            routes: rest::api,
            refused: Some(rest::denial::refused),
        },
        // The one that Lola's published API prints.
        Mount {
            prefix: "/api/chat",
            routes: rest::api,
            refused: Some(rest::denial::refused),
        },
    ],
};
