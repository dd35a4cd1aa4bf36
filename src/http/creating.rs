//! Making conversations: create or get.

use actix_web::{HttpRequest, HttpResponse, post, web};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use utoipa::ToSchema;

use super::caller::Caller;
use super::conversations::answer;
use super::flows::{NewFlowBody, WantedDeal};
use super::idempotent::{Kept, once};
use super::messages::NewMessageBody;
use super::refusals::Body;
use super::{Failure, Server};
use crate::domain::command::Command;
use crate::domain::conversation::{
    Conversation, ConversationKind, MEMBER, Membership, OWNER, Participant, Subject,
};
use crate::domain::ids::{ConversationId, UserId, UserNo};
use crate::domain::limits;
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::error::Error;
use crate::store::conversations::{self as rows, Key};
use crate::store::creation::{Creation, NewConversation};
use crate::store::{participants, users};
use crate::wire::acting::Acting;
use crate::wire::answer::Novelty;
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
    /// The deal that it is to be
    flow: Option<NewFlowBody>,
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
    let wanted = body
        .flow
        .map(|flow| flow.check(server, caller, &people))
        .transpose()?;
    let mut new = NewConversation {
        id: ConversationId::fresh(),
        first_step: None,
        kind: body.kind,
        title: body.title.filter(|title| !title.trim().is_empty()),
        subject: body.subject.map(SubjectBody::check).transpose()?,
        creator: caller.no,
        participants: numbers_of(server, people).await?,
        first_message,
    };
    if let Some(wanted) = &wanted {
        new.first_step = Some(wanted.first_step(&new.as_new(caller), caller)?.step);
    }
    let made = make(server, caller, new, wanted.as_ref()).await?;
    let status = match made.novelty {
        Novelty::New => 201,
        Novelty::Repeated => 200,
    };
    answer(server, caller, made.id, status).await
}

/// A conversation that was made or found.
pub(super) struct Made {
    pub(super) id: ConversationId,
    pub(super) novelty: Novelty,
}

/// Makes a conversation with everything that belongs to it, or finds the one that is the same and says the first message there.
pub(super) async fn make(
    server: &Server,
    caller: &Arc<Principal>,
    new: NewConversation,
    wanted: Option<&WantedDeal>,
) -> Result<Made, Failure> {
    let house = &server.door.house;
    let first_message = new.first_message.clone();
    match house.journal.create(new).await? {
        Creation::Created(conversation) => {
            if wanted.is_some() {
                server.bell.ring();
            }
            announce(server, caller, &conversation).await?;
            let (id, novelty) = (conversation.id, Novelty::New);
            Ok(Made { id, novelty })
        }
        Creation::Found(conversation) => {
            bring_back(server, caller, conversation.id, conversation.kind).await?;
            if let Some(wanted) = wanted {
                wanted.begin_in(server, &conversation, caller).await?;
            }
            if let Some(draft) = first_message {
                let said = Command::Send(draft);
                let room = server
                    .door
                    .rooms
                    .ask(conversation.id, Arc::clone(caller), said);
                room.await?;
            }
            let (id, novelty) = (conversation.id, Novelty::Repeated);
            Ok(Made { id, novelty })
        }
    }
}

/// Tells those who take part in a new conversation of it.
async fn announce(
    server: &Server,
    caller: &Principal,
    conversation: &Conversation,
) -> Result<(), Failure> {
    let (house, no) = (&server.door.house, conversation.no);
    let people = house
        .pool
        .run(move |connection| participants::of(connection, no))
        .await?;
    server
        .door
        .rooms
        .announce_creation(house, conversation, &people);
    log::info!(event = "conversation_created", conversation_id:% = conversation.id, user_id:% = caller.id, kind = conversation.kind.name(); "");
    Ok(())
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
