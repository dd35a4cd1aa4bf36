//! Guided conversations as data: parses flow files into checked definitions and computes the steps of deals.
//! Pure.
#![doc = include_str!("../README.md")]

mod available_action;
pub mod definition;
pub mod graph;
mod instance;
pub mod machine;
mod migrate;
pub mod outline;
pub mod refusal;
pub mod simulate;
mod step;

pub use available_action::{AvailableAction, Card, Style};
pub use definition::Definition;
pub use instance::{
    AwaitedPayment, BUILT_IN, ChatPolicy, DealView, Instance, PLATFORM, Phase, STAFF, StateVersion,
    Timer,
};
pub use language::field::{ContextField, Field, FieldKind, Kind};
pub use language::money::Money;
pub use language::problem::Problem;
pub use migrate::migrate;
pub use refusal::{Misplaced, Refusal};
pub use step::{
    FlowActor, FlowInput, Line, LineAudience, LineKind, OrderRequest, PaymentOutcome,
    RefundRequest, Step, Transition, WebhookEvent,
};

#[cfg(test)]
mod tests;
