//! A refusal as these clients read it: `message` is what they show. They log a customer out at 401, and know 400 for all that is denied.

use actix_web::http::StatusCode;
use serde_json::{Value, json};

use crate::domain::refusal::Refusal;
use crate::edge::lola::answers::sentence;
use crate::edge::refusal_json::refusal_json;

/// The status and the body of a refusal that has this status natively.
pub(in crate::edge::lola) fn refused(refusal: &Refusal, native: StatusCode) -> (StatusCode, Value) {
    let (status, mut body) = (status(refusal, native), refusal_json(refusal));
    if let Value::Object(members) = &mut body {
        let reason = status.canonical_reason().unwrap_or_default();
        members.insert("statusCode".to_owned(), json!(status.as_u16()));
        members.insert("error".to_owned(), json!(reason));
        members.insert("message".to_owned(), json!(message(refusal)));
    }
    (status, body)
}

/// What is denied or does not exist in a room is a bad request here; every other status is the native one.
fn status(refusal: &Refusal, native: StatusCode) -> StatusCode {
    match (refusal, native) {
        (Refusal::RouteNotFound | Refusal::OriginRefused, native) => native,
        (_, StatusCode::FORBIDDEN | StatusCode::NOT_FOUND | StatusCode::UNPROCESSABLE_ENTITY) => {
            StatusCode::BAD_REQUEST
        }
        (_, native) => native,
    }
}

fn message(refusal: &Refusal) -> String {
    match refusal {
        Refusal::ConversationNotFound => "Chat room not found".to_owned(),
        Refusal::NotAParticipant | Refusal::Blocked => {
            "Access denied for this chat room".to_owned()
        }
        other => sentence(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_denied_in_a_room_is_a_bad_request_and_what_is_no_call_is_not() {
        for (refusal, native, told) in [
            (Refusal::ConversationNotFound, 404, 400),
            (Refusal::NotAParticipant, 403, 400),
            (Refusal::Unprocessable("x"), 422, 400),
            (Refusal::RouteNotFound, 404, 404),
            (Refusal::MethodNotAllowed, 405, 405),
            (Refusal::OriginRefused, 403, 403),
            (Refusal::Unauthenticated("x"), 401, 401),
            (Refusal::TooLarge { limit: 1 }, 413, 413),
        ] {
            let native = StatusCode::from_u16(native).expect("a status");
            let (status, body) = refused(&refusal, native);
            assert_eq!(status.as_u16(), told, "{refusal:?}");
            assert_eq!(body["statusCode"], told);
            assert_eq!(body["error"], status.canonical_reason().expect("a reason"));
        }
    }

    #[test]
    fn what_clients_call_client_id_is_named_as_they_write_it() {
        let used = Refusal::Conflict("This client_id was used for another message");
        let (_, body) = refused(&used, StatusCode::CONFLICT);
        assert_eq!(
            body["message"],
            "This clientId was used for another message"
        );
    }
}
