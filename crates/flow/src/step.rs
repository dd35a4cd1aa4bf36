//! What can happen to a deal, and what follows from it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use language::bounds;
use language::expression::Actor;
use language::money::Money;

use crate::available_action::Card;
use crate::instance::{DealView, Instance, PLATFORM, STAFF, StateVersion, Timer};
use crate::refusal::Refusal;

/// Characters in the name of an action that is asked for.
const LONGEST_ACTION: usize = 64;

/// Who makes a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FlowActor {
    /// A participant with this role.
    Role(String),
    /// Somebody whose token opens every conversation.
    Staff,
    /// The flow itself: its start, and what follows on entering a state. Also the platform's back end, where an action is `by` it.
    System,
    /// A timer.
    Timer,
    /// The gateway, through its webhook or a question of ours.
    Payment,
}

impl FlowActor {
    /// The name used outside and in the database: a role's own, or `staff`, `system`, `timer`, `payment`.
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

/// What became of money.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentOutcome {
    /// The gateway has made the order; its checkout is opened with this object.
    Ready {
        /// As the gateway's browser library takes it.
        checkout: Value,
    },
    /// The whole amount was paid.
    Paid,
    /// Money came, of another amount or currency than asked for.
    WrongAmount {
        /// What came.
        paid: Money,
    },
    /// The order was paid before, and now again.
    Repeated,
    /// An attempt failed; another may still succeed.
    Failed,
    /// The money went back.
    Refunded,
}

/// One thing that can happen to a deal.
#[derive(Clone, Debug, PartialEq)]
pub enum FlowInput {
    /// Somebody presses a button.
    Press {
        /// The action's name.
        action: String,
        /// What was filled in.
        input: Map<String, Value>,
        /// The version it was offered at; absent: whatever is offered now.
        version: Option<StateVersion>,
    },
    /// A timer is due.
    Due(Timer),
    /// The gateway says something about an order.
    Payment {
        /// The order, by the version at which it was asked for.
        order: StateVersion,
        /// What it says.
        outcome: PaymentOutcome,
    },
}

impl FlowInput {
    /// A press, as far as it can be checked without knowing the deal.
    ///
    /// # Errors
    /// `Invalid`, where the action's name is empty or too long, or the input is too large or has a NUL character in it.
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

/// What follows from an input, to be written in one transaction.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Where the deal stands afterwards.
    pub instance: Instance,
    /// What everybody is shown of it.
    pub deal_view: DealView,
    /// What happened, one after the other: mostly one, more where a state is left by itself on entering.
    pub transitions: Vec<Transition>,
    /// Orders to have made.
    pub orders: Vec<OrderRequest>,
    /// Money to send back.
    pub refunds: Vec<RefundRequest>,
    /// What the platform is told.
    pub events: Vec<PlatformEvent>,
}

/// One line of a deal's log, and what is said with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition {
    /// The state before; none at the start.
    pub from: Option<String>,
    /// The state after.
    pub to: String,
    /// The action's name; `start`, `then`, a timer's name, `payment_ready`, `paid`, … where nobody pressed.
    pub action: String,
    /// Who.
    pub actor: FlowActor,
    /// What was filled in.
    pub input: Map<String, Value>,
    /// Why, where the definition says: `expired`.
    pub reason: Option<String>,
    /// The version after it.
    pub version: StateVersion,
    /// Said with it, in order; those with a card last.
    pub lines: Vec<Line>,
}

/// How a line is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// The platform announces something.
    System,
    /// The flow speaks.
    Automated,
    /// A note to the one who acted.
    Audit,
}

/// A message that a step says.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// How it is shown.
    pub kind: LineKind,
    /// Whom it reaches.
    pub to: LineAudience,
    /// The text.
    pub body: String,
    /// Its buttons or form.
    pub card: Option<Card>,
}

/// Whom a line reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineAudience {
    /// Everybody in the conversation.
    Everybody,
    /// Participants with this role.
    Role(String),
    /// The person who acted.
    Actor,
}

/// An order that the gateway is to make.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderRequest {
    /// The version at which it was asked for.
    pub order: StateVersion,
    /// How much.
    pub price: Money,
    /// What for, shown in the checkout.
    pub description: String,
    /// The role that pays.
    pub payer: Option<String>,
}

/// Money that goes back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundRequest {
    /// The order.
    pub order: StateVersion,
    /// Why, and so which of the order's payments: `late`, `wrong_amount`, `repeated`. The definition's own reason is in the log.
    pub reason: String,
}

/// Something that the platform is told by a signed webhook.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlatformEvent {
    /// Its type, as the definition names it: `deal.paid`.
    pub event: String,
    /// What the definition gives with it.
    pub data: Value,
}
