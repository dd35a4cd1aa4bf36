//! Decodes native frames: `{"event":…,"id":…,"data":…}` to a request, without building a tree.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::sync::Arc;

use super::acting::Acting;
use super::annotating;
use super::frame_id::FrameId;
use super::pressing::press;
use super::read::{HALF_A_CHARACTER, read};
use super::searching::{SearchFrame, SearchRequest};
use super::threading;
use crate::domain::annotation::Placing;
use crate::domain::attachment::WrittenAttachment;
use crate::domain::command::{Command, Mark, Reads, Typing};
use crate::domain::conversation::PresenceStatus;
use crate::domain::flow::FlowInput;
use crate::domain::forwarding::Forwarded;
use crate::domain::ids::{ConversationId, MessageId, Seq};
use crate::domain::limits;
use crate::domain::mention::Mention;
use crate::domain::message::Content;
use crate::domain::object;
use crate::domain::refusal::Refusal;
use crate::domain::thread::Following;
use crate::domain::whole;

/// A subject of the platform, by type and id.
pub type SubjectKey = (String, String);

/// A request of a session.
#[derive(Debug)]
pub enum Request {
    /// Authenticate.
    Authenticate {
        /// The token.
        token: String,
    },
    /// Join a conversation and get its events.
    Join {
        /// The conversation.
        conversation: ConversationId,
        /// The last seq that the client has.
        after: Option<Seq>,
    },
    /// Leave a conversation.
    Leave {
        /// The conversation.
        conversation: ConversationId,
    },
    /// A command to a conversation.
    Command {
        /// The conversation.
        conversation: ConversationId,
        /// The command.
        command: Command,
    },
    /// Watch the conversations about a subject.
    Watch(SubjectKey),
    /// Stop watching a subject.
    Unwatch(SubjectKey),
    /// Press an action of a conversation's deal.
    Press {
        /// The conversation.
        conversation: ConversationId,
        /// The press.
        press: FlowInput,
        /// The client's own id of the press.
        request_id: Option<String>,
    },
    /// Change the user's status.
    Status(PresenceStatus),
    /// Search messages.
    Search(SearchRequest),
}

/// The names of all events that a client may send; tests check that none is missing.
pub const EVENTS: [&str; 21] = [
    "authenticate",
    "join_conversation",
    "leave_conversation",
    "send_message",
    "edit_message",
    "delete_message",
    "react",
    "unreact",
    "pin_message",
    "unpin_message",
    "follow_thread",
    "unfollow_thread",
    "watch_subject",
    "unwatch_subject",
    "typing_start",
    "typing_stop",
    "mark_delivered",
    "mark_seen",
    "user_status",
    "flow_action",
    "search",
];

/// A frame: its id, and its request or why it is refused.
#[derive(Debug)]
pub struct Incoming {
    /// The id of the acknowledgement, if the client wants one.
    pub id: Option<FrameId>,
    /// The request.
    pub request: Result<Request, Refusal>,
    /// The acting user that the payload names.
    pub acting: Acting,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    event: &'a RawValue,
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
}

/// Reads a frame. Returns `None` if it is not a frame of this protocol; the connection is closed then.
pub fn decode(text: &str) -> Option<Incoming> {
    let envelope: Envelope<'_> = serde_json::from_str(text).ok()?;
    if !envelope.event.get().starts_with('"') {
        return None;
    }
    let (id, asked) = match frame_id(envelope.id) {
        Ok(id) => (id, asked(envelope.event, envelope.data)),
        Err(refusal) => (None, Err(refusal)),
    };
    let (request, acting) = match asked {
        Ok((request, acting)) => (Ok(request), acting),
        Err(refusal) => (Err(refusal), Acting::default()),
    };
    Some(Incoming {
        id,
        request,
        acting,
    })
}

