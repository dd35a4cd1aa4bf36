//! Receives the webhooks of payment gateways: an event is stored now and processed later. Nothing else completes a payment.

use actix_web::http::header::{CONTENT_LENGTH, HeaderMap};
use actix_web::{HttpRequest, HttpResponse, post, web};
use serde_json::json;

use crate::domain::refusal::Refusal;
use crate::edge::http::{AppState, Failure};
use crate::store::payment_events;

/// The limit of a webhook's body, in bytes; real ones have a few thousand.
const LIMIT: usize = 1 << 20;

/// What a gateway says (signed by the gateway; no token)
#[utoipa::path(request_body(content = Object, description = "As Razorpay documents it; `X-Razorpay-Signature` is the HMAC-SHA256 of the raw body"), responses((status = 200, description = "Kept, now or before"), (status = 401, description = "UNAUTHENTICATED: signed with no secret of ours"), (status = 413, description = "TOO_LARGE"), (status = 503, description = "UNAVAILABLE: to be sent again, also where the server has no gateway")), tag = "payments")]
#[post("/webhooks/razorpay")]
pub async fn razorpay(
    server: web::Data<AppState>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    let body = whole(&request, payload).await?;
    let gateway = server.payments.gateway();
    let gateway = gateway.ok_or(Refusal::Unavailable("This server has no gateway"))?;
    let signature = text(request.headers(), "x-razorpay-signature").unwrap_or_default();
    if !gateway.has_signed(&body, signature) {
        return Err(Refusal::Unauthenticated("The signature is not valid").into());
    }
    let id = text(request.headers(), "x-razorpay-event-id")
        .filter(|id| (1..=255).contains(&id.len()))
        .map(str::to_owned);
    let name = gateway.name();
    let kept = server
        .deps
        .room
        .pool
        .run(move |connection| payment_events::receive(connection, name, id.as_deref(), &body));
    if kept.await? {
        server.job_signal.notify();
    }
    Ok(HttpResponse::Ok().json(json!({ "received": true })))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The raw body, up to the limit.
async fn whole(request: &HttpRequest, payload: web::Payload) -> Result<web::Bytes, Failure> {
    let too_large = || Failure::from(Refusal::TooLarge { limit: LIMIT });
    let declared = request.headers().get(CONTENT_LENGTH);
    let declared = declared.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|length| length > LIMIT) {
        return Err(too_large());
    }
    let read = payload.to_bytes_limited(LIMIT).await;
    let read = read.map_err(|_| too_large())?;
    read.map_err(|_| Refusal::invalid("body", "ended early").into())
}
