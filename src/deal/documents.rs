//! What is stored as JSON with a step: the answer to whoever made it happen, which the same request is given again, and what the
//! platform is told.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::reader::DealReader;
use crate::domain::conversation::Conversation;
use crate::domain::flow::{DealView, PlatformEvent};

/// The answer to a step: how the deal stands after it, for whoever made it happen.
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

/// What an answer that was stored says of the deal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered<'a> {
    /// The state's name.
    pub state: &'a str,
    /// Whose turn it is.
    pub awaiting_role: Option<&'a str>,
}

impl<'a> Answered<'a> {
    /// Reads an answer that was stored.
    pub fn read(answer: &'a Value) -> Self {
        let text = |name: &str| answer.get(name).and_then(Value::as_str);
        Self {
            state: text("state").unwrap_or_default(),
            awaiting_role: text("awaiting_role"),
        }
    }
}

/// What the platform is told, byte for byte: the event's own data, and which deal it is about.
pub(super) fn platform_event(
    event: &PlatformEvent,
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
