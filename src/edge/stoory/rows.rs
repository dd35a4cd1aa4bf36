//! Messages and conversations with exactly the columns of Stoory's tables.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;

use super::about::{BID, CAMPAIGN, ConversationType, about};
use super::cards::{ActionData, StoredCard, unasked};
use super::prompts;
use super::sides::Sides;
use super::work::{Work, flow_data};
use crate::domain::conversation::{Conversation, ConversationStatus};
use crate::domain::flow::{ChatPolicy, DealView, Phase};
use crate::domain::ids::{ConversationId, UserNo};
use crate::domain::message::{Message, MessageKind};
pub use crate::domain::snapshot::Particulars;
use crate::edge::dialect::MessageContext;
use crate::edge::native::instants::instant;

/// A message.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = StooryMessage)]
pub struct MessageRow<'a> {
    /// Its id
    pub id: Uuid,
    /// Where it was said
    #[schema(value_type = Uuid)]
    pub conversation_id: ConversationId,
    /// Who said it, or whose step did; the system has an id of its own
    pub sender_id: &'a str,
    /// Whom it is for: the other one of two
    pub receiver_id: Option<&'a str>,
    /// What it says
    pub message: &'a str,
    /// A file; https
    pub media_url: Option<Cow<'a, str>>,
    /// Who made it
    #[schema(value_type = String, example = "user_input")]
    pub message_type: &'static str,
    /// Whether it waits for an answer
    pub action_required: bool,
    /// What it asks for
    pub action_data: Option<ActionData>,
    /// Whether no person wrote it
    pub is_automated: bool,
    /// Whether it was answered
    pub action_completed: bool,
    /// Whether its receiver has read it
    pub seen: bool,
    /// When it was committed
    #[serde(serialize_with = "instant")]
    pub created_at: DateTime<Utc>,
}

impl<'a> MessageRow<'a> {
    /// The message for this reader; without a reader, for bytes that all readers share.
    pub fn new(
        message: &'a Message,
        conversation_id: ConversationId,
        sides: &Sides<'a>,
        reader: Option<UserNo>,
        context: MessageContext<'a>,
    ) -> Self {
        let content = &message.content;
        let by_person = content.kind == MessageKind::UserInput;
        let kept = message.card.as_deref().and_then(StoredCard::read);
        let kept = kept.filter(|_| message.deleted_at.is_none());
        let receiver = sides.receiver(message, reader);
        let file = content.attachments.first();
        Self {
            id: message.id.to_uuid(),
            conversation_id,
            sender_id: sender_of(message, context.system),
            receiver_id: receiver.map(|person| person.id.as_str()),
            message: &content.body,
            media_url: file.map(|file| context.links.of_attachment(file)),
            message_type: match kept.as_ref().is_some_and(StoredCard::asks_for_payment) {
                true => prompts::PAYMENT,
                false => content.kind.name(),
            },
            action_required: kept.as_ref().is_some_and(StoredCard::asks),
            action_completed: kept.as_ref().is_some_and(StoredCard::is_done),
            action_data: kept.map(|kept| kept.into_action_data(content.kind)),
            is_automated: !by_person,
            seen: sides.has_been_seen(message, reader),
            created_at: message.created_at,
        }
    }
}

/// The id of the person who sent a message or whose step said it, else the system's.
pub fn sender_of<'a>(message: &'a Message, system: &'a str) -> &'a str {
    match (message.content.kind, &message.actor_id) {
        (MessageKind::UserInput, _) => message.sender_id.as_str(),
        (_, Some(actor)) => actor.as_str(),
        (_, None) => system,
    }
}

/// Who speaks in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = StooryChatStatus)]
pub enum ChatStatus {
    /// The flow asks, and participants press.
    Automated,
    /// Participants type.
    RealTime,
    /// Nobody.
    Closed,
}

impl ChatStatus {
    /// Of a conversation.
    pub fn of(conversation: &Conversation) -> Self {
        match (&conversation.status, conversation.flow.as_deref()) {
            (ConversationStatus::Closed | ConversationStatus::Archived, _) => Self::Closed,
            (ConversationStatus::Open, None) => Self::RealTime,
            (ConversationStatus::Open, Some(deal_view)) => Self::in_deal(deal_view),
        }
    }

    /// Of a deal.
    pub fn in_deal(deal_view: &DealView) -> Self {
        Self::under(&deal_view.chat, deal_view.phase)
    }

    /// Of a state in which each role may do this, while its deal goes on or after.
    pub fn under(chat: &BTreeMap<String, ChatPolicy>, phase: Phase) -> Self {
        match phase {
            _ if chat.values().all(|policy| *policy == ChatPolicy::Free) => Self::RealTime,
            Phase::Running => Self::Automated,
            Phase::Over => Self::Closed,
        }
    }
}

