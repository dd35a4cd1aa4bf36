//! A checked flow definition: immutable, shared by all deals that follow it.

mod absence;
mod actions;
mod checks;
mod effects;
mod loops;
mod reading;
mod states;

use chrono::TimeDelta;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::LineKind;
use crate::{ChatPolicy, ContextField, Field, Style};
use language::expression::{Engine, Expression};
use language::problem::{Origin, Problem};
use language::text::Text;

/// A checked flow file: every name is declared, every expression compiles, every state has a way out.
pub struct Definition {
    /// Its name.
    pub name: String,
    /// Its version, from 1. A deal keeps the version with which it began.
    pub version: i64,
    /// Its title.
    pub title: String,
    /// The roles, in the order of the file.
    pub roles: Vec<String>,
    /// The first state.
    pub initial: String,
    /// The declared context.
    pub context: BTreeMap<String, ContextField>,
    /// The states by name.
    pub states: BTreeMap<String, State>,
    /// The states' names in the order of the file.
    pub reading_order: Vec<String>,
    /// The actions in the order of the file.
    pub actions: Vec<Arc<Action>>,
    /// The policies for payments that no state awaits; present if any state asks for money.
    pub money: Option<MoneyPolicies>,
    /// The migrations of deals from older versions.
    pub migrations: Vec<Migration>,
    /// The functions of the expression language.
    pub(super) engine: Engine,
    /// Problems that are permitted but probably unintended.
    pub(super) warnings: Vec<Problem>,
}

impl fmt::Debug for Definition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Definition({} {})", self.name, self.version)
    }
}

/// A state of a deal.
#[derive(Clone, Debug)]
pub struct State {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// The role whose turn it is.
    pub awaiting: Option<String>,
    /// The prompts, by role.
    pub prompts: BTreeMap<String, Prompt>,
    /// The chat policy of each role.
    pub chat: BTreeMap<String, ChatPolicy>,
    /// When the state ends by itself.
    pub deadline: Option<Deadline>,
    /// Messages while the state lasts, in order of time.
    pub reminders: Vec<Reminder>,
    /// How often it may be entered.
    pub visits: Option<Visits>,
    /// The payment that it awaits.
    pub payment: Option<Payment>,
    /// Effects that follow at once.
    pub then: Option<Effects>,
    /// Whether it ends the deal.
    pub terminal: bool,
    /// The actions available in it, in the order of the file.
    pub actions: Vec<Arc<Action>>,
    pub(super) at: usize,
}

/// A card for a role, with the actions that it may take.
#[derive(Clone, Debug)]
pub struct Prompt {
    /// The heading.
    pub title: Text,
    /// A sentence.
    pub subtitle: Option<Text>,
    /// The kind of its message.
    pub kind: LineKind,
}

/// The deadline of a state.
#[derive(Clone, Debug)]
pub struct Deadline {
    /// The time after it was entered.
    pub after: TimeDelta,
    /// What follows.
    pub outcome: Outcome,
}

/// A message while a state lasts.
#[derive(Clone, Debug)]
pub struct Reminder {
    /// The time after the state was entered.
    pub after: TimeDelta,
    /// The messages.
    pub say: Vec<FlowMessage>,
}

/// A limit of visits.
#[derive(Clone, Debug)]
pub struct Visits {
    /// The most visits, from 1.
    pub max: u32,
    /// The state that is entered instead.
    pub otherwise: String,
}

/// A payment that a state awaits.
#[derive(Clone, Debug)]
pub struct Payment {
    /// The amount; an expression of type money.
    pub amount: Expression,
    /// The role that pays.
    pub payer: String,
    /// The description in the checkout.
    pub description: Text,
    /// What the payer reads until the gateway has created the order.
    pub preparing: Text,
    /// What follows when it is paid.
    pub paid: Outcome,
    /// The messages when an attempt fails.
    pub failed: Vec<FlowMessage>,
}

/// What follows without a press: an action, or effects of its own.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The action, if there is one.
    pub action: Option<String>,
    /// The effects.
    pub effects: Effects,
}

