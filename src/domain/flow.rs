//! Deals in entries. The crate `flow` has the rules.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use std::sync::Arc;

use super::ids::{Seq, UserId};

pub use ::flow::{
    AvailableAction, AwaitedPayment, BUILT_IN, Card, ChatPolicy, DealView, Field, FieldKind,
    FlowActor, FlowInput, Instance, Line, LineAudience, LineKind, Money, OrderRequest, PLATFORM,
    PaymentOutcome, Phase, RefundRequest, STAFF, StateVersion, Step, Style, Timer, Transition,
    WebhookEvent,
};

/// A committed transition, as rooms and listeners get it.
#[derive(Clone, Debug, PartialEq)]
pub struct Stepped {
    /// The state before; `None` at the start.
    pub from: Option<String>,
    /// The state after.
    pub to: String,
    /// The action's name.
    pub action: String,
    /// The actor's name: a role, `staff`, `system`, `timer` or `payment`.
    pub actor: String,
    /// The person, if one acted.
    pub actor_id: Option<UserId>,
    /// The reason.
    pub reason: Option<String>,
    /// The state version after it.
    pub version: StateVersion,
    /// The number of fields that were filled in.
    pub filled: usize,
    /// The deal's view after the whole step.
    pub deal_view: Arc<DealView>,
    /// The deal's context after the whole step.
    pub context: Arc<Map<String, Value>>,
}

/// A transition in a deal's log.
#[derive(Clone, Debug, PartialEq)]
pub struct LoggedStep {
    /// Its seq.
    pub seq: Seq,
    /// The state before; `None` at the start.
    pub from: Option<String>,
    /// The state after.
    pub to: String,
    /// The action's name.
    pub action: String,
    /// The actor's name.
    pub actor: String,
    /// The person, if one acted.
    pub actor_id: Option<UserId>,
    /// The form's values.
    pub input: Value,
    /// The reason.
    pub reason: Option<String>,
    /// The state version after it.
    pub version: StateVersion,
    /// The version of the flow's definition.
    pub flow_version: i64,
    /// When it was committed.
    pub at: DateTime<Utc>,
}
