//! Native frames out: each event is encoded once, and everybody gets the same bytes.

use bytestring::ByteString;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::deals::StepView;
use super::frame_id::FrameId;
use super::instants::maybe_instant;
use super::sent::SentView;
use super::views::{ConversationView, JoinedView, MessageView};
use crate::domain::answer::Answer;
use crate::domain::conversation::PresenceStatus;
use crate::domain::flow::Stepped;
use crate::domain::ids::{ConversationId, MessageId, Seq, UserId, UserNo};
use crate::domain::message::Message;
use crate::domain::refusal::Refusal;
use crate::domain::room_event::{MessageChange, Preview, View};
use crate::domain::snapshot::UnreadCount;
use crate::edge::refusal_json::refusal_json;
use crate::presence::Directory;

#[derive(Serialize)]
struct EventFrame<'a, T: Serialize> {
    event: &'a str,
    data: T,
}

#[derive(Serialize)]
struct AckFrame<T: Serialize> {
    ack: FrameId,
    data: T,
}

#[derive(Serialize)]
struct AckErrorFrame {
    ack: FrameId,
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
pub fn ack(id: FrameId, data: impl Serialize) -> ByteString {
    frame(&AckFrame { ack: id, data })
}

/// A refusal: as an acknowledgement where one was asked for, else as an event.
pub fn refusal(id: Option<FrameId>, refusal: &Refusal) -> ByteString {
    match id {
        Some(ack) => frame(&AckErrorFrame {
            ack,
            error: refusal_json(refusal),
        }),
        None => event("error", refusal_json(refusal)),
    }
}

/// The acknowledgement of an answer, for this reader.
pub fn answer(
    id: FrameId,
    answer: &Answer,
    place: ConversationId,
    reader: UserNo,
    directory: &Directory,
) -> ByteString {
    match answer {
        Answer::Sent(message, _) => ack(id, SentView::new(message, place)),
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

/// The name of the event that announces a change of a message.
pub fn message_event(change: MessageChange) -> &'static str {
    match change {
        MessageChange::New => "new_message",
        MessageChange::Updated => "message_updated",
        MessageChange::Deleted => "message_deleted",
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
    change: MessageChange,
    place: ConversationId,
    seq: Seq,
    message: &Message,
    reader: UserNo,
) -> ByteString {
    let message = MessageView::new(message, place, reader);
    event(
        message_event(change),
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
    (seq, at): (Seq, DateTime<Utc>),
    stepped: &Stepped,
    role: Option<&str>,
) -> ByteString {
    event(
        "conversation_state_changed",
        StepView::new(place, (seq, at), stepped, role),
    )
}

/// The same event for its sender, who is told the `client_id` besides: made of the bytes for everybody, since to write two strings
/// costs less than to encode a message.
pub fn message_to_sender(for_all: &ByteString, client_id: &str) -> ByteString {
    // Before it come a name, a UUID and a number, which can not hold it.
    const OPENING: &str = "\"message\":{";
    let Some((before, after)) = for_all.split_once(OPENING) else {
        return for_all.clone();
    };
    let Ok(client_id) = serde_json::to_string(client_id) else {
        return for_all.clone();
    };
    let parts = [before, OPENING, "\"client_id\":", &client_id, ",", after];
    ByteString::from(parts.concat())
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
    View {
        conversation,
        people,
        ..
    }: &View,
    directory: &Directory,
) -> ByteString {
    let view = ConversationView::for_all(conversation, people.in_order(), directory);
    event("conversation_created", json!({ "conversation": view }))
}

/// A conversation, or who takes part in it, has changed.
pub fn conversation_updated(
    seq: Seq,
    View {
        conversation,
        people,
        ..
    }: &View,
    directory: &Directory,
) -> ByteString {
    let view = ConversationView::for_all(conversation, people.in_order(), directory);
    event(
        "conversation_updated",
        json!({ "conversation_id": conversation.id, "seq": seq, "conversation": view }),
    )
}

/// The last word to somebody who may not read any more.
pub fn conversation_lost(place: ConversationId, seq: Seq, membership: &str) -> ByteString {
    let conversation = json!({ "id": place, "membership": membership });
    event(
        "conversation_updated",
        json!({ "conversation_id": place, "seq": seq, "conversation": conversation }),
    )
}

/// A message, for somebody who is online and elsewhere.
pub fn notification(place: ConversationId, preview: &Preview, unread: UnreadCount) -> ByteString {
    let message = &preview.message;
    let mut notification = json!({
        "id": message.id, "type": "message", "title": preview.sender_name, "message": message.preview(), "priority": "normal",
        "conversation_id": place, "action_url": null, "unread": unread.number(), "seq": message.seq(),
    });
    unread.note_cap(&mut notification, "unread_capped");
    event("notification", notification)
}

#[derive(Serialize)]
struct PreviewView<'a> {
    id: MessageId,
    seq: Seq,
    title: &'a str,
    message: String,
    #[serde(serialize_with = "maybe_instant")]
    deleted_at: Option<DateTime<Utc>>,
}

impl<'a> From<&'a Preview> for PreviewView<'a> {
    fn from(
        Preview {
            message,
            sender_name,
        }: &'a Preview,
    ) -> Self {
        Self {
            id: message.id,
            seq: message.seq(),
            title: sender_name,
            message: message.preview(),
            deleted_at: message.deleted_at,
        }
    }
}

/// What somebody has not read of a conversation, for their sessions that are elsewhere.
pub fn unread_changed(
    place: ConversationId,
    seq: Seq,
    read_seq: Seq,
    unread: UnreadCount,
    last_message: Option<&Preview>,
) -> ByteString {
    let last_message = last_message.map(PreviewView::from);
    let mut changed = json!({
        "conversation_id": place, "seq": seq, "read_seq": read_seq, "unread": unread.number(), "last_message": last_message,
    });
    unread.note_cap(&mut changed, "unread_capped");
    event("unread_changed", changed)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::ConversationNo;
    use crate::domain::message::Content;
    use std::sync::Arc;

    #[test]
    fn the_sender_is_told_the_same_and_the_client_id() {
        let conversation = ConversationNo(3);
        let place = ConversationId::fresh();
        let body = r#"it said "message":{ and "client_id":null"#;
        let said = Message {
            id: MessageId {
                conversation,
                seq: 4,
            },
            sender: UserNo(1),
            sender_id: UserId::stored("alice".to_owned()),
            content: Arc::new(Content::text(Some("c \" 1".to_owned()), body.to_owned())),
            card: None,
            created_at: chrono::DateTime::UNIX_EPOCH,
            edited_at: None,
            deleted_at: None,
        };
        let for_all = message(MessageChange::New, place, 4, &said, UserNo(0));
        let spliced = message_to_sender(&for_all, &said.content.client_id);
        let encoded = message(MessageChange::New, place, 4, &said, UserNo(1));
        let parse = |frame: &str| serde_json::from_str::<serde_json::Value>(frame).unwrap();
        assert_eq!(parse(&spliced), parse(&encoded));
        assert_ne!(parse(&for_all), parse(&encoded));
    }
}
