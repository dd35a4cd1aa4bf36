//! Search in the native dialect: what is asked, over REST and over the socket alike, and what was found.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::DateTime;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::rest::conversations::limit_of;
use super::views::{MessageView, SubjectView};
use crate::domain::ids::{ConversationId, UserNo};
use crate::domain::refusal::Refusal;
use crate::domain::whole;
use crate::edge::links::Links;
use crate::store::search::{Found, Hit, Order, Page, Position, Scope};

/// Hits on a page, if nothing else is asked for.
const USUAL: i64 = 20;

/// A search, as clients write it.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SearchData {
    /// Words, of which all must be there, the last one perhaps in part; `"a phrase"`, `-word`, `word*`, `from:ID`, `from:me`, `in:ID`,
    /// `subject:job/42`, `has:file`, `has:image`, `has:voice`, `has:link`, `is:unread`, `before:`, `after:` and `on:2026-11-27`
    #[serde(default)]
    #[param(value_type = String)]
    q: Option<String>,
    /// Only in this conversation
    #[serde(default)]
    conversation_id: Option<String>,
    /// `newest` or `best`
    #[serde(default)]
    sort: Option<String>,
    /// Where the last page ended
    #[serde(default)]
    cursor: Option<String>,
    /// 1–100
    #[serde(default)]
    limit: Option<i64>,
    /// `all`: everywhere; only for staff
    #[serde(default)]
    scope: Option<String>,
}

/// The same in a frame, where a number may be written as a float.
#[derive(Deserialize)]
pub(super) struct SearchFrame {
    #[serde(default)]
    q: Option<String>,
    #[serde(default)]
    conversation_id: Option<String>,
    #[serde(default)]
    sort: Option<String>,
    #[serde(default)]
    cursor: Option<String>,
    #[serde(default, deserialize_with = "whole::optional")]
    limit: Option<i64>,
    #[serde(default)]
    scope: Option<String>,
}

impl SearchFrame {
    /// The search, if its fields are right.
    pub(super) fn request(self) -> Result<SearchRequest, Refusal> {
        let data = SearchData {
            q: self.q,
            conversation_id: self.conversation_id,
            sort: self.sort,
            cursor: self.cursor,
            limit: self.limit,
            scope: self.scope,
        };
        data.request()
    }
}

/// A search.
#[derive(Debug)]
pub struct SearchRequest {
    /// The query, as it was typed.
    pub q: String,
    /// Only in this conversation.
    pub conversation: Option<ConversationId>,
    /// Where else.
    pub scope: Scope,
    /// Which hits.
    pub page: Page,
    /// The most hits.
    pub limit: usize,
}

impl SearchData {
    /// The search, if its parameters are right.
    pub fn request(self) -> Result<SearchRequest, Refusal> {
        let order = match self.sort.as_deref() {
            None | Some("newest") => Order::Newest,
            Some("best") => Order::Best,
            Some(_) => return Err(Refusal::invalid("sort", "must be newest or best")),
        };
        let scope = match self.scope.as_deref() {
            None => Scope::Own,
            Some("all") => Scope::Everything,
            Some(_) => return Err(Refusal::invalid("scope", "must be all")),
        };
        let conversation = self.conversation_id.as_deref();
        let conversation = conversation.map(|id| ConversationId::parse(id, "conversation_id"));
        let limit = limit_of(Some(self.limit.unwrap_or(USUAL)))?;
        Ok(SearchRequest {
            q: self.q.unwrap_or_default(),
            conversation: conversation.transpose()?,
            scope,
            page: page(self.cursor.as_deref(), order)?,
            limit: usize::try_from(limit).unwrap_or_default(),
        })
    }
}

fn page(cursor: Option<&str>, order: Order) -> Result<Page, Refusal> {
    let Some(cursor) = cursor else {
        return Ok(Page::First(order));
    };
    let read = || {
        let decoded = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let mut numbers = decoded.split('.').map(str::parse::<i64>);
        let mut next = || numbers.next()?.ok().filter(|number| *number >= 0);
        match order {
            Order::Best => Some(Page::Beyond(usize::try_from(next()?).ok()?)),
            Order::Newest => Some(Page::After(Position {
                at: DateTime::from_timestamp_micros(next()?)?,
                conversation: next()?,
                seq: next()?,
            })),
        }
    };
    read().ok_or_else(|| Refusal::invalid("cursor", "is not a cursor from such a search"))
}

fn cursor(page: Page) -> Option<String> {
    let text = match page {
        Page::First(_) => return None,
        Page::Beyond(skipped) => skipped.to_string(),
        Page::After(Position {
            at,
            conversation,
            seq,
        }) => format!("{}.{conversation}.{seq}", at.timestamp_micros()),
    };
    Some(URL_SAFE_NO_PAD.encode(text))
}

/// What was found.
#[derive(Serialize)]
pub struct FoundView<'a> {
    items: Vec<HitView<'a>>,
    next_cursor: Option<String>,
    total: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    behind_seconds: Option<f64>,
}

#[derive(Serialize)]
struct HitView<'a> {
    message: MessageView<'a>,
    conversation: HitConversation<'a>,
    /// Start and length of each match in the body, in Unicode code points.
    highlights: Vec<[u32; 2]>,
}

/// What is said of a hit's conversation.
#[derive(Serialize)]
struct HitConversation<'a> {
    id: ConversationId,
    title: Option<&'a str>,
    subject: Option<SubjectView<'a>>,
}

impl<'a> FoundView<'a> {
    /// What was found, for this reader.
    pub fn new(found: &'a Found, reader: UserNo, links: &Links) -> Self {
        Self {
            items: found
                .hits
                .iter()
                .map(|hit| HitView::new(hit, reader, links))
                .collect(),
            next_cursor: found.next.and_then(cursor),
            total: found.total,
            behind_seconds: found.behind_seconds,
        }
    }

    /// The JSON. It cannot fail: every key is a text and every number is finite.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl<'a> HitView<'a> {
    fn new(hit: &'a Hit, reader: UserNo, links: &Links) -> Self {
        let conversation = &hit.conversation;
        let pair = |span: &std::ops::Range<u32>| [span.start, span.end - span.start];
        Self {
            message: MessageView::new(&hit.message, conversation.id, reader, links),
            conversation: HitConversation {
                id: conversation.id,
                title: conversation.title.as_deref(),
                subject: conversation.subject.as_deref().map(SubjectView::new),
            },
            highlights: hit.highlights.iter().map(pair).collect(),
        }
    }
}
