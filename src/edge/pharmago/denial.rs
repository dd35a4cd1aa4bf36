//! A refusal as Django REST framework writes it: `detail`, or the field that is wrong.

use actix_web::http::StatusCode;
use serde_json::{Value, json};

use super::errors::NO_FIELD;
use crate::domain::refusal::Refusal;

/// The status and the body of a refusal that has this status natively. Who may not know of something is told that it is not there.
pub(super) fn refused(refusal: &Refusal, native: StatusCode) -> (StatusCode, Value) {
    let not_found = |what: &str| {
        let detail = format!("No {what} matches the given query.");
        (StatusCode::NOT_FOUND, json!({ "detail": detail }))
    };
    match refusal {
        Refusal::Unauthenticated(why) if why.starts_with("A bearer token") => {
            let detail = "Authentication credentials were not provided.";
            (native, json!({ "detail": detail }))
        }
        Refusal::Unauthenticated(_) | Refusal::SignedOut(_) => (native, wrong_token()),
        Refusal::RouteNotFound => (native, json!({ "detail": "Not found." })),
        Refusal::ConversationNotFound | Refusal::NotAParticipant | Refusal::Blocked => {
            not_found("ChatRoom")
        }
        Refusal::MessageNotFound => not_found("ChatMessage"),
        Refusal::ParticipantNotFound => not_found("ChatParticipant"),
        Refusal::Invalid { field, .. } if field == "page" => {
            (StatusCode::NOT_FOUND, json!({ "detail": "Invalid page." }))
        }
        Refusal::Invalid { field, reason } => (native, json!({ field.as_ref(): [reason] })),
        Refusal::Unprocessable(why) => (StatusCode::BAD_REQUEST, json!({ NO_FIELD: [why] })),
        other => (native, json!({ "detail": other.message() })),
    }
}

fn wrong_token() -> Value {
    let message = "Token is invalid or expired";
    let of_class =
        json!({ "token_class": "AccessToken", "token_type": "access", "message": message });
    json!({
        "detail": "Given token not valid for any token type", "code": "token_not_valid", "messages": [of_class],
    })
}
