//! Conversations: make or get, list, show, change.

use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::idempotent::{Kept, once};
use super::messages::NewMessageBody;
use super::refusals::Body;
use super::{Asked, Failure, Server};
use crate::domain::command::Command;
use crate::domain::conversation::{
    ConversationKind, ConversationStatus, MEMBER, Membership, OWNER, Participant, Subject,
};
use crate::domain::ids::{ConversationId, UserId, UserNo};
use crate::domain::limits;
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::domain::snapshot::Listed;
use crate::error::Error;
use crate::store::conversations::{self as rows, Filter, Key};
use crate::store::creation::{Creation, NewConversation};
use crate::store::{participants, users};
use crate::wire::acting::Acting;
use crate::wire::views::ConversationView;

/// Somebody who shall take part.
#[derive(Deserialize, ToSchema)]
pub struct Invited {
    /// The platform's user id
    user_id: String,
    /// What they are here; `member` by default
    role: Option<String>,
}

/// What the conversation is about.
#[derive(Deserialize, ToSchema)]
pub struct SubjectBody {
    /// What kind of thing: job, order, bid …
    #[serde(rename = "type")]
    kind: String,
    /// The platform's id of it
    id: String,
    /// What it is called
    title: Option<String>,
    /// Where it is shown; https
    url: Option<String>,
    /// The platform's own object
    #[schema(value_type = Option<Object>)]
    data: Option<Value>,
}

/// A conversation to make.
#[derive(Deserialize, ToSchema)]
pub struct NewConversationBody {
    /// `direct`, `group` or `support`
    kind: ConversationKind,
    /// The others; the caller takes part without being named, unless it is the platform
    participants: Vec<Invited>,
    /// What it is about
    subject: Option<SubjectBody>,
    /// What it is called
    title: Option<String>,
    /// The caller's own role
    role: Option<String>,
    /// What is said at once
    first_message: Option<NewMessageBody>,
}

impl SubjectBody {
    fn check(self) -> Result<Subject, Refusal> {
        limits::required_text(&self.kind, "subject.type", 64)?;
        limits::required_text(&self.id, "subject.id", 128)?;
        let title = self.title.as_deref();
        title.map_or(Ok(()), |title| {
            limits::text(title, "subject.title", limits::TITLE_CHARACTERS)
        })?;
        self.url
            .as_deref()
            .map_or(Ok(()), |url| limits::https_url(url, "subject.url"))?;
        let data = self.data.filter(|data| !data.is_null());
        data.as_ref().map_or(Ok(()), |data| {
            limits::json(&data.to_string(), "subject.data")
        })?;
        Ok(Subject {
            kind: self.kind,
            id: self.id,
            card: json!({ "title": self.title, "url": self.url, "data": data }),
        })
    }
}

/// Who takes part: those named and, unless the caller is the platform, the caller.
fn people_of(
    body: &NewConversationBody,
    caller: &Principal,
) -> Result<Vec<(UserId, String)>, Refusal> {
    let mut people: Vec<(UserId, String)> = Vec::with_capacity(body.participants.len() + 1);
    if !caller.roles.service {
        let default = if body.kind == ConversationKind::Direct {
            MEMBER
        } else {
            OWNER
        };
        people.push((
            caller.id.clone(),
            body.role.clone().unwrap_or_else(|| default.to_owned()),
        ));
    }
    for invited in &body.participants {
        let id = UserId::parse(&invited.user_id, "participants.user_id")?;
        let role = invited.role.clone();
        match people.iter_mut().find(|(known, _)| *known == id) {
            Some((_, known)) => *known = role.unwrap_or_else(|| known.clone()),
            None => people.push((id, role.unwrap_or_else(|| MEMBER.to_owned()))),
        }
    }
    people.iter().try_for_each(|(_, role)| limits::role(role))?;
    match (body.kind, people.len()) {
        (ConversationKind::Direct, 2) => Ok(people),
        (ConversationKind::Direct, _) => Err(Refusal::Unprocessable(
            "A direct conversation has exactly two people",
        )),
        (_, 0) => Err(Refusal::invalid("participants", "must not be empty")),
        (_, count) if count > limits::PARTICIPANTS => Err(Refusal::invalid(
            "participants",
            format!("must be at most {}", limits::PARTICIPANTS),
        )),
        (ConversationKind::Group | ConversationKind::Support, _) => Ok(people),
    }
}

