//! The bearer token of a request's head.

use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;

use crate::domain::refusal::Refusal;

/// The token of the `Authorization` header; `None` without one.
pub fn bearer(request: &HttpRequest) -> Result<Option<&str>, Refusal> {
    let mut headers = request.headers().get_all(AUTHORIZATION);
    let Some(header) = headers.next() else {
        return Ok(None);
    };
    let unreadable =
        Refusal::Unauthenticated("The Authorization header is not of the form: Bearer <token>");
    if headers.next().is_some() {
        return Err(unreadable);
    }
    let text = header.to_str().map_err(|_| unreadable.clone())?;
    let (scheme, token) = text.split_once(' ').ok_or(unreadable.clone())?;
    if !scheme.eq_ignore_ascii_case("bearer") || token.trim().is_empty() {
        return Err(unreadable);
    }
    Ok(Some(token.trim()))
}
