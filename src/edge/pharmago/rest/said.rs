//! Messages that exist: one of them, editing, deleting.

use actix_web::{HttpResponse, delete, get, patch, post, put};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::rooms::opened;
use crate::domain::answer::Answer;
use crate::domain::command::Command;
use crate::domain::ids::MessageId;
use crate::domain::limits;
use crate::domain::message::Message;
use crate::domain::refusal::Refusal;
use crate::edge::http::Failure;
use crate::edge::http::call::Call;
use crate::edge::http::idempotent::StoredResponse;
use crate::edge::http::refusals::Body;
use crate::edge::native::rest::opened::Opened;
use crate::edge::pharmago::errors::{BLANK, Faults, NO_FIELD, REQUIRED, error};
use crate::edge::pharmago::messages::ShownMessage;
use crate::edge::pharmago::numbers::MessageNumber;
use crate::edge::pharmago::people::Viewer;
use crate::error::Error;
use crate::store::messages;

/// Who may not know of a room is told that the message is not there.
pub(super) fn as_of_message(failure: Failure) -> Failure {
    match failure.refusal() {
        Refusal::ConversationNotFound | Refusal::NotAParticipant | Refusal::Blocked => {
            Refusal::MessageNotFound.into()
        }
        _ => failure,
    }
}

/// A message that the caller sees, and its room.
pub(super) async fn found<B>(call: &Call<MessageNumber, B>) -> Result<(Opened, Message), Failure> {
    let MessageNumber(id) = call.path;
    let opened = opened(call, id.conversation).await.map_err(as_of_message)?;
    let read = call
        .pool()
        .run(move |connection| messages::find(connection, id));
    let message = read.await?.ok_or(Refusal::MessageNotFound)?;
    match message.is_visible_to(opened.reader.sight()) {
        true => Ok((opened, message)),
        false => Err(Refusal::MessageNotFound.into()),
    }
}

/// One message
#[utoipa::path(params(("id" = i64, Path)), responses((status = 200, body = ShownMessage), (status = 404, description = "No such message for the caller")), security(("bearer" = [])), tag = "pharmago")]
#[get("/{id}/")]
pub async fn show(call: Call<MessageNumber>) -> Result<HttpResponse, Failure> {
    let (opened, message) = found(&call).await?;
    let deps = &call.server.deps;
    let viewer = Viewer {
        caller: &call.caller,
        directory: &deps.room.directory,
    };
    let people = &opened.loaded.participants;
    let shown = ShownMessage::new(&message, people, viewer, &deps.files.links);
    Ok(HttpResponse::Ok().json(shown))
}

/// A new text.
#[derive(Deserialize, ToSchema)]
#[schema(as = PharmagoEdit)]
pub struct EditBody {
    /// What it shall say
    content: Option<String>,
}

/// The message after its room has changed it.
async fn changed<B>(
    call: &Call<MessageNumber, B>,
    opened: &Opened,
    command: Command,
) -> Result<Message, Error> {
    let id = opened.loaded.conversation.id;
    match call.command(id, command).await? {
        Answer::Message(message) => Ok(message),
        other => Err(Error::internal(format!(
            "a change was answered with {other:?}"
        ))),
    }
}

/// Replaces the text; refusals are faults of the request.
async fn replaced(call: Call<MessageNumber, Body>) -> Result<HttpResponse, Failure> {
    let (opened, message) = found(&call).await?;
    let EditBody { content } = call.body.read()?;
    let mut faults = Faults::default();
    match content.as_deref() {
        None => faults.add("content", REQUIRED),
        Some(text) if text.trim().is_empty() => faults.add("content", BLANK),
        Some(text) => limits::text(text, "content", limits::BODY_CHARACTERS)?,
    }
    if let Some(refused) = faults.answered() {
        return Ok(refused?.respond());
    }
    let command = edit(message.id, content);
    match changed(&call, &opened, command).await {
        Ok(message) => Ok(HttpResponse::Ok().json(json!({ "content": message.content.body }))),
        Err(Error::Refused(refusal)) => {
            let why = match refusal {
                Refusal::Forbidden(_) => "You can only edit your own messages.",
                Refusal::Conflict(_) => "This message cannot be edited.",
                other => return Err(other.into()),
            };
            let told = StoredResponse::json(400, &json!({ NO_FIELD: [why] }))?;
            Ok(told.respond())
        }
        Err(error) => Err(error.into()),
    }
}

