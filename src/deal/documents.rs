//! The JSON that is stored with a step: the answer to its request, and the webhooks to the platform.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::domain::conversation::Conversation;
use crate::domain::deal_reader::DealReader;
use crate::domain::flow::{DealView, WebhookEvent};

/// The answer to a step: the deal after it, as the requester may see it.
pub(super) fn answer(deal_view: &DealView, reader: DealReader<'_>) -> Value {
    let mut answer = json!({
        "name": deal_view.flow,
        "version": deal_view.flow_version,
        "state": deal_view.state,
        "title": deal_view.title,
        "state_version": deal_view.state_version,
        "awaiting_role": deal_view.awaiting_role,
        "phase": deal_view.phase,
        "entered_at": instant(deal_view.entered_at),
        "deadline": deal_view.deadline.map(instant),
    });
    if let (Some((chat, available_actions)), Some(fields)) =
        (reader.sees(deal_view), answer.as_object_mut())
    {
        fields.insert("chat".to_owned(), json!(chat));
        fields.insert("available_actions".to_owned(), json!(available_actions));
    }
    answer
}

/// The fields of a stored answer that dialects need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered<'a> {
    /// The state's name.
    pub state: &'a str,
    /// The role whose turn it is.
    pub awaiting_role: Option<&'a str>,
}

impl<'a> Answered<'a> {
    /// Reads a stored answer.
    pub fn read(answer: &'a Value) -> Self {
        let text = |name: &str| answer.get(name).and_then(Value::as_str);
        Self {
            state: text("state").unwrap_or_default(),
            awaiting_role: text("awaiting_role"),
        }
    }
}

/// The body of a webhook: the event's own data and the deal that it is about.
pub(super) fn webhook_event(
    event: &WebhookEvent,
    conversation: &Conversation,
    deal_view: &DealView,
    at: DateTime<Utc>,
) -> String {
    let subject = conversation.subject.as_ref();
    json!({
        "type": event.event,
        "timestamp": instant(at),
        "data": {
            "conversation_id": conversation.id,
            "subject": subject.map(|subject| json!({ "type": subject.kind, "id": subject.id })),
            "flow": { "name": deal_view.flow, "version": deal_view.flow_version, "state": deal_view.state },
            "event": event.data,
        },
    })
    .to_string()
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
