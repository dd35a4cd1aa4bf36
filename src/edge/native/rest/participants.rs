//! Those who take part: watermarks, coming, changing, going.

use actix_web::{HttpRequest, HttpResponse, delete, patch, post, web};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use utoipa::ToSchema;

use super::conversations::answer;
use crate::domain::answer::Answer;
use crate::domain::command::{Command, Mark, ParticipantChange};
use crate::domain::ids::{ConversationId, Seq, UserId};
use crate::domain::limits;
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::domain::whole;
use crate::edge::http::caller::Caller;
use crate::edge::http::idempotent::{StoredResponse, once};
use crate::edge::http::refusals::Body;
use crate::edge::http::{AppState, Failure};
use crate::edge::native::acting::Acting;
use crate::edge::native::views::ConversationView;
use crate::error::Error;

/// How far a watermark moves.
#[derive(Deserialize, ToSchema)]
pub struct MarkBody {
    /// The seq of the newest message that was read, or reached a device
    #[serde(deserialize_with = "whole::required")]
    seq: Seq,
    /// Who acts; must be the caller
    user_id: Option<String>,
}

async fn mark(
    server: &AppState,
    caller: &Arc<Principal>,
    id: ConversationId,
    body: &Body,
    mark: Mark,
) -> Result<StoredResponse, Failure> {
    Acting::of(body.text())?.must_be(caller)?;
    let MarkBody { seq, user_id } = body.read()?;
    must_act_alone(caller, user_id.as_deref())?;
    if seq < 0 {
        return Err(Refusal::invalid("seq", "must not be negative").into());
    }
    match server
        .deps
        .rooms
        .ask(id, Arc::clone(caller), Command::Mark { mark, seq })
        .await?
    {
        Answer::Marked(seq) => StoredResponse::json(200, &json!({ "seq": seq })),
        other => Err(Error::internal(format!("a mark was answered with {other:?}")).into()),
    }
}

/// Moves a watermark in the conversation that the path names, once for each `Idempotency-Key`.
async fn mark_once(
    server: &AppState,
    caller: &Arc<Principal>,
    request: &HttpRequest,
    (path, body): (&str, &Body),
    moved: Mark,
) -> Result<HttpResponse, Failure> {
    let id = ConversationId::parse(path, "id")?;
    let marking = mark(server, caller, id, body, moved);
    once(server, caller, request, body.text(), marking).await
}

/// Nobody reads for somebody else, not even the platform.
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
pub async fn seen(
    server: web::Data<AppState>,
    caller: Caller,
    request: HttpRequest,
    path: web::Path<String>,
    body: Body,
) -> Result<HttpResponse, Failure> {
    mark_once(&server, &caller.0, &request, (&path, &body), Mark::Seen).await
}

/// Move the caller's delivered watermark forward; it never goes back
#[utoipa::path(request_body = MarkBody, params(("id" = Uuid, Path)), responses((status = 200, description = "`seq`: the watermark as it stands", body = Object)), security(("bearer" = [])), tag = "participants")]
#[post("/conversations/{id}/delivered")]
pub async fn delivered(
    server: web::Data<AppState>,
    caller: Caller,
    request: HttpRequest,
    path: web::Path<String>,
    body: Body,
) -> Result<HttpResponse, Failure> {
    mark_once(
        &server,
        &caller.0,
        &request,
        (&path, &body),
        Mark::Delivered,
    )
    .await
}

/// Somebody to bring in.
#[derive(Deserialize, ToSchema)]
pub struct AddBody {
    /// The platform's user id
    user_id: String,
    /// What they shall be here
    role: Option<String>,
}

async fn add_once(
    server: &AppState,
    caller: &Arc<Principal>,
    id: ConversationId,
    body: &Body,
) -> Result<StoredResponse, Failure> {
    Acting::of_sender(body.text())?.must_be(caller)?;
    let AddBody { user_id, role } = body.read()?;
    let user = UserId::parse(&user_id, "user_id")?;
    role.as_deref().map_or(Ok(()), limits::role)?;
    server
        .deps
        .rooms
        .ask(
            id,
            Arc::clone(caller),
            Command::AddParticipant { user, role },
        )
        .await?;
    answer(server, caller, id, 200).await
}

/// Bring somebody in, or back
#[utoipa::path(request_body = AddBody, params(("id" = Uuid, Path)), responses((status = 200, body = ConversationView), (status = 403, description = "FORBIDDEN"), (status = 404, description = "USER_NOT_FOUND"), (status = 422, description = "UNPROCESSABLE: direct, or full")), security(("bearer" = [])), tag = "participants")]
#[post("/conversations/{id}/participants")]
pub async fn add(
    server: web::Data<AppState>,
    caller: Caller,
    request: HttpRequest,
    path: web::Path<String>,
    body: Body,
) -> Result<HttpResponse, Failure> {
    let id = ConversationId::parse(&path, "id")?;
    once(
        &server,
        &caller.0,
        &request,
        body.text(),
        add_once(&server, &caller.0, id, &body),
    )
    .await
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
pub async fn change(
    server: web::Data<AppState>,
    caller: Caller,
    path: web::Path<(String, String)>,
    body: Body,
) -> Result<HttpResponse, Failure> {
    let (id, user) = (
        ConversationId::parse(&path.0, "id")?,
        UserId::parse(&path.1, "user_id")?,
    );
    let ChangeParticipantBody {
        role,
        muted,
        blocked,
    } = body.read()?;
    role.as_deref().map_or(Ok(()), limits::role)?;
    let change = ParticipantChange {
        role,
        muted,
        blocked,
    };
    if change == ParticipantChange::default() {
        return Err(Refusal::invalid("role", "or muted or blocked must be given").into());
    }
    server
        .deps
        .rooms
        .ask(
            id,
            Arc::clone(&caller.0),
            Command::ChangeParticipant { user, change },
        )
        .await?;
    let kept = answer(&server, &caller.0, id, 200).await?;
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .body(kept.body))
}

/// Send somebody away; oneself: leave
#[utoipa::path(params(("id" = Uuid, Path), ("user_id" = String, Path)), responses((status = 204, description = "Gone"), (status = 403, description = "FORBIDDEN"), (status = 404, description = "PARTICIPANT_NOT_FOUND")), security(("bearer" = [])), tag = "participants")]
#[delete("/conversations/{id}/participants/{user_id}")]
pub async fn remove(
    server: web::Data<AppState>,
    caller: Caller,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Failure> {
    let (id, user) = (
        ConversationId::parse(&path.0, "id")?,
        UserId::parse(&path.1, "user_id")?,
    );
    server
        .deps
        .rooms
        .ask(
            id,
            Arc::clone(&caller.0),
            Command::RemoveParticipant { user },
        )
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
