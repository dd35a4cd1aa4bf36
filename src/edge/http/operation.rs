//! Health, readiness and metrics, for operators.

use actix_web::{HttpResponse, web};
use serde::Serialize;
use serde_json::{Value, json};

use super::{AppState, Failure};
use crate::edge::connection::stage::Stage;
use crate::store::health::respond;

/// Answers while the process runs.
pub async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "alive" }))
}

/// Answers 200 while requests can be served: the database answers, the journal runs, and the server is not stopping.
pub async fn readyz(server: web::Data<AppState>) -> HttpResponse {
    let checks = NodeChecks::of(&server);
    let NodeChecks {
        journal, draining, ..
    } = checks;
    let asked = server.deps.room.pool.run(respond).await;
    let (wire, peers) = (server.deps.nodes.wire().name(), server.deps.nodes.peers());
    let parts = json!({ "database": asked.is_ok(), "journal": journal, "draining": draining, "wire": wire, "peers": peers });
    if asked.is_ok() && journal && !draining {
        return HttpResponse::Ok().json(json!({ "status": "ready", "checks": parts }));
    }
    not_ready(parts)
}

/// What a load balancer needs to know of this node. The database is not part of it: while it is away no other node can do more.
#[derive(Serialize)]
struct NodeChecks {
    journal: bool,
    draining: bool,
    /// Whether it hears the other servers, or has waited for that long enough.
    peers_met: bool,
}

impl NodeChecks {
    fn of(server: &AppState) -> Self {
        Self {
            journal: server.deps.room.journal.is_alive(),
            draining: server.deps.stages.now() != Stage::Serving,
            peers_met: server.deps.nodes.are_met(),
        }
    }

    fn is_ready(&self) -> bool {
        self.journal && !self.draining && self.peers_met
    }
}

/// Answers 200 while a load balancer may send new connections to this node, also while the database is away: if a balancer took
/// nodes out for that, all sockets of all nodes would be closed at once.
pub async fn readyz_node(server: web::Data<AppState>) -> HttpResponse {
    let checks = NodeChecks::of(&server);
    if checks.is_ready() {
        return HttpResponse::Ok().json(json!({ "status": "ready", "checks": checks }));
    }
    not_ready(json!(checks))
}

fn not_ready(checks: Value) -> HttpResponse {
    HttpResponse::ServiceUnavailable()
        .insert_header(("Retry-After", "2"))
        .json(json!({ "status": "not ready", "checks": checks }))
}

/// The metrics, as Prometheus reads them.
pub async fn metrics(server: web::Data<AppState>) -> Result<HttpResponse, Failure> {
    let text = server.deps.room.metrics.render()?;
    Ok(HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(text))
}