/// A frame with a malformed id is refused: its client could not learn the outcome.
fn frame_id(id: Option<&RawValue>) -> Result<Option<FrameId>, Refusal> {
    let Some(id) = id else {
        return Ok(None);
    };
    let id = FrameId::parse(id.get());
    id.map(Some)
        .ok_or_else(|| Refusal::invalid("id", "must be a whole number of at most 64 bits"))
}

fn asked(event: &RawValue, data: Option<&RawValue>) -> Result<(Request, Acting), Refusal> {
    let event: Cow<'_, str> = serde_json::from_str(event.get())
        .map_err(|_| Refusal::invalid("event", HALF_A_CHARACTER))?;
    let data = data.map_or("{}", RawValue::get);
    Ok((request(&event, data)?, Acting::of(data)?))
}

fn request(event: &str, data: &str) -> Result<Request, Refusal> {
    match event {
        "send_message" => send(data),
        "authenticate" => {
            read::<TokenData>(data).map(|data| Request::Authenticate { token: data.token })
        }
        "join_conversation" => join(data),
        "leave_conversation" => Ok(Request::Leave {
            conversation: read::<InConversation<'_>>(data)?.id()?,
        }),
        "edit_message" | "delete_message" => change(event, data),
        "react" => annotating::react(data, Placing::Added),
        "unreact" => annotating::react(data, Placing::Removed),
        "pin_message" => annotating::pin(data),
        "unpin_message" => annotating::unpin(data),
        "follow_thread" => threading::follow(data, Following::Yes),
        "unfollow_thread" => threading::follow(data, Following::No),
        "watch_subject" => subject(data).map(Request::Watch),
        "unwatch_subject" => subject(data).map(Request::Unwatch),
        "typing_start" => command_in(data, Command::Type(Typing::Started)),
        "typing_stop" => command_in(data, Command::Type(Typing::Stopped)),
        "mark_delivered" => mark(data, Mark::Delivered),
        "mark_seen" => mark(data, Mark::Seen(Reads::All)),
        "user_status" => status(data),
        "flow_action" => press(data),
        "search" => read::<SearchFrame>(data)?.request().map(Request::Search),
        other => Err(Refusal::invalid(
            "event",
            format!("{other:.40} is not known"),
        )),
    }
}

#[derive(Deserialize)]
struct TokenData {
    token: String,
}

#[derive(Deserialize)]
struct InConversation<'a> {
    #[serde(borrow)]
    conversation_id: Cow<'a, str>,
}

impl InConversation<'_> {
    fn id(&self) -> Result<ConversationId, Refusal> {
        ConversationId::parse(&self.conversation_id, "conversation_id")
    }
}

#[derive(Deserialize)]
struct JoinData<'a> {
    #[serde(borrow)]
    conversation_id: Cow<'a, str>,
    #[serde(default, deserialize_with = "whole::optional")]
    after: Option<Seq>,
}

fn join(data: &str) -> Result<Request, Refusal> {
    let data: JoinData<'_> = read(data)?;
    if data.after.is_some_and(|after| after < 0) {
        return Err(Refusal::invalid("after", "must not be negative"));
    }
    Ok(Request::Join {
        conversation: ConversationId::parse(&data.conversation_id, "conversation_id")?,
        after: data.after,
    })
}

#[derive(Deserialize)]
struct SendData<'a> {
    #[serde(borrow)]
    conversation_id: Cow<'a, str>,
    #[serde(default)]
    body: String,
    #[serde(default)]
    client_id: Option<String>,
    #[serde(borrow, default)]
    reply_to: Option<Cow<'a, str>>,
    #[serde(default)]
    attachments: Option<Vec<WrittenAttachment>>,
    #[serde(default, deserialize_with = "object::optional")]
    context: Option<Map<String, Value>>,
    #[serde(default)]
    mentions: Option<Vec<String>>,
    #[serde(borrow, default)]
    forward_of: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    thread_id: Option<Cow<'a, str>>,
    #[serde(default)]
    also_in_conversation: Option<bool>,
}

