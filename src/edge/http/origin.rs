//! Decides which pages may connect, by their origin.

use actix_web::HttpRequest;
use actix_web::http::header::{HOST, HeaderMap, ORIGIN};

use crate::config::AllowedOrigins;
use crate::domain::network::Network;

/// Whether a request comes from one of this server's own pages: they are of HTTP or HTTPS.
pub fn is_own(headers: &HeaderMap) -> bool {
    own_scheme(headers).is_some()
}

/// The scheme of the own page that a request comes from; `None` where it comes from another page, or from none.
fn own_scheme(headers: &HeaderMap) -> Option<&str> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let (scheme, authority) = text(ORIGIN)?.split_once("://")?;
    let is_page = ["http", "https"].contains(&scheme) && !authority.is_empty();
    (is_page && text(HOST) == Some(authority)).then_some(scheme)
}

/// Whether a request may connect: it comes from this server's pages, from an allowed origin, or from no page at all.
pub fn is_welcome(request: &HttpRequest, allowed: &AllowedOrigins) -> bool {
    !has_origin(request) || is_listed(request, allowed) || is_own(request.headers())
}

/// Whether a request names the page that it comes from.
pub fn has_origin(request: &HttpRequest) -> bool {
    request.headers().contains_key(ORIGIN)
}

/// Whether a request comes from a page of an allowed origin.
pub fn is_listed(request: &HttpRequest, allowed: &AllowedOrigins) -> bool {
    let origin = request.headers().get(ORIGIN);
    let origin = origin.and_then(|origin| origin.to_str().ok());
    origin.is_some_and(|origin| allowed.contains(origin))
}

/// Whether a request comes from one of this server's own pages, over the scheme by which the page itself was reached. Only a trusted proxy
/// names that scheme (`X-Forwarded-Proto`); without one, both may be.
pub fn is_own_by_scheme(request: &HttpRequest, trusted: &[Network]) -> bool {
    let wanted = forwarded_scheme(request, trusted);
    let own = own_scheme(request.headers());
    own.is_some_and(|scheme| wanted.is_none_or(|wanted| wanted == scheme))
}

/// The scheme by which a client reached the trusted proxy that forwards its request; the first one, where several proxies name theirs.
/// Some name the scheme of a WebSocket's address.
fn forwarded_scheme(request: &HttpRequest, trusted: &[Network]) -> Option<&'static str> {
    let peer = request.peer_addr()?.ip();
    if !trusted.iter().any(|network| network.contains(peer)) {
        return None;
    }
    let written = request.headers().get("x-forwarded-proto")?.to_str().ok()?;
    let first = written.split(',').next()?.trim().to_ascii_lowercase();
    match first.as_str() {
        "https" | "wss" => Some("https"),
        "http" | "ws" => Some("http"),
        _ => None,
    }
}

/// Whether the browser says that the page that asks is of another origin than the server (`Sec-Fetch-Site`).
pub fn is_elsewhere(request: &HttpRequest) -> bool {
    let mut said = request.headers().get_all("sec-fetch-site");
    said.any(|site| site == "cross-site" || site == "same-site")
}

/// The origin of the page that a request comes from, as text for the log.
pub fn shown(request: &HttpRequest) -> String {
    let origin = request.headers().get(ORIGIN);
    let text = origin.map(|origin| String::from_utf8_lossy(origin.as_bytes()));
    text.unwrap_or_default().into_owned()
}
