//! The public JSON of messages.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::annotation::Annotations;
use crate::domain::ids::{ConversationId, Seq, UserNo};
use crate::domain::mention::Mention;
use crate::domain::message::{Message, MessageKind};
use crate::edge::links::Links;
use crate::edge::native::annotations::{OriginView, PinView, ReactionView};
use crate::edge::native::attachments::AttachmentView;
use crate::edge::native::instants::{instant, maybe_instant};
use crate::edge::native::threads::ThreadView;

/// A message.
#[derive(Serialize, ToSchema)]
#[schema(as = Message)]
pub struct MessageView<'a> {
    /// Its id
    id: Uuid,
    /// Where it was said
    #[schema(value_type = Uuid)]
    conversation_id: ConversationId,
    /// Its place in the order of the conversation's changes
    seq: Seq,
    /// Who said it; null for the system
    sender_id: Option<&'a str>,
    /// Who made it
    #[schema(value_type = String, example = "user_input")]
    kind: MessageKind,
    /// What it says; empty in a tombstone
    body: &'a str,
    /// Files
    attachments: Vec<AttachmentView<'a>>,
    /// The message that it answers
    reply_to: Option<Uuid>,
    /// The sender's own object
    #[schema(value_type = Option<Object>)]
    context: Option<&'a RawValue>,
    /// What a flow asks for with it; `done` has who answered, with what, and when
    #[schema(value_type = Option<Object>)]
    action: Option<&'a RawValue>,
    /// The sender's own id of it; only to its sender
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
    /// When it was committed
    #[serde(serialize_with = "instant")]
    created_at: DateTime<Utc>,
    /// When its body was last replaced
    #[serde(serialize_with = "maybe_instant")]
    edited_at: Option<DateTime<Utc>>,
    /// When it became a tombstone
    #[serde(serialize_with = "maybe_instant")]
    deleted_at: Option<DateTime<Utc>>,
    /// True if the reader has blocked its sender; otherwise absent
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    from_blocked: bool,
    /// Whom it mentions: ids of users, `all`, and roles as `role:rider`; absent if nobody
    #[serde(skip_serializing_if = "Vec::is_empty")]
    mentions: Vec<String>,
    /// That it says what another message said: who had said that first (null for staff), and when; absent if it does not
    #[serde(skip_serializing_if = "Option::is_none")]
    forwarded: Option<OriginView<'a>>,
    /// Who reacts to it; absent if nobody does, and in events
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reactions: Vec<ReactionView<'a>>,
    /// That it is pinned; absent if it is not, and in events
    #[serde(skip_serializing_if = "Option::is_none")]
    pinned: Option<PinView<'a>>,
    /// The message whose thread it is in; absent if it is in none
    #[serde(skip_serializing_if = "Option::is_none")]
    thread_id: Option<Uuid>,
    /// True if it is in a thread and is shown in the main line too; otherwise absent
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    also_in_conversation: bool,
    /// The thread that answers it; absent without a reply that the reader sees, and in events
    #[serde(skip_serializing_if = "Option::is_none")]
    thread: Option<ThreadView<'a>>,
}

impl<'a> MessageView<'a> {
    /// The message for this reader.
    pub fn new(
        message: &'a Message,
        conversation_id: ConversationId,
        reader: UserNo,
        links: &Links,
    ) -> Self {
        let content = &message.content;
        let by_person = content.kind == MessageKind::UserInput;
        Self {
            id: message.id.to_uuid(),
            conversation_id,
            seq: message.seq(),
            sender_id: by_person.then(|| message.sender_id.as_str()),
            kind: content.kind,
            body: &content.body,
            attachments: content
                .attachments
                .iter()
                .map(|attachment| AttachmentView::new(attachment, links))
                .collect(),
            reply_to: content.reply_to.map(|id| id.to_uuid()),
            context: content.context.as_deref(),
            action: message.card.as_deref(),
            client_id: (message.sender == reader).then_some(content.client_id.as_str()),
            created_at: message.created_at,
            edited_at: message.edited_at,
            deleted_at: message.deleted_at,
            from_blocked: message.from_blocked,
            mentions: content.mentions.iter().map(Mention::text).collect(),
            forwarded: content.forwarded.as_ref().and_then(OriginView::of),
            reactions: Vec::new(),
            pinned: None,
            thread_id: content.thread.map(|thread| thread.root.to_uuid()),
            also_in_conversation: content
                .thread
                .is_some_and(|thread| thread.shown.is_in_conversation()),
            thread: None,
        }
    }

    /// The same with what is said about it.
    pub fn annotated(mut self, annotations: &'a Annotations) -> Self {
        if let Some(annotation) = annotations.of(self.seq) {
            let reactions = annotation.reactions.iter();
            self.reactions = reactions.map(ReactionView::from).collect();
            self.pinned = annotation.pin.as_ref().map(PinView::from);
            self.thread = annotation.thread.as_ref().map(ThreadView::from);
        }
        self
    }
}
