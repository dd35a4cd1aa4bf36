//! Conversations: the caller's list, one conversation's context, marking as read, the unread count.

use actix_web::{HttpResponse, get, post};

use super::answers::{Context, Conversations, Done, Unread, With};
use super::paging::PageQuery;
use super::reading::Opened;
use super::speaking::InConversation;
use crate::domain::command::{Command, Mark};
use crate::domain::ids::{Seq, UserNo};
use crate::domain::snapshot::{Loaded, Particulars, UnreadCount};
use crate::edge::http::call::Call;
use crate::edge::http::idempotent::StoredResponse;
use crate::edge::http::refusals::Body;
use crate::edge::http::{Failure, Query};
use crate::edge::stoory::rows::ConversationRow;
use crate::edge::stoory::sides::Sides;
use crate::store::paging::{self, Which};
use crate::store::{particulars, unread};

/// A page of the caller's conversations, newest activity first.
pub(super) async fn page(
    call: &Call,
    which: Which,
    query: &PageQuery,
) -> Result<HttpResponse, Failure> {
    let (asked, user) = (query.asked(10)?, call.caller.no);
    let read = call.pool().run(move |connection| {
        let found = paging::conversations(connection, user, which, asked.part())?;
        let numbers = found.items.iter().map(|one| one.conversation.no.0);
        let numbers: Vec<i64> = numbers.collect();
        let particulars = particulars::of_deals(connection, user, &numbers)?;
        Ok((found, particulars))
    });
    let (found, mut particulars) = read.await?;
    let particulars_of = |one: &Loaded| {
        particulars
            .remove(&one.conversation.no.0)
            .unwrap_or_default()
    };
    let particulars: Vec<Particulars> = found.items.iter().map(particulars_of).collect();
    let rows: Vec<ConversationRow<'_>> = found
        .items
        .iter()
        .zip(&particulars)
        .map(|(one, particulars)| row(one, user, particulars))
        .collect();
    Ok(HttpResponse::Ok().json(With::new(Conversations {
        conversations: rows,
        pagination: asked.pagination(found.total),
    })))
}

fn row<'a>(one: &'a Loaded, user: UserNo, particulars: &Particulars) -> ConversationRow<'a> {
    let sides = Sides::new(&one.conversation, &one.participants);
    let own = one.participants.iter().find(|person| person.no == user);
    let role = own.map(|person| person.role.as_str());
    ConversationRow::new(&one.conversation, &sides, role, particulars)
}

/// The caller's conversations in the guide's columns, newest activity first
#[utoipa::path(params(PageQuery), responses((status = 200, body = With<Conversations>)), security(("bearer" = [])), tag = "stoory")]
#[get("/conversations")]
pub async fn list(call: Call, query: Query<PageQuery>) -> Result<HttpResponse, Failure> {
    page(&call, Which::All, &query.0).await
}

/// One conversation: what a client renders from, and what is asked of the caller now
#[utoipa::path(params(("id" = Uuid, Path)), responses((status = 200, body = With<Context>), (status = 403, description = "NOT_A_PARTICIPANT, BLOCKED"), (status = 404, description = "CONVERSATION_NOT_FOUND")), security(("bearer" = [])), tag = "stoory")]
#[get("/conversations/{id}/context")]
pub async fn context(call: Call<InConversation>) -> Result<HttpResponse, Failure> {
    let InConversation(id) = call.path;
    let opened = Opened::find(&call.server, &call.caller, id).await?;
    let conversation = opened.row();
    Ok(HttpResponse::Ok().json(With::new(Context {
        conversation_context: conversation.context.clone(),
        conversation,
    })))
}

/// Everything that is there counts as read
#[utoipa::path(params(("id" = Uuid, Path)), responses((status = 200, body = Done), (status = 403, description = "NOT_A_PARTICIPANT, BLOCKED"), (status = 404, description = "CONVERSATION_NOT_FOUND")), security(("bearer" = [])), tag = "stoory")]
#[post("/conversations/{id}/seen")]
pub async fn seen(call: Call<InConversation, Body>) -> Result<HttpResponse, Failure> {
    let InConversation(id) = call.path;
    let work = async {
        call.must_act_alone()?;
        let (mark, seq) = (Mark::Seen, Seq::MAX);
        call.command(id, Command::Mark { mark, seq }).await?;
        StoredResponse::json(200, &Done::SUCCESS)
    };
    call.once(work).await
}

/// How many messages of others the caller has not read
#[utoipa::path(responses((status = 200, body = With<Unread>)), security(("bearer" = [])), tag = "stoory")]
#[get("/unread-count")]
pub async fn unread_count(call: Call) -> Result<HttpResponse, Failure> {
    let user = call.caller.no;
    let read = call
        .pool()
        .run(move |connection| unread::of_user(connection, user));
    let counted: UnreadCount = read.await?.iter().map(|row| row.count).sum();
    Ok(HttpResponse::Ok().json(With::new(Unread {
        unread_count: counted.number(),
        unread_count_capped: counted.is_capped(),
    })))
}
