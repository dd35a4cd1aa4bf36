//! Begins the thread about a lead. The platform's description of the lead says who takes part in it.

use actix_web::{HttpResponse, post};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use utoipa::ToSchema;

use super::given;
use super::threads::row;
use crate::domain::access::beginning::Inviter;
use crate::domain::access::{ParticipantState, Privilege};
use crate::domain::command::Command;
use crate::domain::conversation::{Card, ConversationKind, Participant, Subject};
use crate::domain::ids::{ConversationId, UserNo};
use crate::domain::limits;
use crate::domain::principal::{Principal, Roles};
use crate::domain::refusal::Refusal;
use crate::edge::http::call::Call;
use crate::edge::http::idempotent::StoredResponse;
use crate::edge::http::refusals::Body;
use crate::edge::http::{AppState, Failure};
use crate::edge::native::rest::conversations::listed;
use crate::edge::native::rest::creating::make;
use crate::edge::native::rest::found::Wish;
use crate::edge::quotexbert::LEAD;
use crate::edge::quotexbert::addresses::Addresses;
use crate::edge::quotexbert::concerned::{Concerned, people_of};
use crate::edge::quotexbert::lead::ThreadRow;
use crate::store::conversations::{self as rows, Key};
use crate::store::creation::NewConversation;
use crate::store::replay;
use crate::store::subjects::{self, Described, SubjectKey};

/// Which lead.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = QuotexbertNewThread)]
pub struct CreateBody {
    /// The platform's id of the lead
    lead_id: Option<String>,
    /// Who begins; must be the caller, unless the caller is the platform
    user_id: Option<String>,
}

/// The thread.
#[derive(Serialize, ToSchema)]
#[schema(as = QuotexbertCreated)]
pub struct Created {
    thread: ThreadRow,
}

/// Begin the thread about a lead, or get the one that is there. The platform has described the lead before (`PUT /api/v1/subjects/lead/{id}`); those whom it concerns take part
#[utoipa::path(request_body = CreateBody, responses((status = 200, body = Created), (status = 400, description = "UNPROCESSABLE: Lead ID required"), (status = 403, description = "IDENTITY_MISMATCH; FORBIDDEN: the lead does not concern them; UNREACHABLE; NOT_A_PARTICIPANT, BLOCKED"), (status = 404, description = "SUBJECT_NOT_FOUND, USER_NOT_FOUND")), security(("bearer" = [])), tag = "quotexbert")]
#[post("/create")]
pub async fn create(call: Call<(), Body>) -> Result<HttpResponse, Failure> {
    let work = async {
        let CreateBody { lead_id, user_id } = call.body.read()?;
        let lead = given(lead_id, "Lead ID required")?;
        limits::required_text(&lead, "leadId", 128 - LEAD.len() - 1)?;
        call.caller.must_be(user_id.as_deref())?;
        let acting = call.acting_user(user_id.as_deref()).await?;
        let thread = thread_about(&call.server, &acting, lead).await?;
        let listed = listed(&call, thread).await?;
        let (caller, people) = (call.caller.no, listed.participants.clone());
        let read = call
            .pool()
            .run(move |connection| Addresses::read(connection, caller, people.iter()));
        let thread = row(&call, &listed, &read.await?);
        StoredResponse::json(200, &Created { thread })
    };
    call.once(work).await
}

/// The thread about a lead, in which the acting user takes part, unless that is the platform itself.
async fn thread_about(
    server: &AppState,
    acting: &Arc<Principal>,
    lead: String,
) -> Result<ConversationId, Failure> {
    let described = described(server, lead.clone()).await?;
    let people = people_of(server, &described).await?;
    let own = people.iter().find(|person| person.no == acting.no);
    if own.is_none() && !acting.roles.may(Privilege::StayOutside) {
        return Err(Refusal::Forbidden("This lead does not concern you").into());
    }
    let external_id = format!("{LEAD}:{lead}");
    let wanted = external_id.clone();
    let pool = &server.deps.room.pool;
    let read = pool.run(move |connection| rows::by_external_id(connection, &wanted));
    let id = match read.await? {
        Some(found) => found.id,
        None => {
            own.map_or(Ok(()), Concerned::may_come)?;
            let new = new_thread(acting.no, (lead, described.card()), external_id, &people);
            begin(server, acting, new, &people).await?
        }
    };
    if let Some(own) = own {
        join(server, acting, id, own).await?;
    }
    Ok(id)
}

