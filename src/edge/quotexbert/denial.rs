//! A refusal as this client reads it: a status and `error`, a sentence.

use actix_web::http::StatusCode;
use serde_json::{Value, json};

use crate::domain::refusal::Refusal;
use crate::edge::refusal_json::refusal_json;

/// The status and the body of a refusal that has this status natively. What a request lacks is a bad request here.
pub(super) fn refused(refusal: &Refusal, native: StatusCode) -> (StatusCode, Value) {
    let status = match native {
        StatusCode::UNPROCESSABLE_ENTITY => StatusCode::BAD_REQUEST,
        other => other,
    };
    let mut body = refusal_json(refusal);
    if let Value::Object(members) = &mut body {
        members.insert("error".to_owned(), json!(sentence(refusal)));
    }
    (status, body)
}

fn sentence(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Unauthenticated(_) | Refusal::SignedOut(_) => "Authentication required".to_owned(),
        Refusal::ConversationNotFound => "Thread not found".to_owned(),
        Refusal::SubjectNotFound => "Lead not found".to_owned(),
        Refusal::ParticipantNotFound => "Recipient not found".to_owned(),
        Refusal::NotAParticipant | Refusal::Blocked | Refusal::IdentityMismatch(_) => {
            "Forbidden".to_owned()
        }
        other => other.message(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_a_sentence_under_error() {
        for (refusal, native, told, error) in [
            (
                Refusal::Unprocessable("User ID required"),
                422,
                400,
                "User ID required",
            ),
            (Refusal::ConversationNotFound, 404, 404, "Thread not found"),
            (Refusal::NotAParticipant, 403, 403, "Forbidden"),
            (
                Refusal::Unauthenticated("x"),
                401,
                401,
                "Authentication required",
            ),
        ] {
            let native = StatusCode::from_u16(native).expect("a status");
            let (status, body) = refused(&refusal, native);
            assert_eq!((status.as_u16(), &body["error"]), (told, &json!(error)));
        }
    }
}
