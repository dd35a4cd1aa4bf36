//! Native frames out: each event is encoded once, and everybody gets the same bytes.

use bytestring::ByteString;
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::answer::Answer;
use super::deals::StepView;
use super::views::{ConversationView, JoinedView, MessageView, SentView};
use crate::directory::Directory;
use crate::domain::conversation::{Conversation, Membership, Participant, PresenceStatus};
use crate::domain::entry::Entry;
use crate::domain::flow::Stepped;
use crate::domain::ids::{ConversationId, Seq, UserId, UserNo};
use crate::domain::message::Message;
use crate::domain::refusal::Refusal;

#[derive(Serialize)]
struct EventFrame<'a, T: Serialize> {
    event: &'a str,
    data: T,
}

#[derive(Serialize)]
struct AckFrame<T: Serialize> {
    ack: u64,
    data: T,
}

#[derive(Serialize)]
struct AckErrorFrame {
    ack: u64,
    error: serde_json::Value,
}

/// Bytes that most frames fit into.
const USUAL_BYTES: usize = 512;

/// Serializing these views can not fail: no map has keys that are not texts, and no number is foreign to JSON.
/// Should it, the frame is an empty text and the log says so.
fn frame(value: &impl Serialize) -> ByteString {
    let mut bytes = Vec::with_capacity(USUAL_BYTES);
    if let Err(error) = serde_json::to_writer(&mut bytes, value) {
        log::error!(event = "encoding_failed"; "{error}");
        bytes.clear();
    }
    ByteString::try_from(bytes).unwrap_or_default()
}

/// An event of any name.
pub fn event(name: &str, data: impl Serialize) -> ByteString {
    frame(&EventFrame { event: name, data })
}

/// An acknowledgement of any content.
pub fn ack(id: u64, data: impl Serialize) -> ByteString {
    frame(&AckFrame { ack: id, data })
}

/// A refusal: as an acknowledgement where one was asked for, else as an event.
pub fn refusal(id: Option<u64>, refusal: &Refusal) -> ByteString {
    match id {
        Some(ack) => frame(&AckErrorFrame {
            ack,
            error: refusal.to_json(),
        }),
        None => event("error", refusal.to_json()),
    }
}

/// The acknowledgement of an answer, for this reader.
pub fn answer(
    id: u64,
    answer: &Answer,
    place: ConversationId,
    reader: UserNo,
    directory: &Directory,
) -> ByteString {
    match answer {
        Answer::Sent(message, _) => ack(id, SentView::new(message)),
        Answer::Message(message) => ack(id, MessageView::new(message, place, reader)),
        Answer::Joined(snapshot) => ack(id, JoinedView::new(snapshot, reader, directory)),
        Answer::Marked(seq) => ack(id, json!({ "seq": seq })),
        Answer::Conversation(conversation, people) => ack(
            id,
            ConversationView::for_all(conversation, people, directory),
        ),
        Answer::Flow(deal) => ack(id, deal),
        Answer::Done => ack(id, json!({})),
    }
}

/// Which event announces a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageEvent {
    /// It was said.
    New,
    /// Its body was replaced.
    Updated,
    /// It became a tombstone.
    Deleted,
}

impl MessageEvent {
    /// The event's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new_message",
            Self::Updated => "message_updated",
            Self::Deleted => "message_deleted",
        }
    }
}

#[derive(Serialize)]
struct MessageData<'a> {
    conversation_id: ConversationId,
    seq: Seq,
    message: MessageView<'a>,
}

/// A message's event for this reader; everybody but the sender may have the same.
pub fn message(
    kind: MessageEvent,
    place: ConversationId,
    seq: Seq,
    message: &Message,
    reader: UserNo,
) -> ByteString {
    let message = MessageView::new(message, place, reader);
    event(
        kind.name(),
        MessageData {
            conversation_id: place,
            seq,
            message,
        },
    )
}

/// A step of a deal, for a participant with this role, or for staff.
pub fn step(
    place: ConversationId,
    entry: &Entry,
    stepped: &Stepped,
    role: Option<&str>,
) -> ByteString {
    event(
        "conversation_state_changed",
        StepView::new(place, entry, stepped, role),
    )
}

/// A watermark that moved: `message_seen` or `message_delivered`.
pub fn watermark(name: &str, place: ConversationId, user: &UserId, seq: Seq) -> ByteString {
    event(
        name,
        json!({ "conversation_id": place, "user_id": user, "seq": seq }),
    )
}

/// Somebody began or ended typing.
pub fn typing(place: ConversationId, user: &UserId, is_typing: bool) -> ByteString {
    event(
        "user_typing",
        json!({ "conversation_id": place, "user_id": user, "is_typing": is_typing }),
    )
}

/// Somebody's presence changed.
pub fn presence(user: &UserId, status: PresenceStatus) -> ByteString {
    let name = match status {
        PresenceStatus::Offline => "user_offline",
        PresenceStatus::Online | PresenceStatus::Away | PresenceStatus::Busy => {
            "user_status_change"
        }
    };
    event(name, json!({ "user_id": user, "status": status }))
}

/// A conversation is new to somebody.
pub fn conversation_created(
    conversation: &Conversation,
    people: &[Participant],
    directory: &Directory,
) -> ByteString {
    let view = ConversationView::for_all(conversation, people, directory);
    event("conversation_created", json!({ "conversation": view }))
}

/// A conversation, or who takes part in it, has changed.
pub fn conversation_updated(
    seq: Seq,
    conversation: &Conversation,
    people: &[Participant],
    directory: &Directory,
) -> ByteString {
    let view = ConversationView::for_all(conversation, people, directory);
    event(
        "conversation_updated",
        json!({ "conversation_id": conversation.id, "seq": seq, "conversation": view }),
    )
}

/// The last word to somebody who may not read any more.
pub fn conversation_lost(place: ConversationId, seq: Seq, person: &Participant) -> ByteString {
    let membership = match person.membership {
        Membership::Present => "blocked",
        Membership::Left | Membership::Removed => person.membership.name(),
    };
    let conversation = json!({ "id": place, "membership": membership });
    event(
        "conversation_updated",
        json!({ "conversation_id": place, "seq": seq, "conversation": conversation }),
    )
}

/// A message, for somebody who is online and elsewhere.
pub fn notification(
    place: ConversationId,
    message: &Message,
    sender_name: &str,
    unread: i64,
) -> ByteString {
    let preview: String = message.draft.body.chars().take(120).collect();
    event(
        "notification",
        json!({
            "id": message.id, "type": "message", "title": sender_name, "message": preview, "priority": "normal",
            "conversation_id": place, "action_url": null, "unread": unread, "seq": message.seq(),
        }),
    )
}

/// The answer to a successful authentication.
#[derive(Serialize)]
pub struct Welcome<'a> {
    /// Who the server takes the caller for.
    pub user_id: &'a UserId,
    /// This connection.
    pub session_id: Uuid,
    /// Seconds between the server's pings.
    pub heartbeat_seconds: u64,
}
