//! Changes of rooms: title and maximum, closing, archiving, deleting.

use actix_web::{HttpResponse, delete, patch, post, put};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::creating::check_most;
use super::rooms::opened;
use crate::domain::command::{Command, SettingsChange};
use crate::domain::conversation::ConversationStatus;
use crate::domain::limits;
use crate::domain::refusal::Refusal;
use crate::edge::http::Failure;
use crate::edge::http::call::Call;
use crate::edge::http::idempotent::StoredResponse;
use crate::edge::http::refusals::Body;
use crate::edge::native::rest::conversations::present;
use crate::edge::pharmago::errors::{Faults, error};
use crate::edge::pharmago::numbers::RoomNumber;
use crate::edge::pharmago::rooms::settings;
use crate::error::Error;

/// What changes of a room.
#[derive(Deserialize, ToSchema)]
#[schema(as = PharmagoRoomChange)]
pub struct ChangeBody {
    /// What it is called; null takes the title away
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    title: Option<Option<String>>,
    /// 2–50
    max_participants: Option<i64>,
}

async fn changed(call: Call<RoomNumber, Body>) -> Result<HttpResponse, Failure> {
    let RoomNumber(no) = call.path;
    let found = opened(&call, no).await?.loaded.conversation;
    let body: ChangeBody = call.body.read()?;
    let mut faults = Faults::default();
    check_most(body.max_participants, &mut faults);
    if let Some(refused) = faults.answered() {
        return Ok(refused?.respond());
    }
    if found.status != ConversationStatus::Open {
        let why = "Cannot update closed or archived rooms.";
        return Err(Refusal::Unprocessable(why).into());
    }
    if let Some(Some(title)) = &body.title {
        limits::required_text(title, "title", limits::TITLE_CHARACTERS)?;
    }
    let change = SettingsChange {
        title: body.title,
        max_participants: body.max_participants.map(|most| u16::try_from(most).ok()),
        ..SettingsChange::default()
    };
    if change != SettingsChange::default() {
        call.command(found.id, Command::ChangeSettings(change))
            .await?;
    }
    let now = opened(&call, no).await?.loaded.conversation;
    Ok(HttpResponse::Ok().json(settings(&now)))
}

/// Change a room's title and how many may take part; for who manages it
#[utoipa::path(request_body = ChangeBody, params(("id" = i64, Path)), responses((status = 200, description = "`title`, `description`, `is_public`, `max_participants`", body = Object), (status = 400, description = "The fields that are wrong; a closed room"), (status = 403, description = "FORBIDDEN"), (status = 404, description = "No such room for the caller")), security(("bearer" = [])), tag = "pharmago")]
#[put("/{id}/")]
pub async fn put(call: Call<RoomNumber, Body>) -> Result<HttpResponse, Failure> {
    changed(call).await
}

/// Change a room's title and how many may take part; for who manages it
#[utoipa::path(request_body = ChangeBody, params(("id" = i64, Path)), responses((status = 200, description = "`title`, `description`, `is_public`, `max_participants`", body = Object), (status = 400, description = "The fields that are wrong; a closed room"), (status = 403, description = "FORBIDDEN"), (status = 404, description = "No such room for the caller")), security(("bearer" = [])), tag = "pharmago")]
#[patch("/{id}/")]
pub async fn patch(call: Call<RoomNumber, Body>) -> Result<HttpResponse, Failure> {
    changed(call).await
}

/// Delete a room (admin and service)
#[utoipa::path(params(("id" = i64, Path)), responses((status = 204, description = "Deleted"), (status = 403, description = "FORBIDDEN"), (status = 404, description = "No such room for the caller")), security(("bearer" = [])), tag = "pharmago")]
#[delete("/{id}/")]
pub async fn delete(call: Call<RoomNumber>) -> Result<HttpResponse, Failure> {
    let RoomNumber(no) = call.path;
    let id = opened(&call, no).await?.loaded.conversation.id;
    call.command(id, Command::DeleteConversation).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Why a room is closed.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = PharmagoClosing)]
