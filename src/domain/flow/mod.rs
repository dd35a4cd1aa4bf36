//! A running deal as data: where it stands, and what of it is shown and enforced outside.

mod offer;
mod step;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

use super::ids::{Seq, UserId};
use super::refusal::Refusal;

pub use offer::{Card, Field, FieldKind, Offer, Style};
pub use step::{
    FlowActor, FlowInput, Hop, Line, LineAudience, OrderRequest, PaymentOutcome, PlatformEvent,
    RefundRequest, Step,
};

/// Raised whenever what is offered is offered anew: a press names the one it was offered at. The first is 1.
pub type StateVersion = i64;

/// The key under which what staff may do is found in `Standing::offers`.
pub const STAFF: &str = "staff";

/// The key under which what the platform's own back end may do is found in `Standing::offers`.
pub const PLATFORM: &str = "system";

/// Who can act without taking part: no participant's role has such a name.
pub const BUILT_IN: [&str; 4] = [STAFF, PLATFORM, "timer", "payment"];

/// An amount in the currency's smallest unit, as it stands in a deal's context and everywhere outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// How many of the smallest unit: paise, cents.
    pub amount: i64,
    /// ISO 4217, three capital letters.
    pub currency: String,
}

impl Money {
    /// How many digits a currency has after the point.
    pub fn digits(currency: &str) -> u32 {
        match currency {
            "JPY" | "KRW" | "VND" | "CLP" | "ISK" | "UGX" | "XAF" | "XOF" => 0,
            "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
            _ => 2,
        }
    }
}

/// Where a deal stands: everything that a step reads and writes. Stored as one JSON document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Instance {
    /// The name of its state.
    pub state: String,
    /// The version of what is offered now.
    pub version: StateVersion,
    /// What has been agreed so far, by the names of the definition's context.
    pub context: Map<String, Value>,
    /// How often each state was entered.
    pub visits: BTreeMap<String, u32>,
    /// When its state was entered.
    pub entered_at: DateTime<Utc>,
    /// The order that its state waits for.
    pub payment: Option<AwaitedPayment>,
    /// What will happen by itself, and when.
    pub timers: Vec<Timer>,
}

/// An order that a state asked for when it was entered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AwaitedPayment {
    /// The version at which it was asked for: with the conversation, it names the order.
    pub order: StateVersion,
    /// How much.
    pub price: Money,
    /// What the gateway's checkout is opened with; there once the gateway has made the order.
    pub checkout: Option<Value>,
}

/// Something that happens by itself unless the state is left before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timer {
    /// Its name, unique in the deal: `deadline`, `remind_1`, …
    pub name: String,
    /// When it is due.
    pub due: DateTime<Utc>,
}

/// Whether somebody may type while a state lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChatPolicy {
    /// Free text.
    Free,
    /// Only the buttons.
    Buttons,
    /// Only reading.
    Read,
    /// It is not, or no longer, their conversation: only reading what was said.
    None,
}

impl ChatPolicy {
    /// The name used outside.
    pub fn name(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Buttons => "buttons",
            Self::Read => "read",
            Self::None => "none",
        }
    }
}

/// What a deal shows and enforces outside of its own rules: enough for a room, which knows no flow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// The flow's name.
    pub flow: String,
    /// The version of its definition.
    pub flow_version: i64,
    /// The state's name.
    pub state: String,
    /// The state's title.
    pub title: String,
    /// The version of what is offered.
    pub state_version: StateVersion,
    /// Whose turn it is.
    pub awaiting_role: Option<String>,
    /// Whether the deal is over.
    pub phase: Phase,
    /// When the state was entered.
    pub entered_at: DateTime<Utc>,
    /// When it ends by itself.
    pub deadline: Option<DateTime<Utc>>,
    /// Who may type, by role.
    pub chat: BTreeMap<String, ChatPolicy>,
    /// Who may do what, by role, and under `STAFF` for staff.
    pub offers: BTreeMap<String, Vec<Offer>>,
}

/// Whether a deal goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// It goes on.
    Running,
    /// It is over; free chat may go on.
    Over,
}

impl Standing {
    /// Whether a participant with this role may type: one that the flow does not name reads, until everybody may type.
    pub fn chat_of(&self, role: &str) -> ChatPolicy {
        let open = self.chat.values().all(|policy| *policy == ChatPolicy::Free);
        match self.chat.get(role) {
            Some(policy) => *policy,
            None if open => ChatPolicy::Free,
            None => ChatPolicy::Read,
        }
    }

    /// Refuses the free text of a participant with this role, where the state allows none.
    pub fn may_type(&self, role: &str) -> Result<(), Refusal> {
        match self.chat_of(role) {
            ChatPolicy::Free => Ok(()),
            policy @ (ChatPolicy::Buttons | ChatPolicy::Read | ChatPolicy::None) => {
                Err(Refusal::ChatNotAllowed {
                    state: self.state.clone(),
                    policy,
                })
            }
        }
    }

    /// What somebody may do now: a participant by their role, staff by none.
    pub fn offers_of(&self, role: Option<&str>) -> &[Offer] {
        match role {
            Some(role) if BUILT_IN.contains(&role) => &[],
            role => self.offers_under(role.unwrap_or(STAFF)),
        }
    }

    /// What the platform's own back end may do now: what is by `system`, and whatever else staff may.
    pub fn offers_of_platform(&self) -> Vec<&Offer> {
        let own = self.offers_under(PLATFORM);
        let is_own = |offer: &Offer| own.iter().any(|other| other.action == offer.action);
        let others = self.offers_under(STAFF).iter();
        own.iter()
            .chain(others.filter(|offer| !is_own(offer)))
            .collect()
    }

    fn offers_under(&self, key: &str) -> &[Offer] {
        self.offers.get(key).map_or(&[], Vec::as_slice)
    }
}

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
    pub standing: Arc<Standing>,
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
