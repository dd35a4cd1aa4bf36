//! Blocks between users: whom the caller has blocked, and from whom they accept new conversations.

use actix_web::{HttpResponse, delete, get, put};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::conversations::{cursor_of, cursor_text, limit_of};
use crate::domain::access::beginning::Accept;
use crate::domain::access::blocks::{Block, Blocking};
use crate::domain::ids::{UserId, UserNo};
use crate::domain::refusal::Refusal;
use crate::edge::http::call::Call;
use crate::edge::http::refusals::Body;
use crate::edge::http::{Failure, Query};
use crate::edge::native::instants::instant;
use crate::feed::Concerned;
use crate::store::blocks::{self as rows, BlockedUser};
use crate::store::{beginning, users};

/// A user whom the caller has blocked.
#[derive(Serialize, ToSchema)]
#[schema(as = BlockedUser)]
pub struct BlockedView<'a> {
    /// The platform's id
    user_id: &'a str,
    /// The name to show
    name: Option<&'a str>,
    /// A picture
    avatar_url: Option<&'a str>,
    /// Since when
    #[serde(serialize_with = "instant")]
    blocked_at: DateTime<Utc>,
}

impl<'a> From<&'a BlockedUser> for BlockedView<'a> {
    fn from(user: &'a BlockedUser) -> Self {
        Self {
            user_id: &user.id,
            name: user.name.as_deref(),
            avatar_url: user.avatar_url.as_deref(),
            blocked_at: user.since,
        }
    }
}

/// Which part of the list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Where the last page ended
    cursor: Option<String>,
    /// 1–100
    limit: Option<i64>,
}

/// The users whom the caller has blocked, the newest first
#[utoipa::path(params(ListQuery), responses((status = 200, description = "`items`: `user_id`, `name`, `avatar_url`, `blocked_at`; `next_cursor`", body = Object)), security(("bearer" = [])), tag = "people")]
#[get("/blocks")]
pub async fn list(call: Call, query: Query<ListQuery>) -> Result<HttpResponse, Failure> {
    let Query(query) = query;
    let (limit, user) = (limit_of(query.limit)?, call.caller.no);
    let before = query.cursor.as_deref().map(cursor_of).transpose()?;
    let read = call
        .pool()
        .run(move |connection| rows::by(connection, user, before, limit));
    let found = read.await?;
    let is_full = found.len() as i64 == limit;
    let last = found.last().filter(|_| is_full);
    let next = last.map(|last| cursor_text(last.since, last.no));
    let items: Vec<BlockedView<'_>> = found.iter().map(BlockedView::from).collect();
    Ok(HttpResponse::Ok().json(json!({ "items": items, "next_cursor": next })))
}

/// Block a user: no direct conversation, no presence, typing or receipts between the two; what the user says elsewhere notifies the caller of nothing
#[utoipa::path(params(("user_id" = String, Path, description = "The platform's user id")), responses((status = 204, description = "Blocked"), (status = 404, description = "USER_NOT_FOUND"), (status = 422, description = "UNPROCESSABLE: oneself, or 1,000 are blocked")), security(("bearer" = [])), tag = "people")]
#[put("/blocks/{user_id}")]
pub async fn block(call: Call<UserId>) -> Result<HttpResponse, Failure> {
    set(&call, Blocking::Begun).await
}

/// End the block of a user
#[utoipa::path(params(("user_id" = String, Path, description = "The platform's user id")), responses((status = 204, description = "Not blocked any more"), (status = 404, description = "USER_NOT_FOUND")), security(("bearer" = [])), tag = "people")]
#[delete("/blocks/{user_id}")]
pub async fn unblock(call: Call<UserId>) -> Result<HttpResponse, Failure> {
    set(&call, Blocking::Ended).await
}

/// Begins or ends the block, and announces it to the rooms of the two.
async fn set(call: &Call<UserId>, blocking: Blocking) -> Result<HttpResponse, Failure> {
    let (by, wanted) = (call.caller.no, call.path.clone());
    let found = call
        .pool()
        .run(move |connection| users::find(connection, wanted.as_str()));
    let row = found.await?;
    let whom = row.map(|row| UserNo(row.no));
    let whom = whom.ok_or_else(|| Refusal::UserNotFound(call.path.to_string()))?;
    if whom == by {
        return Err(Refusal::Unprocessable("Nobody can block themselves").into());
    }
    let deps = &call.server.deps;
    let made = deps.room.journal.block(Block { by, whom }, blocking);
    for (key, entry) in made.await? {
        let entries = vec![entry];
        deps.room.feed.committed(key, &entries, Concerned::default);
        deps.rooms.deliver_if_awake(key.0, entries);
    }
    Ok(HttpResponse::NoContent().finish())
}

/// From whom one accepts new conversations.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Privacy {
    /// `everyone`, `met` (people who may read a conversation with the caller) or `nobody`. The platform and its staff are always accepted
    accept: Accept,
}

/// From whom the caller accepts new conversations
#[utoipa::path(responses((status = 200, body = Privacy)), security(("bearer" = [])), tag = "people")]
#[get("/me/privacy")]
pub async fn privacy(call: Call) -> Result<HttpResponse, Failure> {
    let user = call.caller.no;
    let read = call
        .pool()
        .run(move |connection| beginning::accept(connection, user));
    let accept = read.await?;
    Ok(HttpResponse::Ok().json(Privacy { accept }))
}

/// Set from whom the caller accepts new conversations
#[utoipa::path(request_body = Privacy, responses((status = 200, body = Privacy), (status = 400, description = "INVALID_REQUEST")), security(("bearer" = [])), tag = "people")]
#[put("/me/privacy")]
pub async fn set_privacy(call: Call<(), Body>) -> Result<HttpResponse, Failure> {
    let Privacy { accept } = call.body.read()?;
    let user = call.caller.no;
    let write = call
        .pool()
        .run(move |connection| beginning::set_accept(connection, user, accept));
    write.await?;
    Ok(HttpResponse::Ok().json(Privacy { accept }))
}
