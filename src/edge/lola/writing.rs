//! Native views as this dialect writes them: in camelCase, and without the members that its clients never had.

use serde::Serialize;

use crate::edge::dialect::{Shape, camel_case};

/// What the dialect does differently with the members of native views.
const SHAPE: Shape = Shape {
    left_out: &[
        ("", "awaiting_role"),
        ("", "state_version"),
        ("", "available_actions"),
        ("message", "client_id"),
        ("messages", "client_id"),
        ("conversation", "created_by"),
        ("conversation", "former_participants"),
        ("conversation", "closed_at"),
        ("conversation", "closed_by"),
        ("conversation", "closed_reason"),
        ("conversation", "external_id"),
        ("conversation", "business_id"),
        ("conversation", "slow_seconds"),
        ("conversation", "max_participants"),
        ("participants", "id"),
        ("participants", "muted"),
        ("participants", "blocked"),
        ("participants", "joined_at"),
        ("subject", "url"),
        ("subject", "data"),
        ("flow", "version"),
        ("flow", "phase"),
        ("flow", "entered_at"),
        ("flow", "deadline"),
        ("flow", "chat"),
    ],
    unchanged: &["available_actions"],
};

/// A view as JSON; `None` if it cannot be written, which the log says then.
pub(super) fn written(view: &impl Serialize) -> Option<String> {
    let written = camel_case(view, &SHAPE);
    written
        .inspect_err(|error| log::error!(event = "encoding_failed"; "{error}"))
        .ok()
}
