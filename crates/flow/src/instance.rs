//! A running deal as data: where it stands, and what of it is shown and enforced outside.

use chrono::{DateTime, Utc};
use language::money::Money;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

use crate::available_action::AvailableAction;
use crate::refusal::Refusal;

/// Raised whenever what is offered is offered anew: a press names the one it was offered at. The first is 1.
pub type StateVersion = i64;

/// The key under which what staff may do is found in `DealView::available_actions`.
pub const STAFF: &str = "staff";

/// The key under which what the platform's own back end may do is found in `DealView::available_actions`.
pub const PLATFORM: &str = "system";

/// Who can act without taking part: no participant's role has such a name.
pub const BUILT_IN: [&str; 4] = [STAFF, PLATFORM, "timer", "payment"];

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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
pub struct DealView {
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
    /// Who may do what, by role, and under `STAFF` for staff. Stored deals call it `offers`.
    #[serde(rename = "offers")]
    pub available_actions: BTreeMap<String, Vec<AvailableAction>>,
}

/// Whether a deal goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// It goes on.
    Running,
    /// It is over; free chat may go on.
    Over,
}

impl DealView {
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
    pub fn actions_of(&self, role: Option<&str>) -> &[AvailableAction] {
        match role {
            Some(role) if BUILT_IN.contains(&role) => &[],
            role => self.actions_under(role.unwrap_or(STAFF)),
        }
    }

    /// What the platform's own back end may do now: what is by `system`, and whatever else staff may.
    pub fn actions_of_platform(&self) -> Vec<&AvailableAction> {
        let own = self.actions_under(PLATFORM);
        let is_own =
            |available: &AvailableAction| own.iter().any(|other| other.action == available.action);
        let others = self.actions_under(STAFF).iter();
        own.iter()
            .chain(others.filter(|available| !is_own(available)))
            .collect()
    }

    fn actions_under(&self, key: &str) -> &[AvailableAction] {
        self.available_actions.get(key).map_or(&[], Vec::as_slice)
    }
}
