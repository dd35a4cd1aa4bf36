//! Conversations that exist: the caller's list, hiding one, marking as read, who takes part, what is unread.

use actix_web::{HttpResponse, delete, get, put};
use serde::Deserialize;
use utoipa::IntoParams;

use super::answers::{Conversations, Data, Done, Participants, Unread};
use super::paging::PageQuery;
use crate::domain::command::{Command, Mark, Reads};
use crate::domain::conversation::Participant;
use crate::domain::ids::{ConversationId, Seq};
use crate::domain::mine::MineChange;
use crate::domain::refusal::Refusal;
use crate::domain::snapshot::UnreadCount;
use crate::edge::http::call::Call;
use crate::edge::http::{Failure, Query};
use crate::edge::native::rest::opened::Opened;
use crate::edge::parttimepays::conversation::{ConversationDocument, ConversationType};
use crate::edge::parttimepays::message::{GANG, JOB, POST};
use crate::edge::parttimepays::people::{LastSeen, participants};
use crate::error::Error;
use crate::store::paging::{self, Which};
use crate::store::{unread, users};

/// Conversations of a page, unless the query says how many.
const USUAL: i64 = 20;
/// The types of subjects that make a conversation something else than direct or a group.
const TYPES: [&str; 3] = [JOB, POST, GANG];

/// Of which type.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TypeQuery {
    /// `all`, or only of this type: `direct`, `group`, `job_related`, `community_related`, `gang_related`
    #[serde(rename = "type")]
    kind: Option<String>,
}

impl TypeQuery {
    fn which(&self) -> Result<Which, Refusal> {
        let about_none_of = &TYPES;
        let name = self.kind.as_deref().filter(|name| *name != "all");
        let Some(name) = name else {
            return Ok(Which::All);
        };
        let named = serde_json::from_value(serde_json::Value::from(name));
        Ok(match named {
            Ok(ConversationType::Direct) => Which::Direct { about_none_of },
            Ok(ConversationType::Group) => Which::Several { about_none_of },
            Ok(ConversationType::JobRelated) => Which::OfSubject(JOB),
            Ok(ConversationType::CommunityRelated) => Which::OfSubject(POST),
            Ok(ConversationType::GangRelated) => Which::OfSubject(GANG),
            Err(_) => {
                let form =
                    "must be all, direct, group, job_related, community_related or gang_related";
                return Err(Refusal::invalid("type", form));
            }
        })
    }
}

/// When these people were last here.
pub(super) fn last_seen<'a>(
    connection: &mut diesel::pg::PgConnection,
    people: impl IntoIterator<Item = &'a Participant>,
) -> Result<LastSeen, Error> {
    let mut numbers: Vec<i64> = people.into_iter().map(|person| person.no.0).collect();
    numbers.sort_unstable();
    numbers.dedup();
    users::last_seen(connection, &numbers)
}

/// The caller's conversations, newest activity first
#[utoipa::path(params(PageQuery, TypeQuery), responses((status = 200, body = Data<Conversations>), (status = 400, description = "INVALID_REQUEST")), security(("bearer" = [])), tag = "parttimepays")]
#[get("")]
pub async fn list(
    call: Call,
    page: Query<PageQuery>,
    kind: Query<TypeQuery>,
) -> Result<HttpResponse, Failure> {
    let (asked, which) = (page.0.asked(USUAL)?, kind.0.which()?);
    let user = call.caller.no;
    let read = call.pool().run(move |connection| {
        let found = paging::conversations(connection, user, which, asked.window())?;
        let people = found.items.iter().flat_map(|listed| &listed.participants);
        let seen = last_seen(connection, people)?;
        Ok((found, seen))
    });
    let (found, seen) = read.await?;
    let reader = call.server.deps.dialects.reader(user);
    let own_id = call.caller.id.as_str();
    let listed = found.items.iter();
    let documents = listed.map(|one| ConversationDocument::new(one, reader, own_id, &seen));
    Ok(HttpResponse::Ok().json(Data::of(Conversations {
        conversations: documents.collect(),
        pagination: asked.of_conversations(found.total),
    })))
}

/// Hide a conversation from the caller's list, until something is said there
#[utoipa::path(params(("id" = Uuid, Path)), responses((status = 200, body = Done), (status = 403, description = "CONVERSATION_NOT_FOUND, NOT_A_PARTICIPANT, BLOCKED")), security(("bearer" = [])), tag = "parttimepays")]
#[delete("/{id}")]
pub async fn hide(call: Call<ConversationId>) -> Result<HttpResponse, Failure> {
    let change = MineChange {
        hidden: Some(true),
        ..MineChange::default()
    };
    let command = Command::ChangeMine(change);
    call.command(call.path, command).await?;
    Ok(HttpResponse::Ok().json(Done::saying("Conversation deleted successfully")))
}

/// Everything that is there counts as read
#[utoipa::path(params(("id" = Uuid, Path)), responses((status = 200, body = Done), (status = 403, description = "CONVERSATION_NOT_FOUND, NOT_A_PARTICIPANT, BLOCKED")), security(("bearer" = [])), tag = "parttimepays")]
#[put("/{id}/read")]
pub async fn mark_read(call: Call<ConversationId>) -> Result<HttpResponse, Failure> {
    let (mark, seq) = (Mark::Seen(Reads::All), Seq::MAX);
    call.command(call.path, Command::Mark { mark, seq }).await?;
    Ok(HttpResponse::Ok().json(Done::saying("Messages marked as read")))
}

/// Who takes part
#[utoipa::path(params(("id" = Uuid, Path)), responses((status = 200, body = Data<Participants>), (status = 403, description = "CONVERSATION_NOT_FOUND, NOT_A_PARTICIPANT, BLOCKED")), security(("bearer" = [])), tag = "parttimepays")]
#[get("/{id}/participants")]
pub async fn show_people(call: Call<ConversationId>) -> Result<HttpResponse, Failure> {
    let opened = Opened::find(&call.server, &call.caller, call.path).await?;
    let read = call.pool().run(move |connection| {
        let seen = last_seen(connection, &opened.loaded.participants)?;
        Ok((opened, seen))
    });
    let (opened, seen) = read.await?;
    let directory = &call.server.deps.room.directory;
    let participants = participants(&opened.loaded.participants, &seen, directory);
    Ok(HttpResponse::Ok().json(Data::of(Participants { participants })))
}

/// How many messages of others the caller has not read
#[utoipa::path(responses((status = 200, body = Data<Unread>)), security(("bearer" = [])), tag = "parttimepays")]
#[get("")]
pub async fn count_unread(call: Call) -> Result<HttpResponse, Failure> {
    let user = call.caller.no;
    let read = call
        .pool()
        .run(move |connection| unread::of_user(connection, user));
    let counted: UnreadCount = read.await?.iter().map(|row| row.count).sum();
    let unread_count = counted.number();
    Ok(HttpResponse::Ok().json(Data::of(Unread { unread_count })))
}
