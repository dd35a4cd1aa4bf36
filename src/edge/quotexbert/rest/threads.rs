//! Threads: the caller's list, and hiding one.

use actix_web::{HttpResponse, delete, get};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::given;
use crate::domain::command::Command;
use crate::domain::ids::ConversationId;
use crate::domain::mine::MineChange;
use crate::domain::snapshot::Listed;
use crate::edge::http::call::Call;
use crate::edge::http::{Failure, Query};
use crate::edge::native::rest::conversations::{cursor_of, cursor_text};
use crate::edge::quotexbert::LEAD;
use crate::edge::quotexbert::addresses::Addresses;
use crate::edge::quotexbert::lead::ThreadRow;
use crate::edge::quotexbert::message::{MessageRow, Moves};
use crate::edge::quotexbert::people::ThreadPeople;
use crate::store::conversations::{self as rows, Filter};

/// Threads of an answer.
const MOST: i64 = 100;

/// Whose threads.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct ListQuery {
    /// Must be the caller: their id or their alias
    user_id: Option<String>,
    /// Where the last answer ended
    cursor: Option<String>,
}

/// The caller's threads.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = QuotexbertThreads)]
pub struct Threads<'a> {
    /// Newest activity first, at most 100
    threads: Vec<ThreadRow>,
    /// The caller's id, by which they know their own messages
    self_user_id: &'a str,
    /// Where the rest begins; null if there is none
    next_cursor: Option<String>,
}

/// The caller's threads about leads, newest activity first
#[utoipa::path(params(ListQuery), responses((status = 200, body = Threads), (status = 400, description = "UNPROCESSABLE: User ID required"), (status = 403, description = "IDENTITY_MISMATCH")), security(("bearer" = [])), tag = "quotexbert")]
#[get("")]
pub async fn list(call: Call, query: Query<ListQuery>) -> Result<HttpResponse, Failure> {
    let Query(ListQuery { user_id, cursor }) = query;
    let user_id = given(user_id, "User ID required")?;
    call.caller.must_be_alone(Some(&user_id))?;
    let filter = Filter {
        subject_type: Some(LEAD.to_owned()),
        hidden: Some(false),
        cursor: cursor.as_deref().map(cursor_of).transpose()?,
        ..Filter::default()
    };
    let user = call.caller.no;
    let read = call.pool().run(move |connection| {
        let found = rows::list(connection, user, &filter, MOST)?;
        let people = found.iter().flat_map(|listed| &listed.participants);
        let addresses = Addresses::read(connection, user, people)?;
        Ok((found, addresses))
    });
    let (found, addresses) = read.await?;
    let last = found.last().filter(|_| found.len() as i64 == MOST);
    let next = last.map(|last| cursor_text(last.conversation.updated_at, last.conversation.no.0));
    Ok(HttpResponse::Ok().json(Threads {
        threads: found
            .iter()
            .map(|listed| row(&call, listed, &addresses))
            .collect(),
        self_user_id: call.caller.id.as_str(),
        next_cursor: next,
    }))
}

/// A thread as it stands in the caller's list.
pub(super) fn row<P, B>(call: &Call<P, B>, listed: &Listed, addresses: &Addresses) -> ThreadRow {
    let conversation = &listed.conversation;
    let system = &call.server.config.dialects.system_user_id;
    let people = ThreadPeople::new(&listed.participants, &call.caller, addresses, system);
    let newest = listed.last_message.as_ref();
    let newest = newest.filter(|message| message.deleted_at.is_none());
    let newest =
        newest.map(|message| MessageRow::new(message, conversation.id, &people, &Moves::default()));
    ThreadRow::new(conversation, &people, newest, listed.unread.number())
}

/// Hide a thread from the caller's list, until something is said there
#[utoipa::path(params(("id" = Uuid, Path)), responses((status = 200, description = "`success`", body = Object), (status = 403, description = "NOT_A_PARTICIPANT, BLOCKED"), (status = 404, description = "CONVERSATION_NOT_FOUND")), security(("bearer" = [])), tag = "quotexbert")]
#[delete("/{id}")]
pub async fn hide(call: Call<ConversationId>) -> Result<HttpResponse, Failure> {
    let change = MineChange {
        hidden: Some(true),
        ..MineChange::default()
    };
    let command = Command::ChangeMine(change);
    call.command(call.path, command).await?;
    Ok(HttpResponse::Ok().json(json!({ "success": true })))
}
