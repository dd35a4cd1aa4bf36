//! The requests of the guide's front end: its names, with the native fields in camelCase; `roomId` stands for `conversationId` as
//! well.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::sync::Arc;

use crate::domain::command::{Command, Mark, Typing};
use crate::domain::ids::{ConversationId, Seq};
use crate::domain::limits;
use crate::domain::message::{Attachment, Content};
use crate::domain::object;
use crate::domain::refusal::Refusal;
use crate::domain::whole;
use crate::edge::dialect::requests::{Incoming, first, unknown};
use crate::edge::native::decode::{Request, message_id};

/// The names of all events that a client may send.
pub const EVENTS: [&str; 5] = [
    "chat:join-room",
    "chat:leave-room",
    "chat:send-message",
    "chat:typing",
    "chat:read-messages",
];

pub(crate) fn decode(name: &str, arguments: &[&RawValue]) -> Result<Incoming, Refusal> {
    if !EVENTS.contains(&name) {
        return Err(unknown(name));
    }
    let asked = Fields::read(arguments)?;
    let conversation = asked.conversation()?;
    let acting = [asked.sender_id.clone(), asked.user_id.clone()];
    let command = match name {
        "chat:join-room" => {
            let request = Request::Join {
                conversation,
                after: None,
            };
            return Ok(Incoming {
                request: Some(request),
                acting,
            });
        }
        "chat:leave-room" => {
            let request = Some(Request::Leave { conversation });
            return Ok(Incoming { request, acting });
        }
        "chat:typing" => Command::Type(match asked.is_typing {
            Some(false) => Typing::Stopped,
            Some(true) | None => Typing::Started,
        }),
        "chat:read-messages" => Command::Mark {
            mark: Mark::Seen,
            seq: asked.read_up_to()?,
        },
        _ => Command::Send(Arc::new(asked.content()?)),
    };
    let request = Some(Request::Command {
        conversation,
        command,
    });
    Ok(Incoming { request, acting })
}

/// The fields of all events.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Fields {
    conversation_id: Option<String>,
    room_id: Option<String>,
    body: Option<String>,
    message: Option<String>,
    content: Option<String>,
    client_id: Option<String>,
    reply_to: Option<String>,
    attachments: Option<Vec<Attachment>>,
    #[serde(deserialize_with = "object::optional")]
    context: Option<Map<String, Value>>,
    is_typing: Option<bool>,
    #[serde(deserialize_with = "whole::optional")]
    seq: Option<Seq>,
    sender_id: Option<String>,
    user_id: Option<String>,
}

impl Fields {
    /// Reads a conversation's id alone, or an object.
    fn read(arguments: &[&RawValue]) -> Result<Self, Refusal> {
        match first::<String>(arguments, "conversationId") {
            Ok(conversation_id) => Ok(Self {
                conversation_id: Some(conversation_id),
                ..Self::default()
            }),
            Err(_) => first(arguments, "conversationId"),
        }
    }

    fn conversation(&self) -> Result<ConversationId, Refusal> {
        let named = self.conversation_id.as_ref().or(self.room_id.as_ref());
        let named = named.ok_or_else(|| Refusal::invalid("conversationId", "is missing"))?;
        ConversationId::parse(named, "conversationId")
    }

    /// Without a seq, everything counts as read.
    fn read_up_to(&self) -> Result<Seq, Refusal> {
        match self.seq {
            Some(seq) if seq < 0 => Err(Refusal::invalid("seq", "must not be negative")),
            Some(seq) => Ok(seq),
            None => Ok(Seq::MAX),
        }
    }

    fn content(self) -> Result<Content, Refusal> {
        let reply_to = self.reply_to.map(|id| message_id(&id, "replyTo"));
        let body = self.body.or(self.message).or(self.content);
        let content = Content {
            reply_to: reply_to.transpose()?,
            attachments: self.attachments.unwrap_or_default(),
            context: limits::json_object(self.context, "context")?,
            ..Content::text(self.client_id, body.unwrap_or_default())
        };
        content.check()?;
        Ok(content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ID: &str = "0192f0c0-0000-7000-8000-000000000001";

    fn read(name: &str, json: &str) -> Result<Incoming, Refusal> {
        let argument = RawValue::from_string(json.to_owned()).unwrap();
        decode(name, &[&argument])
    }

    #[test]
    fn a_room_is_named_in_three_ways() {
        for json in [
            format!("\"{ID}\""),
            format!(r#"{{"roomId":"{ID}"}}"#),
            format!(r#"{{"conversationId":"{ID}"}}"#),
        ] {
            let joined = read("chat:join-room", &json).unwrap();
            assert!(matches!(joined.request, Some(Request::Join { .. })));
        }
        assert!(read("chat:join-room", "{}").is_err());
        assert!(read("chat:join-room", "7").is_err());
    }

    #[test]
    fn who_acts_is_told() {
        let json = format!(r#"{{"roomId":"{ID}","userId":"a","isTyping":false}}"#);
        let typing = read("chat:typing", &json).unwrap();
        assert_eq!(typing.acting[1].as_deref(), Some("a"));
        assert!(matches!(
            typing.request,
            Some(Request::Command {
                command: Command::Type(Typing::Stopped),
                ..
            })
        ));
    }

    proptest! {
        #[test]
        fn no_argument_makes_it_panic(event in prop::sample::select(EVENTS.to_vec()), text in ".{0,80}") {
            let _ = read(event, &Value::from(text).to_string());
        }
    }
}
