//! What is asked of a search, and what it finds.

use chrono::{DateTime, Utc};
use std::sync::Arc;

use super::conditions::Position;
use super::plans::Bounds;
use crate::domain::access::Requester;
use crate::domain::conversation::Conversation;
use crate::domain::ids::UserId;
use crate::domain::message::Message;
use crate::domain::search::SearchQuery;
use crate::domain::tokens::{Span, Tokenizer};

/// A search.
#[derive(Clone, Debug)]
pub struct MessageSearch {
    /// What is searched for.
    pub query: SearchQuery,
    /// The query as it was typed, for the audit log.
    pub text: String,
    /// Who searches.
    pub requester: Requester,
    /// The same.
    pub me: UserId,
    /// Where.
    pub scope: Scope,
    /// Which hits.
    pub page: Page,
    /// The most hits.
    pub limit: usize,
    /// How texts are read.
    pub tokenizer: Arc<Tokenizer>,
    /// The time, for the age of hits.
    pub now: DateTime<Utc>,
    /// How much is read.
    pub bounds: Bounds,
}

/// Where somebody searches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In the conversations in which they participate.
    Own,
    /// In all conversations.
    Everything,
}

/// How hits are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The newest first.
    Newest,
    /// The best of the newest first.
    Best,
}

/// Where a page begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// With the first hit.
    First(Order),
    /// With the newest one after this.
    After(Position),
    /// With the best one after this many.
    Beyond(usize),
}

/// A hit.
#[derive(Clone, Debug)]
pub struct Hit {
    /// The message.
    pub message: Message,
    /// Its conversation.
    pub conversation: Conversation,
    /// The characters of its body that match.
    pub highlights: Vec<Span>,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// A page of hits.
    pub hits: Vec<Hit>,
    /// Where the next page begins.
    pub next: Option<Page>,
    /// The number of all hits; `None` if not everything was read.
    pub total: Option<i64>,
    /// Seconds by which the documents are behind, for staff.
    pub behind_seconds: Option<f64>,
    /// The plan, for the metrics.
    pub plan: &'static str,
}