/// Where a conversation stands, in three words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = StooryFlowUpdate)]
pub struct FlowUpdate<'a> {
    /// The state's name
    pub flow_state: &'a str,
    /// Whose turn it is
    pub awaiting_role: Option<&'a str>,
    /// Who speaks
    pub chat_status: ChatStatus,
}

impl<'a> FlowUpdate<'a> {
    /// The context of a conversation. Without a deal it is in Stoory's `real_time`, or `chat_closed`.
    pub fn of(conversation: &'a Conversation) -> Self {
        let chat_status = ChatStatus::of(conversation);
        let deal_view = conversation.flow.as_deref();
        let without = match chat_status {
            ChatStatus::Closed => "chat_closed",
            ChatStatus::Automated | ChatStatus::RealTime => "real_time",
        };
        Self {
            flow_state: deal_view.map_or(without, |deal_view| &deal_view.state),
            awaiting_role: deal_view.and_then(|deal_view| deal_view.awaiting_role.as_deref()),
            chat_status,
        }
    }

    /// The context of a deal in an open conversation.
    pub fn in_deal(deal_view: &'a DealView) -> Self {
        Self {
            flow_state: &deal_view.state,
            awaiting_role: deal_view.awaiting_role.as_deref(),
            chat_status: ChatStatus::in_deal(deal_view),
        }
    }
}

/// The part of a conversation that a client renders from: `conversation_context` in events.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = StooryConversationContext)]
pub struct ConversationContext<'a> {
    /// Its id
    #[schema(value_type = Uuid)]
    pub id: ConversationId,
    /// Where it stands
    #[serde(flatten)]
    pub flow: FlowUpdate<'a>,
    /// What it is about
    pub conversation_type: ConversationType,
    /// Whether a flow runs
    pub automation_enabled: bool,
    /// What is asked of the reader now
    pub current_action_data: Option<ActionData>,
    /// What was agreed so far
    #[schema(value_type = Option<Object>)]
    pub flow_data: Option<Value>,
    /// The work
    #[serde(flatten)]
    pub work: Work,
}

impl<'a> ConversationContext<'a> {
    /// The part for a reader with this role; `None` for staff who are not participants.
    pub fn new(
        conversation: &'a Conversation,
        role: Option<&str>,
        particulars: &Particulars,
    ) -> Self {
        let deal_view = conversation.flow.as_deref();
        let card = particulars.card.as_ref().and_then(|(kind, text)| {
            let kept = StoredCard::read(text).filter(|kept| !kept.is_done())?;
            Some(kept.into_action_data(*kind))
        });
        let unasked = || unasked(deal_view?, role?);
        Self {
            id: conversation.id,
            flow: FlowUpdate::of(conversation),
            conversation_type: ConversationType::of(conversation),
            automation_enabled: deal_view.is_some_and(|deal| deal.phase == Phase::Running),
            current_action_data: card.or_else(unasked),
            flow_data: deal_view.map(|_| flow_data(&particulars.context)),
            work: deal_view.map_or_else(Work::default, |deal| Work::of(deal, &particulars.context)),
        }
    }
}

/// A conversation.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = StooryConversation)]
pub struct ConversationRow<'a> {
    /// The campaign that it is about
    pub campaign_id: Option<&'a str>,
    /// The bid that it is about
    pub bid_id: Option<&'a str>,
    /// The request that it is about
    pub request_id: Option<&'a str>,
    /// Who pays; of two people without Stoory's roles, the one who began
    pub brand_owner_id: Option<&'a str>,
    /// Who works; of two people without Stoory's roles, the other one
    pub influencer_id: Option<&'a str>,
    /// What a client renders from
    #[serde(flatten)]
    pub context: ConversationContext<'a>,
    /// When it was made
    #[serde(serialize_with = "instant")]
    pub created_at: DateTime<Utc>,
    /// When it last changed
    #[serde(serialize_with = "instant")]
    pub updated_at: DateTime<Utc>,
}

impl<'a> ConversationRow<'a> {
    /// For somebody with this role; staff from outside have none.
    pub fn new(
        conversation: &'a Conversation,
        sides: &Sides<'a>,
        role: Option<&str>,
        particulars: &Particulars,
    ) -> Self {
        let about = |kind| about(conversation.subject.as_deref()?, kind);
        Self {
            campaign_id: about(CAMPAIGN),
            bid_id: about(BID),
            request_id: about("request"),
            brand_owner_id: sides.brand_owner.map(|person| person.id.as_str()),
            influencer_id: sides.influencer.map(|person| person.id.as_str()),
            context: ConversationContext::new(conversation, role, particulars),
            created_at: conversation.created_at,
            updated_at: conversation.updated_at,
        }
    }
}

#[cfg(test)]
#[path = "rows_tests.rs"]
mod tests;
