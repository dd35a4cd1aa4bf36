//! The sandbox's checkout: its visitor decides how the payment ends. It exists only if the sandbox is the gateway. It changes no
//! deal: the sandbox posts its webhooks like any gateway.

use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::json;
use std::time::Duration;

use crate::domain::job::Job;
use crate::domain::refusal::Refusal;
use crate::edge::http::origin::is_welcome;
use crate::edge::http::refusals::Body;
use crate::edge::http::{AppState, Failure};
use crate::payment::Gateway;
use crate::payment::sandbox::{CheckoutEnd, SandboxEvent};
use crate::store::{jobs, orders};

/// The outcome that the visitor chooses.
#[derive(Deserialize)]
pub struct CheckoutBody {
    outcome: Outcome,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Success,
    Failure,
}

/// There is no token here, so a page of another origin is refused by its origin, and a form by its content type.
fn must_be_welcome(server: &AppState, request: &HttpRequest) -> Result<(), Refusal> {
    if !is_welcome(request, &server.origins) {
        return Err(Refusal::OriginRefused);
    }
    if !request
        .content_type()
        .eq_ignore_ascii_case("application/json")
    {
        return Err(Refusal::invalid("Content-Type", "must be application/json"));
    }
    Ok(())
}

/// Ends a checkout with the visitor's outcome.
pub async fn check_out(
    server: web::Data<AppState>,
    request: HttpRequest,
    path: web::Path<String>,
    body: Body,
) -> Result<HttpResponse, Failure> {
    must_be_welcome(&server, &request)?;
    let sandbox = server.payments.sandbox().ok_or(Refusal::RouteNotFound)?;
    let CheckoutBody { outcome } = body.read()?;
    let order = path.into_inner();
    let end = match outcome {
        Outcome::Success => CheckoutEnd::Success,
        Outcome::Failure => CheckoutEnd::Failure,
    };
    let attempt = uuid::Uuid::now_v7().to_string();
    let at = server.deps.room.clock.since_1970().as_secs() as i64;
    let events = sandbox.check_out(&order, end, &attempt, at);
    let posted = |event: SandboxEvent| (event.id, event.body);
    let events = events.ok_or(Refusal::OrderNotFound)?;
    let post = Job::SandboxEvents {
        events: events.into_iter().map(posted).collect(),
    };
    let name = sandbox.name();
    let written = server.deps.room.pool.run(move |connection| {
        let row = orders::by_gateway_id(connection, name, &order)?;
        let row = row.ok_or(Refusal::OrderNotFound)?;
        if row.status != "created" {
            return Err(Refusal::Conflict("This order is paid already").into());
        }
        jobs::add(connection, None, &post, Duration::ZERO).map(drop)
    });
    written.await?;
    server.job_signal.notify();
    Ok(HttpResponse::Accepted().json(json!({ "accepted": true })))
}
