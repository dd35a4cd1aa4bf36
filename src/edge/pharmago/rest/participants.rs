//! Participants: one of them, adding, changing, removing, leaving.

use actix_web::{HttpResponse, delete, get, patch, post, put};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::creating::id_of;
use super::rooms::opened;
use crate::domain::command::{Command, ParticipantChange};
use crate::domain::conversation::Participant;
use crate::domain::ids::{ConversationNo, UserId};
use crate::domain::refusal::Refusal;
use crate::edge::http::Failure;
use crate::edge::http::call::Call;
use crate::edge::http::idempotent::StoredResponse;
use crate::edge::http::refusals::Body;
use crate::edge::native::rest::opened::Opened;
use crate::edge::pharmago::errors::{Faults, NO_FIELD, error};
use crate::edge::pharmago::numbers::ParticipantNumber;
use crate::edge::pharmago::people::{ROLES, ShownParticipant, Viewer, user_value};
use crate::store::users;

/// The participant that a path names, in a room that the caller may read.
pub(super) async fn found<B>(
    call: &Call<ParticipantNumber, B>,
) -> Result<(Opened, Participant), Failure> {
    let ParticipantNumber(id) = call.path;
    let opened = match opened(call, id.conversation).await {
        Ok(opened) => opened,
        Err(failure) => {
            return Err(match failure.refusal() {
                Refusal::ConversationNotFound | Refusal::NotAParticipant | Refusal::Blocked => {
                    Refusal::ParticipantNotFound.into()
                }
                _ => failure,
            });
        }
    };
    let mut people = opened.loaded.participants.iter();
    let person = people.find(|person| person.no == id.user).cloned();
    let person = person.ok_or(Refusal::ParticipantNotFound)?;
    Ok((opened, person))
}

async fn shown<B>(
    call: &Call<ParticipantNumber, B>,
    (opened, person): (Opened, Participant),
) -> Result<ShownParticipant, Failure> {
    let user = person.no;
    let read = call
        .pool()
        .run(move |connection| users::last_seen(connection, &[user.0]));
    let last_seen = read.await?.remove(&user);
    let viewer = Viewer {
        caller: &call.caller,
        directory: &call.server.deps.room.directory,
    };
    let conversation = &opened.loaded.conversation;
    let more = (last_seen, json!({}));
    Ok(ShownParticipant::new(conversation, &person, more, viewer))
}

/// One participant
#[utoipa::path(params(("id" = i64, Path)), responses((status = 200, body = ShownParticipant), (status = 404, description = "No such participant for the caller")), security(("bearer" = [])), tag = "pharmago")]
#[get("/{id}/")]
pub async fn show(call: Call<ParticipantNumber>) -> Result<HttpResponse, Failure> {
    let found = found(&call).await?;
    Ok(HttpResponse::Ok().json(shown(&call, found).await?))
}

/// Somebody to bring in.
#[derive(Deserialize, ToSchema)]
#[schema(as = PharmagoNewParticipant)]
pub struct AddBody {
    /// The room's id
    room: Option<i64>,
    /// The platform's id of the user
    #[schema(value_type = Object)]
    user: Option<Value>,
    /// `customer`, `rider`, `pharmacy`, `admin` or `support`
    role: Option<String>,
}

/// Bring somebody into a room; for who manages it
#[utoipa::path(request_body = AddBody, responses((status = 201, description = "`room`, `user`, `role`, `notification_preferences`", body = Object), (status = 400, description = "The fields that are wrong; a full room"), (status = 403, description = "FORBIDDEN")), security(("bearer" = [])), tag = "pharmago")]
#[post("/")]
pub async fn add(call: Call<(), Body>) -> Result<HttpResponse, Failure> {
    let work = async {
        let body: AddBody = call.body.read()?;
        let mut faults = Faults::default();
        let room = faults.required("room", body.room);
        let user = faults.required("user", body.user.as_ref().and_then(id_of));
        let role = faults.required("role", body.role);
        if let Some(role) = &role
            && !ROLES.iter().any(|(name, _)| name == role)
        {
            faults.add("role", format!("\"{role}\" is not a valid choice."));
        }
        let (Some(room), Some(user), Some(role)) = (room, user, role) else {
            return faults
                .answered()
                .unwrap_or_else(|| error(400, "Nothing is given"));
        };
        if let Some(refused) = faults.answered() {
            return refused;
        }
        let no = ConversationNo(room);
        // Who may not know of a room may bring nobody into it.
        let why = "You do not have permission to perform this action.";
        let opened = opened(&call, no).await;
        let opened = opened.map_err(|_| Failure::from(Refusal::Forbidden(why)))?;
        let id = call.user_named(UserId::parse(&user, "user")?).await?;
        let mut people = opened.loaded.participants.iter();
        if people.any(|person| person.id == id && person.takes_part()) {
            let why = "The fields room, user must make a unique set.";
            let faults = Faults::one(NO_FIELD, why);
            return faults.answered().unwrap_or_else(|| error(400, why));
        }
        let command = Command::AddParticipant {
            user: id,
            role: Some(role.clone()),
            history: None,
        };
        call.command(opened.loaded.conversation.id, command).await?;
        let told = json!({
            "room": room, "user": user_value(&user), "role": role, "notification_preferences": {},
        });
        StoredResponse::json(201, &told)
    };
    call.once(work).await
}

