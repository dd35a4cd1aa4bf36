//! Conversations: list, show, change, count what is unread.

use actix_web::{HttpResponse, delete, get, patch};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use crate::domain::access::Requester;
use crate::domain::command::{Command, SettingsChange};
use crate::domain::conversation::{ConversationKind, ConversationStatus};
use crate::domain::ids::ConversationId;
use crate::domain::limits;
use crate::domain::refusal::Refusal;
use crate::domain::snapshot::{Listed, UnreadCount};
use crate::edge::http::call::Call;
use crate::edge::http::idempotent::StoredResponse;
use crate::edge::http::refusals::Body;
use crate::edge::http::{Failure, Query};
use crate::edge::native::views::ConversationView;
use crate::store::conversations::{self as rows, Filter, Key};
use crate::store::replay;
use crate::store::unread as unread_rows;

/// The conversation for the caller: from their list, or from outside if they are not a participant but may read it.
pub(super) async fn answer<P, B>(
    call: &Call<P, B>,
    id: ConversationId,
    status: u16,
) -> Result<StoredResponse, Failure> {
    let listed = listed(call, id).await?;
    let deps = &call.server.deps;
    let (directory, links) = (&deps.room.directory, &deps.files.links);
    let view = ConversationView::listed(&listed, call.caller.no, directory, links);
    StoredResponse::json(status, &view)
}

/// The conversation as it stands in the caller's list, or would.
pub(in crate::edge) async fn listed<P, B>(
    call: &Call<P, B>,
    id: ConversationId,
) -> Result<Listed, Failure> {
    let requester = Requester::from(&*call.caller);
    let user = requester.no;
    let found = call.pool().run(move |connection| {
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
        let loaded = replay::load(connection, Key::Id(id))?;
        let Some(loaded) = loaded else {
            return Ok(Err(Refusal::ConversationNotFound));
        };
        if let Err(denied) = loaded.access(requester) {
            return Ok(Err(denied.into()));
        }
        let loaded = loaded.seen_by(user);
        Ok(Ok(Listed {
            conversation: loaded.conversation,
            participants: loaded.participants,
            last_message: None,
            unread: UnreadCount::NOTHING,
            mine: None,
        }))
    });
    Ok(found.await??)
}

/// One conversation
#[utoipa::path(params(("id" = Uuid, Path)), responses((status = 200, body = ConversationView), (status = 403, description = "NOT_A_PARTICIPANT, BLOCKED"), (status = 404, description = "CONVERSATION_NOT_FOUND")), security(("bearer" = [])), tag = "conversations")]
#[get("/conversations/{id}")]
pub async fn show(call: Call<ConversationId>) -> Result<HttpResponse, Failure> {
    Ok(answer(&call, call.path, 200).await?.respond())
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
    /// Only the one with this id of the platform's; staff and the platform find it without taking part
    external_id: Option<String>,
    /// Only with something unread
    #[serde(default)]
    unread: bool,
    /// Only those that the caller has marked; `false`: the others
    starred: Option<bool>,
    /// Those that the caller has hidden; they are left out of other lists until something is said
    #[serde(default)]
    hidden: bool,
    /// Where the last page ended
    cursor: Option<String>,
    /// 1–100
    limit: Option<i64>,
}

/// A page's limit, within its bounds.
pub(in crate::edge) fn limit_of(limit: Option<i64>) -> Result<i64, Refusal> {
    let limit = limit.unwrap_or(50);
    (1..=100)
        .contains(&limit)
        .then_some(limit)
        .ok_or_else(|| Refusal::invalid("limit", "must be 1–100"))
}

pub(in crate::edge) fn cursor_text(at: DateTime<Utc>, no: i64) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}.{no}", at.timestamp_micros()))
}

pub(in crate::edge) fn cursor_of(text: &str) -> Result<(DateTime<Utc>, i64), Refusal> {
    let read = || {
        let decoded = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let (micros, no) = decoded.split_once('.')?;
        let micros: i64 = micros.parse().ok().filter(|micros| *micros >= 0)?;
        Some((DateTime::from_timestamp_micros(micros)?, no.parse().ok()?))
    };
    read().ok_or_else(|| Refusal::invalid("cursor", "is not a cursor from a list"))
}

/// The caller's conversations, newest activity first
#[utoipa::path(params(ListQuery), responses((status = 200, description = "`items`: conversations; `next_cursor`", body = Object)), security(("bearer" = [])), tag = "conversations")]
#[get("/conversations")]
pub async fn list(call: Call, query: Query<ListQuery>) -> Result<HttpResponse, Failure> {
    let Query(query) = query;
    let limit = limit_of(query.limit)?;
    for text in [&query.subject_type, &query.subject_id]
        .into_iter()
        .flatten()
    {
        limits::text(text, "subject", 128)?;
    }
    if let Some(id) = &query.external_id {
        return with_external_id(&call, id).await;
    }
    let filter = Filter {
        kind: query.kind,
        statuses: query.status.into_iter().collect(),
        subject_type: query.subject_type,
        subject_id: query.subject_id,
        only_unread: query.unread,
        starred: query.starred,
        hidden: Some(query.hidden),
        only: None,
        cursor: query.cursor.as_deref().map(cursor_of).transpose()?,
        offset: 0,
    };
    let user = call.caller.no;
    let found = call
        .pool()
        .run(move |connection| rows::list(connection, user, &filter, limit));
    let listed = found.await?;
    let full = listed.len() as i64 == limit;
    let next = listed
        .last()
        .filter(|_| full)
        .map(|last| cursor_text(last.conversation.updated_at, last.conversation.no.0));
    let deps = &call.server.deps;
    let (directory, links) = (&deps.room.directory, &deps.files.links);
    let items: Vec<_> = listed
        .iter()
        .map(|one| ConversationView::listed(one, user, directory, links))
        .collect();
    Ok(HttpResponse::Ok().json(json!({ "items": items, "next_cursor": next })))
}

