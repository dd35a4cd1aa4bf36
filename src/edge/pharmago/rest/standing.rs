//! Whether a participant may speak and read: mute, unmute, block, unblock.

use actix_web::{HttpResponse, post};
use serde_json::json;

use super::participants::found;
use crate::domain::command::{Command, ParticipantChange};
use crate::domain::refusal::Refusal;
use crate::edge::http::Failure;
use crate::edge::http::call::Call;
use crate::edge::http::idempotent::StoredResponse;
use crate::edge::http::refusals::Body;
use crate::edge::pharmago::errors::error;
use crate::edge::pharmago::numbers::ParticipantNumber;
use crate::error::Error;

const MAY_NOT_MUTE: &str = "Only admins and pharmacy staff can mute participants";
const MAY_NOT_BLOCK: &str = "Only admins can block participants";

/// What an action makes of a participant, how it is reported, and what those are told who may not.
struct Action {
    change: ParticipantChange,
    done: &'static str,
    field: &'static str,
    is_set: bool,
    denied: &'static str,
}

fn muting(is_set: bool) -> Action {
    Action {
        change: ParticipantChange {
            muted: Some(is_set),
            ..ParticipantChange::default()
        },
        done: if is_set { "muted" } else { "unmuted" },
        field: "is_muted",
        is_set,
        denied: MAY_NOT_MUTE,
    }
}

fn blocking(is_set: bool) -> Action {
    Action {
        change: ParticipantChange {
            blocked: Some(is_set),
            ..ParticipantChange::default()
        },
        done: if is_set { "blocked" } else { "unblocked" },
        field: "is_blocked",
        is_set,
        denied: MAY_NOT_BLOCK,
    }
}

async fn carried_out(
    call: Call<ParticipantNumber, Body>,
    action: Action,
) -> Result<HttpResponse, Failure> {
    let work = async {
        let (opened, person) = match found(&call).await {
            Ok(found) => found,
            Err(failure) if *failure.refusal() == Refusal::ParticipantNotFound => {
                return error(403, action.denied);
            }
            Err(failure) => return Err(failure),
        };
        let command = Command::ChangeParticipant {
            user: person.id,
            change: action.change.clone(),
        };
        match call.command(opened.loaded.conversation.id, command).await {
            Ok(_) => {}
            Err(Error::Refused(Refusal::Forbidden(_))) => return error(403, action.denied),
            Err(other) => return Err(other.into()),
        }
        let message = format!("Participant {} successfully", action.done);
        StoredResponse::json(
            200,
            &json!({ "message": message, action.field: action.is_set }),
        )
    };
    call.once(work).await
}

/// Let a participant read and not speak; for who manages the room
#[utoipa::path(params(("id" = i64, Path)), responses((status = 200, description = "`message`, `is_muted`", body = Object), (status = 403, description = "`error`")), security(("bearer" = [])), tag = "pharmago")]
#[post("/{id}/mute/")]
pub async fn mute(call: Call<ParticipantNumber, Body>) -> Result<HttpResponse, Failure> {
    carried_out(call, muting(true)).await
}

/// Let a participant speak again; for who manages the room
#[utoipa::path(params(("id" = i64, Path)), responses((status = 200, description = "`message`, `is_muted`", body = Object), (status = 403, description = "`error`")), security(("bearer" = [])), tag = "pharmago")]
#[post("/{id}/unmute/")]
pub async fn unmute(call: Call<ParticipantNumber, Body>) -> Result<HttpResponse, Failure> {
    carried_out(call, muting(false)).await
}

/// Let a participant neither read nor speak; for who manages the room
#[utoipa::path(params(("id" = i64, Path)), responses((status = 200, description = "`message`, `is_blocked`", body = Object), (status = 403, description = "`error`")), security(("bearer" = [])), tag = "pharmago")]
#[post("/{id}/block/")]
pub async fn block(call: Call<ParticipantNumber, Body>) -> Result<HttpResponse, Failure> {
    carried_out(call, blocking(true)).await
}

/// Let a participant read and speak again; for who manages the room
#[utoipa::path(params(("id" = i64, Path)), responses((status = 200, description = "`message`, `is_blocked`", body = Object), (status = 403, description = "`error`")), security(("bearer" = [])), tag = "pharmago")]
#[post("/{id}/unblock/")]
pub async fn unblock(call: Call<ParticipantNumber, Body>) -> Result<HttpResponse, Failure> {
    carried_out(call, blocking(false)).await
}
