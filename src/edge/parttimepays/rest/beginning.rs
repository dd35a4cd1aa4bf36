//! Begins a conversation, or finds the one that the same people have about the same thing.

use actix_web::{HttpResponse, post};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::answers::{Data, OneConversation};
use super::conversations::last_seen;
use crate::domain::access::Privilege;
use crate::domain::access::policies::Begun;
use crate::domain::conversation::{ConversationKind, MEMBER, OWNER, Subject};
use crate::domain::ids::{ConversationId, UserId, UserNo};
use crate::domain::limits;
use crate::domain::refusal::Refusal;
use crate::domain::visible;
use crate::edge::http::Failure;
use crate::edge::http::call::Call;
use crate::edge::http::idempotent::StoredResponse;
use crate::edge::http::refusals::Body;
use crate::edge::native::rest::conversations::listed;
use crate::edge::native::rest::creating::make;
use crate::edge::native::rest::found::Wish;
use crate::edge::parttimepays::conversation::{ConversationDocument, ConversationType};
use crate::edge::parttimepays::message::{GANG, JOB, POST};
use crate::edge::parttimepays::sending::given;
use crate::store::creation::NewConversation;
use crate::store::users;

/// The type of the subject of a group that is about nothing: its people. By it the same people find their group again.
const PEOPLE: &str = "people";

const TOO_FEW: Refusal = Refusal::Unprocessable("At least 2 participants are required");
const TOO_MANY: Refusal = Refusal::Unprocessable("A direct conversation has exactly two people");

/// A conversation to begin.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PartTimePaysNewConversation)]
pub struct BeginBody {
    /// The platform's ids of the others; the caller takes part without being named, unless it is the platform
    #[serde(default)]
    participants: Vec<String>,
    /// What it is; `direct` without it
    conversation_type: Option<ConversationType>,
    /// What it is called
    title: Option<String>,
    /// The platform's id of the job that it is about
    job: Option<String>,
    /// The platform's id of the post that it is about
    community_post: Option<String>,
    /// The platform's id of the gang whose it is
    gang_id: Option<String>,
}

impl BeginBody {
    /// What the conversation is about: the first of the ids that are given.
    fn subject(&self) -> Result<Option<Subject>, Refusal> {
        let ids = [
            (JOB, "job", &self.job),
            (POST, "communityPost", &self.community_post),
            (GANG, "gangId", &self.gang_id),
        ];
        let mut named = ids.into_iter();
        let named = named.find_map(|(kind, field, id)| Some((kind, field, given(id.clone())?)));
        let Some((kind, field, id)) = named else {
            return Ok(None);
        };
        limits::required_text(&id, field, 128)?;
        Ok(Some(Subject {
            kind: kind.to_owned(),
            id,
            card: Value::Null,
        }))
    }

    /// The people, each once; the caller first.
    fn people(&self, caller: Option<&UserId>) -> Result<Vec<UserId>, Refusal> {
        let mut people: Vec<UserId> = caller.into_iter().cloned().collect();
        for (index, id) in self.participants.iter().enumerate() {
            let id = UserId::parse(id, format!("participants[{index}]"))?;
            if !people.contains(&id) {
                people.push(id);
            }
        }
        Ok(people)
    }

    /// Two people talk directly, unless they want a group.
    fn kind(&self, people: usize) -> Result<ConversationKind, Refusal> {
        match (self.conversation_type, people) {
            (_, 0 | 1) => Err(TOO_FEW),
            (Some(ConversationType::Group), _) => Ok(ConversationKind::Group),
            (_, 2) => Ok(ConversationKind::Direct),
            (Some(ConversationType::Direct) | None, _) => Err(TOO_MANY),
            (Some(_), _) => Ok(ConversationKind::Group),
        }
    }
}

/// The subject of a group that is about nothing.
fn people_themselves(numbers: &[UserNo]) -> Subject {
    let mut numbers: Vec<i64> = numbers.iter().map(|user| user.0).collect();
    numbers.sort_unstable();
    let digest = Sha256::digest(format!("{numbers:?}"));
    let hex = digest.iter().take(16).map(|byte| format!("{byte:02x}"));
    Subject {
        kind: PEOPLE.to_owned(),
        id: hex.collect(),
        card: Value::Null,
    }
}

