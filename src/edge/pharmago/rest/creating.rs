//! Rooms that staff and the platform create for an order.

use actix_web::{HttpResponse, post};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use utoipa::ToSchema;

use super::rooms::{opened, shown};
use crate::domain::access::Privilege;
use crate::domain::access::policies::Begun;
use crate::domain::conversation::{ConversationKind, Subject};
use crate::domain::ids::{ConversationId, UserId, UserNo};
use crate::domain::limits;
use crate::domain::principal::Profile;
use crate::domain::refusal::Refusal;
use crate::edge::http::Failure;
use crate::edge::http::call::Call;
use crate::edge::http::idempotent::StoredResponse;
use crate::edge::http::refusals::Body;
use crate::edge::native::rest::creating::make;
use crate::edge::native::rest::found::Wish;
use crate::edge::pharmago::ORDER;
use crate::edge::pharmago::errors::Faults;
use crate::edge::pharmago::people::ROLES;
use crate::edge::pharmago::rooms::ShownRoom;
use crate::store::conversations::{self as rows, Key};
use crate::store::creation::NewConversation;

/// Participants of a room: the fewest and the most that a request may ask for, and those of one that does not ask.
const FEWEST: i64 = 2;
const MOST: i64 = 50;
const USUAL: i64 = 10;
/// The role of who creates a room for themselves.
const CREATOR: &str = "admin";

/// A room to create.
#[derive(Deserialize, ToSchema)]
#[schema(as = PharmagoNewRoom)]
pub struct CreateBody {
    /// The platform's id of the order
    #[schema(value_type = Object)]
    order: Option<Value>,
    /// The same, where participants are given
    #[schema(value_type = Object)]
    order_id: Option<Value>,
    /// What the room is called
    title: Option<String>,
    /// What it is for
    description: Option<String>,
    /// Kept and shown; it lets nobody in
    is_public: Option<bool>,
    /// 2–50; 10 without it
    max_participants: Option<i64>,
    /// Who takes part: `user_id` and `role` of each
    #[schema(value_type = Option<Vec<Object>>)]
    participants: Option<Vec<Value>>,
}

/// An id of the platform's: a text or a whole number.
pub(super) fn id_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) if number.is_i64() || number.is_u64() => Some(number.to_string()),
        _ => None,
    }
}

/// Whether a number of participants is one that a room may have.
pub(super) fn check_most(most: Option<i64>, faults: &mut Faults) {
    let field = "max_participants";
    match most {
        Some(most) if most < FEWEST => {
            let why = format!("Ensure this value is greater than or equal to {FEWEST}.");
            faults.add(field, why);
        }
        Some(most) if most > MOST => {
            let why = format!("Ensure this value is less than or equal to {MOST}.");
            faults.add(field, why);
        }
        Some(_) | None => {}
    }
}

/// The participants that are given, or why they cannot be read.
fn people_of(given: &[Value], faults: &mut Faults) -> Vec<(String, &'static str)> {
    let mut people = Vec::with_capacity(given.len());
    for one in given {
        let user = one.get("user_id").and_then(id_of);
        let Some((user, role)) = user.zip(one.get("role").and_then(Value::as_str)) else {
            faults.add(
                "participants",
                "Each participant must have user_id and role.",
            );
            continue;
        };
        match ROLES.iter().find(|(name, _)| *name == role) {
            Some((role, _)) => people.push((user, *role)),
            None => faults.add("participants", format!("Invalid role: {role}")),
        }
    }
    people
}

