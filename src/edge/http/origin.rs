//! Decides which pages may connect, by their origin.

use actix_web::HttpRequest;
use actix_web::http::header::{HOST, HeaderMap, ORIGIN};

use crate::config::AllowedOrigins;

/// Whether a request comes from one of this server's own pages.
pub fn is_own(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let authority = text(ORIGIN).and_then(|origin| origin.split_once("://"));
    authority.is_some_and(|(_, authority)| text(HOST) == Some(authority))
}

/// Whether a request may connect: it comes from this server's pages, from an allowed origin, or from no page at all.
pub fn is_welcome(request: &HttpRequest, allowed: &AllowedOrigins) -> bool {
    let Some(origin) = request.headers().get(ORIGIN) else {
        return true;
    };
    let listed = origin.to_str().is_ok_and(|origin| allowed.contains(origin));
    listed || is_own(request.headers())
}

/// The origin of the page that a request comes from, as text for the log.
pub fn shown(request: &HttpRequest) -> String {
    let origin = request.headers().get(ORIGIN);
    let text = origin.map(|origin| String::from_utf8_lossy(origin.as_bytes()));
    text.unwrap_or_default().into_owned()
}