fn edit(message: MessageId, content: Option<String>) -> Command {
    let body = content.unwrap_or_default();
    Command::Edit { message, body }
}

/// Replace a message's text; its author alone
#[utoipa::path(request_body = EditBody, params(("id" = i64, Path)), responses((status = 200, description = "`content`", body = Object), (status = 400, description = "The fields that are wrong; another's message"), (status = 404, description = "No such message for the caller")), security(("bearer" = [])), tag = "pharmago")]
#[put("/{id}/")]
pub async fn put(call: Call<MessageNumber, Body>) -> Result<HttpResponse, Failure> {
    replaced(call).await
}

/// Replace a message's text; its author alone
#[utoipa::path(request_body = EditBody, params(("id" = i64, Path)), responses((status = 200, description = "`content`", body = Object), (status = 400, description = "The fields that are wrong; another's message"), (status = 404, description = "No such message for the caller")), security(("bearer" = [])), tag = "pharmago")]
#[patch("/{id}/")]
pub async fn patch(call: Call<MessageNumber, Body>) -> Result<HttpResponse, Failure> {
    replaced(call).await
}

/// Replace a message's text, as an action; its author alone
#[utoipa::path(request_body = EditBody, params(("id" = i64, Path)), responses((status = 200, description = "`message`, `content`, `is_edited`, `edited_at`", body = Object), (status = 400, description = "`error`"), (status = 403, description = "`error`"), (status = 404, description = "No such message for the caller")), security(("bearer" = [])), tag = "pharmago")]
#[post("/{id}/edit/")]
pub async fn edit_by_post(call: Call<MessageNumber, Body>) -> Result<HttpResponse, Failure> {
    let work = async {
        let (opened, message) = found(&call).await?;
        let EditBody { content } = call.body.read()?;
        let Some(text) = content.filter(|text| !text.trim().is_empty()) else {
            return error(400, "New content is required");
        };
        limits::text(&text, "content", limits::BODY_CHARACTERS)?;
        match changed(&call, &opened, edit(message.id, Some(text))).await {
            Ok(now) => {
                let told = json!({
                    "message": "Message edited successfully", "content": now.content.body,
                    "is_edited": now.edited_at.is_some(), "edited_at": now.edited_at,
                });
                StoredResponse::json(200, &told)
            }
            Err(Error::Refused(Refusal::Forbidden(why) | Refusal::Conflict(why))) => {
                error(403, why)
            }
            Err(other) => Err(other.into()),
        }
    };
    call.once(work).await
}

/// Delete a message; its author, and who manages the room
#[utoipa::path(params(("id" = i64, Path)), responses((status = 204, description = "Deleted"), (status = 403, description = "FORBIDDEN"), (status = 404, description = "No such message for the caller")), security(("bearer" = [])), tag = "pharmago")]
#[delete("/{id}/")]
pub async fn remove(call: Call<MessageNumber>) -> Result<HttpResponse, Failure> {
    let (opened, message) = found(&call).await?;
    if message.deleted_at.is_some() {
        return Err(Refusal::MessageNotFound.into());
    }
    let message = message.id;
    changed(&call, &opened, Command::Delete { message }).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Delete a message, as an action; its author, and who manages the room
#[utoipa::path(params(("id" = i64, Path)), responses((status = 200, description = "`message`, `is_deleted`", body = Object), (status = 403, description = "`error`"), (status = 404, description = "No such message for the caller")), security(("bearer" = [])), tag = "pharmago")]
#[post("/{id}/delete/")]
pub async fn delete(call: Call<MessageNumber, Body>) -> Result<HttpResponse, Failure> {
    let work = async {
        let (opened, message) = found(&call).await?;
        let message = message.id;
        match changed(&call, &opened, Command::Delete { message }).await {
            Ok(_) => {
                let told = json!({ "message": "Message deleted successfully", "is_deleted": true });
                StoredResponse::json(200, &told)
            }
            Err(Error::Refused(Refusal::Forbidden(why))) => error(403, why),
            Err(other) => Err(other.into()),
        }
    };
    call.once(work).await
}
