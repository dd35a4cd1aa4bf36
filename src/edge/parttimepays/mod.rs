//! The dialect of Part-Time Pays' messages: REST calls below the native `/api/v1/messages`, whose answers are inside `data`, and a socket
//! in the namespace `/api/v1`. `docs/parttimepays.md` has a line for each endpoint and event.

mod answers;
pub mod conversation;
mod events;
pub mod message;
pub mod people;
mod reactions;
pub mod requests;
pub mod rest;
mod sending;

use serde_json::json;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::domain::dialect::Needs;
use crate::edge::dialect::{Mount, SocketIoSpec, Spec, refusal};

/// Where it is spoken over Socket.IO: where the page's client lands with the base URL of the API.
pub const NAMESPACE: &str = "/api/v1";

/// How the client ids begin under which messages are stored that were sent over REST.
const SENT_OVER_REST: &str = "rest-";

/// The dialect.
pub static DIALECT: Spec = Spec {
    name: "parttimepays",
    needs: Needs::NOTHING,
    encode: events::encode,
    socketio: Some(SocketIoSpec {
        namespace: NAMESPACE,
        requests: &requests::EVENTS,
        read: |name, arguments, _| requests::decode(name, arguments),
        refused_as: |_| None,
        acknowledge: answers::acknowledgement,
        watched: |_, _| json!({ "success": true }).to_string(),
        refused: refusal,
        greeting: |_, _| None,
    }),
    // A mount for each word, so that the native endpoints below `/api/v1/messages` stay what they are.
    rest: &[
        mount("/api/v1/messages/conversations", rest::conversations),
        mount("/api/v1/messages/messages", rest::messages),
        mount("/api/v1/messages/search", rest::search),
        mount("/api/v1/messages/unread-count", rest::unread_count),
        // The page's own settings double the version.
        mount("/api/v1/v1/messages/conversations", rest::conversations),
        mount("/api/v1/v1/messages/messages", rest::messages),
        mount("/api/v1/v1/messages/search", rest::search),
        mount("/api/v1/v1/messages/unread-count", rest::unread_count),
    ],
};

const fn mount(prefix: &'static str, routes: fn(&mut ServiceConfig<'_>)) -> Mount {
    Mount {
        prefix,
        routes,
        refused: Some(rest::denial::refused),
    }
}
