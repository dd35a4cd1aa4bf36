//! The events of a deal's step, in their order: where the conversation stands, the change of its state, what a person pressed or typed,
//! and, after the messages, what became of a payment.

use bytestring::ByteString;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use std::sync::Arc;

use super::NAMESPACE;
use super::events::for_role;
use super::rows::{ConversationContext, FlowUpdate, MessageRow};
use super::sides::Sides;
use crate::domain::access::Sight;
use crate::domain::conversation::{Conversation, Participant};
use crate::domain::encoded::Encoded;
use crate::domain::flow::Stepped;
use crate::domain::ids::{ConversationId, UserNo};
use crate::domain::message::Message;
use crate::domain::room_event::View;
use crate::domain::snapshot::Particulars;
use crate::edge::dialect::MessageContext;
use crate::edge::native::instants::instant;
use socketio::packet::encode_one;

/// A number that no user has, for bytes that several users share.
const NOBODY: UserNo = UserNo(-1);

/// `conversation_updated`.
#[derive(Serialize)]
pub(super) struct Updated<'a> {
    conversation_id: ConversationId,
    #[serde(flatten)]
    flow: FlowUpdate<'a>,
    conversation_type: super::about::ConversationType,
    /// Why a step was made; none if people, title or status changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    payment_completed: bool,
    conversation_context: ConversationContext<'a>,
}

impl<'a> Updated<'a> {
    /// Of a conversation as it is now.
    pub(super) fn new(
        conversation: &'a Conversation,
        role: Option<&str>,
        particulars: &Particulars,
    ) -> Self {
        let context = ConversationContext::new(conversation, role, particulars);
        Self {
            conversation_id: conversation.id,
            flow: context.flow.clone(),
            conversation_type: context.conversation_type,
            reason: None,
            payment_completed: false,
            conversation_context: context,
        }
    }
}

#[derive(Serialize)]
struct StateChanged<'a> {
    conversation_id: ConversationId,
    previous_state: Option<&'a str>,
    new_state: &'a str,
    reason: &'a str,
    #[serde(serialize_with = "instant")]
    timestamp: DateTime<Utc>,
}

#[derive(Serialize)]
struct ButtonAction<'a> {
    button_id: &'a str,
    message: Option<MessageRow<'a>>,
    flow_update: FlowUpdate<'a>,
    #[serde(rename = "conversationId")]
    conversation_id: ConversationId,
    conversation_context: ConversationContext<'a>,
}

#[derive(Serialize)]
struct TextInput<'a> {
    input_type: &'a str,
    message: Option<MessageRow<'a>>,
    flow_update: FlowUpdate<'a>,
    #[serde(rename = "conversationId")]
    conversation_id: ConversationId,
}

/// A step, its messages, and the conversation after it.
pub(super) struct CompleteStep<'a> {
    pub(super) stepped: &'a Arc<Stepped>,
    pub(super) said: &'a [Message],
    pub(super) view: &'a View,
}

/// What became of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PaymentEnd {
    Completed,
    Failed,
    Refunded,
}

impl PaymentEnd {
    /// What a payment's step says of it; `None` where nothing is settled: the order can be paid now, or what was paid goes back.
    pub(super) fn of(stepped: &Stepped) -> Option<Self> {
        let has_moved = stepped.from.as_deref() != Some(stepped.to.as_str());
        match stepped.action.as_str() {
            "payment_ready" | "wrong_amount" | "paid_again" => None,
            "payment_failed" => Some(Self::Failed),
            "refunded" => Some(Self::Refunded),
            _ => has_moved.then_some(Self::Completed),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Refunded => "refunded",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Completed => "Payment completed successfully",
            Self::Failed => "The payment did not go through",
            Self::Refunded => "The payment was returned",
        }
    }
}