async fn numbers_of(
    server: &Server,
    people: Vec<(UserId, String)>,
) -> Result<Vec<(UserNo, String)>, Error> {
    let found = server.door.house.pool.run(move |connection| {
        let ids: Vec<&str> = people.iter().map(|(id, _)| id.as_str()).collect();
        Ok((users::find_all(connection, &ids)?, people))
    });
    let (rows, people) = found.await?;
    let number = |(id, role): (UserId, String)| {
        let row = rows.iter().find(|row| row.id == id.as_str());
        row.map(|row| (UserNo(row.no), role))
            .ok_or_else(|| Refusal::UserNotFound(id.to_string()).into())
    };
    people.into_iter().map(number).collect()
}

/// Make a conversation, or get the one that is the same: two people have one direct conversation, a subject with the same people has one
#[utoipa::path(request_body = NewConversationBody, responses((status = 201, body = ConversationView, description = "New"), (status = 200, body = ConversationView, description = "There already"), (status = 400, description = "INVALID_REQUEST"), (status = 404, description = "USER_NOT_FOUND"), (status = 422, description = "UNPROCESSABLE")), security(("bearer" = [])), tag = "conversations")]
#[post("/conversations")]
pub async fn create(
    server: web::Data<Server>,
    caller: Caller,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Failure> {
    let Caller(caller) = caller;
    once(
        &server,
        &caller,
        &request,
        body.text(),
        create_or_get(&server, &caller, &body),
    )
    .await
}

async fn create_or_get(
    server: &Server,
    caller: &Arc<Principal>,
    body: &Body,
) -> Result<Kept, Failure> {
    Acting::of(body.text())?.must_be(caller)?;
    let body: NewConversationBody = body.read()?;
    body.title.as_deref().map_or(Ok(()), |title| {
        limits::text(title, "title", limits::TITLE_CHARACTERS)
    })?;
    let people = people_of(&body, caller)?;
    let first_message = body
        .first_message
        .map(|message| message.draft(caller))
        .transpose()?;
    let first_message = first_message.map(Arc::new);
    let new = NewConversation {
        id: ConversationId::fresh(),
        kind: body.kind,
        title: body.title.filter(|title| !title.trim().is_empty()),
        subject: body.subject.map(SubjectBody::check).transpose()?,
        creator: caller.no,
        participants: numbers_of(server, people).await?,
        first_message: first_message.clone(),
    };
    let house = &server.door.house;
    match house.journal.create(new).await? {
        Creation::Created(conversation) => {
            let no = conversation.no;
            let people = house
                .pool
                .run(move |connection| participants::of(connection, no))
                .await?;
            server
                .door
                .rooms
                .announce_creation(house, &conversation, &people);
            log::info!(event = "conversation_created", conversation_id:% = conversation.id, user_id:% = caller.id, kind = conversation.kind.name(); "");
            answer(server, caller, conversation.id, 201).await
        }
        Creation::Found(conversation) => {
            bring_back(server, caller, conversation.id, conversation.kind).await?;
            if let Some(draft) = first_message {
                server
                    .door
                    .rooms
                    .ask(conversation.id, Arc::clone(caller), Command::Send(draft))
                    .await?;
            }
            answer(server, caller, conversation.id, 200).await
        }
    }
}

/// Whoever left a direct conversation is in it again when one of the two asks for it.
async fn bring_back(
    server: &Server,
    caller: &Arc<Principal>,
    id: ConversationId,
    kind: ConversationKind,
) -> Result<(), Failure> {
    if kind != ConversationKind::Direct {
        return Ok(());
    }
    let house = &server.door.house;
    let people: Vec<Participant> = house
        .pool
        .run(move |connection| {
            let Some(found) = rows::find(connection, Key::Id(id))? else {
                return Ok(Vec::new());
            };
            participants::of(connection, found.no)
        })
        .await?;
    for person in people
        .into_iter()
        .filter(|person| person.membership == Membership::Left)
    {
        let back = Command::AddParticipant {
            user: person.id,
            role: None,
        };
        let platform = Principal {
            roles: crate::domain::principal::Roles {
                service: true,
                ..caller.roles
            },
            ..Principal::clone(caller)
        };
        server.door.rooms.ask(id, Arc::new(platform), back).await?;
    }
    Ok(())
}

/// The conversation as the caller has it, whether it is in their list or they see it from outside.
pub(super) async fn answer(
    server: &Server,
    caller: &Principal,
    id: ConversationId,
    status: u16,
) -> Result<Kept, Failure> {
    let (user, opens_all) = (caller.no, caller.roles.opens_every_conversation());
    let found = server.door.house.pool.run(move |connection| {
        let Some(conversation) = rows::find(connection, Key::Id(id))? else {
            return Ok(Err(Refusal::ConversationNotFound));
        };
        let only = Filter {
            only: Some(conversation.no),
            ..Filter::default()
        };
        if let Some(listed) = rows::list(connection, user, &only, 1)?.pop() {
            return Ok(Ok(listed));
        }
        let people = participants::of(connection, conversation.no)?;
        let own = people.iter().find(|person| person.no == user);
        match own.map(|person| person.may_read()) {
            _ if opens_all => {}
            Some(Err(refusal)) => return Ok(Err(refusal)),
            Some(Ok(())) | None => return Ok(Err(Refusal::ConversationNotFound)),
        }
        Ok(Ok(Listed {
            conversation,
            participants: people,
            last_message: None,
            unread: 0,
        }))
    });
    let listed = found.await??;
    Kept::json(
        status,
        &ConversationView::listed(&listed, user, &server.door.house.directory),
    )
}

/// One conversation
#[utoipa::path(params(("id" = Uuid, Path)), responses((status = 200, body = ConversationView), (status = 403, description = "NOT_A_PARTICIPANT, BLOCKED"), (status = 404, description = "CONVERSATION_NOT_FOUND")), security(("bearer" = [])), tag = "conversations")]
#[get("/conversations/{id}")]
pub async fn show(
    server: web::Data<Server>,
    caller: Caller,
    path: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let id = ConversationId::parse(&path, "id")?;
    let kept = answer(&server, &caller.0, id, 200).await?;
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .body(kept.body))
}

