//! The opening handshake of a WebSocket (RFC 6455, section 4.2), for HTTP/1.1 or later and version 13.

use actix_web::http::Version;
use actix_web::http::header::{HeaderValue, SEC_WEBSOCKET_VERSION};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use actix_web_actors::ws;

const VERSION: HeaderValue = HeaderValue::from_static("13");

/// The response that upgrades the connection; `None` if the request is not a valid handshake.
pub fn accept(request: &HttpRequest) -> Option<HttpResponseBuilder> {
    let is_old = request.version() < Version::HTTP_11;
    let says = request.headers().get(SEC_WEBSOCKET_VERSION);
    if is_old || says.is_some_and(|version| *version != VERSION) {
        return None;
    }
    ws::handshake(request).ok()
}

/// Names the supported version in a refusal (RFC 6455, section 4.4).
pub fn refused(mut response: HttpResponse) -> HttpResponse {
    response
        .headers_mut()
        .insert(SEC_WEBSOCKET_VERSION, VERSION);
    response
}
