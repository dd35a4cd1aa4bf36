//! The events sent to the platform by webhooks, and their delivery, for operators.

use actix_web::{HttpResponse, get, post};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::conversations::limit_of;
use crate::domain::access::Privilege;
use crate::domain::limits;
use crate::domain::refusal::Refusal;
use crate::edge::http::call::Call;
use crate::edge::http::idempotent::StoredResponse;
use crate::edge::http::{Failure, Query};
use crate::edge::native::instants::instant_text;
use crate::error::Error;
use crate::store::webhook_events::{self as rows, AttemptRow, EventRow, Filter};

fn must_run_it<P>(call: &Call<P>) -> Result<(), Refusal> {
    if call.caller.roles.may(Privilege::SeeWebhookEvents) {
        return Ok(());
    }
    Err(Refusal::Forbidden(
        "Only admins and the platform may see the webhooks to the platform",
    ))
}

/// Something that the platform is told.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookEvent)]
pub struct EventView<'a> {
    /// Its id, the same in every delivery
    id: &'a str,
    /// Its type
    #[serde(rename = "type")]
    event: &'a str,
    /// The conversation
    conversation_id: Option<Uuid>,
    /// `pending`, `delivered` or `given_up`
    status: &'static str,
    /// What is posted
    #[schema(value_type = Object)]
    body: Option<&'a RawValue>,
    /// When it happened
    created_at: String,
    /// When the platform took it
    delivered_at: Option<String>,
    /// When it was tried for the last time
    given_up_at: Option<String>,
}

impl<'a> EventView<'a> {
    fn new(row: &'a EventRow, conversation_id: Option<Uuid>) -> Self {
        Self {
            id: &row.id,
            event: &row.event,
            conversation_id,
            status: match (row.delivered_at, row.given_up_at) {
                (Some(_), _) => "delivered",
                (None, Some(_)) => "given_up",
                (None, None) => "pending",
            },
            body: serde_json::from_str(&row.body).ok(),
            created_at: instant_text(row.created_at),
            delivered_at: row.delivered_at.map(instant_text),
            given_up_at: row.given_up_at.map(instant_text),
        }
    }
}

/// One attempt to deliver an event.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookAttempt)]
pub struct AttemptView<'a> {
    /// Its place, from 1
    attempt: i32,
    /// When
    at: String,
    /// What the platform answered
    status: Option<i32>,
    /// Why it did not count: `refused`, `redirected`, `gone`, `timed_out`, `unreachable`, `address_refused`, `untrusted`, …
    problem: Option<&'a str>,
    /// Milliseconds
    took_ms: i32,
}

impl<'a> AttemptView<'a> {
    fn new(row: &'a AttemptRow) -> Self {
        Self {
            attempt: row.attempt,
            at: instant_text(row.at),
            status: row.status,
            problem: row.problem.as_deref(),
            took_ms: row.took_ms,
        }
    }
}

/// What a list is narrowed by.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EventQuery {
    /// Only this type, as `deal.paid`
    #[serde(rename = "type")]
    event: Option<String>,
    /// Where the last page ended
    cursor: Option<String>,
    /// 1–100
    limit: Option<i64>,
}

pub(super) fn cursor_of<T: std::str::FromStr>(text: Option<&str>) -> Result<Option<T>, Refusal> {
    let read = |text: &str| -> Option<T> {
        let decoded = URL_SAFE_NO_PAD.decode(text).ok()?;
        String::from_utf8(decoded).ok()?.parse().ok()
    };
    let wrong = || Refusal::invalid("cursor", "is not a cursor from a list");
    text.map(|text| read(text).ok_or_else(wrong)).transpose()
}

/// The cursor after the last item of a full page.
pub(super) fn next_cursor(shown: usize, limit: i64, last: Option<i64>) -> Option<String> {
    let full = i64::try_from(shown).is_ok_and(|shown| shown == limit);
    last.filter(|_| full)
        .map(|place| URL_SAFE_NO_PAD.encode(place.to_string()))
}

