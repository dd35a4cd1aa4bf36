//! Who types in a thread, for a client that polls.

use actix_web::{HttpResponse, get, post};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::given;
use crate::domain::answer::Answer;
use crate::domain::command::{Command, Typing};
use crate::domain::ids::ConversationId;
use crate::domain::refusal::Refusal;
use crate::edge::http::call::{Call, unexpected};
use crate::edge::http::refusals::Body;
use crate::edge::http::{Failure, Query};
use crate::edge::native::instants::instant;
use crate::edge::quotexbert::open_thread::OpenThread;

/// Which thread.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct TypingQuery {
    /// The thread
    thread_id: Option<String>,
    /// Must be the caller
    user_id: Option<String>,
}

/// Somebody who types.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = QuotexbertTypingUser)]
pub struct TypingUser {
    /// The platform's id
    user_id: String,
    /// Their e-mail address, if the caller sees it; otherwise their name, or their id
    email: String,
    /// Since when
    #[serde(serialize_with = "instant")]
    started_at: DateTime<Utc>,
}

/// Who types.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = QuotexbertTypingUsers)]
pub struct TypingUsers {
    typing_users: Vec<TypingUser>,
}

/// Who else types in a thread. Somebody types until they stop, or have not said so again for 6 seconds
#[utoipa::path(params(TypingQuery), responses((status = 200, body = TypingUsers), (status = 400, description = "UNPROCESSABLE: Missing required fields"), (status = 403, description = "IDENTITY_MISMATCH, NOT_A_PARTICIPANT, BLOCKED"), (status = 404, description = "CONVERSATION_NOT_FOUND")), security(("bearer" = [])), tag = "quotexbert")]
#[get("")]
pub async fn list(call: Call, query: Query<TypingQuery>) -> Result<HttpResponse, Failure> {
    let Query(TypingQuery { thread_id, user_id }) = query;
    let thread = thread_of(thread_id)?;
    call.caller.must_be_alone(user_id.as_deref())?;
    let typists = match call.command(thread, Command::WhoTypes).await? {
        Answer::Typists(typists) => typists,
        other => return Err(unexpected("who types", &other)),
    };
    if typists.is_empty() {
        let typing_users = Vec::new();
        return Ok(HttpResponse::Ok().json(TypingUsers { typing_users }));
    }
    let thread = OpenThread::find(&call, &call.caller, thread).await?;
    let people = thread.people(&call, &call.caller);
    let typing = typists.into_iter().map(|(id, started_at)| TypingUser {
        email: people.named(&id),
        user_id: id.to_string(),
        started_at,
    });
    let typing_users = typing.collect();
    Ok(HttpResponse::Ok().json(TypingUsers { typing_users }))
}

fn thread_of(id: Option<String>) -> Result<ConversationId, Refusal> {
    let id = given(id, "Missing required fields")?;
    ConversationId::parse(&id, "threadId")
}

/// That the caller types, or no longer.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = QuotexbertTyping)]
pub struct TypingBody {
    /// The thread
    thread_id: Option<String>,
    /// Must be the caller
    user_id: Option<String>,
    /// `start` or `stop`
    action: Option<String>,
}

/// Say that the caller types, or no longer
#[utoipa::path(request_body = TypingBody, responses((status = 200, description = "`success`", body = Object), (status = 400, description = "UNPROCESSABLE: Missing required fields; INVALID_REQUEST"), (status = 403, description = "IDENTITY_MISMATCH, NOT_A_PARTICIPANT, MUTED, BLOCKED"), (status = 404, description = "CONVERSATION_NOT_FOUND"), (status = 409, description = "CONVERSATION_CLOSED")), security(("bearer" = [])), tag = "quotexbert")]
#[post("")]
pub async fn say(call: Call<(), Body>) -> Result<HttpResponse, Failure> {
    let body: TypingBody = call.body.read()?;
    let thread = thread_of(body.thread_id)?;
    call.caller.must_be_alone(body.user_id.as_deref())?;
    let typing = match given(body.action, "Missing required fields")?.as_str() {
        "start" => Typing::Started,
        "stop" => Typing::Stopped,
        _ => return Err(Refusal::invalid("action", "must be start or stop").into()),
    };
    call.command(thread, Command::Type(typing)).await?;
    Ok(HttpResponse::Ok().json(json!({ "success": true })))
}
