//! Conversations: somebody's list, one's context, what was read and what was not.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use std::sync::Arc;

use super::answers::{Context, Conversations, Done, Unread, With};
use super::paging::PageQuery;
use super::reading::Opened;
use super::speaking::must_act_alone;
use crate::domain::command::{Command, Mark};
use crate::domain::ids::{ConversationId, Seq, UserNo};
use crate::domain::snapshot::{Loaded, Particulars, UnreadCount};
use crate::edge::http::caller::Caller;
use crate::edge::http::idempotent::{StoredResponse, once};
use crate::edge::http::refusals::Body;
use crate::edge::http::{AppState, Asked, Failure};
use crate::edge::stoory::rows::ConversationRow;
use crate::edge::stoory::sides::Sides;
use crate::store::paging::{self, Which};
use crate::store::{particulars, unread};

/// A page of the caller's conversations, newest activity first.
pub(super) async fn page(
    server: &AppState,
    user: UserNo,
    which: Which,
    query: &PageQuery,
) -> Result<HttpResponse, Failure> {
    let asked = query.asked(10)?;
    let read = server.deps.room.pool.run(move |connection| {
        let found = paging::conversations(connection, user, which, asked.part())?;
        let numbers = found.items.iter().map(|one| one.conversation.no.0);
        let numbers: Vec<i64> = numbers.collect();
        let known = particulars::of_deals(connection, user, &numbers)?;
        Ok((found, known))
    });
    let (found, mut known) = read.await?;
    let known_of = |one: &Loaded| known.remove(&one.conversation.no.0).unwrap_or_default();
    let known: Vec<Particulars> = found.items.iter().map(known_of).collect();
    let rows: Vec<ConversationRow<'_>> = found
        .items
        .iter()
        .zip(&known)
        .map(|(one, known)| row(one, user, known))
        .collect();
    Ok(HttpResponse::Ok().json(With::new(Conversations {
        conversations: rows,
        pagination: asked.pagination(found.total),
    })))
}

fn row<'a>(one: &'a Loaded, user: UserNo, known: &Particulars) -> ConversationRow<'a> {
    let sides = Sides::new(&one.conversation, &one.participants);
    let own = one.participants.iter().find(|person| person.no == user);
    let role = own.map(|person| person.role.as_str());
    ConversationRow::new(&one.conversation, &sides, role, known)
}

/// The caller's conversations in the guide's columns, newest activity first
#[utoipa::path(params(PageQuery), responses((status = 200, body = With<Conversations>)), security(("bearer" = [])), tag = "stoory")]
#[get("/conversations")]
pub async fn list(
    server: web::Data<AppState>,
    caller: Caller,
    query: Asked<PageQuery>,
) -> Result<HttpResponse, Failure> {
    page(&server, caller.0.no, Which::All, &query.0).await
}

/// One conversation: what a client renders from, and what is asked of the caller now
#[utoipa::path(params(("id" = Uuid, Path)), responses((status = 200, body = With<Context>), (status = 403, description = "NOT_A_PARTICIPANT, BLOCKED"), (status = 404, description = "CONVERSATION_NOT_FOUND")), security(("bearer" = [])), tag = "stoory")]
#[get("/conversations/{id}/context")]
pub async fn context(
    server: web::Data<AppState>,
    caller: Caller,
    path: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let id = ConversationId::parse(&path, "conversation_id")?;
    let opened = Opened::find(&server, &caller.0, id).await?;
    let conversation = opened.row();
    Ok(HttpResponse::Ok().json(With::new(Context {
        conversation_context: conversation.context.clone(),
        conversation,
    })))
}

/// Everything that is there counts as read
#[utoipa::path(params(("id" = Uuid, Path)), responses((status = 200, body = Done), (status = 403, description = "NOT_A_PARTICIPANT, BLOCKED"), (status = 404, description = "CONVERSATION_NOT_FOUND")), security(("bearer" = [])), tag = "stoory")]
#[post("/conversations/{id}/seen")]
pub async fn seen(
    server: web::Data<AppState>,
    caller: Caller,
    request: HttpRequest,
    path: web::Path<String>,
    body: Body,
) -> Result<HttpResponse, Failure> {
    let Caller(caller) = caller;
    let id = ConversationId::parse(&path, "conversation_id")?;
    let work = async {
        must_act_alone(&caller, &body)?;
        let (mark, seq) = (Mark::Seen, Seq::MAX);
        let all = Command::Mark { mark, seq };
        let rooms = &server.deps.rooms;
        rooms.ask(id, Arc::clone(&caller), all).await?;
        StoredResponse::json(200, &Done::SUCCESS)
    };
    once(&server, &caller, &request, body.text(), work).await
}

/// How many messages of others the caller has not read
#[utoipa::path(responses((status = 200, body = With<Unread>)), security(("bearer" = [])), tag = "stoory")]
#[get("/unread-count")]
pub async fn unread_count(
    server: web::Data<AppState>,
    caller: Caller,
) -> Result<HttpResponse, Failure> {
    let (pool, user) = (&server.deps.room.pool, caller.0.no);
    let read = pool.run(move |connection| unread::of_user(connection, user));
    let counted: UnreadCount = read.await?.iter().map(|row| row.count).sum();
    Ok(HttpResponse::Ok().json(With::new(Unread {
        unread_count: counted.number(),
        unread_count_capped: counted.is_capped(),
    })))
}