/// What the platform was told, newest first (admin and service tokens)
#[utoipa::path(params(EventQuery), responses((status = 200, description = "`items`: events; `next_cursor`", body = Object), (status = 403, description = "FORBIDDEN")), security(("bearer" = [])), tag = "webhooks")]
#[get("/webhooks/events")]
pub async fn list(call: Call, query: Query<EventQuery>) -> Result<HttpResponse, Failure> {
    must_run_it(&call)?;
    let Query(query) = query;
    let limit = limit_of(query.limit)?;
    if let Some(event) = &query.event {
        limits::text(event, "type", 128)?;
    }
    let filter = Filter {
        event: query.event,
        id: None,
        before: cursor_of(query.cursor.as_deref())?,
    };
    let find = move |connection: &mut _| rows::list(connection, &filter, limit);
    let found = call.pool().run(find).await?;
    let next = next_cursor(found.len(), limit, found.last().map(|(row, _)| row.no));
    let items: Vec<_> = found
        .iter()
        .map(|(row, id)| EventView::new(row, *id))
        .collect();
    Ok(HttpResponse::Ok().json(json!({ "items": items, "next_cursor": next })))
}

async fn found(call: &Call<String>) -> Result<(EventRow, Option<Uuid>), Failure> {
    let id = call.path.clone();
    let filter = Filter {
        id: Some(id).filter(|id| !id.contains('\0')),
        ..Filter::default()
    };
    if filter.id.is_none() {
        return Err(Refusal::EventNotFound.into());
    }
    let find = move |connection: &mut _| rows::list(connection, &filter, 1);
    let found = call.pool().run(find).await?.pop();
    Ok(found.ok_or(Refusal::EventNotFound)?)
}

/// What a list of attempts is narrowed by.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AttemptQuery {
    /// Where the last page ended
    cursor: Option<String>,
    /// 1–100
    limit: Option<i64>,
}

/// How the attempts to deliver an event went, oldest first (admin and service tokens)
#[utoipa::path(params(("id" = String, Path), AttemptQuery), responses((status = 200, description = "`items`: attempts; `next_cursor`", body = Object), (status = 403, description = "FORBIDDEN"), (status = 404, description = "EVENT_NOT_FOUND")), security(("bearer" = [])), tag = "webhooks")]
#[get("/webhooks/events/{id}/attempts")]
pub async fn attempts(
    call: Call<String>,
    query: Query<AttemptQuery>,
) -> Result<HttpResponse, Failure> {
    must_run_it(&call)?;
    let Query(query) = query;
    let limit = limit_of(query.limit)?;
    let after = cursor_of(query.cursor.as_deref())?.unwrap_or(0);
    let (event, _) = found(&call).await?;
    let find = move |connection: &mut _| rows::attempts_of(connection, event.no, after, limit);
    let found = call.pool().run(find).await?;
    let last = found.last().map(|row| i64::from(row.attempt));
    let next = next_cursor(found.len(), limit, last);
    let items: Vec<_> = found.iter().map(AttemptView::new).collect();
    Ok(HttpResponse::Ok().json(json!({ "items": items, "next_cursor": next })))
}

/// Deliver an event again, under the same id (admin and service tokens)
#[utoipa::path(params(("id" = String, Path)), responses((status = 202, description = "It will be", body = Object), (status = 403, description = "FORBIDDEN"), (status = 404, description = "EVENT_NOT_FOUND")), security(("bearer" = [])), tag = "webhooks")]
#[post("/webhooks/events/{id}/redeliver")]
pub async fn redeliver(call: Call<String>) -> Result<HttpResponse, Failure> {
    must_run_it(&call)?;
    let work = async {
        let (event, conversation) = found(&call).await?;
        let no = event.no;
        let again = call.pool().run(move |connection| {
            rows::redeliver(connection, no)?;
            let row = rows::by_no(connection, no)?;
            row.ok_or(Error::Refused(Refusal::EventNotFound))
        });
        let row = again.await?;
        call.server.job_signal.notify();
        StoredResponse::json(202, &EventView::new(&row, conversation))
    };
    call.once(work).await
}
