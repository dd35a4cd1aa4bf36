//! Rooms that exist: the caller's list, one of them, and what is unread in them.

use actix_web::{HttpResponse, get};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::domain::conversation::ConversationStatus;
use crate::domain::ids::ConversationId;
use crate::domain::refusal::Refusal;
use crate::domain::snapshot::{Listed, UnreadCount};
use crate::edge::http::call::Call;
use crate::edge::http::{Failure, Query};
use crate::edge::lola::people::RoomPeople;
use crate::edge::lola::room::{Priority, RoomDocument, RoomType, name};
use crate::edge::native::instants::maybe_instant;
use crate::edge::native::rest::conversations::listed;
use crate::store::conversations::{self as rows, Filter};
use crate::store::unread;

/// Rooms of a page, unless the query says how many.
const USUAL: i64 = 20;
/// Rooms of a page at most.
const MOST: i64 = 100;
/// Rooms before a page at most.
const DEEPEST: i64 = 10_000;

/// Which rooms.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct ListQuery {
    /// Only rooms of this type
    room_type: Option<RoomType>,
    /// Only rooms in which messages can be sent, or only closed and archived ones
    is_active: Option<bool>,
    /// Only rooms of this priority
    priority: Option<Priority>,
    /// Which page, from 1
    page: Option<i64>,
    /// At most so many; 20, and never more than 100
    limit: Option<i64>,
}

impl ListQuery {
    /// The page and its limit.
    fn page(&self) -> Result<(i64, i64), Refusal> {
        let (page, limit) = (self.page.unwrap_or(1), self.limit.unwrap_or(USUAL));
        if limit < 1 {
            return Err(Refusal::invalid("limit", "must be at least 1"));
        }
        let limit = limit.min(MOST);
        if page < 1 || (page - 1).saturating_mul(limit) > DEEPEST {
            let form = format!("must be at least 1, with at most {DEEPEST} rooms before it");
            return Err(Refusal::invalid("page", form));
        }
        Ok((page, limit))
    }

    /// What the list is narrowed by; `None` if there can be no such room.
    fn filter(&self) -> Option<Filter> {
        if self
            .priority
            .is_some_and(|wanted| wanted != Priority::Medium)
        {
            return None;
        }
        let kind = match self.room_type {
            Some(wanted) => Some(wanted.kind()?),
            None => None,
        };
        let statuses = match self.is_active {
            None => Vec::new(),
            Some(true) => vec![ConversationStatus::Open],
            Some(false) => vec![ConversationStatus::Closed, ConversationStatus::Archived],
        };
        Some(Filter {
            kind,
            statuses,
            ..Filter::default()
        })
    }
}

/// A page of rooms.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LolaRooms)]
pub struct RoomsPage<'a> {
    /// Newest activity first
    rooms: Vec<RoomDocument<'a>>,
    /// How many there are
    total: i64,
    /// Which page this is
    page: i64,
    /// How many pages there are
    total_pages: i64,
}

/// The caller's rooms, newest activity first
#[utoipa::path(params(ListQuery), responses((status = 200, body = RoomsPage)), security(("bearer" = [])), tag = "lola")]
#[get("/rooms")]
pub async fn list(call: Call, query: Query<ListQuery>) -> Result<HttpResponse, Failure> {
    let Query(query) = query;
    let ((page, limit), user) = (query.page()?, call.caller.no);
    let (found, total) = match query.filter() {
        None => (Vec::new(), 0),
        Some(filter) => {
            let filter = Filter {
                offset: (page - 1) * limit,
                hidden: Some(false),
                ..filter
            };
            let read = call.pool().run(move |connection| {
                let found = rows::list(connection, user, &filter, limit)?;
                Ok((found, rows::count(connection, user, &filter)?))
            });
            read.await?
        }
    };
    Ok(HttpResponse::Ok().json(RoomsPage {
        rooms: found.iter().map(RoomDocument::new).collect(),
        total,
        page,
        total_pages: (total + limit - 1) / limit,
    }))
}

/// One room
#[utoipa::path(params(("id" = Uuid, Path)), responses((status = 200, body = RoomDocument), (status = 400, description = "CONVERSATION_NOT_FOUND, NOT_A_PARTICIPANT, BLOCKED")), security(("bearer" = [])), tag = "lola")]
#[get("/rooms/{id}")]
pub async fn show(call: Call<ConversationId>) -> Result<HttpResponse, Failure> {
    let found = listed(&call, call.path).await?;
    Ok(HttpResponse::Ok().json(RoomDocument::new(&found)))
}

/// What is unread in the caller's rooms.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LolaUnreadCounts)]
pub struct UnreadCounts<'a> {
    /// How many messages, in all rooms
    total_unread: i64,
    /// In how many rooms
    rooms_with_unread: usize,
    /// The newest 100 of these rooms
    rooms: Vec<UnreadRoom<'a>>,
}

/// What is unread in a room.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LolaUnreadRoom)]
pub struct UnreadRoom<'a> {
    #[schema(value_type = uuid::Uuid)]
    room_id: ConversationId,
    unread_count: i64,
    #[serde(serialize_with = "maybe_instant")]
    last_message_at: Option<DateTime<Utc>>,
    customer_name: Option<&'a str>,
}

impl<'a> UnreadRoom<'a> {
    fn new(listed: &'a Listed) -> Self {
        let conversation = &listed.conversation;
        let people = RoomPeople::new(conversation, &listed.participants);
        let last = listed.last_message.as_ref();
        Self {
            room_id: conversation.id,
            unread_count: listed.unread.number(),
            last_message_at: last.map(|message| message.created_at),
            customer_name: people.customer(conversation).map(name),
        }
    }
}

/// How many messages of others the caller has not read, and where
#[utoipa::path(responses((status = 200, body = UnreadCounts)), security(("bearer" = [])), tag = "lola")]
#[get("/unread-counts")]
pub async fn unread_counts(call: Call) -> Result<HttpResponse, Failure> {
    let user = call.caller.no;
    let read = call.pool().run(move |connection| {
        let counted = unread::of_user(connection, user)?;
        let filter = Filter {
            only_unread: true,
            ..Filter::default()
        };
        Ok((counted, rows::list(connection, user, &filter, MOST)?))
    });
    let (counted, rooms) = read.await?;
    let total: UnreadCount = counted.iter().map(|row| row.count).sum();
    Ok(HttpResponse::Ok().json(UnreadCounts {
        total_unread: total.number(),
        rooms_with_unread: counted.len(),
        rooms: rooms.iter().map(UnreadRoom::new).collect(),
    }))
}
