//! What a client is answered if it asks for an acknowledgement, and how it is greeted.

use bytestring::ByteString;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use std::ops::Not;
use uuid::Uuid;

use super::NAMESPACE;
use super::message::{MessageDocument, documents};
use super::people::RoomPeople;
use super::writing::written;
use crate::domain::answer::Answer;
use crate::domain::ids::{ConversationId, Seq};
use crate::domain::message::Message;
use crate::domain::refusal::Refusal;
use crate::domain::room_event::View;
use crate::domain::snapshot::Snapshot;
use crate::edge::dialect::Reader;
use crate::edge::links::Links;
use crate::edge::native::instants::instant;
use crate::edge::native::views::ConversationView;
use crate::edge::refusal_json::refusal_json;
use socketio::packet::encode_one;

/// The acknowledgement of an answer. A message that was sent again and was edited or deleted since comes with it as it is now.
pub(crate) fn acknowledgement(answer: &Answer, room: Option<&View>, reader: Reader<'_>) -> String {
    match answer {
        Answer::Sent(message, _) => success(Sent::new(message, room, reader.links)),
        Answer::Joined(snapshot) => success(Joined::new(snapshot, reader)),
        Answer::Marked(seq) => success(json!({ "seq": seq })),
        Answer::Conversation(conversation, people) => {
            let view = ConversationView::for_all(conversation, people, reader.directory);
            success(json!({ "conversation": view, "roomId": conversation.id }))
        }
        Answer::Message(_)
        | Answer::Reacted(_)
        | Answer::Pinned(_)
        | Answer::Thread(..)
        | Answer::Typists(_)
        | Answer::Flow(_)
        | Answer::Done => success(json!({})),
    }
}

/// The acknowledgement of a refused request: `error` is the sentence that clients show.
pub(crate) fn refused(refusal: &Refusal) -> String {
    let mut told = refusal_json(refusal);
    if let Value::Object(members) = &mut told {
        let sentence = json!(sentence(refusal));
        members.insert("error".to_owned(), sentence.clone());
        members.insert("message".to_owned(), sentence);
    }
    told.to_string()
}

/// What a refusal says, with the names of these clients.
pub(crate) fn sentence(refusal: &Refusal) -> String {
    refusal.message().replace("client_id", "clientId")
}

/// The first event of a client.
pub(crate) fn greeting(client_id: &str, now: DateTime<Utc>) -> Option<ByteString> {
    let connected = Connected {
        message: "Connected",
        client_id,
        is_authenticated: true,
        is_guest: false,
        timestamp: now,
    };
    Some(encode_one(NAMESPACE, "connected", &connected))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Connected<'a> {
    message: &'a str,
    client_id: &'a str,
    is_authenticated: bool,
    is_guest: bool,
    #[serde(serialize_with = "instant")]
    timestamp: DateTime<Utc>,
}

#[derive(Serialize)]
struct Success<T> {
    success: bool,
    #[serde(flatten)]
    with: T,
}

fn success(with: impl Serialize) -> String {
    let success = true;
    written(&Success { success, with }).unwrap_or_default()
}

/// What a message became when it was sent.
#[derive(Serialize)]
struct Sent<'a> {
    message_id: Uuid,
    id: Uuid,
    seq: Seq,
    #[serde(serialize_with = "instant")]
    timestamp: DateTime<Utc>,
    client_id: &'a str,
    /// The message as it is now, if it was edited or deleted since it was sent first.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<MessageDocument<'a>>,
}

impl<'a> Sent<'a> {
    fn new(message: &'a Message, room: Option<&'a View>, links: &Links) -> Self {
        let id = message.id.to_uuid();
        let has_changed = message.edited_at.is_some() || message.deleted_at.is_some();
        let now = room.filter(|_| has_changed).map(|room| {
            let people = RoomPeople::new(&room.conversation, room.people.iter());
            MessageDocument::new(message, &people, links)
        });
        Self {
            message_id: id,
            id,
            seq: message.seq(),
            timestamp: message.created_at,
            client_id: &message.content.client_id,
            message: now,
        }
    }
}

/// What a join is answered with: the newest messages, the conversation as everybody has it, and what is unread.
#[derive(Serialize)]
struct Joined<'a> {
    message: &'static str,
    room_id: ConversationId,
    is_guest: bool,
    messages: Vec<MessageDocument<'a>>,
    conversation: ConversationView<'a>,
    last_seq: Seq,
    unread: i64,
    #[serde(skip_serializing_if = "Not::not")]
    unread_capped: bool,
}

impl<'a> Joined<'a> {
    fn new(snapshot: &'a Snapshot, reader: Reader<'_>) -> Self {
        let (conversation, people) = (&snapshot.conversation, &snapshot.participants);
        let room = RoomPeople::new(conversation, people);
        Self {
            message: "Joined chat room",
            room_id: conversation.id,
            is_guest: false,
            messages: documents(&snapshot.messages, &room, reader.links),
            conversation: ConversationView::for_all(conversation, people, reader.directory),
            last_seq: conversation.last_seq,
            unread: snapshot.unread.number(),
            unread_capped: snapshot.unread.is_capped(),
        }
    }
}