impl CompleteStep<'_> {
    /// `conversation_updated`; the step's other events follow.
    pub(super) fn conversation(&self, role: Option<&str>) -> Encoded {
        let encoded = for_role(self.view, role, |role, particulars| {
            let data = Updated {
                flow: FlowUpdate::in_deal(&self.stepped.deal_view),
                reason: Some(reason(self.stepped)),
                payment_completed: self.payment_end() == Some(PaymentEnd::Completed),
                ..Updated::new(&self.view.conversation, role, particulars)
            };
            encode_one(NAMESPACE, "conversation_updated", &data)
        });
        Encoded {
            is_last_of_seq: false,
            ..encoded
        }
    }

    fn payment_end(&self) -> Option<PaymentEnd> {
        let is_by_payment = self.stepped.actor == crate::domain::flow::FlowActor::Payment.name();
        is_by_payment
            .then(|| PaymentEnd::of(self.stepped))
            .flatten()
    }

    /// `payment_status_update`.
    pub(super) fn payment(&self, role: Option<&str>) -> Option<Encoded> {
        let end = self.payment_end()?;
        let message = self.words(end, role);
        let flow = FlowUpdate::in_deal(&self.stepped.deal_view);
        let data = json!({
            "conversation_id": self.view.conversation.id, "status": end.name(), "message": message,
            "flow_state": flow.flow_state, "chat_status": flow.chat_status,
        });
        Some(Encoded::for_role(encode_one(
            NAMESPACE,
            "payment_status_update",
            &data,
        )))
    }

    /// The `notification` of a payment that was completed.
    pub(super) fn payment_notification(&self, role: Option<&str>) -> Option<Encoded> {
        let end = self
            .payment_end()
            .filter(|end| *end == PaymentEnd::Completed)?;
        let flow = FlowUpdate::in_deal(&self.stepped.deal_view);
        let data = json!({ "type": "payment_completed", "data": {
            "conversation_id": self.view.conversation.id, "message": self.words(end, role),
            "flow_state": flow.flow_state, "chat_status": flow.chat_status,
        } });
        Some(Encoded::for_role(encode_one(
            NAMESPACE,
            "notification",
            &data,
        )))
    }

    /// What the step says of it to this role, in the deal's own words if it has some.
    fn words(&self, end: PaymentEnd, role: Option<&str>) -> &str {
        let mut said = self.said.iter();
        let shown = said.find(|message| message.is_visible_to(Sight::of_role(role)));
        shown.map_or(end.words(), |message| &message.content.body)
    }
}

/// A step of a deal. If a person made it, a second event follows with what they pressed or typed.
pub(super) fn step(id: ConversationId, at: DateTime<Utc>, stepped: &Stepped) -> Encoded {
    Encoded {
        is_last_of_seq: stepped.actor_id.is_none(),
        ..Encoded::for_everybody(stepped_event(id, at, stepped))
    }
}

/// The definition's reason, else the action's name.
fn reason(stepped: &Stepped) -> &str {
    stepped.reason.as_deref().unwrap_or(&stepped.action)
}

fn stepped_event(id: ConversationId, at: DateTime<Utc>, stepped: &Stepped) -> ByteString {
    let data = StateChanged {
        conversation_id: id,
        previous_state: stepped.from.as_deref(),
        new_state: &stepped.to,
        reason: reason(stepped),
        timestamp: at,
    };
    encode_one(NAMESPACE, "conversation_state_changed", &data)
}

/// Sent only for steps made by a person. The actor's copy also carries the audit message that only they may see.
pub(super) fn acted(
    stepped: &Stepped,
    said: &[Message],
    view: &View,
    context: MessageContext<'_>,
    role: Option<&str>,
) -> Option<Encoded> {
    let actor = stepped.actor_id.as_ref()?;
    let sides = Sides::new(&view.conversation, view.people.in_order());
    let act = Act {
        stepped,
        said,
        conversation: &view.conversation,
        context,
        sides: &sides,
    };
    let particulars = view.deal.to(role);
    let people = view.people.in_order().into_iter();
    let side: Vec<&Participant> = people
        .filter(|person| Some(person.role.as_str()) == role)
        .collect();
    let encoded_for = |reader: UserNo| act.encode(reader, role, &particulars);
    let presser = side.iter().find(|person| person.id == *actor);
    Some(match (presser, side.as_slice()) {
        (None, _) => Encoded::for_role(encoded_for(NOBODY)),
        (Some(presser), [_]) => Encoded::for_role(encoded_for(presser.no)),
        (Some(presser), _) => Encoded {
            own: Some((presser.no, encoded_for(presser.no))),
            ..Encoded::for_role(encoded_for(NOBODY))
        },
    })
}

/// What a person pressed or typed.
struct Act<'a> {
    stepped: &'a Stepped,
    said: &'a [Message],
    conversation: &'a Conversation,
    context: MessageContext<'a>,
    sides: &'a Sides<'a>,
}

impl Act<'_> {
    fn encode(&self, reader: UserNo, role: Option<&str>, particulars: &Particulars) -> ByteString {
        let (stepped, conversation) = (self.stepped, self.conversation);
        let mut said = self.said.iter();
        let sight = Sight {
            no: reader,
            ..Sight::of_role(role)
        };
        let shown = said.find(|message| message.is_visible_to(sight));
        let message = shown.map(|message| {
            MessageRow::new(message, conversation.id, self.sides, None, self.context)
        });
        let flow_update = FlowUpdate::in_deal(&stepped.deal_view);
        if stepped.filled == 1 {
            let data = TextInput {
                input_type: &stepped.action,
                message,
                flow_update,
                conversation_id: conversation.id,
            };
            return encode_one(NAMESPACE, "text_input", &data);
        }
        let data = ButtonAction {
            button_id: &stepped.action,
            message,
            flow_update,
            conversation_id: conversation.id,
            conversation_context: ConversationContext::new(conversation, role, particulars),
        };
        encode_one(NAMESPACE, "button_action", &data)
    }
}
