//! CORS. Pages of allowed origins may read the responses; a preflight from any other origin is refused with the usual error body.
//! Credentials are not allowed: pages of other origins send their token in a header, never in a cookie.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderValue, ORIGIN, VARY,
};

use super::{AppState, Failure};
use crate::config::AllowedOrigins;
use crate::domain::refusal::Refusal;
use crate::edge::http::origin::is_own;

/// Seconds for which a browser may cache the answer to a preflight.
const MAX_AGE: HeaderValue = HeaderValue::from_static("3600");
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "retry-after, location, tus-resumable, upload-offset, upload-length, upload-expires, upload-metadata",
);

/// The origin of the page that a request comes from.
pub fn origin_of(headers: &HeaderMap) -> Option<HeaderValue> {
    headers.get(ORIGIN).cloned()
}

/// Whether a request is a preflight.
fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    let asks = headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    method == Method::OPTIONS && headers.contains_key(ORIGIN) && asks
}

fn is_allowed(origin: &HeaderValue, allowed: &AllowedOrigins) -> bool {
    let origin = origin.to_str();
    origin.is_ok_and(|origin| allowed.contains(origin))
}

/// The answer to a preflight; `None` for any other request.
pub fn preflight(server: &AppState, method: &Method, headers: &HeaderMap) -> Option<HttpResponse> {
    if !is_preflight(method, headers) {
        return None;
    }
    let origin = headers.get(ORIGIN)?;
    if !is_allowed(origin, &server.origins) && !is_own(headers) {
        let shown = String::from_utf8_lossy(origin.as_bytes());
        let refusals = &server.deps.refusals;
        refusals.note("origin_refused", "not in --allowed-origins", &shown);
        return Some(HttpResponse::from_error(Failure::from(
            Refusal::OriginRefused,
        )));
    }
    let mut response = HttpResponse::NoContent();
    response
        .insert_header((ACCESS_CONTROL_ALLOW_METHODS, METHODS))
        .insert_header((ACCESS_CONTROL_MAX_AGE, MAX_AGE));
    if let Some(wanted) = headers.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        response.insert_header((ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone()));
    }
    Some(response.finish())
}

/// Allows the page to read the response, if its origin is allowed.
pub fn expose(headers: &mut HeaderMap, origin: Option<&HeaderValue>, allowed: &AllowedOrigins) {
    headers.append(VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin.filter(|origin| is_allowed(origin, allowed)) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
}
