//! `Idempotency-Key`: the same key with the same request answers the first result.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use sha2::{Digest, Sha256};

use super::{AppState, Failure};
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::store::idempotency::{self, Claim};

/// A response that can be stored: status and JSON text.
pub struct StoredResponse {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: String,
}

impl StoredResponse {
    /// A response with this value as JSON.
    pub fn json(status: u16, value: &impl serde::Serialize) -> Result<Self, Failure> {
        let body = serde_json::to_string(value).map_err(crate::error::Error::internal)?;
        Ok(Self { status, body })
    }

    /// The response to send.
    pub fn respond(self) -> HttpResponse {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        HttpResponse::build(status)
            .content_type("application/json")
            .body(self.body)
    }
}

fn key_of(request: &HttpRequest) -> Result<Option<String>, Refusal> {
    let Some(header) = request.headers().get("idempotency-key") else {
        return Ok(None);
    };
    let key = header
        .to_str()
        .ok()
        .filter(|key| (1..=255).contains(&key.len()));
    let form = "must be 1–255 visible ASCII characters";
    key.map(|key| Some(key.to_owned()))
        .ok_or_else(|| Refusal::invalid("Idempotency-Key", form))
}

/// Runs `work`, or returns the stored response of the first request with the same key. Only successful responses are stored: after
/// a failure, the key can be used again.
pub async fn once(
    server: &AppState,
    caller: &Principal,
    request: &HttpRequest,
    body: &str,
    work: impl Future<Output = Result<StoredResponse, Failure>>,
) -> Result<HttpResponse, Failure> {
    let Some(key) = key_of(request)? else {
        return work.await.map(StoredResponse::respond);
    };
    let (pool, user) = (&server.deps.room.pool, caller.no);
    let fingerprint = fingerprint(request, body);
    let claimed = key.clone();
    match pool
        .run(move |connection| idempotency::claim(connection, user, &claimed, &fingerprint))
        .await?
    {
        Claim::Answered(status, body) => return Ok(StoredResponse { status, body }.respond()),
        Claim::Different => {
            return Err(
                Refusal::Conflict("This Idempotency-Key was used for another request").into(),
            );
        }
        Claim::Underway => {
            return Err(Refusal::Unavailable(
                "The first request with this Idempotency-Key is under way",
            )
            .into());
        }
        Claim::Fresh => {}
    }
    match work.await {
        Ok(kept) => {
            let (status, body) = (kept.status, kept.body.clone());
            pool.run(move |connection| idempotency::keep(connection, user, &key, status, &body))
                .await?;
            Ok(kept.respond())
        }
        Err(failure) => {
            pool.run(move |connection| idempotency::release(connection, user, &key))
                .await?;
            Err(failure)
        }
    }
}

fn fingerprint(request: &HttpRequest, body: &str) -> String {
    let digest = Sha256::digest(format!("{} {}\n{body}", request.method(), request.path()));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
