//! A path without the slash at its end leads to the one with it.

use actix_web::http::Method;
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse};

use crate::domain::refusal::Refusal;
use crate::edge::http::Failure;

/// Redirects to the path with a slash: 301 for what only reads, as the platform does; 308 for all else, which keeps method and body.
pub(super) async fn add(request: HttpRequest) -> Result<HttpResponse, Failure> {
    let path = request.path();
    if path.ends_with('/') {
        return Err(Refusal::RouteNotFound.into());
    }
    let query = match request.query_string() {
        "" => String::new(),
        query => format!("?{query}"),
    };
    let mut response = match *request.method() {
        Method::GET | Method::HEAD => HttpResponse::MovedPermanently(),
        _ => HttpResponse::PermanentRedirect(),
    };
    let target = format!("{path}/{query}");
    Ok(response.insert_header((LOCATION, target)).finish())
}