pub struct ClosingBody {
    /// At most 500 characters
    #[serde(default)]
    reason: Option<String>,
}

/// Closes or archives a room; `denied` is what those are told who may not.
async fn ended(
    call: Call<RoomNumber, Body>,
    status: ConversationStatus,
    denied: &'static str,
) -> Result<HttpResponse, Failure> {
    let RoomNumber(no) = call.path;
    let work = async {
        let id = opened(&call, no).await?.loaded.conversation.id;
        let body: ClosingBody = match call.body.text().trim() {
            "" => ClosingBody::default(),
            _ => call.body.read()?,
        };
        let reason = body.reason.filter(|reason| !reason.is_empty());
        reason.as_deref().map_or(Ok(()), |reason| {
            limits::text(reason, "reason", limits::REASON_CHARACTERS)
        })?;
        let change = SettingsChange {
            status: Some(status),
            reason,
            ..SettingsChange::default()
        };
        match call.command(id, Command::ChangeSettings(change)).await {
            Ok(_) => {}
            Err(Error::Refused(Refusal::Forbidden(_))) => return error(403, denied),
            Err(other) => return Err(other.into()),
        }
        let name = status.name();
        let message = format!("Room {name} successfully");
        StoredResponse::json(200, &json!({ "message": message, "status": name }))
    };
    call.once(work).await
}

const MAY_NOT_CLOSE: &str = "Only admins and pharmacy staff can close rooms";
const MAY_NOT_ARCHIVE: &str = "Only admins can archive rooms";

/// Close a room; for who manages it
#[utoipa::path(request_body = ClosingBody, params(("id" = i64, Path)), responses((status = 200, description = "`message`, `status`", body = Object), (status = 403, description = "`error`"), (status = 404, description = "No such room for the caller")), security(("bearer" = [])), tag = "pharmago")]
#[post("/{id}/close_room/")]
pub async fn close(call: Call<RoomNumber, Body>) -> Result<HttpResponse, Failure> {
    ended(call, ConversationStatus::Closed, MAY_NOT_CLOSE).await
}

/// Close a room; for who manages it: as the published API names the path
#[utoipa::path(request_body = ClosingBody, params(("id" = i64, Path)), responses((status = 200, description = "`message`, `status`", body = Object), (status = 403, description = "`error`"), (status = 404, description = "No such room for the caller")), security(("bearer" = [])), tag = "pharmago")]
#[post("/{id}/close/")]
pub async fn close_shortly(call: Call<RoomNumber, Body>) -> Result<HttpResponse, Failure> {
    ended(call, ConversationStatus::Closed, MAY_NOT_CLOSE).await
}

/// Archive a room; for who manages it
#[utoipa::path(request_body = ClosingBody, params(("id" = i64, Path)), responses((status = 200, description = "`message`, `status`", body = Object), (status = 403, description = "`error`"), (status = 404, description = "No such room for the caller")), security(("bearer" = [])), tag = "pharmago")]
#[post("/{id}/archive_room/")]
pub async fn archive(call: Call<RoomNumber, Body>) -> Result<HttpResponse, Failure> {
    ended(call, ConversationStatus::Archived, MAY_NOT_ARCHIVE).await
}

/// Archive a room; for who manages it: as the published API names the path
#[utoipa::path(request_body = ClosingBody, params(("id" = i64, Path)), responses((status = 200, description = "`message`, `status`", body = Object), (status = 403, description = "`error`"), (status = 404, description = "No such room for the caller")), security(("bearer" = [])), tag = "pharmago")]
#[post("/{id}/archive/")]
pub async fn archive_shortly(call: Call<RoomNumber, Body>) -> Result<HttpResponse, Failure> {
    ended(call, ConversationStatus::Archived, MAY_NOT_ARCHIVE).await
}
