//! The agreement and the submission, from a deal's context.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::domain::flow::DealView;

/// The four parts of a submission, under Stoory's names, which are those of the shipped flows as well.
const SUBMISSION: [&str; 4] = [
    "deliverables",
    "description",
    "submission_notes",
    "submitted_at",
];

/// The work of a conversation's deal.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
#[schema(as = StooryWork)]
pub struct Work {
    /// What was handed in last: `deliverables`, `description`, `submission_notes`, `submitted_at`
    #[schema(value_type = Option<Object>)]
    pub work_submission: Option<Value>,
    /// Whether it is handed in; not while a revision is under way
    pub work_submitted: bool,
    /// `in_progress`, `submitted`, `revision_requested`, `approved`
    pub work_status: Option<&'static str>,
    /// When it was handed in last
    pub submission_date: Option<String>,
}

impl Work {
    /// The columns for a deal in this state with this context.
    pub fn of(deal_view: &DealView, context: &Map<String, Value>) -> Self {
        let handed_in = |name: &str| context.get(name).filter(|value| !value.is_null());
        let is_there = handed_in("deliverables").is_some();
        let parts = SUBMISSION.iter().map(|name| {
            let value = handed_in(name).cloned().unwrap_or(Value::Null);
            ((*name).to_owned(), value)
        });
        let status = match deal_view.state.as_str() {
            "work_in_progress" if is_there => Some("revision_requested"),
            "work_in_progress" => Some("in_progress"),
            "work_approved" | "real_time" if is_there => Some("approved"),
            _ if is_there => Some("submitted"),
            _ => None,
        };
        Self {
            work_submission: is_there.then(|| Value::Object(parts.collect())),
            work_submitted: matches!(status, Some("submitted" | "approved")),
            work_status: status,
            submission_date: handed_in("submitted_at")
                .and_then(Value::as_str)
                .map(str::to_owned),
        }
    }
}

/// `flow_data`: what was agreed so far, but for the submission, which has a column of its own.
pub fn flow_data(context: &Map<String, Value>) -> Value {
    let agreed = context
        .iter()
        .filter(|(name, value)| !SUBMISSION.contains(&name.as_str()) && !value.is_null());
    Value::Object(
        agreed
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
    )
}
