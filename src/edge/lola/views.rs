//! Messages and conversations as the core has them, in camelCase.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::domain::conversation::{
    Conversation, ConversationKind, ConversationStatus, Participant, PresenceStatus,
};
use crate::domain::flow::{AvailableAction, DealView, StateVersion};
use crate::domain::ids::{ConversationId, Seq};
use crate::domain::message::{Attachment, Message, MessageKind};
use crate::edge::native::instants::{instant, maybe_instant};
use crate::presence::Directory;

/// A time.
#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct At(#[serde(serialize_with = "instant")] pub(super) DateTime<Utc>);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MessageView<'a> {
    id: Uuid,
    conversation_id: ConversationId,
    seq: Seq,
    sender_id: Option<&'a str>,
    kind: MessageKind,
    body: &'a str,
    attachments: &'a [Attachment],
    reply_to: Option<Uuid>,
    context: Option<&'a RawValue>,
    action: Option<&'a RawValue>,
    #[serde(serialize_with = "instant")]
    created_at: DateTime<Utc>,
    #[serde(serialize_with = "maybe_instant")]
    edited_at: Option<DateTime<Utc>>,
    #[serde(serialize_with = "maybe_instant")]
    deleted_at: Option<DateTime<Utc>>,
}

impl<'a> MessageView<'a> {
    pub(super) fn new(message: &'a Message, conversation_id: ConversationId) -> Self {
        let content = &message.content;
        let by_person = content.kind == MessageKind::UserInput;
        Self {
            id: message.id.to_uuid(),
            conversation_id,
            seq: message.seq(),
            sender_id: by_person.then(|| message.sender_id.as_str()),
            kind: content.kind,
            body: &content.body,
            attachments: &content.attachments,
            reply_to: content.reply_to.map(|id| id.to_uuid()),
            context: content.context.as_deref(),
            action: message.card.as_deref(),
            created_at: message.created_at,
            edited_at: message.edited_at,
            deleted_at: message.deleted_at,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ParticipantView<'a> {
    user_id: &'a str,
    name: Option<&'a str>,
    avatar_url: Option<&'a str>,
    role: &'a str,
    status: PresenceStatus,
    read_seq: Seq,
    delivered_seq: Seq,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SubjectView<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    id: &'a str,
    title: Option<&'a str>,
}

/// How a deal stands; `available_actions` only where one reader, or one role, is told.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FlowView<'a> {
    name: &'a str,
    state: &'a str,
    title: &'a str,
    state_version: StateVersion,
    awaiting_role: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    available_actions: Option<&'a [AvailableAction]>,
}

impl<'a> FlowView<'a> {
    pub(super) fn new(
        deal_view: &'a DealView,
        available_actions: Option<&'a [AvailableAction]>,
    ) -> Self {
        Self {
            name: &deal_view.flow,
            state: &deal_view.state,
            title: &deal_view.title,
            state_version: deal_view.state_version,
            awaiting_role: deal_view.awaiting_role.as_deref(),
            available_actions,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ConversationView<'a> {
    id: ConversationId,
    kind: ConversationKind,
    title: Option<&'a str>,
    status: ConversationStatus,
    subject: Option<SubjectView<'a>>,
    participants: Vec<ParticipantView<'a>>,
    last_seq: Seq,
    flow: Option<FlowView<'a>>,
    #[serde(serialize_with = "instant")]
    created_at: DateTime<Utc>,
    #[serde(serialize_with = "instant")]
    updated_at: DateTime<Utc>,
}

impl<'a> ConversationView<'a> {
    pub(super) fn new(
        conversation: &'a Conversation,
        people: impl IntoIterator<Item = &'a Participant>,
        directory: &Directory,
    ) -> Self {
        let present = people.into_iter().filter(|person| person.takes_part());
        let view = |person: &'a Participant| ParticipantView {
            user_id: person.id.as_str(),
            name: person.name.as_deref(),
            avatar_url: person.avatar_url.as_deref(),
            role: &person.role,
            status: directory.status(person.no),
            read_seq: person.read_seq,
            delivered_seq: person.delivered_seq,
        };
        let subject = conversation.subject.as_ref();
        let deal_view = conversation.flow.as_deref();
        Self {
            id: conversation.id,
            kind: conversation.kind,
            title: conversation.title.as_deref(),
            status: conversation.status,
            subject: subject.map(|subject| SubjectView {
                kind: &subject.kind,
                id: &subject.id,
                title: subject.card.get("title").and_then(|title| title.as_str()),
            }),
            participants: present.map(view).collect(),
            last_seq: conversation.last_seq,
            flow: deal_view.map(|deal_view| FlowView::new(deal_view, None)),
            created_at: conversation.created_at,
            updated_at: conversation.updated_at,
        }
    }
}
