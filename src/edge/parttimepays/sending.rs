//! A message to send, as the page writes it over REST and over the socket.

use super::SENT_OVER_REST;
use super::message::{MessageLinks, MessageType, StoredFields};
use crate::domain::attachment::WrittenAttachment;
use crate::domain::limits;
use crate::domain::message::Content;
use crate::domain::refusal::Refusal;
use crate::edge::native::decode::message_id;
use serde_json::value::{RawValue, to_raw_value};

/// Characters of the id of something that a message is about.
const LINK_CHARACTERS: usize = 128;

const NO_THREADS: Refusal =
    Refusal::Unprocessable("Threads are not served yet: send without a threadId");

/// The fields of a message to send.
#[derive(Default)]
pub(super) struct SentFields {
    pub(super) content: Option<String>,
    pub(super) message_type: Option<String>,
    pub(super) attachments: Option<Vec<WrittenAttachment>>,
    pub(super) reply_to: Option<String>,
    pub(super) thread_id: Option<String>,
    pub(super) context: Option<MessageLinks>,
}

impl SentFields {
    /// The checked content of a message that is sent over the socket.
    pub(super) fn content(self) -> Result<Content, Refusal> {
        let declared = self.message_type.as_deref().map(declared).transpose()?;
        let reply_to = given(self.reply_to);
        let reply_to = reply_to.map(|id| message_id(&id, "replyTo")).transpose()?;
        given(self.thread_id).map_or(Ok(()), |_| Err(NO_THREADS))?;
        let attachments = WrittenAttachment::parse_all(self.attachments)?;
        let text = self.content.unwrap_or_default();
        match attachments.is_empty() {
            true => limits::required_text(&text, "content", limits::BODY_CHARACTERS)?,
            false => limits::text(&text, "content", limits::BODY_CHARACTERS)?,
        }
        let links = self.context.unwrap_or_default().checked()?;
        let told = declared.filter(|it| *it != MessageType::of_files(&attachments));
        let content = Content {
            reply_to,
            attachments,
            context: kept(told, links)?,
            ..Content::text(None, text)
        };
        content.check()?;
        Ok(content)
    }

    /// The same for one that is sent over REST, which the socket may repeat.
    pub(super) fn over_rest(self) -> Result<Content, Refusal> {
        let content = self.content()?;
        let client_id = format!("{SENT_OVER_REST}{}", content.client_id);
        Ok(Content {
            client_id,
            ..content
        })
    }
}

impl MessageLinks {
    fn checked(self) -> Result<Self, Refusal> {
        for (id, field) in [
            (&self.job_id, "context.jobId"),
            (&self.community_post_id, "context.communityPostId"),
            (&self.connection_id, "context.connectionId"),
            (&self.application_id, "context.applicationId"),
        ] {
            id.as_deref().map_or(Ok(()), |id| {
                limits::required_text(id, field, LINK_CHARACTERS)
            })?;
        }
        Ok(self)
    }
}

/// A text that says something.
pub(super) fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// What the sender says that the message is. Nobody says it of what the system says.
fn declared(name: &str) -> Result<MessageType, Refusal> {
    let named = serde_json::from_value(serde_json::Value::from(name));
    match named {
        Ok(MessageType::System) | Err(_) => Err(Refusal::invalid(
            "messageType",
            "must be text, image, file, voice, job_context or community_context",
        )),
        Ok(named) => Ok(named),
    }
}

/// The message's own object; nothing where nothing is kept in it.
fn kept(
    declared: Option<MessageType>,
    links: MessageLinks,
) -> Result<Option<Box<RawValue>>, Refusal> {
    let links = (links != MessageLinks::default()).then_some(links);
    if declared.is_none() && links.is_none() {
        return Ok(None);
    }
    let written = to_raw_value(&StoredFields { declared, links });
    let written = written.map_err(|_| Refusal::invalid("context", "cannot be stored"))?;
    limits::json(written.get(), "context")?;
    Ok(Some(written))
}
