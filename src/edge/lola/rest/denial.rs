//! A refusal as these clients read it: `message` is what they show. They log a customer out at 401, and know 400 for all that is denied.

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use serde_json::{Value, json};
use std::fmt;

use crate::domain::refusal::Refusal;
use crate::edge::http::Failure;
use crate::edge::refusal_json::refusal_json;

/// Why a call is refused.
#[derive(Debug)]
pub struct Denial(Failure);

impl<T: Into<Failure>> From<T> for Denial {
    fn from(failure: T) -> Self {
        Self(failure.into())
    }
}

impl Denial {
    fn refusal(&self) -> &Refusal {
        self.0.refusal()
    }

    /// What is denied or does not exist is a bad request here; every other status is the native one.
    fn status(&self) -> StatusCode {
        match self.0.status_code() {
            StatusCode::FORBIDDEN | StatusCode::NOT_FOUND | StatusCode::UNPROCESSABLE_ENTITY => {
                StatusCode::BAD_REQUEST
            }
            other => other,
        }
    }

    fn message(&self) -> String {
        match self.refusal() {
            Refusal::ConversationNotFound => "Chat room not found".to_owned(),
            Refusal::NotAParticipant | Refusal::Blocked => {
                "Access denied for this chat room".to_owned()
            }
            other => other.message(),
        }
    }

    fn body(&self) -> Value {
        let (mut body, status) = (refusal_json(self.refusal()), self.status());
        if let Value::Object(members) = &mut body {
            let reason = status.canonical_reason().unwrap_or_default();
            members.insert("statusCode".to_owned(), json!(status.as_u16()));
            members.insert("error".to_owned(), json!(reason));
            members.insert("message".to_owned(), json!(self.message()));
        }
        body
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl ResponseError for Denial {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    /// The native response with another status and body: its headers stay.
    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut response = self.0.error_response();
        *response.status_mut() = self.status();
        response.set_body(BoxBody::new(self.body().to_string()))
    }
}
