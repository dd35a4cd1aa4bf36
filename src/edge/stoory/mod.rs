//! The Stoory guide's dialect: its rows, its `action_data`, its presses, its events. `docs/stoory.md` has a line for each endpoint
//! and event.

pub mod answers;
pub mod cards;
pub mod events;
pub mod media;
pub mod money;
pub mod press;
pub mod requests;
pub mod rest;
pub mod rows;
pub mod sides;
pub mod work;

use crate::domain::dialect::Needs;
use crate::edge::dialect::{Mount, SocketIoSpec, Spec, refusal};

/// The path of its REST endpoints.
const PATH: &str = "/api/messages";

/// The system's id, unless the options set another.
pub const SYSTEM_USER: &str = "00000000-0000-0000-0000-000000000000";

/// Its namespace of Socket.IO.
pub const NAMESPACE: &str = "/";

/// The dialect.
pub static DIALECT: Spec = Spec {
    name: "stoory",
    needs: Needs {
        deal_memory: true,
        acts: true,
        messages_of_marks: true,
        ..Needs::NOTHING
    },
    encode: events::encode,
    socketio: Some(SocketIoSpec {
        namespace: NAMESPACE,
        requests: &requests::EVENTS,
        read: requests::decode,
        acknowledge: answers::acknowledgement,
        watched: answers::watched,
        refused: refusal,
        greeting: |_, _| None,
    }),
    rest: &[Mount {
        prefix: PATH,
        routes: rest::api,
    }],
};
