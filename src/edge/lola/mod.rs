//! The Lola guide's dialect. The guide names events and few payloads: the others are the native ones in camelCase. `docs/socketio.md`
//! has a line for each event.

pub mod answers;
pub mod events;
pub mod requests;
mod writing;

use serde_json::json;

use crate::domain::dialect::Needs;
use crate::edge::dialect::{SocketIoSpec, Spec};

/// Where it is spoken over Socket.IO.
pub const NAMESPACE: &str = "/realtime";

/// The dialect.
pub static DIALECT: Spec = Spec {
    name: "lola",
    needs: Needs {
        messages_of_marks: true,
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
    }),
    rest: &[],
};
