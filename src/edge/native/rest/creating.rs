//! Creates conversations, or finds existing ones.

use actix_web::{HttpResponse, post};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

use super::businesses::business_of;
use super::conversations::answer;
use super::flows::NewFlowBody;
use super::found::Wish;
use super::messages::{NewMessageBody, status_of};
use super::subject::SubjectBody;
use crate::domain::access::Privilege;
use crate::domain::access::policies::{Begun, KindPolicy};
use crate::domain::answer::Novelty;
use crate::domain::business::{BusinessId, BusinessRef};
use crate::domain::conversation::{
    CUSTOMER, Card, Conversation, ConversationKind, MEMBER, OWNER, Subject,
};
use crate::domain::ids::{ConversationId, UserId, UserNo};
use crate::domain::limits;
use crate::domain::message::Content;
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::domain::visible;
use crate::edge::http::call::Call;
use crate::edge::http::refusals::Body;
use crate::edge::http::{AppState, Failure};
use crate::edge::native::views::ConversationView;
use crate::error::Error;
use crate::store::conversations::Key;
use crate::store::creation::{Creation, NewConversation};
use crate::store::subjects::{self, SubjectKey};
use crate::store::{replay, users};

/// Somebody who shall take part.
#[derive(Deserialize, ToSchema)]
pub struct Invited {
    /// The platform's user id
    user_id: String,
    /// What they are here; `member` by default
    role: Option<String>,
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
    /// What is said at once where the conversation is new; where it is there already, nothing is
    first_message: Option<NewMessageBody>,
    /// How many may take part at the same time, within what the platform allows for the kind; groups and support only
    max_participants: Option<u16>,
    /// The platform's own id of it, of at most 128 characters; service only. A conversation with this id is the same one
    external_id: Option<String>,
    /// The business whose support it is; the caller, who takes part as its `customer`, needs to name nobody. The platform may give a
    /// group to a business too
    business_id: Option<String>,
    /// The deal that it is to be
    flow: Option<NewFlowBody>,
}

/// The participants: those named and, unless the caller is the platform, the caller.
fn people_of(
    body: &NewConversationBody,
    caller: &Principal,
    policy: &KindPolicy,
) -> Result<Vec<(UserId, String)>, Refusal> {
    let mut people: Vec<(UserId, String)> = Vec::with_capacity(body.participants.len() + 1);
    if !caller.roles.may(Privilege::StayOutside) {
        let default = match (body.kind, &body.business_id) {
            (ConversationKind::Direct, _) => MEMBER,
            (ConversationKind::Support, Some(_)) => CUSTOMER,
            (ConversationKind::Group | ConversationKind::Support, _) => OWNER,
        };
        people.push((
            caller.id.clone(),
            body.role.clone().unwrap_or_else(|| default.to_owned()),
        ));
    }
    for (index, invited) in body.participants.iter().enumerate() {
        let at = |field: &str| format!("participants[{index}].{field}");
        let id = UserId::parse(&invited.user_id, at("user_id"))?;
        let role = invited.role.as_deref();
        role.map_or(Ok(()), |role| limits::role_at(role, at("role")))?;
        let role = invited.role.clone();
        match people.iter_mut().find(|(known, _)| *known == id) {
            Some((_, known)) => *known = role.unwrap_or_else(|| known.clone()),
            None => people.push((id, role.unwrap_or_else(|| MEMBER.to_owned()))),
        }
    }
    body.role.as_deref().map_or(Ok(()), limits::role)?;
    must_fit(body, people.len(), policy)?;
    Ok(people)
}

/// Refuses a number of people that the conversation cannot have.
fn must_fit(body: &NewConversationBody, people: usize, policy: &KindPolicy) -> Result<(), Refusal> {
    let most = body.max_participants.map(usize::from);
    match (body.kind, people) {
        (ConversationKind::Direct, 2) if most.is_none() => return Ok(()),
        (ConversationKind::Direct, _) => {
            let why = "A direct conversation has exactly two people";
            return Err(Refusal::Unprocessable(why));
        }
        (ConversationKind::Group | ConversationKind::Support, 0) => {
            return Err(Refusal::invalid("participants", "must not be empty"));
        }
        (ConversationKind::Group | ConversationKind::Support, _) => {}
    }
    most.map_or(Ok(()), |most| limits::participants(most, policy.maximum))?;
    let most = most.unwrap_or(policy.maximum);
    let fits = people <= most;
    let why = || Refusal::invalid("participants", format!("must be at most {most}"));
    fits.then_some(()).ok_or_else(why)
}

