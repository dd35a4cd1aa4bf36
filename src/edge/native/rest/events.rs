//! The platform's events: told here, and listed with what rules made of them.

mod body;
mod telling;

use actix_web::{HttpResponse, get, post};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use super::conversations::limit_of;
use super::webhook_events::{cursor_of, next_cursor};
use crate::domain::access::Privilege;
use crate::domain::event::read_batch;
use crate::domain::limits;
use crate::domain::refusal::Refusal;
use crate::edge::http::call::{Call, FromPath};
use crate::edge::http::{Failure, Query};
use crate::edge::native::instants::instant_text;
use crate::error::Error;
use crate::store::events::{self as rows, EventRow, Filter, RunRow};
use body::EventsBody;

/// Tell what happened on the platform: a CloudEvents 1.0 object, a batch of up to 500, or the same without `specversion` (service tokens)
#[utoipa::path(request_body(content = Object, description = "An event or a list of events: `source`, `id`, `type`, `time`, `actor`, `subject`, `data`, `undoes`"), responses((status = 200, description = "`accepted`, `known`, `refused`: numbers; `results`: for each event its `id` and `status`, what was not stored (`dropped`), and why it is refused (`error`)", body = Object), (status = 400, description = "INVALID_REQUEST"), (status = 403, description = "FORBIDDEN"), (status = 413, description = "TOO_LARGE")), security(("bearer" = [])), tag = "events")]
#[post("/events")]
pub async fn tell(call: Call<(), EventsBody>) -> Result<HttpResponse, Failure> {
    if !call.caller.roles.may(Privilege::TellEvents) {
        let why = "Only the platform tells events: it needs a token with the role service";
        return Err(Refusal::Forbidden(why).into());
    }
    let now = call.pool().clock().now();
    let told = read_batch(call.body.text(), &call.server.rules, now)?;
    let results = telling::accept(&call.server, told, now).await?;
    call.server.job_signal.notify();
    Ok(HttpResponse::Ok().json(results))
}

fn may_see<P, B>(call: &Call<P, B>) -> Result<(), Refusal> {
    match call.caller.roles.may(Privilege::SeeEvents) {
        true => Ok(()),
        false => Err(Refusal::Forbidden(
            "Only admins and the platform may see events",
        )),
    }
}

/// Something that happened on the platform.
#[derive(Serialize, ToSchema)]
#[schema(as = Event)]
pub struct EventView<'a> {
    /// Where it comes from
    source: &'a str,
    /// Its id there
    id: &'a str,
    /// Its type
    #[serde(rename = "type")]
    event_type: &'a str,
    /// Who did it
    actor: Option<&'a str>,
    /// What it is about: a type and an id
    subject: Option<String>,
    /// When it happened
    time: String,
    /// When it was accepted
    accepted_at: String,
    /// The id of the event that it withdraws
    undoes: Option<&'a str>,
    /// Its declared data, for 90 days at most
    #[schema(value_type = Option<Object>)]
    data: Option<&'a Value>,
    /// `pending` or `handled`
    status: &'static str,
}

impl<'a> EventView<'a> {
    fn new(row: &'a EventRow, actor: Option<&'a str>) -> Self {
        Self {
            source: &row.source,
            id: &row.id,
            event_type: &row.event_type,
            actor,
            subject: row.subject().map(|subject| subject.to_string()),
            time: instant_text(row.at),
            accepted_at: instant_text(row.accepted_at),
            undoes: row.undoes.as_deref(),
            data: row.data.as_ref(),
            status: match row.handled_at {
                Some(_) => "handled",
                None => "pending",
            },
        }
    }
}

/// What a rule made of an event.
#[derive(Serialize, ToSchema)]
#[schema(as = RuleRun)]
pub struct RunView<'a> {
    /// The rule: its file's name and its own
    rule: &'a str,
    /// `pending`, `done`, `skipped` or `failed`
    status: &'a str,
    /// How often it was put off
    attempts: i32,
    /// When it runs, where that is later than the event
    due_at: Option<String>,
    /// Why it was skipped, with the values of the condition, or why it failed
    #[schema(value_type = Option<Object>)]
    detail: Option<&'a Value>,
}

