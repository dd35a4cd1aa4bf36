//! The faults of a request by field, as Django REST framework reports them: `{ "field": ["…"] }`.

use serde_json::{Map, Value, json};

use crate::edge::http::Failure;
use crate::edge::http::idempotent::StoredResponse;

pub(super) const REQUIRED: &str = "This field is required.";
pub(super) const BLANK: &str = "This field may not be blank.";
/// The field of what concerns no single one.
pub(super) const NO_FIELD: &str = "non_field_errors";

/// The faults that were found.
#[derive(Debug, Default)]
pub(super) struct Faults(Map<String, Value>);

impl Faults {
    /// One fault.
    pub(super) fn one(field: &str, why: impl Into<String>) -> Self {
        let mut faults = Self::default();
        faults.add(field, why);
        faults
    }

    /// Adds a fault; the first one of a field counts.
    pub(super) fn add(&mut self, field: &str, why: impl Into<String>) {
        let why: String = why.into();
        self.0.entry(field).or_insert_with(|| json!([why]));
    }

    /// A value that must be there; its lack is a fault.
    pub(super) fn required<T>(&mut self, field: &str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.add(field, REQUIRED);
        }
        value
    }

    /// The answer to the request, if there is a fault.
    pub(super) fn answered(self) -> Option<Result<StoredResponse, Failure>> {
        (!self.0.is_empty()).then(|| StoredResponse::json(400, &self.0))
    }
}

/// The answer of an action that is refused.
pub(super) fn error(status: u16, why: &str) -> Result<StoredResponse, Failure> {
    StoredResponse::json(status, &json!({ "error": why }))
}
