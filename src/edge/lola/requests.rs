//! The requests of these clients: what they send, and the native fields in camelCase beside it; `conversationId` stands for `roomId` as
//! well.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::sync::Arc;

use super::sending::SentFields;
use crate::domain::command::{Command, Mark, Reads, Typing};
use crate::domain::ids::{ConversationId, MessageId, Seq};
use crate::domain::object;
use crate::domain::refusal::Refusal;
use crate::domain::whole;
use crate::edge::dialect::requests::{ClientRequest, Incoming, first, unknown};
use crate::edge::native::decode::{Request, message_id};

/// The names of all events that a client may send.
pub const EVENTS: [&str; 5] = [
    "chat:join-room",
    "chat:leave-room",
    "chat:send-message",
    "chat:typing",
    "chat:read-messages",
];

/// Messages that one request may mark as read.
const MOST_READ: usize = 1_000;

const BY_BUSINESS: Refusal = Refusal::Unprocessable(
    "Joining by businessId is not served yet: join a room that exists by its roomId",
);

pub(crate) fn decode(name: &str, arguments: &[&RawValue]) -> Result<Incoming, Refusal> {
    if !EVENTS.contains(&name) {
        return Err(unknown(name));
    }
    let asked = Fields::read(arguments)?;
    let conversation = asked.conversation(name)?;
    let acting = [asked.sender_id.clone(), asked.user_id.clone()];
    let command = match name {
        "chat:join-room" => {
            let request = Request::Join {
                conversation,
                after: None,
            };
            return Ok(Incoming {
                asks: ClientRequest::Request(request),
                acting,
            });
        }
        "chat:leave-room" => {
            let asks = ClientRequest::Request(Request::Leave { conversation });
            return Ok(Incoming { asks, acting });
        }
        "chat:typing" => Command::Type(match asked.is_typing {
            Some(false) => Typing::Stopped,
            Some(true) | None => Typing::Started,
        }),
        "chat:read-messages" => match asked.read_up_to()? {
            Some(read) => read,
            None => {
                return Ok(Incoming {
                    asks: ClientRequest::Nothing,
                    acting,
                });
            }
        },
        _ => Command::Send(Arc::new(asked.content()?)),
    };
    let asks = ClientRequest::Request(Request::Command {
        conversation,
        command,
    });
    Ok(Incoming { asks, acting })
}

/// The fields of all events.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Fields {
    conversation_id: Option<String>,
    room_id: Option<String>,
    business_id: Option<String>,
    subdomain: Option<String>,
    body: Option<String>,
    message: Option<String>,
    content: Option<String>,
    message_type: Option<String>,
    client_id: Option<String>,
    reply_to: Option<String>,
    reply_to_message_id: Option<String>,
    attachments: Option<Vec<Value>>,
    #[serde(deserialize_with = "object::optional")]
    context: Option<Map<String, Value>>,
    is_typing: Option<bool>,
    #[serde(deserialize_with = "whole::optional")]
    seq: Option<Seq>,
    message_ids: Option<Vec<String>>,
    sender_id: Option<String>,
    user_id: Option<String>,
}

impl Fields {
    /// Reads a conversation's id alone, or an object.
    fn read(arguments: &[&RawValue]) -> Result<Self, Refusal> {
        match first::<String>(arguments, "roomId") {
            Ok(room_id) => Ok(Self {
                room_id: Some(room_id),
                ..Self::default()
            }),
            Err(_) => first(arguments, "roomId"),
        }
    }

    fn conversation(&self, name: &str) -> Result<ConversationId, Refusal> {
        let given = |id: &Option<String>| id.clone().filter(|id| !id.is_empty());
        let (named, field) = match (given(&self.room_id), given(&self.conversation_id)) {
            (Some(id), _) => (id, "roomId"),
            (None, Some(id)) => (id, "conversationId"),
            (None, None) => {
                let by_business = given(&self.business_id).or_else(|| given(&self.subdomain));
                let joins = name == "chat:join-room" && by_business.is_some();
                return Err(match joins {
                    true => BY_BUSINESS,
                    false => Refusal::invalid("roomId", "is missing"),
                });
            }
        };
        ConversationId::parse(&named, field)
    }

    /// The newest of the messages that are named, or the seq; without either, everything counts as read. `None` for an empty list.
    fn read_up_to(&self) -> Result<Option<Command>, Refusal> {
        let mark = Mark::Seen(Reads::All);
        if let Some(named) = &self.message_ids {
            let newest = newest(named)?;
            return Ok(newest.map(|message| Command::See { message }));
        }
        match self.seq {
            Some(seq) if seq < 0 => Err(Refusal::invalid("seq", "must not be negative")),
            seq => Ok(Some(Command::Mark {
                mark,
                seq: seq.unwrap_or(Seq::MAX),
            })),
        }
    }

    fn content(self) -> Result<crate::domain::message::Content, Refusal> {
        SentFields {
            text: self.content.or(self.body).or(self.message),
            message_type: self.message_type,
            client_id: self.client_id,
            reply_to: self.reply_to_message_id.or(self.reply_to),
            attachments: self.attachments,
            context: self.context,
        }
        .content()
    }
}

/// The newest of messages of one room.
fn newest(named: &[String]) -> Result<Option<MessageId>, Refusal> {
    const FIELD: &str = "messageIds";
    if named.len() > MOST_READ {
        let why = format!("must be at most {MOST_READ}");
        return Err(Refusal::invalid(FIELD, why));
    }
    let ids: Result<Vec<MessageId>, Refusal> =
        named.iter().map(|id| message_id(id, FIELD)).collect();
    let ids = ids?;
    let mut rooms = ids.iter().map(|id| id.conversation);
    let first = rooms.next();
    match rooms.all(|room| Some(room) == first) {
        true => Ok(ids.into_iter().max()),
        false => Err(Refusal::invalid(FIELD, "must be messages of one room")),
    }
}

#[cfg(test)]
#[path = "requests_tests.rs"]
mod tests;
