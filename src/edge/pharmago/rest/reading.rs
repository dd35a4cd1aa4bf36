//! Reading: one message with all before it, or everything in a room.

use actix_web::{HttpResponse, post};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::rooms::opened;
use super::said::found;
use crate::domain::command::{Command, Mark};
use crate::domain::ids::{ConversationNo, Seq};
use crate::edge::http::Failure;
use crate::edge::http::call::Call;
use crate::edge::http::idempotent::StoredResponse;
use crate::edge::http::refusals::Body;
use crate::edge::pharmago::errors::error;
use crate::edge::pharmago::numbers::MessageNumber;
use crate::store::receipts;
use crate::store::unread;

/// Marks a message and all before it as read.
async fn read_to(call: Call<MessageNumber, Body>) -> Result<HttpResponse, Failure> {
    let work = async {
        let (opened, message) = found(&call).await?;
        let id = opened.loaded.conversation.id;
        let (mark, seq) = (Mark::Seen, message.seq());
        call.command(id, Command::Mark { mark, seq }).await?;
        let (message, user) = (message.id, call.caller.no);
        let read = call
            .pool()
            .run(move |connection| receipts::of_message(connection, message, &[user.0]));
        let reached = read.await?.remove(&user).unwrap_or_default();
        let read_at: DateTime<Utc> = match reached.read_at {
            Some(at) => at,
            None => call.pool().clock().now(),
        };
        let told =
            json!({ "message": "Message marked as read", "status": "read", "read_at": read_at });
        StoredResponse::json(200, &told)
    };
    call.once(work).await
}

/// A message, and all before it, count as read for the caller
#[utoipa::path(params(("id" = i64, Path)), responses((status = 200, description = "`message`, `status`, `read_at`", body = Object), (status = 404, description = "No such message for the caller")), security(("bearer" = [])), tag = "pharmago")]
#[post("/{id}/mark_as_read/")]
pub async fn mark_as_read(call: Call<MessageNumber, Body>) -> Result<HttpResponse, Failure> {
    read_to(call).await
}

/// A message, and all before it, count as read for the caller: as the published API names the path
#[utoipa::path(params(("id" = i64, Path)), responses((status = 200, description = "`message`, `status`, `read_at`", body = Object), (status = 404, description = "No such message for the caller")), security(("bearer" = [])), tag = "pharmago")]
#[post("/{id}/mark-read/")]
pub async fn mark_read(call: Call<MessageNumber, Body>) -> Result<HttpResponse, Failure> {
    read_to(call).await
}

/// Which room.
#[derive(Deserialize, ToSchema)]
#[schema(as = PharmagoRead)]
pub struct ReadBody {
    /// The room's id
    #[schema(value_type = i64)]
    room_id: Option<Value>,
}

/// Marks everything in a room as read.
async fn read_all(call: Call<(), Body>) -> Result<HttpResponse, Failure> {
    let work = async {
        let ReadBody { room_id } = call.body.read()?;
        let Some(room) = room_id.filter(|id| !id.is_null()) else {
            return error(400, "Room ID is required");
        };
        let not_there = || error(404, "Room not found or you are not a participant");
        let Some(no) = room.as_i64().map(ConversationNo) else {
            return not_there();
        };
        let Ok(opened) = opened(&call, no).await else {
            return not_there();
        };
        let user = call.caller.no;
        let count = call
            .pool()
            .run(move |connection| unread::of_user(connection, user));
        let id = opened.loaded.conversation.id;
        let mine = count
            .await?
            .into_iter()
            .find(|row| row.conversation_id == id);
        let unread = mine.map_or(0, |row| row.count.number());
        let (mark, seq) = (Mark::Seen, Seq::MAX);
        call.command(id, Command::Mark { mark, seq }).await?;
        let message = format!("{unread} messages marked as read");
        StoredResponse::json(200, &json!({ "message": message, "updated_count": unread }))
    };
    call.once(work).await
}

/// Everything in a room counts as read for the caller
#[utoipa::path(request_body = ReadBody, responses((status = 200, description = "`message`, `updated_count`", body = Object), (status = 400, description = "`error`"), (status = 404, description = "`error`")), security(("bearer" = [])), tag = "pharmago")]
#[post("/mark_all_read/")]
pub async fn mark_all_read(call: Call<(), Body>) -> Result<HttpResponse, Failure> {
    read_all(call).await
}

/// Everything in a room counts as read for the caller: as the published API spells the path
#[utoipa::path(request_body = ReadBody, responses((status = 200, description = "`message`, `updated_count`", body = Object), (status = 400, description = "`error`"), (status = 404, description = "`error`")), security(("bearer" = [])), tag = "pharmago")]
#[post("/mark-all-read/")]
pub async fn mark_all_read_by_dashes(call: Call<(), Body>) -> Result<HttpResponse, Failure> {
    read_all(call).await
}