/// The effects of an action, a deadline or a payment.
#[derive(Clone, Debug, Default)]
pub struct Effects {
    /// The next state: that of the first branch that holds. If none holds, the deal stays.
    pub to: Vec<Branch>,
    /// The reason for the log, in a word.
    pub reason: Option<String>,
    /// Values to set.
    pub set: Vec<Setting>,
    /// Messages to send.
    pub say: Vec<FlowMessage>,
    /// A message to the actor alone.
    pub audit: Option<Text>,
    /// Events for the platform.
    pub emit: Vec<Emission>,
}

/// A possible next state.
#[derive(Clone, Debug)]
pub struct Branch {
    /// The condition; `None` always holds.
    pub when: Option<Expression>,
    /// The state.
    pub to: String,
}

/// A value to set.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Its name.
    pub name: String,
    /// The expression.
    pub value: Expression,
}

/// A message.
#[derive(Clone, Debug)]
pub struct FlowMessage {
    /// The role that gets it; `None` for everyone.
    pub to: Option<String>,
    /// Its kind.
    pub kind: LineKind,
    /// Its text.
    pub text: Text,
}

/// An event for the platform.
#[derive(Clone, Debug)]
pub struct Emission {
    /// Its type.
    pub event: String,
    /// Its values.
    pub values: Vec<Setting>,
}

/// An action.
#[derive(Clone, Debug)]
pub struct Action {
    /// Its name.
    pub name: String,
    /// The states in which it is available, in the order of the file.
    pub from: Vec<String>,
    /// Who may take it: roles, `staff`, `system`, `timer`, `payment`.
    pub by: Vec<String>,
    /// The label of its button.
    pub label: Text,
    /// The style of its button.
    pub style: Style,
    /// Its form.
    pub input: Vec<Field>,
    /// The condition.
    pub guard: Option<Expression>,
    /// The refusal's text if the condition does not hold.
    pub guard_message: Text,
    /// Whether it opens the gateway's checkout.
    pub checkout: bool,
    /// Its effects.
    pub effects: Effects,
    pub(super) at: usize,
}

/// The policies for payments that no state awaits, or with another amount than requested.
#[derive(Clone, Debug)]
pub struct MoneyPolicies {
    /// Paid after the state was left.
    pub late: Vec<MoneyPolicy>,
    /// Another amount or currency.
    pub wrong_amount: Vec<MoneyPolicy>,
    /// Paid twice.
    pub repeated: Vec<MoneyPolicy>,
    /// Refunded.
    pub refunded: Vec<MoneyPolicy>,
}

/// A policy; the first whose condition holds applies.
#[derive(Clone, Debug)]
pub struct MoneyPolicy {
    /// The condition; `None` always holds.
    pub when: Option<Expression>,
    /// The rule.
    pub rule: MoneyRule,
    /// The effects.
    pub effects: Effects,
}

/// What is done with a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoneyRule {
    /// Accept it and continue the deal.
    Resume,
    /// Send it back.
    Refund,
    /// Leave it to staff.
    Hold,
    /// Only announce it.
    Tell,
}

/// The migration of deals from an older version.
#[derive(Clone, Debug)]
pub struct Migration {
    /// The older version.
    pub from_version: i64,
    /// Renamed states; other states keep their name.
    pub states: BTreeMap<String, String>,
    /// What happens to timers.
    pub timers: MigratedTimers,
}

/// What happens to a deal's timers in a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MigratedTimers {
    /// Timers that the new state also has keep their time; new ones count from the time of entering the state.
    Keep,
    /// All timers restart.
    Restart,
}

impl Definition {
    /// Parses and checks a flow file.
    ///
    /// # Errors
    ///
    /// All problems, in the order of the file.
    pub fn parse(source: &str) -> Result<Self, Vec<Problem>> {
        reading::parse(source, Origin::File)
    }

    /// Parses a stored definition, which an earlier release has checked.
    ///
    /// # Errors
    ///
    /// All problems, in the order of the file. Rules that were added later are not applied, because deals run
    /// by the definition.
    pub fn parse_stored(source: &str) -> Result<Self, Vec<Problem>> {
        reading::parse(source, Origin::Store)
    }

    /// Problems that are permitted but probably unintended, in the order of the file.
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// The state with this name.
    pub fn state(&self, name: &str) -> Option<&State> {
        self.states.get(name)
    }

    /// The action with this name.
    pub fn action(&self, name: &str) -> Option<&Arc<Action>> {
        self.actions.iter().find(|action| action.name == name)
    }
}
