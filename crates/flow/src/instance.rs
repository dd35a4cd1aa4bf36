//! A running deal as data: its state, and the part of it that rooms show and enforce.

use chrono::{DateTime, Utc};
use language::money::Money;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

use crate::available_action::AvailableAction;
use crate::refusal::Refusal;
use crate::step::FlowActor;

/// Rises, from 1, whenever the available actions are renewed. A press names the version that it saw.
pub type StateVersion = i64;

/// The key of the staff's actions in `DealView::available_actions`.
pub const STAFF: &str = "staff";

/// The key of the platform's actions in `DealView::available_actions`.
pub const PLATFORM: &str = "system";

/// Actors who are not participants; no role may have one of these names.
pub const BUILT_IN: [&str; 4] = [STAFF, PLATFORM, "timer", "payment"];

/// The whole state of a deal, which a step reads and writes. Stored as one JSON document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Instance {
    /// The name of its state.
    pub state: String,
    /// The state version.
    pub version: StateVersion,
    /// The values of the context, by name.
    pub context: Map<String, Value>,
    /// How often each state was entered.
    pub visits: BTreeMap<String, u32>,
    /// When the current state was entered.
    pub entered_at: DateTime<Utc>,
    /// The order that the state awaits.
    pub payment: Option<AwaitedPayment>,
    /// The timers that are set.
    pub timers: Vec<Timer>,
}

/// An order that a state requested when it was entered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AwaitedPayment {
    /// The state version at which it was requested; with the conversation, it identifies the order.
    pub order: StateVersion,
    /// The amount.
    pub price: Money,
    /// The options of the gateway's checkout; `None` until the gateway has created the order.
    pub checkout: Option<Value>,
}

/// A timer, which is deleted when its state is left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timer {
    /// Its name, unique in the deal: `deadline`, `remind_1`, …
    pub name: String,
    /// When it is due.
    pub due: DateTime<Utc>,
}

/// Whether a participant may send text while a state lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChatPolicy {
    /// Free text.
    Free,
    /// Only button presses.
    Buttons,
    /// Only reading.
    Read,
    /// Only reading of earlier messages: the deal no longer concerns them.
    None,
}

impl ChatPolicy {
    /// The name in APIs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Buttons => "buttons",
            Self::Read => "read",
            Self::None => "none",
        }
    }
}

/// The part of a deal that rooms show and enforce without knowing its flow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DealView {
    /// The flow's name.
    pub flow: String,
    /// The definition's version.
    pub flow_version: i64,
    /// The state's name.
    pub state: String,
    /// The state's title.
    pub title: String,
    /// The state version.
    pub state_version: StateVersion,
    /// The role whose turn it is.
    pub awaiting_role: Option<String>,
    /// Whether the deal is over.
    pub phase: Phase,
    /// When the state was entered.
    pub entered_at: DateTime<Utc>,
    /// When it ends by itself.
    pub deadline: Option<DateTime<Utc>>,
    /// The chat policy of each role.
    pub chat: BTreeMap<String, ChatPolicy>,
    /// The available actions by role, and under `STAFF` and `PLATFORM`. Stored deals call the field `offers`.
    #[serde(rename = "offers")]
    pub available_actions: BTreeMap<String, Vec<AvailableAction>>,
}

/// Whether a deal is running.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// It is running.
    Running,
    /// It is over; chat may continue.
    Over,
}

impl DealView {
    /// The chat policy of a role. A role that the flow does not name may only read, unless every role may chat
    /// freely.
    pub fn chat_of(&self, role: &str) -> ChatPolicy {
        let open = self.chat.values().all(|policy| *policy == ChatPolicy::Free);
        match self.chat.get(role) {
            Some(policy) => *policy,
            None if open => ChatPolicy::Free,
            None => ChatPolicy::Read,
        }
    }

    /// Refuses free text from a participant with this role if the state does not permit it.
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

    /// The available actions of a participant with this role; `None` means staff.
    pub fn actions_of(&self, role: Option<&str>) -> &[AvailableAction] {
        match role {
            Some(role) if BUILT_IN.contains(&role) => &[],
            role => self.actions_under(role.unwrap_or(STAFF)),
        }
    }

    /// The available actions of a caller who may act as each of these actors. An action that several have is
    /// listed once, as the first of them has it.
    pub fn actions_of_actors(&self, actors: &[FlowActor]) -> Vec<&AvailableAction> {
        let mut found: Vec<&AvailableAction> = Vec::new();
        for available in actors
            .iter()
            .flat_map(|actor| self.actions_under(actor.name()))
        {
            if !found.iter().any(|other| other.action == available.action) {
                found.push(available);
            }
        }
        found
    }

    fn actions_under(&self, key: &str) -> &[AvailableAction] {
        self.available_actions.get(key).map_or(&[], Vec::as_slice)
    }
}
