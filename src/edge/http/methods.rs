//! The methods of each path: for `Allow`, for OPTIONS, and for HEAD, which every path with GET accepts.

use actix_web::http::Method;
use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};

use super::{AppState, Failure, openapi, pages};
use crate::domain::refusal::Refusal;
use crate::edge::dialect::Endpoint;
use crate::edge::files::tus;
use crate::edge::http::watch::UPLOADS;

/// Paths outside the API, the pages and Socket.IO.
const OUTSIDE: [&str; 7] = [
    "/healthz",
    "/readyz",
    "/readyz/node",
    "/ws",
    "/docs",
    "/",
    "/api/openapi.json",
];

/// The endpoints of every server that belong to no dialect, also those that depend on the options.
pub(in crate::edge) fn own_endpoints() -> impl Iterator<Item = Endpoint> {
    let optional = ["/metrics", "/socket.io", "/files/{id}/{variant}/{name}"];
    let outside = OUTSIDE.into_iter().chain(optional);
    let pages = pages::names().map(|name| Endpoint::without_mount("GET", &name));
    let gets = outside.map(|path| Endpoint::without_mount("GET", path));
    let posts = ["/socket.io", "/sandbox/checkout/{gateway_order_id}"];
    let posts = posts.map(|path| Endpoint::without_mount("POST", path));
    gets.chain(posts).chain(pages)
}

/// Answers what no route handles: an unknown path, or a known one with another method.
pub async fn nothing_here(
    server: web::Data<AppState>,
    request: HttpRequest,
    paths: web::Data<openapi::Paths>,
) -> Result<HttpResponse, Failure> {
    let allowed = allowed(&server, &paths, request.path());
    let allowed = allowed.ok_or(Refusal::RouteNotFound)?;
    let mut response = match *request.method() {
        Method::OPTIONS if request.path() == UPLOADS => {
            tus::capabilities(server.config.files.file_limit)
        }
        Method::OPTIONS => HttpResponse::NoContent().finish(),
        _ => HttpResponse::from_error(Failure::from(Refusal::MethodNotAllowed)),
    };
    if let Ok(allowed) = HeaderValue::from_str(&allowed) {
        response.headers_mut().insert(ALLOW, allowed);
    }
    Ok(response)
}

/// The methods of a path, in the form of `Allow`; `None` if the path does not exist.
fn allowed(server: &AppState, paths: &openapi::Paths, path: &str) -> Option<String> {
    if path == "*" {
        return Some("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS".to_owned());
    }
    let is_metrics = path == "/metrics" && server.config.operation.metrics_listen.is_none();
    let is_file = path.starts_with("/files/") && path.split('/').count() == 5;
    let is_checkout = path.starts_with("/sandbox/checkout/") && server.payments.sandbox().is_some();
    let mut methods = match path {
        _ if OUTSIDE.contains(&path) || is_metrics || is_file || pages::exists(path) => vec!["GET"],
        _ if is_checkout => vec!["POST"],
        _ => paths.methods(path),
    };
    if methods.is_empty() {
        return None;
    }
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    methods.push("OPTIONS");
    Some(methods.join(", "))
}
