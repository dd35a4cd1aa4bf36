//! Encodes native frames: events, acknowledgements and refusals.

use bytestring::ByteString;
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::annotations::{PinnedView, ReactedView};
use super::frame_id::FrameId;
use super::sent::SentView;
use super::threads::ThreadChangedView;
use super::views::{ConversationView, JoinedView, MessageView};
use crate::domain::answer::Answer;
use crate::domain::ids::{ConversationId, UserId};
use crate::domain::refusal::Refusal;
use crate::edge::dialect::Reader;
use crate::edge::refusal_json::refusal_json;

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

/// Serializing these views cannot fail: every map has texts as keys, and every number exists in JSON.
/// If it does fail, the frame is an empty text and the log says so.
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

/// A refusal: an acknowledgement if the client asked for one, else an event.
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
    conversation_id: ConversationId,
    reader: Reader<'_>,
) -> ByteString {
    let (no, directory, links) = (reader.no, reader.directory, reader.links);
    match answer {
        Answer::Sent(message, _) => ack(id, SentView::new(message, Some((conversation_id, links)))),
        Answer::Message(message) => ack(id, MessageView::new(message, conversation_id, no, links)),
        Answer::Reacted(reacted) => ack(id, ReactedView::new(conversation_id, reacted)),
        Answer::Pinned(pinned) => ack(id, PinnedView::new(conversation_id, pinned)),
        Answer::Thread(root, own) => ack(id, ThreadChangedView::new(conversation_id, *root, *own)),
        Answer::Joined(snapshot) => ack(id, JoinedView::new(snapshot, no, directory, links)),
        Answer::Marked(seq) => ack(id, json!({ "seq": seq })),
        Answer::Conversation(conversation, people) => ack(
            id,
            ConversationView::for_all(conversation, people, directory),
        ),
        Answer::Flow(deal) => ack(id, deal),
        Answer::Typists(typists) => {
            let ids: Vec<&UserId> = typists.iter().map(|(id, _)| id).collect();
            ack(id, json!({ "typing": ids }))
        }
        Answer::Done => ack(id, json!({})),
    }
}

/// The answer to a successful authentication.
#[derive(Serialize)]
pub struct Welcome<'a> {
    /// The authenticated user.
    pub user_id: &'a UserId,
    /// This connection.
    pub session_id: Uuid,
    /// Seconds between the server's pings.
    pub heartbeat_seconds: u64,
    /// The tag of the node that serves it, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
}