/// What a list is narrowed by.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Only this kind
    kind: Option<ConversationKind>,
    /// Only this status
    status: Option<ConversationStatus>,
    /// Only about things of this type
    subject_type: Option<String>,
    /// Only about things of this id
    subject_id: Option<String>,
    /// Only with something unread
    #[serde(default)]
    unread: bool,
    /// Where the last page ended
    cursor: Option<String>,
    /// 1–100
    limit: Option<i64>,
}

/// A limit within its bounds.
pub(super) fn limit_of(limit: Option<i64>) -> Result<i64, Refusal> {
    let limit = limit.unwrap_or(50);
    (1..=100)
        .contains(&limit)
        .then_some(limit)
        .ok_or_else(|| Refusal::invalid("limit", "must be 1–100"))
}

fn cursor_text(at: DateTime<Utc>, no: i64) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}.{no}", at.timestamp_micros()))
}

fn cursor_of(text: &str) -> Result<(DateTime<Utc>, i64), Refusal> {
    let read = || {
        let decoded = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let (micros, no) = decoded.split_once('.')?;
        let micros: i64 = micros.parse().ok().filter(|micros| *micros >= 0)?;
        Some((DateTime::from_timestamp_micros(micros)?, no.parse().ok()?))
    };
    read().ok_or_else(|| Refusal::invalid("cursor", "is not one that a list gave"))
}