impl<'a> RunView<'a> {
    fn new(row: &'a RunRow) -> Self {
        Self {
            rule: &row.rule,
            status: &row.status,
            attempts: row.attempts,
            due_at: row.due_at.map(instant_text),
            detail: row.detail.as_ref(),
        }
    }
}

/// What a list is narrowed by.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EventQuery {
    /// Only this type, as `order.placed`
    #[serde(rename = "type")]
    event_type: Option<String>,
    /// Where the last page ended
    cursor: Option<String>,
    /// 1–100
    limit: Option<i64>,
}

/// What happened on the platform, newest first (admin and service tokens)
#[utoipa::path(params(EventQuery), responses((status = 200, description = "`items`: events; `next_cursor`", body = Object), (status = 403, description = "FORBIDDEN")), security(("bearer" = [])), tag = "events")]
#[get("/events")]
pub async fn list(call: Call, query: Query<EventQuery>) -> Result<HttpResponse, Failure> {
    may_see(&call)?;
    let Query(query) = query;
    let limit = limit_of(query.limit)?;
    if let Some(event_type) = &query.event_type {
        limits::text(event_type, "type", 128)?;
    }
    let filter = Filter {
        event_type: query.event_type,
        before: cursor_of(query.cursor.as_deref())?,
    };
    let find = move |connection: &mut _| rows::list(connection, &filter, limit);
    let found = call.pool().run(find).await?;
    let next = next_cursor(found.len(), limit, found.last().map(|(row, _)| row.no));
    let items: Vec<_> = found
        .iter()
        .map(|(row, actor)| EventView::new(row, actor.as_deref()))
        .collect();
    Ok(HttpResponse::Ok().json(json!({ "items": items, "next_cursor": next })))
}

/// The source and the id in a path; a slash in them is written `%2F`.
pub struct EventKey {
    source: String,
    id: String,
}

impl FromPath for EventKey {
    type Parts = (String, String);
    fn parse((source, id): (String, String)) -> Result<Self, Refusal> {
        let plain = |text: String| text.replace("%2F", "/").replace("%2f", "/");
        let (source, id) = (plain(source), plain(id));
        match source.contains('\0') || id.contains('\0') {
            true => Err(Refusal::EventNotFound),
            false => Ok(Self { source, id }),
        }
    }
}

/// An event, and what each rule made of it (admin and service tokens)
#[utoipa::path(params(("source" = String, Path, description = "A slash in it is written %2F"), ("id" = String, Path)), responses((status = 200, description = "The event, and `rules`", body = EventView), (status = 403, description = "FORBIDDEN"), (status = 404, description = "EVENT_NOT_FOUND")), security(("bearer" = [])), tag = "events")]
#[get("/events/{source}/{id}")]
pub async fn show(call: Call<EventKey>) -> Result<HttpResponse, Failure> {
    may_see(&call)?;
    let (source, id) = (call.path.source.clone(), call.path.id.clone());
    let read = call.pool().run(move |connection| {
        let found = rows::find(connection, &source, &id)?;
        let (event, actor) = found.ok_or(Error::Refused(Refusal::EventNotFound))?;
        let runs = rows::runs_of(connection, event.no)?;
        Ok((event, actor, runs))
    });
    let (event, actor, runs) = read.await?;
    let view = EventView::new(&event, actor.as_deref());
    let mut shown = serde_json::to_value(view).map_err(Error::internal)?;
    let runs: Vec<_> = runs.iter().map(RunView::new).collect();
    if let Some(fields) = shown.as_object_mut() {
        fields.insert("rules".to_owned(), json!(runs));
    }
    Ok(HttpResponse::Ok().json(shown))
}
