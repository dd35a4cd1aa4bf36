//! The route of an Engine.IO endpoint: permitted origins, and the handlers of each method.

use actix_web::http::Method;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS, ALLOW,
    HeaderValue, ORIGIN, VARY,
};
use actix_web::{HttpRequest, HttpResponse, web};
use std::sync::Arc;

use super::engine::Engine;
use super::query::{Problem, Query, Transport};
use super::{polling, websocket};
use crate::queue::Extension;

/// The permitted methods.
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, OPTIONS");

/// Serves an endpoint at a path such as `/socket.io`, with and without a trailing slash.
pub fn routes<E: Extension>(
    path: &str,
    engine: Arc<Engine<E>>,
) -> impl FnOnce(&mut web::ServiceConfig) + use<E> {
    let paths = [path.to_owned(), format!("{path}/")];
    move |config| {
        let endpoint = web::resource(paths).app_data(web::Data::from(engine));
        config.service(endpoint.route(web::route().to(answer::<E>)));
    }
}

async fn answer<E: Extension>(
    engine: web::Data<Engine<E>>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let welcome = engine.options.hooks.admits(&request);
    let mut response = match *request.method() {
        _ if !welcome => Problem::Forbidden.response(),
        Method::OPTIONS => preflight(&request),
        _ => {
            let done = carry_out(&engine, &request, payload).await;
            done.unwrap_or_else(|problem| refuse(&engine, &request, problem))
        }
    };
    let headers = response.headers_mut();
    if ![Method::GET, Method::POST].contains(request.method()) {
        headers.insert(ALLOW, METHODS);
    }
    headers.insert(VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = request.headers().get(ORIGIN).filter(|_| welcome) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        let allowed = HeaderValue::from_static("true");
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, allowed);
    }
    response
}

/// Refuses a handshake and reports why, unless the application has refused it.
fn refuse<E: Extension>(
    engine: &Engine<E>,
    request: &HttpRequest,
    problem: Problem,
) -> HttpResponse {
    let mut pairs = request.query_string().split('&');
    let has_session = pairs.any(|pair| pair.starts_with("sid="));
    if !has_session && problem != Problem::Forbidden {
        engine.options.hooks.refused(problem.message());
    }
    problem.response()
}

fn preflight(request: &HttpRequest) -> HttpResponse {
    let mut response = HttpResponse::NoContent();
    response.insert_header((ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"));
    response.insert_header((ACCESS_CONTROL_MAX_AGE, "3600"));
    if let Some(wanted) = request.headers().get(ACCESS_CONTROL_REQUEST_HEADERS) {
        response.insert_header((ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone()));
    }
    response.finish()
}

async fn carry_out<E: Extension>(
    engine: &web::Data<Engine<E>>,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let query = Query::read(request.query_string())?;
    let line = match query.sid {
        Some(sid) => Some(engine.find(sid)?),
        None => None,
    };
    let brings_packets =
        query.transport == Transport::Websocket || request.method() == Method::POST;
    if brings_packets && line.as_ref().is_some_and(|line| !line.admits(request)) {
        return Err(Problem::Forbidden);
    }
    match (query.transport, line, request.method()) {
        (_, None, method) if method != Method::GET => Err(Problem::HandshakeMethod),
        (Transport::Polling, None, _) => polling::handshake(engine, request),
        (Transport::Polling, Some(line), &Method::GET) => polling::get(engine, &line).await,
        (Transport::Polling, Some(line), &Method::POST) => {
            polling::post(engine, &line, request, payload).await
        }
        (Transport::Websocket, line, &Method::GET) => {
            websocket::upgrade(engine, line, request, payload)
        }
        _ => Err(Problem::BadRequest),
    }
}
