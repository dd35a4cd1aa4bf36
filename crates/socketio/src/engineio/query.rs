//! The query of a request to an Engine.IO endpoint, and the errors of requests.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};

use super::sid::Sid;
use crate::handshake;

/// The transport of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// GET requests that wait, and POST requests.
    Polling,
    /// One WebSocket.
    Websocket,
}

/// The query of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Query {
    /// `transport`.
    pub transport: Transport,
    /// `sid`, after the handshake.
    pub sid: Option<Sid>,
}

/// Why a request is refused. The codes 0 to 5 are those of the reference implementation (`engine.io`,
/// `Server.errors`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Code 0.
    UnknownTransport,
    /// Code 1.
    UnknownSession,
    /// Code 2: a handshake must be a GET.
    HandshakeMethod,
    /// Code 3.
    BadRequest,
    /// Code 4: the origin may not connect, or the application refuses.
    Forbidden,
    /// Code 5: the version is not 4.
    UnsupportedVersion,
    /// Code 3: the WebSocket handshake is invalid.
    NoHandshake,
    /// A body above the limit.
    TooLarge,
    /// The limit of sessions is reached, or the server is stopping.
    Unavailable,
}

impl Problem {
    fn status_code_message(self) -> (StatusCode, u8, &'static str) {
        let bad = StatusCode::BAD_REQUEST;
        match self {
            Self::UnknownTransport => (bad, 0, "Transport unknown"),
            Self::UnknownSession => (bad, 1, "Session ID unknown"),
            Self::HandshakeMethod => (bad, 2, "Bad handshake method"),
            Self::BadRequest | Self::NoHandshake => (bad, 3, "Bad request"),
            Self::Forbidden => (StatusCode::FORBIDDEN, 4, "Forbidden"),
            Self::UnsupportedVersion => (bad, 5, "Unsupported protocol version"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, 3, "Payload too large"),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, 3, "Unavailable"),
        }
    }

    /// The error's text.
    pub fn message(self) -> &'static str {
        self.status_code_message().2
    }

    /// The response: `{"code":…,"message":…}`.
    pub fn response(self) -> HttpResponse {
        let (status, code, message) = self.status_code_message();
        let mut response = HttpResponse::build(status);
        response.insert_header((CONTENT_TYPE, "application/json"));
        response.insert_header((CACHE_CONTROL, "no-store"));
        if self == Self::Unavailable {
            response.insert_header(("Retry-After", "2"));
        }
        let response = response.body(format!(r#"{{"code":{code},"message":"{message}"}}"#));
        match self {
            Self::NoHandshake => handshake::refused(response),
            _ => response,
        }
    }
}

impl Query {
    /// Parses a URL's query. If a name is repeated, the first value counts.
    pub fn read(query: &str) -> Result<Self, Problem> {
        let transport = match value(query, "transport") {
            Some("polling") => Transport::Polling,
            Some("websocket") => Transport::Websocket,
            _ => return Err(Problem::UnknownTransport),
        };
        if value(query, "EIO") != Some("4") {
            return Err(Problem::UnsupportedVersion);
        }
        let sid = value(query, "sid")
            .map(|sid| sid.parse().map_err(|()| Problem::UnknownSession))
            .transpose()?;
        Ok(Self { transport, sid })
    }
}

fn value<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_wrong_is_told() {
        let (read, polling) = (Query::read, Transport::Polling);
        let plain = Query {
            transport: polling,
            sid: None,
        };
        assert_eq!(read("EIO=4&transport=polling&t=x"), Ok(plain));
        assert_eq!(read("EIO=4"), Err(Problem::UnknownTransport));
        assert_eq!(read("EIO=4&transport=abc"), Err(Problem::UnknownTransport));
        for wrong in ["transport=polling", "EIO=3&transport=polling"] {
            assert_eq!(read(wrong), Err(Problem::UnsupportedVersion));
        }
        let unknown = read("EIO=4&transport=polling&sid=constructor");
        assert_eq!(unknown, Err(Problem::UnknownSession));
    }

    proptest! {
        #[test]
        fn no_query_makes_it_panic(query in "\\PC{0,80}") {
            let _ = Query::read(&query);
        }
    }
}
