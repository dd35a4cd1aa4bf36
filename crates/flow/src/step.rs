//! The inputs of a deal, and the steps that follow from them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use language::bounds;
use language::expression::Actor;
use language::money::Money;

use crate::available_action::Card;
use crate::instance::{DealView, Instance, PLATFORM, STAFF, StateVersion, Timer};
use crate::refusal::Refusal;

/// The most characters in the name of a requested action.
const LONGEST_ACTION: usize = 64;

/// The actor of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FlowActor {
    /// A participant with this role.
    Role(String),
    /// A user whose token opens every conversation.
    Staff,
    /// The flow itself (its start, and `then`), and the platform's back end for actions by `system`.
    System,
    /// A timer.
    Timer,
    /// The gateway, through a webhook or an answer to a query.
    Payment,
}

impl FlowActor {
    /// The name in APIs and in the database: the role, or `staff`, `system`, `timer`, `payment`.
    pub fn name(&self) -> &str {
        match self {
            Self::Role(role) => role,
            Self::Staff => STAFF,
            Self::System => PLATFORM,
            Self::Timer => "timer",
            Self::Payment => "payment",
        }
    }
}

impl<'a> From<&'a FlowActor> for Actor<'a> {
    fn from(actor: &'a FlowActor) -> Self {
        Self {
            role: actor.name(),
            staff: *actor == FlowActor::Staff,
        }
    }
}

/// The outcome of a payment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentOutcome {
    /// The gateway has created the order.
    Ready {
        /// The options of the gateway's checkout.
        checkout: Value,
    },
    /// The whole amount was paid.
    Paid,
    /// Another amount or currency was paid.
    WrongAmount {
        /// The amount that was paid.
        paid: Money,
    },
    /// The order was paid again.
    Repeated,
    /// An attempt failed; another may succeed.
    Failed,
    /// The payment was refunded.
    Refunded,
}

/// An input of a deal.
#[derive(Clone, Debug, PartialEq)]
pub enum FlowInput {
    /// A press.
    Press {
        /// The action's name.
        action: String,
        /// The form's values.
        input: Map<String, Value>,
        /// The state version that the press saw; `None` for the current one.
        version: Option<StateVersion>,
    },
    /// A timer is due.
    Due(Timer),
    /// A payment report.
    Payment {
        /// The order: the state version at which it was requested.
        order: StateVersion,
        /// The outcome.
        outcome: PaymentOutcome,
    },
}

impl FlowInput {
    /// A press, checked as far as possible without the deal.
    ///
    /// # Errors
    ///
    /// `Invalid` if the action's name is empty or too long, or the input is too large or contains a NUL
    /// character.
    pub fn press(
        action: String,
        input: Map<String, Value>,
        version: Option<StateVersion>,
    ) -> Result<Self, Refusal> {
        let wrong = |why| Refusal::invalid("action", why);
        bounds::required_text(&action, LONGEST_ACTION).map_err(wrong)?;
        let as_text = Value::Object(input.clone()).to_string();
        bounds::json(&as_text).map_err(|why| Refusal::invalid("input", why))?;
        Ok(Self::Press {
            action,
            input,
            version,
        })
    }
}

/// The result of an input, to be written in one transaction.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The deal afterwards.
    pub instance: Instance,
    /// Its view.
    pub deal_view: DealView,
    /// The transitions in order: usually one, more if `then` follows.
    pub transitions: Vec<Transition>,
    /// Orders to create.
    pub orders: Vec<OrderRequest>,
    /// Refunds to make.
    pub refunds: Vec<RefundRequest>,
    /// Events for the platform.
    pub events: Vec<WebhookEvent>,
}

/// A line of a deal's log with its messages.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition {
    /// The state before; `None` at the start.
    pub from: Option<String>,
    /// The state after.
    pub to: String,
    /// The action's name; without a press `start`, `then`, a timer's name, `payment_ready`, `paid`, …
    pub action: String,
    /// The actor.
    pub actor: FlowActor,
    /// The form's values.
    pub input: Map<String, Value>,
    /// The reason that the definition gives, such as `expired`.
    pub reason: Option<String>,
    /// The state version afterwards.
    pub version: StateVersion,
    /// Its messages in order; those with a card come last.
    pub lines: Vec<Line>,
}

/// The kind of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// The platform announces something.
    System,
    /// The flow sends it.
    Automated,
    /// A note to the actor.
    Audit,
}

/// A message of a transition.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Its kind.
    pub kind: LineKind,
    /// Its audience.
    pub to: LineAudience,
    /// Its text.
    pub body: String,
    /// Its card.
    pub card: Option<Card>,
}

/// The audience of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineAudience {
    /// Everyone in the conversation.
    Everybody,
    /// Participants with this role.
    Role(String),
    /// The person who acted.
    Actor,
}

/// An order to create at the gateway.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderRequest {
    /// The state version at which it is requested.
    pub order: StateVersion,
    /// The amount.
    pub price: Money,
    /// The description in the checkout.
    pub description: String,
    /// The role that pays.
    pub payer: Option<String>,
}

/// A refund to make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundRequest {
    /// The order.
    pub order: StateVersion,
    /// Selects the order's payment: `late`, `wrong_amount` or `repeated`. The definition's own reason is in the
    /// log.
    pub reason: String,
}

/// An event for the platform, sent as a signed webhook.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WebhookEvent {
    /// Its type, from the definition: `deal.paid`.
    pub event: String,
    /// Its values, from the definition.
    pub data: Value,
}
