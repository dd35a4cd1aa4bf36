//! Conversations: the caller's list, one conversation's context, marking as read, the unread count.

use actix_web::{HttpResponse, get, post, put};

use super::answers::{Context, Conversations, Done, Unread, With};
use super::paging::{PageQuery, Pagination};
use super::prompting::PromptingContext;
use super::reading::Opened;
use super::speaking::InConversation;
use crate::domain::command::{Command, Mark, Reads};
use crate::domain::ids::Seq;
use crate::domain::snapshot::{Listed, Particulars, UnreadCount};
use crate::edge::http::call::Call;
use crate::edge::http::idempotent::StoredResponse;
use crate::edge::http::refusals::Body;
use crate::edge::http::{Failure, Query};
use crate::edge::stoory::about::{ConversationType, LISTED};
use crate::edge::stoory::listed::ListedRow;
use crate::edge::stoory::sides::{BRAND_OWNER, INFLUENCER};
use crate::store::paging::{self, Which};
use crate::store::{particulars, unread};

/// A page of the caller's conversations, newest activity first, with what their deals remember.
pub(super) struct ReadPage {
    found: Vec<(Listed, Particulars)>,
    pub(super) pagination: Pagination,
}

impl ReadPage {
    pub(super) async fn read(
        call: &Call,
        which: Which,
        query: &PageQuery,
    ) -> Result<Self, Failure> {
        let (asked, user) = (query.asked(10)?, call.caller.no);
        let read = call.pool().run(move |connection| {
            let found = paging::conversations(connection, user, which, asked.part())?;
            let numbers = found.items.iter().map(|one| one.conversation.no.0);
            let numbers: Vec<i64> = numbers.collect();
            let particulars = particulars::of_deals(connection, user, &numbers)?;
            Ok((found, particulars))
        });
        let (found, mut particulars) = read.await?;
        let with_particulars = |one: Listed| {
            let particulars = particulars.remove(&one.conversation.no.0);
            (one, particulars.unwrap_or_default())
        };
        Ok(Self {
            pagination: asked.pagination(found.total),
            found: found.items.into_iter().map(with_particulars).collect(),
        })
    }

    pub(super) fn rows<'a>(&'a self, call: &'a Call) -> Vec<ListedRow<'a>> {
        let (user, system) = (call.caller.no, &call.server.config.dialects.system_user_id);
        let found = self.found.iter();
        found
            .map(|(one, particulars)| ListedRow::new(one, user, particulars, system))
            .collect()
    }
}

/// The caller's conversations in Stoory's columns, newest activity first
#[utoipa::path(params(PageQuery), responses((status = 200, body = With<Conversations>)), security(("bearer" = [])), tag = "stoory")]
#[get("/conversations")]
pub async fn list(call: Call, query: Query<PageQuery>) -> Result<HttpResponse, Failure> {
    let page = ReadPage::read(&call, Which::All, &query.0).await?;
    let conversations = page.rows(&call);
    let own = Some(call.caller.id.as_str());
    let user_role = conversations.first().and_then(|listed| match own {
        own if own == listed.row.brand_owner_id => Some(BRAND_OWNER),
        own if own == listed.row.influencer_id => Some(INFLUENCER),
        _ => None,
    });
    Ok(HttpResponse::Ok().json(With::new(Conversations {
        conversations,
        pagination: page.pagination,
        conversation_type: None,
        message: None,
        user_role,
        query_description: Some("All conversations, most recently changed first"),
    })))
}

/// The caller's conversations of one type.
async fn of_type(
    call: &Call,
    query: &PageQuery,
    kind: ConversationType,
    message: &'static str,
) -> Result<HttpResponse, Failure> {
    let (among, wanted) = (&LISTED, kind.kind());
    let which = Which::About {
        among,
        kind: wanted,
    };
    let page = ReadPage::read(call, which, query).await?;
    Ok(HttpResponse::Ok().json(With::new(Conversations {
        conversations: page.rows(call),
        pagination: page.pagination,
        conversation_type: Some(kind),
        message: Some(message),
        user_role: None,
        query_description: None,
    })))
}

