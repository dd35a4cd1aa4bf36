//! Participants: who they are, watermarks, adding, changing, removing.

use actix_web::{HttpResponse, delete, get, patch, post};
use serde::Deserialize;
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::conversations::answer;
use crate::domain::access::Requester;
use crate::domain::access::policies::History;
use crate::domain::answer::Answer;
use crate::domain::command::{Command, Mark, ParticipantChange, Reads};
use crate::domain::ids::{ConversationId, Seq, UserId};
use crate::domain::limits;
use crate::domain::refusal::Refusal;
use crate::domain::whole;
use crate::edge::http::call::{Call, unexpected};
use crate::edge::http::idempotent::StoredResponse;
use crate::edge::http::refusals::Body;
use crate::edge::http::{Failure, Query};
use crate::edge::native::threading::{line_of, marking};
use crate::edge::native::threads::ThreadChangedView;
use crate::edge::native::views::{ConversationView, MemberView};
use crate::store::conversations::Key;
use crate::store::{replay, users};

/// How far a watermark moves.
#[derive(Deserialize, ToSchema)]
pub struct MarkBody {
    /// The seq of the newest message that was read, or reached a device
    #[serde(deserialize_with = "whole::required")]
    seq: Seq,
    /// Only of what was read: `all` (the default), those of threads too; `none`, only those of the main line; or the id of a message, only those of its
    /// thread
    thread: Option<String>,
    /// Who acts; must be the caller
    user_id: Option<String>,
}

/// Moves a watermark in the conversation that the path names.
async fn mark(call: Call<ConversationId, Body>, mark: Mark) -> Result<HttpResponse, Failure> {
    let work = async {
        let MarkBody {
            seq,
            thread,
            user_id,
        } = call.own_body()?;
        call.caller.must_be_alone(user_id.as_deref())?;
        if seq < 0 {
            return Err(Refusal::invalid("seq", "must not be negative").into());
        }
        let line = line_of(thread.as_deref(), "thread")?;
        let command = marking(mark, line, seq)?;
        match call.command(call.path, command).await? {
            Answer::Marked(seq) => StoredResponse::json(200, &json!({ "seq": seq })),
            Answer::Thread(root, own) => {
                StoredResponse::json(200, &ThreadChangedView::new(call.path, root, own))
            }
            other => Err(unexpected("a mark", &other)),
        }
    };
    call.once(work).await
}

/// Move the caller's read watermark forward; it never goes back
#[utoipa::path(request_body = MarkBody, params(("id" = Uuid, Path)), responses((status = 200, description = "`seq`: the watermark as it stands", body = Object)), security(("bearer" = [])), tag = "participants")]
#[post("/conversations/{id}/seen")]
pub async fn seen(call: Call<ConversationId, Body>) -> Result<HttpResponse, Failure> {
    mark(call, Mark::Seen(Reads::All)).await
}

/// Move the caller's delivered watermark forward; it never goes back
#[utoipa::path(request_body = MarkBody, params(("id" = Uuid, Path)), responses((status = 200, description = "`seq`: the watermark as it stands", body = Object)), security(("bearer" = [])), tag = "participants")]
#[post("/conversations/{id}/delivered")]
pub async fn delivered(call: Call<ConversationId, Body>) -> Result<HttpResponse, Failure> {
    mark(call, Mark::Delivered).await
}

/// Who is listed.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PeopleQuery {
    /// Those who left or were removed too
    #[serde(default)]
    gone: bool,
}

/// Who takes part, in order of arrival; with `gone=true` also who took part
#[utoipa::path(params(("id" = Uuid, Path), PeopleQuery), responses((status = 200, description = "`items`: participants, each with `membership`; `next_cursor`: always null", body = Object), (status = 403, description = "NOT_A_PARTICIPANT, BLOCKED"), (status = 404, description = "CONVERSATION_NOT_FOUND")), security(("bearer" = [])), tag = "participants")]
#[get("/conversations/{id}/participants")]
pub async fn list(
    call: Call<ConversationId>,
    query: Query<PeopleQuery>,
) -> Result<HttpResponse, Failure> {
    let (id, requester) = (call.path, Requester::from(&*call.caller));
    let read = call.pool().run(move |connection| {
        let Some(loaded) = replay::load(connection, Key::Id(id))? else {
            return Ok(Err(Refusal::ConversationNotFound));
        };
        if let Err(denied) = loaded.access(requester) {
            return Ok(Err(Refusal::from(denied)));
        }
        let people = loaded.participants.iter();
        let numbers: Vec<i64> = people.map(|person| person.no.0).collect();
        let last_seen = users::last_seen(connection, &numbers)?;
        Ok(Ok((loaded.seen_by(requester.no), last_seen)))
    });
    let (found, last_seen) = read.await??;
    let directory = &call.server.deps.room.directory;
    let listed = found.participants.iter();
    let listed = listed.filter(|person| query.0.gone || person.takes_part());
    let no = found.conversation.no;
    let items = listed.map(|person| {
        let last_seen = last_seen.get(&person.no).copied();
        MemberView::new(no, person, last_seen, directory)
    });
    let items: Vec<_> = items.collect();
    Ok(HttpResponse::Ok().json(json!({ "items": items, "next_cursor": null })))
}

/// Somebody to bring in.
#[derive(Deserialize, ToSchema)]
pub struct AddBody {
    /// The platform's user id
    user_id: String,
    /// What they shall be here
    role: Option<String>,
    /// `from_joining`: they see nothing of what was said before; `all`: they see it, if the platform lets their role
    history: Option<String>,
}

/// Bring somebody in, or back
#[utoipa::path(request_body = AddBody, params(("id" = Uuid, Path)), responses((status = 200, body = ConversationView), (status = 403, description = "FORBIDDEN"), (status = 404, description = "USER_NOT_FOUND"), (status = 422, description = "UNPROCESSABLE: direct, or full")), security(("bearer" = [])), tag = "participants")]
#[post("/conversations/{id}/participants")]
pub async fn add(call: Call<ConversationId, Body>) -> Result<HttpResponse, Failure> {
    let work = async {
        let AddBody {
            user_id,
            role,
            history,
        } = call.own_body_about_a_user()?;
        let user = call.user_named(UserId::parse(&user_id, "user_id")?).await?;
        role.as_deref().map_or(Ok(()), limits::role)?;
        let history = history.as_deref().map(history_of).transpose()?;
        let command = Command::AddParticipant {
            user,
            role,
            history,
        };
        call.command(call.path, command).await?;
        answer(&call, call.path, 200).await
    };
    call.once(work).await
}

fn history_of(name: &str) -> Result<History, Refusal> {
    let found = History::named(name);
    found.ok_or_else(|| Refusal::invalid("history", "must be all or from_joining"))
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
    let user = call.user_named(user).await?;
    let command = Command::ChangeParticipant { user, change };
    call.command(id, command).await?;
    Ok(answer(&call, id, 200).await?.respond())
}

/// Send somebody away; oneself: leave
#[utoipa::path(params(("id" = Uuid, Path), ("user_id" = String, Path)), responses((status = 204, description = "Gone"), (status = 403, description = "FORBIDDEN"), (status = 404, description = "PARTICIPANT_NOT_FOUND")), security(("bearer" = [])), tag = "participants")]
#[delete("/conversations/{id}/participants/{user_id}")]
pub async fn remove(call: Call<(ConversationId, UserId)>) -> Result<HttpResponse, Failure> {
    let (id, user) = call.path.clone();
    let user = call.user_named(user).await?;
    let command = Command::RemoveParticipant { user };
    call.command(id, command).await?;
    Ok(HttpResponse::NoContent().finish())
}
