//! An event of a Socket.IO client as a request, in any dialect.

use serde::Deserialize;
use serde_json::value::RawValue;
use std::sync::Arc;

use crate::domain::dialect::UserRoom;
use crate::domain::emoji::Emoji;
use crate::domain::ids::{ConversationId, MessageId};
use crate::domain::message::Content;
use crate::domain::refusal::Refusal;
use crate::edge::native::decode::Request;
use crate::edge::native::read::read;

/// What a client asks for.
#[derive(Debug)]
pub enum ClientRequest {
    /// A request to the core.
    Request(Request),
    /// To join or to leave the room of its user.
    UserRoom(UserRoom),
    /// Nothing: the event only names its sender.
    Nothing,
    /// To send a message, unless its sender has sent the same over REST a moment ago.
    SendOnce {
        /// The conversation.
        conversation: ConversationId,
        /// The message.
        content: Arc<Content>,
        /// How the client ids begin of what the dialect stores over REST.
        sent_over_rest: &'static str,
    },
    /// To replace the body of a message, whose conversation the event does not name.
    Edit {
        /// The message.
        message: MessageId,
        /// The new body.
        body: String,
    },
    /// To react to a message, whose conversation the event does not name.
    ReactAlone(LoneReaction),
}

/// A reaction that replaces the earlier ones of the same person.
#[derive(Clone, Debug)]
pub struct LoneReaction {
    /// The message.
    pub message: MessageId,
    /// With what.
    pub emoji: Emoji,
    /// Which of their reactions it replaces; the others stay.
    pub replaces: fn(&Emoji) -> bool,
}

/// An event of a client.
#[derive(Debug)]
pub struct Incoming {
    /// What it asks for.
    pub asks: ClientRequest,
    /// The ids that the payload gives as the acting user: each must be the caller's.
    pub acting: [Option<String>; 2],
}

impl Incoming {
    pub(in crate::edge) fn of(request: Request) -> Self {
        Self {
            asks: ClientRequest::Request(request),
            acting: [None, None],
        }
    }

    pub(in crate::edge) fn by(self, acting: Option<String>) -> Self {
        Self {
            acting: [acting, None],
            ..self
        }
    }
}

/// Parses the first argument.
pub(in crate::edge) fn first<'a, T: Deserialize<'a>>(
    arguments: &[&'a RawValue],
    name: &'static str,
) -> Result<T, Refusal> {
    let argument = arguments.first().filter(|first| first.get() != "null");
    let argument = argument.ok_or_else(|| Refusal::invalid(name, "is missing"))?;
    read(argument.get())
}

pub(in crate::edge) fn unknown(name: &str) -> Refusal {
    Refusal::invalid("event", format!("{name:.40} is not known"))
}
