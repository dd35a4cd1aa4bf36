//! What every dialect needs over HTTP: callers, bodies, refusals, idempotency; and the routes that belong to no dialect.

mod acting;
pub mod admission;
mod answer_headers;
pub mod bearer;
mod body_clock;
pub mod call;
pub mod caller;
mod cors;
pub mod demo;
pub mod idempotent;
pub mod listening;
mod methods;
pub mod openapi;
mod operation;
pub mod origin;
mod pages;
mod peer_events;
pub mod refusals;
pub mod watch;

use actix_web::{Route, guard, web};
use notices::Notices;
use rules::RuleBook;
use std::sync::Arc;

use crate::config::{AllowedOrigins, Config};
use crate::edge::connection::connection_limits::ConnectionLimits;
use crate::edge::connection::{SessionDeps, upgrade};
use crate::edge::files::serving;
use crate::edge::http::bearer::TokenSource;
use crate::edge::webhooks::sandbox;
use crate::identity::auth::Claims;
use crate::job_signal::JobSignal;
use crate::payment::PaymentGateway;

pub(in crate::edge) use methods::own_endpoints;
pub use refusals::{Failure, Query, wrong_path};

/// What every handler can reach.
pub struct AppState {
    /// The parts that sessions use too.
    pub deps: Arc<SessionDeps>,
    /// The options.
    pub config: Config,
    /// The origins whose pages may connect.
    pub origins: AllowedOrigins,
    /// Where the token of a request is.
    pub tokens: TokenSource,
    /// The bounds on connections.
    pub limits: Arc<ConnectionLimits>,
    /// The payment gateway, if there is one.
    pub payments: PaymentGateway,
    /// The platform's events and what follows from them.
    pub rules: Arc<RuleBook>,
    /// The types of notifications.
    pub notices: Arc<Notices>,
    /// Wakes the job runner after a job was written.
    pub job_signal: JobSignal,
    /// Signs the demo's tokens; `None` without demo mode.
    pub demo_secret: Option<String>,
}

impl AppState {
    /// Signs a token with the demo's secret.
    fn mint(&self, claims: &Claims) -> Option<String> {
        self.demo_secret
            .as_deref()
            .and_then(|secret| crate::identity::auth::mint_for_demo(secret, claims).ok())
    }
}

/// The routes of no dialect: operation, documentation, the native socket, the demo's pages.
pub fn outside(routes: &mut web::ServiceConfig) {
    routes
        .route("/healthz", looking().to(operation::healthz))
        .route("/readyz", looking().to(operation::readyz))
        .route("/readyz/node", looking().to(operation::readyz_node))
        .route("/ws", web::get().to(upgrade::upgrade))
        .route("/docs", looking().to(pages::docs))
        .route("/", looking().to(pages::index))
        .route("/files/{id}/{variant}/{name}", looking().to(serving::serve))
        .route("/{path:.*}", looking().to(pages::asset))
        .default_service(web::to(methods::nothing_here));
}

/// The metrics, on the main address or on their own.
pub fn figures(routes: &mut web::ServiceConfig) {
    routes.route("/metrics", looking().to(operation::metrics));
}

/// A route for GET, and for HEAD, whose response has no body.
pub fn looking() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// The sandbox's checkout; added only if the sandbox is the gateway.
pub fn in_sandbox(routes: &mut web::ServiceConfig) {
    routes.route(
        "/sandbox/checkout/{gateway_order_id}",
        web::post().to(sandbox::check_out),
    );
}
