//! What a client is answered if it asks for an acknowledgement.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::message::MessageDocument;
use super::people::Place;
use crate::domain::answer::Answer;
use crate::domain::ids::{ConversationId, Seq};
use crate::domain::message::Message;
use crate::domain::room_event::View;
use crate::domain::snapshot::Snapshot;
use crate::edge::dialect::Reader;
use crate::edge::native::instants::instant;

/// The acknowledgement of an answer.
pub(super) fn acknowledgement(answer: &Answer, _: Option<&View>, reader: Reader<'_>) -> String {
    match answer {
        Answer::Sent(message, _) | Answer::Message(message) => success(Sent::from(message)),
        Answer::Joined(snapshot) => success(Joined::new(snapshot, reader)),
        Answer::Marked(seq) => success(json!({ "seq": seq })),
        Answer::Conversation(conversation, _) => {
            success(json!({ "conversationId": conversation.id }))
        }
        Answer::Reacted(_)
        | Answer::Pinned(_)
        | Answer::Thread(..)
        | Answer::Typists(_)
        | Answer::Flow(_)
        | Answer::Done => success(json!({})),
    }
}

#[derive(Serialize)]
struct Success<T> {
    success: bool,
    #[serde(flatten)]
    with: T,
}

/// The JSON. It cannot fail: every key is a text and every number is finite.
fn success(with: impl Serialize) -> String {
    let success = true;
    serde_json::to_string(&Success { success, with }).unwrap_or_default()
}

/// What a message became when it was sent or edited.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Sent {
    message_id: Uuid,
    #[serde(serialize_with = "instant")]
    created_at: DateTime<Utc>,
}

impl From<&Message> for Sent {
    fn from(message: &Message) -> Self {
        Self {
            message_id: message.id.to_uuid(),
            created_at: message.created_at,
        }
    }
}

/// What a join is answered with: the newest messages, oldest first, and how many are unread.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Joined<'a> {
    conversation_id: ConversationId,
    messages: Vec<MessageDocument<'a>>,
    unread_count: i64,
    last_seq: Seq,
}

impl<'a> Joined<'a> {
    fn new(snapshot: &'a Snapshot, reader: Reader<'a>) -> Self {
        let (conversation, people) = (&snapshot.conversation, &snapshot.participants);
        let place = Place::new(conversation, people, reader.system);
        let standing = snapshot
            .messages
            .iter()
            .filter(|it| it.deleted_at.is_none());
        let shown = standing.map(|message| {
            let said = snapshot.annotations.of(message.seq());
            MessageDocument::new(message, &place, reader.links).annotated(said)
        });
        Self {
            conversation_id: conversation.id,
            messages: shown.collect(),
            unread_count: snapshot.unread.number(),
            last_seq: conversation.last_seq,
        }
    }
}