/// Begin a conversation, or get the one that is there: two people have one direct conversation, a group has one about each thing, and one about nothing
#[utoipa::path(request_body = BeginBody, responses((status = 201, body = Data<OneConversation>, description = "New, or there already"), (status = 400, description = "INVALID_REQUEST; UNPROCESSABLE: At least 2 participants are required"), (status = 403, description = "UNREACHABLE, NOT_A_PARTICIPANT, BLOCKED"), (status = 404, description = "USER_NOT_FOUND")), security(("bearer" = [])), tag = "parttimepays")]
#[post("")]
pub async fn begin(call: Call<(), Body>) -> Result<HttpResponse, Failure> {
    let work = async {
        let body: BeginBody = call.body.read()?;
        let new = wanted(&call, body).await?;
        let made = make(&call.server, &call.caller, new, Wish::default()).await?;
        let listed = listed(&call, made.id).await?;
        let people = listed.participants.clone();
        let read = call
            .pool()
            .run(move |connection| last_seen(connection, &people));
        let seen = read.await?;
        let reader = call.server.deps.dialects.reader(call.caller.no);
        let own_id = call.caller.id.as_str();
        let conversation = ConversationDocument::new(&listed, reader, own_id, &seen);
        let message = "Conversation created successfully";
        let answer = Data::saying(message, OneConversation { conversation });
        StoredResponse::json(201, &answer)
    };
    call.once(work).await
}

async fn wanted(call: &Call<(), Body>, body: BeginBody) -> Result<NewConversation, Failure> {
    let (caller, policies) = (&call.caller, &call.server.deps.room.policies);
    let title = given(body.title.clone());
    title.as_deref().map_or(Ok(()), |title| {
        limits::text(title, "title", limits::TITLE_CHARACTERS)
    })?;
    let takes_part = !caller.roles.may(Privilege::StayOutside);
    let people = body.people(takes_part.then_some(&caller.id))?;
    let kind = body.kind(people.len())?;
    let most = policies.of(kind).maximum;
    limits_people(people.len(), most)?;
    let subject = body.subject()?;
    let numbers = numbers_of(call, people).await?;
    let subject = match (kind, subject) {
        (ConversationKind::Group, None) => Some(people_themselves(&numbers)),
        (_, subject) => subject,
    };
    let role = |user: &UserNo| match (kind, *user == caller.no) {
        (ConversationKind::Group, true) => OWNER,
        _ => MEMBER,
    };
    Ok(NewConversation {
        id: ConversationId::fresh(),
        kind,
        title: title.filter(|title| visible::shows_something(title)),
        subject,
        creator: caller.no,
        inviter: policies.inviter(caller.roles, Begun::Conversation(kind)),
        max_participants: None,
        external_id: None,
        business: None,
        participants: numbers
            .iter()
            .map(|user| (*user, role(user).to_owned()))
            .collect(),
        first_message: None,
        first_step: None,
    })
}

fn limits_people(people: usize, most: usize) -> Result<(), Refusal> {
    match people <= most {
        true => Ok(()),
        false => Err(Refusal::invalid(
            "participants",
            format!("must be at most {most}"),
        )),
    }
}

async fn numbers_of(call: &Call<(), Body>, people: Vec<UserId>) -> Result<Vec<UserNo>, Failure> {
    let found = call.pool().run(move |connection| {
        let ids: Vec<&str> = people.iter().map(UserId::as_str).collect();
        Ok((users::find_all(connection, &ids)?, people))
    });
    let (rows, people) = found.await?;
    let number = |id: &UserId| {
        let row = rows.iter().find(|row| row.id == id.as_str());
        row.map(|row| UserNo(row.no))
            .ok_or_else(|| Refusal::UserNotFound(id.to_string()).into())
    };
    people.iter().map(number).collect()
}
