//! A running deal as data; what follows from what is decided in the crate `flow`.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use std::sync::Arc;

use super::ids::{Seq, UserId};

pub use ::flow::{
    AvailableAction, AwaitedPayment, BUILT_IN, Card, ChatPolicy, DealView, Field, FieldKind,
    FlowActor, FlowInput, Instance, Line, LineAudience, LineKind, Money, OrderRequest, PLATFORM,
    PaymentOutcome, Phase, PlatformEvent, RefundRequest, STAFF, StateVersion, Step, Style, Timer,
    Transition,
};

/// A committed hop, as rooms and listeners are told of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Stepped {
    /// The state before; none at the start.
    pub from: Option<String>,
    /// The state after.
    pub to: String,
    /// The action's name.
    pub action: String,
    /// The name of who did it: a role, `staff`, `system`, `timer`, `payment`.
    pub actor: String,
    /// The person, where it was one.
    pub actor_id: Option<UserId>,
    /// Why.
    pub reason: Option<String>,
    /// The version after it.
    pub version: StateVersion,
    /// How many fields were filled in.
    pub filled: usize,
    /// How the deal stands after the whole step.
    pub deal_view: Arc<DealView>,
    /// What it remembers after the whole step.
    pub context: Arc<Map<String, Value>>,
}

/// One line of a deal's log, as it was committed.
#[derive(Clone, Debug, PartialEq)]
pub struct LoggedStep {
    /// Its place in the conversation's order.
    pub seq: Seq,
    /// The state before; none at the start.
    pub from: Option<String>,
    /// The state after.
    pub to: String,
    /// The action's name.
    pub action: String,
    /// The name of who did it.
    pub actor: String,
    /// The person, where it was one.
    pub actor_id: Option<UserId>,
    /// What was filled in.
    pub input: Value,
    /// Why.
    pub reason: Option<String>,
    /// The version after it.
    pub version: StateVersion,
    /// The definition's version.
    pub flow_version: i64,
    /// When it was committed.
    pub at: DateTime<Utc>,
}