/// Refuses a conversation that cannot belong to a business.
fn may_belong(body: &NewConversationBody, caller: &Principal) -> Result<(), Refusal> {
    match body.kind {
        ConversationKind::Support => Ok(()),
        ConversationKind::Direct => Err(Refusal::Unprocessable(
            "A direct conversation belongs to no business",
        )),
        ConversationKind::Group => {
            let may = caller.roles.may(Privilege::ManageBusinesses);
            let why = "Only the platform may give a group to a business";
            may.then_some(()).ok_or(Refusal::Forbidden(why))
        }
    }
}

fn may_name(id: &str, caller: &Principal) -> Result<(), Refusal> {
    limits::required_text(id, "external_id", limits::EXTERNAL_ID_CHARACTERS)?;
    let may = caller.roles.may(Privilege::GiveExternalIds);
    let why = "Only the platform may give a conversation an external_id";
    may.then_some(()).ok_or(Refusal::Forbidden(why))
}

/// The roles that the platform gives explicitly; in an existing conversation they replace the earlier ones.
fn roles_given(body: &NewConversationBody, caller: &Principal) -> Vec<(UserId, String)> {
    if !caller.roles.may(Privilege::AssignRoles) {
        return Vec::new();
    }
    let given = |invited: &Invited| {
        let id = UserId::parse(&invited.user_id, "user_id").ok()?;
        Some((id, invited.role.clone()?))
    };
    body.participants.iter().filter_map(given).collect()
}

/// The body with the ids of those whom it names by their alias.
async fn with_ids(
    server: &AppState,
    mut body: NewConversationBody,
) -> Result<NewConversationBody, Error> {
    let named = body.participants.iter().map(|it| it.user_id.clone());
    let named: Vec<String> = named.collect();
    let read = server.deps.room.pool.run(move |connection| {
        let ids: Vec<&str> = named.iter().map(String::as_str).collect();
        users::find_all(connection, &ids)
    });
    let rows = read.await?;
    for invited in &mut body.participants {
        let is_theirs = |row: &&users::UserRow| row.alias.as_ref() == Some(&invited.user_id);
        if let Some(row) = rows.iter().find(is_theirs) {
            invited.user_id.clone_from(&row.id);
        }
    }
    Ok(body)
}