/// The acting user with the platform's rights, for what the platform's description of the lead says and nothing else: who takes part,
/// in which role.
fn for_the_platform(acting: &Principal) -> Arc<Principal> {
    Arc::new(Principal {
        roles: Roles {
            service: true,
            ..Roles::default()
        },
        ..acting.clone()
    })
}

async fn described(server: &AppState, lead: String) -> Result<Described, Failure> {
    let key = SubjectKey {
        kind: LEAD.to_owned(),
        id: lead,
    };
    let pool = &server.deps.room.pool;
    let read = pool.run(move |connection| subjects::find(connection, &key));
    let (described, _) = read.await?.ok_or(Refusal::SubjectNotFound)?;
    Ok(described)
}

fn new_thread(
    creator: UserNo,
    (lead, card): (String, Card),
    external_id: String,
    people: &[Concerned],
) -> NewConversation {
    let title = card.get("title").and_then(Value::as_str);
    let people = people.iter().filter(|person| person.may_come().is_ok());
    NewConversation {
        id: ConversationId::fresh(),
        kind: ConversationKind::Group,
        title: title.map(str::to_owned),
        subject: Some(Subject {
            kind: LEAD.to_owned(),
            id: lead,
            card,
        }),
        creator,
        inviter: Inviter::Platform,
        max_participants: None,
        external_id: Some(external_id),
        business: None,
        participants: people
            .map(|person| (person.no, person.role.to_owned()))
            .collect(),
        first_message: None,
        first_step: None,
    }
}

/// Creates the thread. Where its people have begun a conversation about the lead already, that becomes the thread, and each gets the role
/// that the lead gives them.
async fn begin(
    server: &AppState,
    acting: &Arc<Principal>,
    new: NewConversation,
    people: &[Concerned],
) -> Result<ConversationId, Failure> {
    let policy = server.deps.room.policies.of(ConversationKind::Group);
    if new.participants.len() > policy.maximum {
        let why = "This lead concerns more people than may take part in a group";
        return Err(Refusal::Unprocessable(why).into());
    }
    let role = |person: &Concerned| (person.id.clone(), person.role.to_owned());
    let wish = Wish {
        title: new.title.clone(),
        roles: people.iter().map(role).collect(),
        ..Wish::default()
    };
    Ok(make(server, &for_the_platform(acting), new, wish).await?.id)
}

/// Brings somebody into a thread that is there, unless they take part, were removed from it or blocked in it, or may not come.
async fn join(
    server: &AppState,
    acting: &Arc<Principal>,
    id: ConversationId,
    own: &Concerned,
) -> Result<(), Failure> {
    let pool = &server.deps.room.pool;
    let read = pool.run(move |connection| replay::load(connection, Key::Id(id)));
    let found = read.await?.ok_or(Refusal::ConversationNotFound)?;
    let mut people = found.participants.iter();
    let person = people.find(|person| person.no == own.no);
    match person.map(Participant::state) {
        Some(ParticipantState::Active | ParticipantState::Muted) => return Ok(()),
        Some(ParticipantState::Removed) => return Err(Refusal::NotAParticipant.into()),
        Some(ParticipantState::Blocked) => return Err(Refusal::Blocked.into()),
        Some(ParticipantState::Left) | None => own.may_come()?,
    }
    let add = Command::AddParticipant {
        user: own.id.clone(),
        role: Some(own.role.to_owned()),
        history: None,
    };
    let rooms = &server.deps.rooms;
    rooms.ask(id, for_the_platform(acting), add).await?;
    Ok(())
}
