//! Health, readiness and metrics, for operators.

use actix_web::{HttpResponse, web};
use diesel::connection::SimpleConnection;
use serde_json::json;

use super::{AppState, Failure};
use crate::edge::connection::stage::Stage;
use crate::store::pool::explain;

/// Answers while the process runs.
pub async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "alive" }))
}

/// Answers 200 while requests can be served: the database answers, the journal runs, and the server is not stopping.
pub async fn readyz(server: web::Data<AppState>) -> HttpResponse {
    let draining = server.deps.stages.now() != Stage::Serving;
    let asked = server
        .deps
        .room
        .pool
        .run(|connection| connection.batch_execute("select 1").map_err(explain))
        .await;
    let journal = server.deps.room.journal.is_alive();
    let (wire, peers) = (server.deps.nodes.wire().name(), server.deps.nodes.peers());
    let parts = json!({ "database": asked.is_ok(), "journal": journal, "draining": draining, "wire": wire, "peers": peers });
    if asked.is_ok() && journal && !draining {
        return HttpResponse::Ok().json(json!({ "status": "ready", "checks": parts }));
    }
    HttpResponse::ServiceUnavailable()
        .insert_header(("Retry-After", "2"))
        .json(json!({ "status": "not ready", "checks": parts }))
}

/// The metrics, as Prometheus reads them.
pub async fn metrics(server: web::Data<AppState>) -> Result<HttpResponse, Failure> {
    let text = server.deps.room.metrics.render()?;
    Ok(HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(text))
}