async fn numbers_of(
    server: &AppState,
    people: Vec<(UserId, String)>,
) -> Result<Vec<(UserNo, String)>, Error> {
    let found = server.deps.room.pool.run(move |connection| {
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
pub async fn create(call: Call<(), Body>) -> Result<HttpResponse, Failure> {
    let work = async {
        let body = with_ids(&call.server, call.own_body()?).await?;
        let (new, wish) = wanted(&call.server, &call.caller, body).await?;
        let made = make(&call.server, &call.caller, new, wish).await?;
        answer(&call, made.id, status_of(made.novelty)).await
    };
    call.once(work).await
}

/// The business to which the conversation shall belong.
async fn business_in(
    server: &AppState,
    caller: &Principal,
    body: &NewConversationBody,
) -> Result<Option<BusinessRef>, Failure> {
    let Some(id) = &body.business_id else {
        return Ok(None);
    };
    may_belong(body, caller)?;
    let id = BusinessId::parse(id, "business_id")?;
    let no = business_of(server, &id).await?.no;
    Ok(Some(BusinessRef { no, id }))
}

/// Refuses what needs a conversation that is there already.
fn must_be_plain(content: &Content) -> Result<(), Refusal> {
    if !content.mentions.is_empty() {
        let why = "must be absent: everybody is told of the first message";
        return Err(Refusal::invalid("first_message.mentions", why));
    }
    if content.forwards().is_some() {
        let why = "must be absent: forward into a conversation that is there";
        return Err(Refusal::invalid("first_message.forward_of", why));
    }
    if content.thread.is_some() {
        return Err(Refusal::invalid(
            "first_message.thread_id",
            "must be absent",
        ));
    }
    Ok(())
}

/// What is said at once, with its files.
async fn said_first(
    server: &AppState,
    caller: &Principal,
    message: Option<NewMessageBody>,
) -> Result<Option<Arc<Content>>, Failure> {
    let Some(message) = message else {
        return Ok(None);
    };
    let content = message.content(caller);
    let content = content.map_err(|refusal| refusal.within("first_message"))?;
    must_be_plain(&content)?;
    let content = Arc::new(content);
    Ok(Some(server.deps.attach(content, &[caller.no]).await?))
}

/// The conversation that the body describes, and what is wanted of one that is there already.
async fn wanted(
    server: &AppState,
    caller: &Arc<Principal>,
    body: NewConversationBody,
) -> Result<(NewConversation, Wish), Failure> {
    body.title.as_deref().map_or(Ok(()), |title| {
        limits::text(title, "title", limits::TITLE_CHARACTERS)
    })?;
    let policies = &server.deps.room.policies;
    let named = body.external_id.as_deref();
    named.map_or(Ok(()), |id| may_name(id, caller))?;
    let business = business_in(server, caller, &body).await?;
    let people = people_of(&body, caller, policies.of(body.kind))?;
    let assigned = roles_given(&body, caller);
    let first_message = said_first(server, caller, body.first_message).await?;
    let subject = body.subject.map(|subject| subject.check(caller));
    let subject = subject.transpose()?;
    if subject.is_some() && body.flow.is_some() && !caller.roles.may(Privilege::DescribeSubjects) {
        let why = "Only the platform may begin a deal about its subject";
        return Err(Refusal::Forbidden(why).into());
    }
    let deal = body
        .flow
        .map(|flow| flow.check(server, caller, &people))
        .transpose()?;
    let begun = match deal {
        Some(_) => Begun::Deal,
        None => Begun::Conversation(body.kind),
    };
    let mut new = NewConversation {
        id: ConversationId::fresh(),
        first_step: None,
        kind: body.kind,
        title: body.title.filter(|title| visible::shows_something(title)),
        subject,
        creator: caller.no,
        inviter: policies.inviter(caller.roles, begun),
        max_participants: body.max_participants,
        external_id: body.external_id,
        business,
        participants: numbers_of(server, people).await?,
        first_message,
    };
    if let Some(deal) = &deal {
        let now = server.deps.room.pool.clock().now();
        new.first_step = Some(deal.first_step(&new.as_new(caller, now), caller, now)?.step);
    }
    let wish = Wish {
        title: new.title.clone(),
        card: new.subject.as_ref().map(|subject| subject.card.clone()),
        roles: assigned,
        sides: Vec::new(),
        deal,
        message: None,
    };
    Ok((new, wish))
}

/// A conversation that was created or found.
pub(in crate::edge) struct Made {
    pub(in crate::edge) id: ConversationId,
    pub(in crate::edge) novelty: Novelty,
}

/// Creates a conversation with all its parts; if the same one exists, applies the request to it instead.
pub(in crate::edge) async fn make(
    server: &AppState,
    caller: &Arc<Principal>,
    mut new: NewConversation,
    mut wish: Wish,
) -> Result<Made, Failure> {
    if let Some(subject) = &mut new.subject
        && let Some(card) = platforms_card(server, subject).await?
    {
        subject.card = card;
        wish.card = Some(subject.card.clone());
    }
    let people = new.participants.iter().map(|(user, _)| *user).collect();
    match server.deps.room.journal.create(new).await? {
        Creation::Created(conversation) => {
            if wish.deal.is_some() {
                server.job_signal.notify();
            }
            let key = (conversation.id, conversation.no);
            server.deps.room.feed.created(key, people);
            announce(server, caller, &conversation).await?;
            let (id, novelty) = (conversation.id, Novelty::New);
            Ok(Made { id, novelty })
        }
        Creation::Found(conversation) => {
            wish.carry_out(server, caller, conversation.id).await?;
            let (id, novelty) = (conversation.id, Novelty::Repeated);
            Ok(Made { id, novelty })
        }
    }
}

/// What the platform has said of a subject: it wins over what a request says.
async fn platforms_card(server: &AppState, subject: &Subject) -> Result<Option<Card>, Error> {
    let key = SubjectKey {
        kind: subject.kind.clone(),
        id: subject.id.clone(),
    };
    let pool = &server.deps.room.pool;
    let read = pool.run(move |connection| subjects::find(connection, &key));
    Ok(read.await?.map(|(described, _)| described.card()))
}

/// Announces a new conversation to its participants.
async fn announce(
    server: &AppState,
    caller: &Principal,
    conversation: &Conversation,
) -> Result<(), Failure> {
    let (room, no) = (&server.deps.room, conversation.no);
    let read = room
        .pool
        .run(move |connection| replay::load(connection, Key::No(no)));
    let made = read.await?.ok_or(Refusal::ConversationNotFound)?;
    server.deps.rooms.announce_creation(room, &made, |_| true);
    log::info!(event = "conversation_created", conversation_id:% = conversation.id, user_id:% = caller.id, kind = conversation.kind.name(); "");
    Ok(())
}
