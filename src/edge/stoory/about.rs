//! What a conversation is about: a campaign, a bid, or nothing of the two.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::domain::conversation::{Conversation, Subject};

/// The type of a campaign's subject.
pub const CAMPAIGN: &str = "campaign";
/// The type of a bid's subject.
pub const BID: &str = "bid";
/// The types that the front end lists by themselves. If a subject of another type names both, the first counts.
pub const LISTED: [&str; 2] = [CAMPAIGN, BID];

/// What a conversation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = StooryConversationType)]
pub enum ConversationType {
    /// A campaign.
    Campaign,
    /// A bid.
    Bid,
    /// Neither.
    Direct,
}

impl ConversationType {
    /// Of a conversation: the type of its subject, else what the subject's data names.
    pub fn of(conversation: &Conversation) -> Self {
        let Some(subject) = conversation.subject.as_deref() else {
            return Self::Direct;
        };
        let names = |kind| about(subject, kind).is_some();
        match subject.kind.as_str() {
            CAMPAIGN => Self::Campaign,
            BID => Self::Bid,
            _ if names(CAMPAIGN) => Self::Campaign,
            _ if names(BID) => Self::Bid,
            _ => Self::Direct,
        }
    }

    /// The type of the subject; none for direct conversations.
    pub fn kind(self) -> Option<&'static str> {
        match self {
            Self::Campaign => Some(CAMPAIGN),
            Self::Bid => Some(BID),
            Self::Direct => None,
        }
    }

    /// What a conversation without a title is called.
    pub fn title(self) -> &'static str {
        match self {
            Self::Campaign => "Campaign",
            Self::Bid => "Bid",
            Self::Direct => "Direct Chat",
        }
    }
}

/// The id of a thing that a conversation is about: it is the subject, or the subject's data names it.
pub fn about<'a>(subject: &'a Subject, kind: &str) -> Option<&'a str> {
    if subject.kind == kind {
        return Some(&subject.id);
    }
    let data = subject.card.get("data")?;
    data.get(format!("{kind}_id"))?.as_str()
}

/// What the platform says about a thing that a conversation is about: its `id`, its `title`, and the platform's own fields. If the
/// subject only names the thing, its `id` alone.
pub fn described(conversation: &Conversation, kind: &str) -> Option<Value> {
    let subject = conversation.subject.as_deref()?;
    let id = about(subject, kind)?;
    let mut fields = match (subject.kind == kind, subject.card.get("data")) {
        (true, Some(Value::Object(data))) => data.clone(),
        (true, _) | (false, _) => Map::new(),
    };
    if let (true, Some(title)) = (subject.kind == kind, subject.card.get("title")) {
        fields.insert("title".to_owned(), title.clone());
    }
    fields.insert("id".to_owned(), Value::from(id));
    Some(Value::Object(fields))
}

/// What a conversation is called: the subject's title, its own, or what it is.
pub fn title_of(conversation: &Conversation) -> String {
    let kind = ConversationType::of(conversation);
    let subject = kind.kind().and_then(|kind| described(conversation, kind));
    let subject = subject
        .as_ref()
        .and_then(|subject| subject.get("title")?.as_str());
    let title = subject.or(conversation.title.as_deref());
    title.unwrap_or(kind.title()).to_owned()
}

#[cfg(test)]
#[path = "about_tests.rs"]
mod tests;
