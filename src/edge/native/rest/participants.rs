//! Participants: watermarks, adding, changing, removing.

use actix_web::{HttpResponse, delete, patch, post};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::conversations::answer;
use crate::domain::answer::Answer;
use crate::domain::command::{Command, Mark, ParticipantChange};
use crate::domain::ids::{ConversationId, Seq, UserId};
use crate::domain::limits;
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::domain::whole;
use crate::edge::http::Failure;
use crate::edge::http::call::{Call, unexpected};
use crate::edge::http::idempotent::StoredResponse;
use crate::edge::http::refusals::Body;
use crate::edge::native::views::ConversationView;

/// How far a watermark moves.
#[derive(Deserialize, ToSchema)]
pub struct MarkBody {
    /// The seq of the newest message that was read, or reached a device
    #[serde(deserialize_with = "whole::required")]
    seq: Seq,
    /// Who acts; must be the caller
    user_id: Option<String>,
}

/// Moves a watermark in the conversation that the path names.
async fn mark(call: Call<ConversationId, Body>, mark: Mark) -> Result<HttpResponse, Failure> {
    let work = async {
        let MarkBody { seq, user_id } = call.own_body()?;
        must_act_alone(&call.caller, user_id.as_deref())?;
        if seq < 0 {
            return Err(Refusal::invalid("seq", "must not be negative").into());
        }
        let command = Command::Mark { mark, seq };
        match call.command(call.path, command).await? {
            Answer::Marked(seq) => StoredResponse::json(200, &json!({ "seq": seq })),
            other => Err(unexpected("a mark", &other)),
        }
    };
    call.once(work).await
}

/// No user can read for another, and neither can the platform.
fn must_act_alone(caller: &Principal, claimed: Option<&str>) -> Result<(), Refusal> {
    match claimed {
        Some(id) if id != caller.id.as_str() => Err(Refusal::IdentityMismatch(
            "Nobody can read for somebody else",
        )),
        Some(_) | None => Ok(()),
    }
}

/// Move the caller's read watermark forward; it never goes back
#[utoipa::path(request_body = MarkBody, params(("id" = Uuid, Path)), responses((status = 200, description = "`seq`: the watermark as it stands", body = Object)), security(("bearer" = [])), tag = "participants")]
#[post("/conversations/{id}/seen")]
pub async fn seen(call: Call<ConversationId, Body>) -> Result<HttpResponse, Failure> {
    mark(call, Mark::Seen).await
}

/// Move the caller's delivered watermark forward; it never goes back
#[utoipa::path(request_body = MarkBody, params(("id" = Uuid, Path)), responses((status = 200, description = "`seq`: the watermark as it stands", body = Object)), security(("bearer" = [])), tag = "participants")]
#[post("/conversations/{id}/delivered")]
pub async fn delivered(call: Call<ConversationId, Body>) -> Result<HttpResponse, Failure> {
    mark(call, Mark::Delivered).await
}

/// Somebody to bring in.
#[derive(Deserialize, ToSchema)]
pub struct AddBody {
    /// The platform's user id
    user_id: String,
    /// What they shall be here
    role: Option<String>,
}

/// Bring somebody in, or back
#[utoipa::path(request_body = AddBody, params(("id" = Uuid, Path)), responses((status = 200, body = ConversationView), (status = 403, description = "FORBIDDEN"), (status = 404, description = "USER_NOT_FOUND"), (status = 422, description = "UNPROCESSABLE: direct, or full")), security(("bearer" = [])), tag = "participants")]
#[post("/conversations/{id}/participants")]
pub async fn add(call: Call<ConversationId, Body>) -> Result<HttpResponse, Failure> {
    let work = async {
        let AddBody { user_id, role } = call.own_body_about_a_user()?;
        let user = UserId::parse(&user_id, "user_id")?;
        role.as_deref().map_or(Ok(()), limits::role)?;
        let command = Command::AddParticipant { user, role };
        call.command(call.path, command).await?;
        answer(&call, call.path, 200).await
    };
    call.once(work).await
}

/// What changes of somebody.
#[derive(Deserialize, ToSchema)]
pub struct ChangeParticipantBody {
    /// What they shall be here
    role: Option<String>,
    /// May read, not speak
    muted: Option<bool>,
    /// May neither
    blocked: Option<bool>,
}

/// Change what somebody is and may
#[utoipa::path(request_body = ChangeParticipantBody, params(("id" = Uuid, Path), ("user_id" = String, Path)), responses((status = 200, body = ConversationView), (status = 403, description = "FORBIDDEN"), (status = 404, description = "PARTICIPANT_NOT_FOUND")), security(("bearer" = [])), tag = "participants")]
#[patch("/conversations/{id}/participants/{user_id}")]
pub async fn change(call: Call<(ConversationId, UserId), Body>) -> Result<HttpResponse, Failure> {
    let (id, user) = call.path.clone();
    let ChangeParticipantBody {
        role,
        muted,
        blocked,
    } = call.body.read()?;
    role.as_deref().map_or(Ok(()), limits::role)?;
    let change = ParticipantChange {
        role,
        muted,
        blocked,
    };
    if change == ParticipantChange::default() {
        return Err(Refusal::invalid("role", "or muted or blocked must be given").into());
    }
    let command = Command::ChangeParticipant { user, change };
    call.command(id, command).await?;
    Ok(answer(&call, id, 200).await?.respond())
}

/// Send somebody away; oneself: leave
#[utoipa::path(params(("id" = Uuid, Path), ("user_id" = String, Path)), responses((status = 204, description = "Gone"), (status = 403, description = "FORBIDDEN"), (status = 404, description = "PARTICIPANT_NOT_FOUND")), security(("bearer" = [])), tag = "participants")]
#[delete("/conversations/{id}/participants/{user_id}")]
pub async fn remove(call: Call<(ConversationId, UserId)>) -> Result<HttpResponse, Failure> {
    let (id, user) = call.path.clone();
    let command = Command::RemoveParticipant { user };
    call.command(id, command).await?;
    Ok(HttpResponse::NoContent().finish())
}