/// What changes of a participant.
#[derive(Deserialize, ToSchema)]
#[schema(as = PharmagoParticipantChange)]
pub struct ChangeBody {
    /// May read, not speak; for who manages the room
    is_muted: Option<bool>,
    /// May neither; for who manages the room
    is_blocked: Option<bool>,
}

async fn changed(call: Call<ParticipantNumber, Body>) -> Result<HttpResponse, Failure> {
    let (opened, person) = found(&call).await?;
    let ChangeBody {
        is_muted,
        is_blocked,
    } = call.body.read()?;
    let change = ParticipantChange {
        muted: is_muted,
        blocked: is_blocked,
        ..ParticipantChange::default()
    };
    if change != ParticipantChange::default() {
        let command = Command::ChangeParticipant {
            user: person.id,
            change,
        };
        call.command(opened.loaded.conversation.id, command).await?;
    }
    let now = shown(&call, found(&call).await?).await?;
    Ok(HttpResponse::Ok().json(now.standing()))
}

/// Mute or block a participant, or take that back; for who manages the room
#[utoipa::path(request_body = ChangeBody, params(("id" = i64, Path)), responses((status = 200, description = "`is_active`, `is_muted`, `is_blocked`, `notification_preferences`", body = Object), (status = 403, description = "FORBIDDEN"), (status = 404, description = "No such participant for the caller")), security(("bearer" = [])), tag = "pharmago")]
#[put("/{id}/")]
pub async fn put(call: Call<ParticipantNumber, Body>) -> Result<HttpResponse, Failure> {
    changed(call).await
}

/// Mute or block a participant, or take that back; for who manages the room
#[utoipa::path(request_body = ChangeBody, params(("id" = i64, Path)), responses((status = 200, description = "`is_active`, `is_muted`, `is_blocked`, `notification_preferences`", body = Object), (status = 403, description = "FORBIDDEN"), (status = 404, description = "No such participant for the caller")), security(("bearer" = [])), tag = "pharmago")]
#[patch("/{id}/")]
pub async fn patch(call: Call<ParticipantNumber, Body>) -> Result<HttpResponse, Failure> {
    changed(call).await
}

/// Send somebody away, for who manages the room; oneself: leave
#[utoipa::path(params(("id" = i64, Path)), responses((status = 204, description = "Gone"), (status = 403, description = "FORBIDDEN"), (status = 404, description = "No such participant for the caller")), security(("bearer" = [])), tag = "pharmago")]
#[delete("/{id}/")]
pub async fn remove(call: Call<ParticipantNumber>) -> Result<HttpResponse, Failure> {
    let (opened, person) = found(&call).await?;
    let command = Command::RemoveParticipant { user: person.id };
    call.command(opened.loaded.conversation.id, command).await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn left(call: Call<ParticipantNumber, Body>) -> Result<HttpResponse, Failure> {
    let work = async {
        let (opened, person) = found(&call).await?;
        if person.no != call.caller.no {
            return error(403, "You can only leave your own participation");
        }
        let command = Command::RemoveParticipant { user: person.id };
        call.command(opened.loaded.conversation.id, command).await?;
        let told = json!({ "message": "Left room successfully", "is_active": false });
        StoredResponse::json(200, &told)
    };
    call.once(work).await
}

/// Leave a room
#[utoipa::path(params(("id" = i64, Path)), responses((status = 200, description = "`message`, `is_active`", body = Object), (status = 403, description = "`error`")), security(("bearer" = [])), tag = "pharmago")]
#[post("/{id}/leave_room/")]
pub async fn leave(call: Call<ParticipantNumber, Body>) -> Result<HttpResponse, Failure> {
    left(call).await
}

/// Leave a room: as the published API spells the path
#[utoipa::path(params(("id" = i64, Path)), responses((status = 200, description = "`message`, `is_active`", body = Object), (status = 403, description = "`error`")), security(("bearer" = [])), tag = "pharmago")]
#[post("/{id}/leave-room/")]
pub async fn leave_by_dashes(call: Call<ParticipantNumber, Body>) -> Result<HttpResponse, Failure> {
    left(call).await
}
