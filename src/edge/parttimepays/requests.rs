//! The events of the page: ids stand alone, or in an object.

use serde::Deserialize;
use serde_json::value::RawValue;
use std::sync::Arc;

use super::message::MessageLinks;
use super::reactions;
use super::sending::SentFields;
use super::{SENT_OVER_REST, reactions::is_named};
use crate::domain::attachment::WrittenAttachment;
use crate::domain::command::{Command, Typing};
use crate::domain::ids::{ConversationId, MessageId};
use crate::domain::limits;
use crate::domain::refusal::Refusal;
use crate::edge::dialect::requests::{ClientRequest, Incoming, LoneReaction, first, unknown};
use crate::edge::native::decode::{Request, message_id};

/// The names of all events that a client may send.
pub const EVENTS: [&str; 7] = [
    "join_conversation",
    "leave_conversation",
    "typing_start",
    "typing_stop",
    "send_message",
    "add_reaction",
    "edit_message",
];

pub(crate) fn decode(name: &str, arguments: &[&RawValue]) -> Result<Incoming, Refusal> {
    if !EVENTS.contains(&name) {
        return Err(unknown(name));
    }
    let asked = Fields::read(arguments)?;
    let acting = [asked.user_id.clone(), asked.sender_id.clone()];
    let asks = match name {
        "join_conversation" => ClientRequest::Request(Request::Join {
            conversation: asked.conversation()?,
            after: None,
        }),
        "leave_conversation" => ClientRequest::Request(Request::Leave {
            conversation: asked.conversation()?,
        }),
        "typing_start" => asked.typing(Typing::Started)?,
        "typing_stop" => asked.typing(Typing::Stopped)?,
        "add_reaction" => asked.reaction()?,
        "edit_message" => asked.edit()?,
        _ => asked.send()?,
    };
    Ok(Incoming { asks, acting })
}

/// The fields of all events.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Fields {
    conversation_id: Option<String>,
    message_id: Option<String>,
    reaction_type: Option<String>,
    content: Option<String>,
    message_type: Option<String>,
    attachments: Option<Vec<WrittenAttachment>>,
    reply_to: Option<String>,
    thread_id: Option<String>,
    context: Option<MessageLinks>,
    user_id: Option<String>,
    sender_id: Option<String>,
}

impl Fields {
    /// Reads a conversation's id alone, or an object.
    fn read(arguments: &[&RawValue]) -> Result<Self, Refusal> {
        match first::<String>(arguments, "conversationId") {
            Ok(id) => Ok(Self {
                conversation_id: Some(id),
                ..Self::default()
            }),
            Err(_) => first(arguments, "conversationId"),
        }
    }

    fn conversation(&self) -> Result<ConversationId, Refusal> {
        let id = self.conversation_id.as_deref();
        let missing = || Refusal::invalid("conversationId", "is missing");
        ConversationId::parse(id.ok_or_else(missing)?, "conversationId")
    }

    fn message(&self) -> Result<MessageId, Refusal> {
        let id = self.message_id.as_deref();
        let missing = || Refusal::invalid("messageId", "is missing");
        message_id(id.ok_or_else(missing)?, "messageId")
    }

    fn typing(&self, typing: Typing) -> Result<ClientRequest, Refusal> {
        Ok(ClientRequest::Request(Request::Command {
            conversation: self.conversation()?,
            command: Command::Type(typing),
        }))
    }

    fn reaction(&self) -> Result<ClientRequest, Refusal> {
        let name = self.reaction_type.as_deref().unwrap_or_default();
        Ok(ClientRequest::ReactAlone(LoneReaction {
            message: self.message()?,
            emoji: reactions::emoji(name)?,
            replaces: is_named,
        }))
    }

    fn edit(self) -> Result<ClientRequest, Refusal> {
        let message = self.message()?;
        let body = self.content.unwrap_or_default();
        limits::required_text(&body, "content", limits::BODY_CHARACTERS)?;
        Ok(ClientRequest::Edit { message, body })
    }

    fn send(self) -> Result<ClientRequest, Refusal> {
        let conversation = self.conversation()?;
        let fields = SentFields {
            content: self.content,
            message_type: self.message_type,
            attachments: self.attachments,
            reply_to: self.reply_to,
            thread_id: self.thread_id,
            context: self.context,
        };
        Ok(ClientRequest::SendOnce {
            conversation,
            content: Arc::new(fields.content()?),
            sent_over_rest: SENT_OVER_REST,
        })
    }
}

#[cfg(test)]
#[path = "requests_tests.rs"]
mod tests;