/// Creates the room that the body describes; the field in which it names its order is given.
async fn created(
    call: &Call<(), Body>,
    order_field: &'static str,
) -> Result<StoredResponse, Failure> {
    let caller = &call.caller;
    if !caller.roles.may(Privilege::BeginWithAnybody) {
        let why = "Only the platform and its staff may create rooms";
        return Err(Refusal::Forbidden(why).into());
    }
    let body: CreateBody = call.body.read()?;
    let mut faults = Faults::default();
    let given = if order_field == "order" {
        body.order
    } else {
        body.order_id
    };
    let order = faults.required(order_field, given);
    let order = order.and_then(|order| {
        let id = id_of(&order).filter(|id| limits::required_text(id, "order", 128).is_ok());
        if id.is_none() {
            faults.add(order_field, "Incorrect type. Expected pk value.");
        }
        id
    });
    check_most(body.max_participants, &mut faults);
    let mut people = people_of(
        body.participants.as_deref().unwrap_or_default(),
        &mut faults,
    );
    if let Some(refused) = faults.answered() {
        return refused;
    }
    if order_field == "order" {
        people = vec![(caller.id.to_string(), CREATOR)];
    }
    for (text, field, most) in [
        (&body.title, "title", limits::TITLE_CHARACTERS),
        (&body.description, "description", limits::REASON_CHARACTERS),
    ] {
        text.as_deref()
            .map_or(Ok(()), |text| limits::text(text, field, most))?;
    }
    let order = order.unwrap_or_default();
    let data =
        json!({ "description": body.description, "is_public": body.is_public.unwrap_or(false) });
    let subject = Subject {
        kind: ORDER.to_owned(),
        id: order,
        card: json!({ "title": null, "url": null, "data": data }),
    };
    let most = body.max_participants.unwrap_or(USUAL);
    let begun = Begun::Conversation(ConversationKind::Group);
    let new = NewConversation {
        id: ConversationId::fresh(),
        kind: ConversationKind::Group,
        title: body.title.filter(|title| !title.is_empty()),
        subject: Some(subject),
        creator: caller.no,
        inviter: call.server.deps.room.policies.inviter(caller.roles, begun),
        max_participants: u16::try_from(most).ok(),
        external_id: None,
        business: None,
        participants: numbers_of(call, people).await?,
        first_message: None,
        first_step: None,
    };
    let made = make(&call.server, &Arc::clone(caller), new, Wish::default()).await?;
    let read = call
        .pool()
        .run(move |connection| rows::find(connection, Key::Id(made.id)));
    let found = read.await?.ok_or(Refusal::ConversationNotFound)?;
    let opened = opened(call, found.no).await?;
    StoredResponse::json(201, &shown(call, &opened).await?)
}

/// The numbers of people, who are made known if they are not: staff and the platform name them.
async fn numbers_of(
    call: &Call<(), Body>,
    people: Vec<(String, &'static str)>,
) -> Result<Vec<(UserNo, String)>, Failure> {
    let mut numbers: Vec<(UserNo, String)> = Vec::with_capacity(people.len());
    for (id, role) in people {
        let id = UserId::parse(&id, "participants")?;
        let known = &call.server.deps.people;
        let (no, _, _) = known.remember(id, Profile::default()).await?;
        if !numbers.iter().any(|(known, _)| *known == no) {
            numbers.push((no, role.to_owned()));
        }
    }
    Ok(numbers)
}

/// Create a room for an order, in which the caller takes part as its admin
#[utoipa::path(request_body = CreateBody, responses((status = 201, body = ShownRoom), (status = 400, description = "The fields that are wrong"), (status = 403, description = "Not for people")), security(("bearer" = [])), tag = "pharmago")]
#[post("/")]
pub async fn create(call: Call<(), Body>) -> Result<HttpResponse, Failure> {
    call.once(created(&call, "order")).await
}

/// Create a room for an order, with its participants
#[utoipa::path(request_body = CreateBody, responses((status = 201, body = ShownRoom), (status = 400, description = "The fields that are wrong"), (status = 403, description = "Not for people")), security(("bearer" = [])), tag = "pharmago")]
#[post("/create_with_participants/")]
pub async fn create_with(call: Call<(), Body>) -> Result<HttpResponse, Failure> {
    call.once(created(&call, "order_id")).await
}

/// Create a room for an order, with its participants: as the published API spells the path
#[utoipa::path(request_body = CreateBody, responses((status = 201, body = ShownRoom), (status = 400, description = "The fields that are wrong"), (status = 403, description = "Not for people")), security(("bearer" = [])), tag = "pharmago")]
#[post("/create-with-participants/")]
pub async fn create_with_by_dashes(call: Call<(), Body>) -> Result<HttpResponse, Failure> {
    call.once(created(&call, "order_id")).await
}
