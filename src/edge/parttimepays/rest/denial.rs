//! A refusal as the page reads it: it throws `message`, but for wrong values, which it reads from `errors`.

use actix_web::http::StatusCode;
use serde_json::{Value, json};

use crate::domain::refusal::Refusal;
use crate::edge::refusal_json::refusal_json;

/// The status and the body of a refusal that has this status natively. What is impossible is a bad request here, and a conversation that the
/// caller may not know of is denied as one that they may not read.
pub(in crate::edge::parttimepays) fn refused(
    refusal: &Refusal,
    native: StatusCode,
) -> (StatusCode, Value) {
    let status = match (refusal, native) {
        (Refusal::ConversationNotFound, _) => StatusCode::FORBIDDEN,
        (_, StatusCode::UNPROCESSABLE_ENTITY) => StatusCode::BAD_REQUEST,
        (_, other) => other,
    };
    let mut body = refusal_json(refusal);
    if let Value::Object(members) = &mut body {
        members.insert("message".to_owned(), json!(sentence(refusal)));
        if let Refusal::Invalid { field, .. } = refusal {
            let wrong = json!([{ "path": field, "msg": refusal.message() }]);
            members.insert("errors".to_owned(), wrong);
        }
    }
    (status, body)
}

fn sentence(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Invalid { .. } => "Validation failed".to_owned(),
        Refusal::ConversationNotFound | Refusal::NotAParticipant | Refusal::Blocked => {
            "Access denied to this conversation".to_owned()
        }
        Refusal::MessageNotFound => "Message not found".to_owned(),
        Refusal::UserNotFound(_) => "User not found".to_owned(),
        other => other.message(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_a_sentence_and_a_wrong_value_is_listed() {
        for (refusal, native, told, message) in [
            (
                Refusal::NotAParticipant,
                403,
                403,
                "Access denied to this conversation",
            ),
            (
                Refusal::ConversationNotFound,
                404,
                403,
                "Access denied to this conversation",
            ),
            (Refusal::Unprocessable("Why not"), 422, 400, "Why not"),
            (
                Refusal::invalid("content", "is missing"),
                400,
                400,
                "Validation failed",
            ),
        ] {
            let native = StatusCode::from_u16(native).expect("a status");
            let (status, body) = refused(&refusal, native);
            assert_eq!((status.as_u16(), &body["message"]), (told, &json!(message)));
            assert_eq!(body["success"], false);
            let is_wrong_value = matches!(refusal, Refusal::Invalid { .. });
            assert_eq!(body["errors"].is_array(), is_wrong_value);
        }
        let (_, body) = refused(
            &Refusal::invalid("content", "is missing"),
            StatusCode::BAD_REQUEST,
        );
        let wrong = json!([{ "path": "content", "msg": "content is missing" }]);
        assert_eq!(body["errors"], wrong);
    }
}
