//! The Stoory dialect: its rows, its `action_data`, its presses, its events. `docs/stoory.md` has a line for each endpoint
//! and event.

pub mod about;
pub mod aliases;
pub mod answers;
pub mod cards;
pub mod events;
pub mod listed;
pub mod media;
pub mod money;
mod notices;
pub mod press;
pub mod prompts;
pub mod requests;
pub mod rest;
pub mod rows;
pub mod sides;
mod step_events;
mod user_events;
pub mod work;

use crate::domain::dialect::Needs;
use crate::edge::dialect::{Mount, SocketIoSpec, Spec, refusal};

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
        user_events: true,
        messages_of_marks: true,
        unread_changes: true,
        ..Needs::NOTHING
    },
    encode: events::encode,
    socketio: Some(SocketIoSpec {
        namespace: NAMESPACE,
        requests: &requests::EVENTS,
        read: requests::decode,
        refused_as: requests::refused_as,
        acknowledge: answers::acknowledgement,
        watched: answers::watched,
        refused: refusal,
        notice: notices::notice,
        greeting: |_, _| None,
    }),
    rest: &[
        Mount {
            prefix: "/api/messages",
            routes: rest::messages,
            refused: None,
        },
        Mount {
            prefix: "/api/conversations",
            routes: rest::conversations,
            refused: None,
        },
        Mount {
            prefix: "/api/bids",
            routes: rest::bids,
            refused: None,
        },
        Mount {
            prefix: "/api/campaigns",
            routes: rest::campaigns,
            refused: None,
        },
    ],
};
