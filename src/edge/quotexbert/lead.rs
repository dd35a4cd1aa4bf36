//! A thread and its lead, as the messages page reads them.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::message::MessageRow;
use super::people::{ThreadPeople, UserRow};
use crate::domain::conversation::{Conversation, ConversationStatus};
use crate::domain::ids::ConversationId;
use crate::edge::native::instants::instant;

/// A thread.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = QuotexbertThread)]
pub struct ThreadRow {
    /// Its id, the conversation's
    #[schema(value_type = uuid::Uuid)]
    id: ConversationId,
    /// The platform's id of the lead
    lead_id: String,
    /// When it was begun
    #[serde(serialize_with = "instant")]
    created_at: DateTime<Utc>,
    /// What the platform says of the lead, with `homeowner` and `contractor`
    #[schema(value_type = Object)]
    lead: Value,
    /// The newest message
    messages: Vec<MessageRow>,
    /// How many messages of others the caller has not read
    unread_count: i64,
}

impl ThreadRow {
    /// A thread with its newest message.
    pub(super) fn new(
        conversation: &Conversation,
        people: &ThreadPeople<'_>,
        newest: Option<MessageRow>,
        unread_count: i64,
    ) -> Self {
        Self {
            id: conversation.id,
            lead_id: lead_id(conversation).to_owned(),
            created_at: conversation.created_at,
            lead: lead(conversation, people),
            messages: newest.into_iter().collect(),
            unread_count,
        }
    }
}

fn lead_id(conversation: &Conversation) -> &str {
    let subject = conversation.subject.as_deref();
    subject.map_or("", |subject| subject.id.as_str())
}

/// The lead: the platform's own object, and the members that the page reads.
fn lead(conversation: &Conversation, people: &ThreadPeople<'_>) -> Value {
    let card = conversation.subject.as_deref().map(|subject| &subject.card);
    let data = card.and_then(|card| card.get("data")?.as_object().cloned());
    let mut lead: Map<String, Value> = data.unwrap_or_default();
    let title = card.and_then(|card| card.get("title")?.as_str());
    let title = title.or(conversation.title.as_deref());
    let (homeowner, contractor) = (people.homeowner(conversation), people.contractor());
    let row = |person| people.row(person);
    let homeowner_row = homeowner.map_or_else(|| people.nobody(), row);
    let known: [(&str, Value); 4] = [
        ("id", json!(lead_id(conversation))),
        ("homeowner", value(&homeowner_row)),
        (
            "contractor",
            contractor.map_or(Value::Null, |it| value(&row(it))),
        ),
        (
            "homeownerId",
            json!(homeowner.map(|person| person.id.as_str())),
        ),
    ];
    lead.extend(known.map(|(name, value)| (name.to_owned(), value)));
    if let Some(title) = title {
        lead.insert("title".to_owned(), json!(title));
    }
    let status = match conversation.status {
        ConversationStatus::Open => "open",
        ConversationStatus::Closed | ConversationStatus::Archived => "closed",
    };
    let usual: [(&str, Value); 9] = [
        ("title", json!(lead_id(conversation))),
        ("description", json!("")),
        ("budget", Value::Null),
        ("zipCode", json!("")),
        ("category", json!("")),
        ("status", json!(status)),
        ("claimed", json!(contractor.is_some())),
        ("published", json!(true)),
        ("contractorId", json!(contractor.map(|it| it.id.as_str()))),
    ];
    for (name, value) in usual {
        lead.entry(name).or_insert(value);
    }
    Value::Object(lead)
}

/// A row as JSON. It has texts alone, so it can be written.
fn value(row: &UserRow) -> Value {
    serde_json::to_value(row).unwrap_or_default()
}