/// The caller's conversations that are about neither a bid nor a campaign
#[utoipa::path(params(PageQuery), responses((status = 200, body = With<Conversations>)), security(("bearer" = [])), tag = "stoory")]
#[get("/conversations/direct")]
pub async fn direct(call: Call, query: Query<PageQuery>) -> Result<HttpResponse, Failure> {
    let words = "Direct conversations";
    of_type(&call, &query.0, ConversationType::Direct, words).await
}

/// The caller's conversations about bids
#[utoipa::path(params(PageQuery), responses((status = 200, body = With<Conversations>)), security(("bearer" = [])), tag = "stoory")]
#[get("/conversations/bids")]
pub async fn bids(call: Call, query: Query<PageQuery>) -> Result<HttpResponse, Failure> {
    let words = "Conversations about bids";
    of_type(&call, &query.0, ConversationType::Bid, words).await
}

/// The caller's conversations about campaigns
#[utoipa::path(params(PageQuery), responses((status = 200, body = With<Conversations>)), security(("bearer" = [])), tag = "stoory")]
#[get("/conversations/campaigns")]
pub async fn campaigns(call: Call, query: Query<PageQuery>) -> Result<HttpResponse, Failure> {
    let words = "Conversations about campaigns";
    of_type(&call, &query.0, ConversationType::Campaign, words).await
}

/// One conversation: what a client renders from, and what is asked of the caller now
#[utoipa::path(params(("id" = Uuid, Path)), responses((status = 200, body = With<Context>), (status = 403, description = "NOT_A_PARTICIPANT, BLOCKED"), (status = 404, description = "CONVERSATION_NOT_FOUND")), security(("bearer" = [])), tag = "stoory")]
#[get("/conversations/{id}/context")]
pub async fn context(call: Call<InConversation>) -> Result<HttpResponse, Failure> {
    let InConversation(id) = call.path;
    let opened = Opened::find(&call.server, &call.caller, id).await?;
    let (conversation, reader) = (opened.loaded.conversation.no, opened.reader.clone());
    let newest = call
        .pool()
        .run(move |connection| paging::newest(connection, conversation, &reader));
    let newest = newest.await?;
    let (row, system) = (opened.row(), &call.server.config.dialects.system_user_id);
    let context = PromptingContext::new(&opened, &row.context, newest.as_ref(), system);
    Ok(HttpResponse::Ok().json(With::new(Context {
        context,
        conversation_context: row.context.clone(),
        conversation: row,
    })))
}

/// Everything that is there counts as read.
async fn mark_all(call: &Call<InConversation, Body>) -> Result<HttpResponse, Failure> {
    let InConversation(id) = call.path;
    let work = async {
        call.must_act_alone()?;
        let (mark, seq) = (Mark::Seen(Reads::All), Seq::MAX);
        call.command(id, Command::Mark { mark, seq }).await?;
        StoredResponse::json(200, &Done::saying("Messages marked as seen"))
    };
    call.once(work).await
}

/// Everything that is there counts as read
#[utoipa::path(params(("id" = Uuid, Path)), responses((status = 200, body = Done), (status = 403, description = "NOT_A_PARTICIPANT, BLOCKED"), (status = 404, description = "CONVERSATION_NOT_FOUND")), security(("bearer" = [])), tag = "stoory")]
#[post("/conversations/{id}/seen")]
pub async fn seen(call: Call<InConversation, Body>) -> Result<HttpResponse, Failure> {
    mark_all(&call).await
}

/// Everything that is there counts as read
#[utoipa::path(params(("id" = Uuid, Path)), responses((status = 200, body = Done), (status = 403, description = "NOT_A_PARTICIPANT, BLOCKED"), (status = 404, description = "CONVERSATION_NOT_FOUND")), security(("bearer" = [])), tag = "stoory")]
#[put("/conversations/{id}/seen")]
pub async fn seen_by_put(call: Call<InConversation, Body>) -> Result<HttpResponse, Failure> {
    mark_all(&call).await
}

/// Everything that is there counts as read
#[utoipa::path(params(("id" = Uuid, Path)), responses((status = 200, body = Done), (status = 403, description = "NOT_A_PARTICIPANT, BLOCKED"), (status = 404, description = "CONVERSATION_NOT_FOUND")), security(("bearer" = [])), tag = "stoory")]
#[put("/{id}/seen")]
pub async fn seen_there(call: Call<InConversation, Body>) -> Result<HttpResponse, Failure> {
    mark_all(&call).await
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
