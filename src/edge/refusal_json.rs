//! A refusal as clients see it: one object, the same in every dialect, over HTTP and over sockets.

use serde_json::{Map, Value, json};

use crate::domain::refusal::Refusal;
use flow::Misplaced;

/// The object that a refused request is answered with.
pub fn refusal_json(refusal: &Refusal) -> Value {
    let mut details = details_of(refusal);
    if let Some(seconds) = refusal.retry_after() {
        details.insert("retry_after_seconds".into(), json!(seconds));
    }
    let (code, _) = refusal.code_and_status();
    json!({
        "success": false, "message": refusal.message(), "error_code": code, "details": details,
        "temporary": refusal.is_temporary(),
    })
}

fn details_of(refusal: &Refusal) -> Map<String, Value> {
    match refusal {
        Refusal::Invalid { field, .. } => detail("field", json!(field)),
        Refusal::TooLarge { limit } => detail("limit_bytes", json!(limit)),
        Refusal::SignedOut(not_before) => detail("not_before", json!(not_before.to_string())),
        Refusal::UserNotFound(id) => detail("user_id", json!(id)),
        Refusal::DefinitionNotFound(name) => detail("name", json!(name)),
        Refusal::Flow(refusal) => details_of_flow(refusal),
        Refusal::UploadOffset { offset } => detail("offset", json!(offset)),
        Refusal::FileRefused(unfit) => detail("reason", json!(unfit)),
        Refusal::Internal { request_id } => detail("request_id", json!(request_id)),
        _ => Map::new(),
    }
}

fn details_of_flow(refusal: &flow::Refusal) -> Map<String, Value> {
    match refusal {
        flow::Refusal::Invalid { field, .. } => detail("field", json!(field)),
        flow::Refusal::ActionNotFound(name) => detail("action", json!(name)),
        flow::Refusal::FlowStateInvalid(misplaced) => details_of_state(misplaced),
        flow::Refusal::ChatNotAllowed { state, policy } => Map::from_iter([
            ("current_state".to_owned(), json!(state)),
            ("chat".to_owned(), json!(policy)),
        ]),
        flow::Refusal::Forbidden(_)
        | flow::Refusal::ActionNotAllowed(_)
        | flow::Refusal::Unprocessable(_) => Map::new(),
    }
}

fn details_of_state(misplaced: &Misplaced) -> Map<String, Value> {
    let required = match misplaced.required.as_slice() {
        [only] => json!(only),
        several => json!(several),
    };
    Map::from_iter([
        ("current_state".to_owned(), json!(misplaced.current_state)),
        ("required_state".to_owned(), required),
        ("state_version".to_owned(), json!(misplaced.state_version)),
        ("available_actions".to_owned(), json!(misplaced.available)),
    ])
}

fn detail(name: &str, value: Value) -> Map<String, Value> {
    Map::from_iter([(name.to_owned(), value)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_refusal_has_the_seconds_and_a_lasting_one_has_not() {
        let temporary = refusal_json(&Refusal::RateLimited { retry_after: 3 });
        assert_eq!(
            (&temporary["temporary"], &temporary["details"]),
            (&json!(true), &json!({ "retry_after_seconds": 3 }))
        );
        let lasting = refusal_json(&Refusal::Muted);
        assert_eq!(
            (&lasting["temporary"], &lasting["details"]),
            (&json!(false), &json!({}))
        );
    }

    #[test]
    fn a_wrong_field_is_named() {
        let refused = refusal_json(&Refusal::invalid("body", "is missing"));
        assert_eq!(refused["details"]["field"], "body");
        assert_eq!(refused["error_code"], "INVALID_REQUEST");
        assert_eq!(refused["success"], false);
    }
}