/// The caller's conversations, newest activity first
#[utoipa::path(params(ListQuery), responses((status = 200, description = "`items`: conversations; `next_cursor`", body = Object)), security(("bearer" = [])), tag = "conversations")]
#[get("/conversations")]
pub async fn list(
    server: web::Data<Server>,
    caller: Caller,
    query: Asked<ListQuery>,
) -> Result<HttpResponse, Failure> {
    let Asked(query) = query;
    let limit = limit_of(query.limit)?;
    for text in [&query.subject_type, &query.subject_id]
        .into_iter()
        .flatten()
    {
        limits::text(text, "subject", 128)?;
    }
    let filter = Filter {
        kind: query.kind,
        status: query.status,
        subject_type: query.subject_type,
        subject_id: query.subject_id,
        only_unread: query.unread,
        only: None,
        cursor: query.cursor.as_deref().map(cursor_of).transpose()?,
    };
    let user = caller.0.no;
    let found = server
        .door
        .house
        .pool
        .run(move |connection| rows::list(connection, user, &filter, limit));
    let listed = found.await?;
    let full = listed.len() as i64 == limit;
    let next = listed
        .last()
        .filter(|_| full)
        .map(|last| cursor_text(last.conversation.updated_at, last.conversation.no.0));
    let directory = &server.door.house.directory;
    let items: Vec<_> = listed
        .iter()
        .map(|one| ConversationView::listed(one, user, directory))
        .collect();
    Ok(HttpResponse::Ok().json(json!({ "items": items, "next_cursor": next })))
}

/// What changes of a conversation.
#[derive(Deserialize, ToSchema)]
pub struct ChangeBody {
    /// The new title; null takes it away
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    title: Option<Option<String>>,
    /// The new status
    status: Option<ConversationStatus>,
}

/// Tells an absent field from a null one.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Change the title or the status
#[utoipa::path(request_body = ChangeBody, params(("id" = Uuid, Path)), responses((status = 200, body = ConversationView), (status = 403, description = "FORBIDDEN"), (status = 404, description = "CONVERSATION_NOT_FOUND")), security(("bearer" = [])), tag = "conversations")]
#[patch("/conversations/{id}")]
pub async fn change(
    server: web::Data<Server>,
    caller: Caller,
    path: web::Path<String>,
    body: Body,
) -> Result<HttpResponse, Failure> {
    let id = ConversationId::parse(&path, "id")?;
    let ChangeBody { title, status } = body.read()?;
    if let Some(Some(title)) = &title {
        limits::required_text(title, "title", limits::TITLE_CHARACTERS)?;
    }
    if title.is_none() && status.is_none() {
        return Err(Refusal::invalid("title", "or status must be given").into());
    }
    let command = Command::ChangeSettings { title, status };
    server
        .door
        .rooms
        .ask(id, Arc::clone(&caller.0), command)
        .await?;
    let kept = answer(&server, &caller.0, id, 200).await?;
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .body(kept.body))
}

/// How many messages of others the caller has not read, in all and by conversation
#[utoipa::path(responses((status = 200, description = "`total`, `conversations`", body = Object)), security(("bearer" = [])), tag = "conversations")]
#[get("/unread")]
pub async fn unread(server: web::Data<Server>, caller: Caller) -> Result<HttpResponse, Failure> {
    let user = caller.0.no;
    let rows = server
        .door
        .house
        .pool
        .run(move |connection| rows::unread_of_user(connection, user))
        .await?;
    let total: i64 = rows.iter().map(|row| row.unread).sum();
    let each = rows
        .iter()
        .map(|row| json!({ "conversation_id": row.conversation_id, "unread": row.unread }));
    Ok(HttpResponse::Ok()
        .json(json!({ "total": total, "conversations": each.collect::<Vec<_>>() })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_from_its_text() {
        let at = DateTime::from_timestamp_micros(1_700_000_000_123_456).unwrap();
        assert_eq!(cursor_of(&cursor_text(at, 42)).unwrap(), (at, 42));
        let ancient = URL_SAFE_NO_PAD.encode("-8000000000000000000.1");
        for wrong in ["", "x", "MS4", "////", &ancient] {
            assert!(cursor_of(wrong).is_err(), "{wrong}");
        }
    }
}
