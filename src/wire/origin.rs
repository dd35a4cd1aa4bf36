//! Whose pages may connect.

use actix_web::HttpRequest;
use actix_web::http::header::{HOST, ORIGIN};

/// Pages of this server and of the origins on the list may connect, and whatever is no page.
pub fn is_welcome(request: &HttpRequest, allowed: &[String]) -> bool {
    let Some(origin) = request.headers().get(ORIGIN) else {
        return true;
    };
    let Ok(origin) = origin.to_str() else {
        return false;
    };
    let host = request
        .headers()
        .get(HOST)
        .and_then(|host| host.to_str().ok());
    let own = origin
        .split_once("://")
        .is_some_and(|(_, authority)| Some(authority) == host);
    own || allowed.iter().any(|other| other == origin)
}

/// Which pages may connect to an endpoint that answers CORS itself.
#[derive(Clone, Debug)]
pub enum Origins {
    /// Every page.
    Any,
    /// The server's own and those of these origins, as `https://app.example.com`.
    Listed(Vec<String>),
}

impl Origins {
    /// Whether the page that this request comes from may connect. What is no page may.
    pub fn welcome(&self, request: &HttpRequest) -> bool {
        match self {
            Self::Any => true,
            Self::Listed(listed) => is_welcome(request, listed),
        }
    }
}
