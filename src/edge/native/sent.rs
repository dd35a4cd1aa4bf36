//! The acknowledgement of a sent message.

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::instants::instant;
use super::views::MessageView;
use crate::domain::ids::{ConversationId, Seq};
use crate::domain::message::Message;
use crate::edge::links::Links;

/// The acknowledgement of a send on the socket.
#[derive(Serialize)]
pub struct SentView<'a> {
    id: Uuid,
    seq: Seq,
    #[serde(serialize_with = "instant")]
    created_at: DateTime<Utc>,
    client_id: &'a str,
    /// The current message, if it was edited or deleted since the first send.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<MessageView<'a>>,
}

impl<'a> SentView<'a> {
    /// A summary of the stored message for its sender. Without a conversation it never includes the whole message.
    pub fn new(message: &'a Message, shown: Option<(ConversationId, &Links)>) -> Self {
        let changed = message.edited_at.is_some() || message.deleted_at.is_some();
        let shown = shown.filter(|_| changed);
        Self {
            id: message.id.to_uuid(),
            seq: message.seq(),
            created_at: message.created_at,
            client_id: &message.content.client_id,
            message: shown.map(|(id, links)| MessageView::new(message, id, message.sender, links)),
        }
    }
}
