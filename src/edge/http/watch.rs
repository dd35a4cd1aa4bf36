//! Wraps every request: admission by address, the limit on its body's time, headers of the response, metrics by route pattern.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    CONTENT_ENCODING, HeaderMap, HeaderName, HeaderValue, UPGRADE, VARY,
};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, web};
use std::time::Instant;

use super::body_clock::{Allowance, BodyClock, Holding};
use super::caller::Source;
use super::{AppState, Failure, answer_headers, cors, refusals};
use crate::domain::refusal::Refusal;
use crate::edge::connection::connection_limits::AddressPermit;
use crate::edge::files::tus;

/// The path of Engine.IO, without a slash at its end. It answers CORS itself, and HEAD is not mapped to GET there: a GET takes
/// packets.
const ENGINE: &str = "/socket.io";
/// The path that files are uploaded to.
pub const UPLOADS: &str = "/api/v1/files";
/// The header of the protocol of resumable uploads, which every answer of it has.
const TUS_RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");

/// Admits or refuses a request, and records its outcome.
pub async fn watch(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(server) = request.app_data::<web::Data<AppState>>().cloned() else {
        let answered = next.call(request).await;
        return answered.map(ServiceResponse::map_into_boxed_body);
    };
    let begun = server.deps.room.clock.now();
    let method = label_of(request.method());
    let origin = cors::origin_of(request.headers());
    let speaks_tus = request.path().starts_with(UPLOADS) && tus::is_spoken(request.headers());
    let (mut response, route) = match look_at(&server, &request) {
        Ok(permit) => {
            let response = pass(&server, request, next, permit).await?;
            let route = response.request().match_pattern();
            (response, route.unwrap_or_else(|| "none".to_owned()))
        }
        Err(refused) => {
            // Not by `into_response`, which forgets the error that the response was made of.
            let (request, _) = request.into_parts();
            let response = in_dialect(&server, ServiceResponse::new(request, *refused));
            (response, "any".to_owned())
        }
    };
    note(&server, method, &route, begun, &response);
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        let headers = response.headers_mut();
        if !headers.contains_key(VARY) {
            cors::expose(headers, origin.as_ref(), &server.origins);
        }
        if speaks_tus {
            headers.insert(TUS_RESUMABLE, HeaderValue::from_static(tus::VERSION));
        }
        answer_headers::complete(headers);
    }
    Ok(response)
}

/// Decides what is known before routing: a refusal, the answer to a preflight, or the place that a forwarded request takes in its
/// address's bound.
fn look_at(
    server: &AppState,
    request: &ServiceRequest,
) -> Result<Option<AddressPermit>, Box<HttpResponse>> {
    let refused = |refusal: Refusal| Box::new(HttpResponse::from_error(Failure::from(refusal)));
    let source = Source::of(request.request(), &server.config.rates.trusted_proxies);
    let mut permit = None;
    if let Some(source) = source {
        let pace = &server.deps.rate_limits;
        let paced = match is_poll(request) {
            true => pace.poll(source.address),
            false => pace.address(source.address),
        };
        paced.map_err(refused)?;
        if source.is_forwarded {
            let limits = &server.limits;
            permit = limits.forwarded(source.address).map_err(|crowded| {
                let refusals = &server.deps.refusals;
                let (why, from) = (crowded.message(), source.address.to_string());
                refusals.note("connection_refused", why, &from);
                refused(Refusal::Unavailable(why))
            })?;
        }
    }
    let (method, headers) = (request.method(), request.headers());
    if request.path() != ENGINE
        && let Some(response) = cors::preflight(server, method, headers)
    {
        return Err(Box::new(response));
    }
    if is_encoded(headers) {
        return Err(refused(Refusal::EncodingNotSupported));
    }
    Ok(permit)
}

/// Runs the request with its body timed. A forwarded request holds its permit until the response is sent.
async fn pass(
    server: &AppState,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
    permit: Option<AddressPermit>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let clock = match becomes_socket(&request) {
        true => None,
        false => {
            let allowance = match is_upload(&request) {
                true => Allowance::of_upload(),
                false => Allowance::new(&server.config.bounds),
            };
            let clock = &server.deps.room.clock;
            BodyClock::start(&mut request, allowance, clock.clone())
        }
    };
    if request.method() == Method::HEAD && request.path() != ENGINE {
        // A HEAD is handled as a GET; the response is written without its body, because the writer knows the original method.
        request.head_mut().method = Method::GET;
    }
    let response = next.call(request).await?.map_into_boxed_body();
    let response = match clock {
        Some(clock) => clock.conclude(response),
        None => response,
    };
    let response = in_dialect(server, response);
    Ok(match permit {
        Some(permit) => response.map_body(|_, body| {
            let _held = permit;
            BoxBody::new(Holding { body, _held })
        }),
        None => response,
    })
}

/// A refusal in the form of the dialect whose path was asked; every other response as it is.
fn in_dialect(server: &AppState, response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let path = response.request().path();
    match server.deps.dialects.refusal_form(path) {
        Some(form) => refusals::in_form(response, form),
        None => response,
    }
}

/// Whether the request asks for an upgrade: then no body follows its head.
fn becomes_socket(request: &ServiceRequest) -> bool {
    let upgrade = request.headers().get(UPGRADE);
    let upgrade = upgrade.and_then(|upgrade| upgrade.to_str().ok());
    let is_socket = upgrade.is_some_and(|upgrade| upgrade.trim().eq_ignore_ascii_case("websocket"));
    request.method() == Method::GET && is_socket
}

/// Whether the body is a file.
fn is_upload(request: &ServiceRequest) -> bool {
    let below = request.path().strip_prefix(UPLOADS);
    match *request.method() {
        Method::POST => below == Some(""),
        Method::PATCH => below.is_some_and(|below| below.starts_with('/')),
        _ => false,
    }
}

/// Whether the body has a content encoding, such as gzip.
fn is_encoded(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(CONTENT_ENCODING);
    values.any(|value| {
        let names = value.to_str().unwrap_or("?").split(',');
        let mut names = names.map(str::trim).filter(|name| !name.is_empty());
        names.any(|name| !name.eq_ignore_ascii_case("identity"))
    })
}

/// Whether the request names an Engine.IO session.
fn is_poll(request: &ServiceRequest) -> bool {
    let mut pairs = request.query_string().split('&');
    request.path() == ENGINE && pairs.any(|pair| pair.starts_with("sid="))
}

/// The method as a label: one for each method that a route uses, and one for all others.
fn label_of(method: &Method) -> &'static str {
    const TAKEN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    let found = TAKEN.into_iter().find(|name| *name == method.as_str());
    found.unwrap_or("other")
}

fn note(
    server: &AppState,
    method: &str,
    route: &str,
    begun: Instant,
    response: &ServiceResponse<BoxBody>,
) {
    let (room, status) = (&server.deps.room, response.status());
    let (metrics, took) = (&room.metrics, room.clock.now().duration_since(begun));
    metrics
        .requests
        .with_label_values(&[method, route, status.as_str()])
        .observe(took.as_secs_f64());
    let error = response.response().error();
    if let Some(failure) = error.and_then(|error| error.as_error::<Failure>()) {
        metrics
            .refusals
            .with_label_values(&[failure.refusal().code_and_status().0])
            .inc();
    }
}
