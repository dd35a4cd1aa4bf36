//! Begins the thread about a lead. The platform's description of the lead says who takes part in it.

use actix_web::{HttpResponse, post};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use utoipa::ToSchema;

use super::given;
use super::threads::row;
use crate::domain::access::Privilege;
use crate::domain::access::beginning::Inviter;
use crate::domain::command::Command;
use crate::domain::conversation::{Card, ConversationKind, Subject};
use crate::domain::ids::{ConversationId, UserId, UserNo};
use crate::domain::limits;
use crate::domain::principal::{Principal, Profile, Roles};
use crate::domain::refusal::Refusal;
use crate::edge::http::call::Call;
use crate::edge::http::idempotent::StoredResponse;
use crate::edge::http::refusals::Body;
use crate::edge::http::{AppState, Failure};
use crate::edge::native::rest::conversations::listed;
use crate::edge::native::rest::creating::make;
use crate::edge::native::rest::found::Wish;
use crate::edge::quotexbert::LEAD;
use crate::edge::quotexbert::lead::ThreadRow;
use crate::edge::quotexbert::people::{CONTRACTOR, HOMEOWNER};
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

/// Begin the thread about a lead, or get the one that is there. The platform has described the lead before (`PUT /api/v1/subjects/lead/{id}`); all whom it concerns take part
#[utoipa::path(request_body = CreateBody, responses((status = 200, body = Created), (status = 400, description = "UNPROCESSABLE: Lead ID required"), (status = 403, description = "IDENTITY_MISMATCH; FORBIDDEN: the lead does not concern them"), (status = 404, description = "SUBJECT_NOT_FOUND, USER_NOT_FOUND")), security(("bearer" = [])), tag = "quotexbert")]
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
        let thread = row(&call, &listed);
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
    let platform = Arc::new(for_the_platform(acting));
    let id = match read.await? {
        Some(found) => found.id,
        None => {
            let new = new_thread(acting.no, (lead, described.card()), external_id, &people);
            make(server, &platform, new, Wish::default()).await?.id
        }
    };
    if let Some(own) = own {
        join(server, &platform, id, own).await?;
    }
    Ok(id)
}

/// The acting user with the platform's rights: what is done here, the platform's description of the lead says.
fn for_the_platform(acting: &Principal) -> Principal {
    Principal {
        roles: Roles {
            service: true,
            ..Roles::default()
        },
        ..acting.clone()
    }
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

/// Somebody whom a lead concerns.
struct Concerned {
    no: UserNo,
    id: UserId,
    role: &'static str,
}

/// Whom a lead concerns: its homeowner, whom its data names or who comes first, and contractors.
async fn people_of(server: &AppState, described: &Described) -> Result<Vec<Concerned>, Failure> {
    let named = |name: &str| {
        let data = described.data.as_ref()?;
        data.get(name).and_then(Value::as_str).map(str::to_owned)
    };
    let homeowner = named("homeownerId").or_else(|| described.people.first().cloned());
    let others = described.people.iter().cloned();
    let all = homeowner.into_iter().chain(others);
    let all = all.chain(named("contractorId"));
    let mut people: Vec<Concerned> = Vec::new();
    for id in all {
        let id = UserId::parse(&id, "people")?;
        let known = &server.deps.people;
        let (no, id, _) = known.remember(id, Profile::default()).await?;
        if people.iter().any(|person| person.no == no) {
            continue;
        }
        let role = if people.is_empty() {
            HOMEOWNER
        } else {
            CONTRACTOR
        };
        people.push(Concerned { no, id, role });
    }
    Ok(people)
}

fn new_thread(
    creator: UserNo,
    (lead, card): (String, Card),
    external_id: String,
    people: &[Concerned],
) -> NewConversation {
    let title = card.get("title").and_then(Value::as_str);
    let people = people.iter();
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

/// Brings somebody into a thread that is there, unless they take part, or were removed from it.
async fn join(
    server: &AppState,
    platform: &Arc<Principal>,
    id: ConversationId,
    own: &Concerned,
) -> Result<(), Failure> {
    let pool = &server.deps.room.pool;
    let read = pool.run(move |connection| replay::load(connection, Key::Id(id)));
    let found = read.await?.ok_or(Refusal::ConversationNotFound)?;
    let mut people = found.participants.iter();
    match people.find(|person| person.no == own.no) {
        Some(person) if person.takes_part() => Ok(()),
        Some(person) if !person.has_left() => Err(Refusal::NotAParticipant.into()),
        Some(_) | None => {
            let add = Command::AddParticipant {
                user: own.id.clone(),
                role: Some(own.role.to_owned()),
                history: None,
            };
            let rooms = &server.deps.rooms;
            rooms.ask(id, Arc::clone(platform), add).await?;
            Ok(())
        }
    }
}
