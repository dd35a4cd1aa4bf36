//! A message to send, as these clients write it over sockets and REST.

use serde_json::{Map, Value};

use super::message::MessageType;
use crate::domain::attachment::{Attachment, WrittenAttachment};
use crate::domain::limits;
use crate::domain::message::Content;
use crate::domain::refusal::Refusal;
use crate::edge::native::decode::message_id;

/// The member of a message's own object that keeps what its sender says that it is.
const MESSAGE_TYPE: &str = "messageType";

/// The fields of a message to send.
pub(super) struct SentFields {
    pub(super) text: Option<String>,
    pub(super) message_type: Option<String>,
    pub(super) client_id: Option<String>,
    pub(super) reply_to: Option<String>,
    pub(super) attachments: Option<Vec<Value>>,
    pub(super) context: Option<Map<String, Value>>,
}

impl SentFields {
    /// The checked content of the message.
    pub(super) fn content(self) -> Result<Content, Refusal> {
        let declared = self.message_type.as_deref().map(declared).transpose()?;
        let reply_to = self.reply_to.filter(|id| !id.is_empty());
        let reply_to = reply_to.map(|id| message_id(&id, "replyToMessageId"));
        let files = self.attachments.unwrap_or_default();
        let files: Result<Vec<Attachment>, Refusal> =
            files.into_iter().enumerate().map(file).collect();
        let attachments = files?;
        let text = self.text.unwrap_or_default();
        match attachments.is_empty() {
            true => limits::required_text(&text, "content", limits::BODY_CHARACTERS)?,
            false => limits::text(&text, "content", limits::BODY_CHARACTERS)?,
        }
        let context = kept(self.context, declared, &attachments);
        let content = Content {
            reply_to: reply_to.transpose()?,
            attachments,
            context: limits::json_object(context, "context")?,
            ..Content::text(self.client_id, text)
        };
        content.check()?;
        Ok(content)
    }
}

/// What the sender says that the message is. Nobody says it of a line of the system.
fn declared(name: &str) -> Result<MessageType, Refusal> {
    let named = serde_json::from_value(Value::from(name));
    match named {
        Ok(MessageType::System) | Err(_) => Err(Refusal::invalid(
            MESSAGE_TYPE,
            "must be text, image, file, audio or video",
        )),
        Ok(named) => Ok(named),
    }
}

/// A file: its address, or an object with more.
fn file((index, written): (usize, Value)) -> Result<Attachment, Refusal> {
    match written {
        Value::String(url) => Ok(Attachment::at(url)),
        other => {
            let written = serde_json::from_value::<WrittenAttachment>(other).map_err(|_| {
                let form =
                    "must be addresses, or objects of url, name, type and size, or of file_id";
                Refusal::invalid("attachments", form)
            });
            written?.parse(index)
        }
    }
}

/// The sender's own object, with what they say that the message is where its files do not tell.
fn kept(
    context: Option<Map<String, Value>>,
    declared: Option<MessageType>,
    files: &[Attachment],
) -> Option<Map<String, Value>> {
    let told = declared.filter(|declared| *declared != MessageType::of_files(files));
    let Some(told) = told.and_then(|told| serde_json::to_value(told).ok()) else {
        return context;
    };
    let mut context = context.unwrap_or_default();
    context.insert(MESSAGE_TYPE.to_owned(), told);
    Some(context)
}