/// A list of the conversation with this external id, if the caller may read it.
async fn with_external_id(call: &Call, id: &str) -> Result<HttpResponse, Failure> {
    limits::text(id, "external_id", limits::EXTERNAL_ID_CHARACTERS)?;
    let id = id.to_owned();
    let read = call
        .pool()
        .run(move |connection| rows::by_external_id(connection, &id));
    let Some(found) = read.await? else {
        return Ok(items_of(&[]));
    };
    let listed = match listed(call, found.id).await {
        Ok(listed) => listed,
        Err(failure) if is_hidden(failure.refusal()) => return Ok(items_of(&[])),
        Err(failure) => return Err(failure),
    };
    let deps = &call.server.deps;
    let (directory, links) = (&deps.room.directory, &deps.files.links);
    let view = ConversationView::listed(&listed, call.caller.no, directory, links);
    Ok(items_of(&[view]))
}

fn is_hidden(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::ConversationNotFound | Refusal::NotAParticipant | Refusal::Blocked
    )
}

fn items_of(views: &[ConversationView<'_>]) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "items": views, "next_cursor": null }))
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
    /// Why it is closed or archived, at most 500 characters; only with such a status
    reason: Option<String>,
    /// Seconds that people who do not manage it wait between two messages: 0 (off) to 3,600; groups and support only
    slow_seconds: Option<u16>,
    /// How many may take part at the same time; null: as many as the platform allows. Who is there already stays
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<u16>)]
    max_participants: Option<Option<u16>>,
}

/// Tells an absent field from a null one.
pub(super) fn present<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

/// Change the title, the status, slow mode or how many may take part
#[utoipa::path(request_body = ChangeBody, params(("id" = Uuid, Path)), responses((status = 200, body = ConversationView), (status = 403, description = "FORBIDDEN"), (status = 404, description = "CONVERSATION_NOT_FOUND")), security(("bearer" = [])), tag = "conversations")]
#[patch("/conversations/{id}")]
pub async fn change(call: Call<ConversationId, Body>) -> Result<HttpResponse, Failure> {
    let ChangeBody {
        title,
        status,
        reason,
        slow_seconds,
        max_participants,
    } = call.body.read()?;
    if let Some(Some(title)) = &title {
        limits::required_text(title, "title", limits::TITLE_CHARACTERS)?;
    }
    if let Some(reason) = &reason {
        limits::required_text(reason, "reason", limits::REASON_CHARACTERS)?;
    }
    let change = SettingsChange {
        title,
        status,
        reason,
        slow_seconds,
        max_participants,
    };
    if change == SettingsChange::default() {
        let why = "or status, slow_seconds or max_participants must be given";
        return Err(Refusal::invalid("title", why).into());
    }
    let command = Command::ChangeSettings(change);
    call.command(call.path, command).await?;
    Ok(answer(&call, call.path, 200).await?.respond())
}

/// Delete a conversation: from now on it is there for nobody (admin and service). Its contents are emptied after `--deleted-days`
#[utoipa::path(params(("id" = Uuid, Path)), responses((status = 204, description = "Deleted"), (status = 403, description = "FORBIDDEN"), (status = 404, description = "CONVERSATION_NOT_FOUND"), (status = 409, description = "CONFLICT: its deal is running")), security(("bearer" = [])), tag = "conversations")]
#[delete("/conversations/{id}")]
pub async fn delete(call: Call<ConversationId>) -> Result<HttpResponse, Failure> {
    call.command(call.path, Command::DeleteConversation).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// How many messages of others the caller has not read, in all and by conversation. Counting a conversation ends at 1,000, and among its newest 10,000 changes; `unread_capped` and `total_capped` say that there may be more
#[utoipa::path(responses((status = 200, description = "`total`, `conversations`; where there may be more, `total_capped` and `unread_capped`", body = Object)), security(("bearer" = [])), tag = "conversations")]
#[get("/unread")]
pub async fn unread(call: Call) -> Result<HttpResponse, Failure> {
    let user = call.caller.no;
    let rows = call
        .pool()
        .run(move |connection| unread_rows::of_user(connection, user))
        .await?;
    let total: UnreadCount = rows.iter().map(|row| row.count).sum();
    let each = rows.iter().map(|row| {
        let mut view =
            json!({ "conversation_id": row.conversation_id, "unread": row.count.number(), "mentions": row.mentions });
        row.count.note_cap(&mut view, "unread_capped");
        view
    });
    let mut all = json!({ "total": total.number(), "conversations": each.collect::<Vec<_>>() });
    total.note_cap(&mut all, "total_capped");
    Ok(HttpResponse::Ok().json(all))
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