fn send(data: &str) -> Result<Request, Refusal> {
    let data: SendData<'_> = read(data)?;
    let conversation = ConversationId::parse(&data.conversation_id, "conversation_id")?;
    let content = Content {
        reply_to: data
            .reply_to
            .map(|id| message_id(&id, "reply_to"))
            .transpose()?,
        attachments: WrittenAttachment::parse_all(data.attachments)?,
        context: limits::json_object(data.context, "context")?,
        mentions: Mention::parse_all(data.mentions)?,
        forwarded: data
            .forward_of
            .map(|id| message_id(&id, "forward_of"))
            .transpose()?
            .map(Forwarded::wanted),
        thread: threading::place(data.thread_id.as_deref(), data.also_in_conversation)?,
        ..Content::text(data.client_id, data.body)
    };
    content.check()?;
    Ok(Request::Command {
        conversation,
        command: Command::Send(Arc::new(content)),
    })
}

/// A message's id. A UUID that cannot be a message's id names a message that does not exist.
pub fn message_id(text: &str, field: &'static str) -> Result<MessageId, Refusal> {
    MessageId::parse(text, field)?.ok_or(Refusal::MessageNotFound)
}

#[derive(Deserialize)]
struct ChangeData<'a> {
    #[serde(borrow)]
    conversation_id: Cow<'a, str>,
    #[serde(borrow)]
    message_id: Cow<'a, str>,
    #[serde(default)]
    body: Option<String>,
}

fn change(event: &str, data: &str) -> Result<Request, Refusal> {
    let data: ChangeData<'_> = read(data)?;
    let conversation = ConversationId::parse(&data.conversation_id, "conversation_id")?;
    let message = message_id(&data.message_id, "message_id")?;
    let command = if event == "edit_message" {
        let body = data
            .body
            .ok_or_else(|| Refusal::invalid("body", "is missing"))?;
        limits::required_text(&body, "body", limits::BODY_CHARACTERS)?;
        Command::Edit { message, body }
    } else {
        Command::Delete { message }
    };
    Ok(Request::Command {
        conversation,
        command,
    })
}

#[derive(Deserialize)]
struct SubjectData {
    #[serde(rename = "type")]
    kind: String,
    id: String,
}

fn subject(data: &str) -> Result<SubjectKey, Refusal> {
    let data: SubjectData = read(data)?;
    limits::required_text(&data.kind, "type", 64)?;
    limits::required_text(&data.id, "id", 128)?;
    Ok((data.kind, data.id))
}

fn command_in(data: &str, command: Command) -> Result<Request, Refusal> {
    let within: InConversation<'_> = read(data)?;
    Ok(Request::Command {
        conversation: within.id()?,
        command,
    })
}

#[derive(Deserialize)]
struct MarkData<'a> {
    #[serde(borrow)]
    conversation_id: Cow<'a, str>,
    #[serde(deserialize_with = "whole::required")]
    seq: Seq,
    #[serde(borrow, default)]
    thread: Option<Cow<'a, str>>,
}

fn mark(data: &str, mark: Mark) -> Result<Request, Refusal> {
    let data: MarkData<'_> = read(data)?;
    if data.seq < 0 {
        return Err(Refusal::invalid("seq", "must not be negative"));
    }
    let conversation = ConversationId::parse(&data.conversation_id, "conversation_id")?;
    let line = threading::line_of(data.thread.as_deref(), "thread")?;
    Ok(Request::Command {
        conversation,
        command: threading::marking(mark, line, data.seq)?,
    })
}

#[derive(Deserialize)]
struct StatusData<'a> {
    #[serde(borrow)]
    status: Cow<'a, str>,
}

fn status(data: &str) -> Result<Request, Refusal> {
    let data: StatusData<'_> = read(data)?;
    match PresenceStatus::named(&data.status) {
        Some(PresenceStatus::Offline) | None => {
            Err(Refusal::invalid("status", "must be online, away or busy"))
        }
        Some(status) => Ok(Request::Status(status)),
    }
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
