//! A flow, checked: immutable, shared by all deals that follow it.

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

/// A flow file, checked: every name in it is known, every expression compiles, every state has a way on.
pub struct Definition {
    /// Its name.
    pub name: String,
    /// Its version, from 1; deals stay with the version they began with.
    pub version: i64,
    /// What people call it.
    pub title: String,
    /// Who takes part, in the order of the file.
    pub roles: Vec<String>,
    /// Where a deal begins.
    pub initial: String,
    /// What a deal remembers.
    pub context: BTreeMap<String, ContextField>,
    /// The states by name.
    pub states: BTreeMap<String, State>,
    /// The states' names in the order of the file.
    pub reading_order: Vec<String>,
    /// The actions in the order of the file.
    pub actions: Vec<Arc<Action>>,
    /// What becomes of money that no state waits for; there where a state asks for money.
    pub money: Option<MoneyPolicies>,
    /// How deals of older versions come here.
    pub migrations: Vec<Migration>,
    /// The language's functions.
    pub(super) engine: Engine,
    /// What is allowed and probably not meant.
    pub(super) warnings: Vec<Problem>,
}

impl fmt::Debug for Definition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Definition({} {})", self.name, self.version)
    }
}

/// Where a deal can stand.
#[derive(Clone, Debug)]
pub struct State {
    /// Its name.
    pub name: String,
    /// A few words.
    pub title: String,
    /// Whose turn it is.
    pub awaiting: Option<String>,
    /// What is asked of whom, by role.
    pub prompts: BTreeMap<String, Prompt>,
    /// Who may type, for every role.
    pub chat: BTreeMap<String, ChatPolicy>,
    /// When it ends by itself.
    pub deadline: Option<Deadline>,
    /// What is said while it lasts, in the order of time.
    pub reminders: Vec<Reminder>,
    /// How often it may be entered.
    pub visits: Option<Visits>,
    /// The money that it waits for.
    pub payment: Option<Payment>,
    /// Where it goes at once.
    pub then: Option<Effects>,
    /// Whether the deal is over.
    pub terminal: bool,
    /// What may be done in it, in the order of the file.
    pub actions: Vec<Arc<Action>>,
    pub(super) at: usize,
}

/// What is asked of a role in a state: a card, with the actions that it may do.
#[derive(Clone, Debug)]
pub struct Prompt {
    /// A few words.
    pub title: Text,
    /// A sentence.
    pub subtitle: Option<Text>,
    /// How it is shown.
    pub kind: LineKind,
}

/// When a state ends by itself.
#[derive(Clone, Debug)]
pub struct Deadline {
    /// How long after it was entered.
    pub after: TimeDelta,
    /// What follows.
    pub outcome: Outcome,
}

/// What is said while a state lasts.
#[derive(Clone, Debug)]
pub struct Reminder {
    /// How long after it was entered.
    pub after: TimeDelta,
    /// What.
    pub say: Vec<FlowMessage>,
}

/// How often a state may be entered.
#[derive(Clone, Debug)]
pub struct Visits {
    /// At most so often, from 1.
    pub max: u32,
    /// Where the deal goes instead.
    pub otherwise: String,
}

/// The money that a state waits for.
#[derive(Clone, Debug)]
pub struct Payment {
    /// How much; money.
    pub amount: Expression,
    /// Who pays.
    pub payer: String,
    /// What for.
    pub description: Text,
    /// What the payer reads until the gateway has made the order.
    pub preparing: Text,
    /// What follows when it is paid.
    pub paid: Outcome,
    /// What is said when an attempt fails.
    pub failed: Vec<FlowMessage>,
}

/// What follows when nobody pressed: under its own name, or as an action.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The action, where it is one.
    pub action: Option<String>,
    /// What follows.
    pub effects: Effects,
}

/// What an action, a deadline or a payment brings about.
#[derive(Clone, Debug, Default)]
pub struct Effects {
    /// Where the deal goes: the first branch that holds. None at all, or none that holds: it stays.
    pub to: Vec<Branch>,
    /// Why, in a word.
    pub reason: Option<String>,
    /// What it remembers of it.
    pub set: Vec<Setting>,
    /// What is said.
    pub say: Vec<FlowMessage>,
    /// What only the one who acted reads.
    pub audit: Option<Text>,
    /// What the platform is told.
    pub emit: Vec<Emission>,
}

/// One way on.
#[derive(Clone, Debug)]
pub struct Branch {
    /// The condition; none: always.
    pub when: Option<Expression>,
    /// The state.
    pub to: String,
}

/// One value to remember.
#[derive(Clone, Debug)]
pub struct Setting {
    /// What.
    pub name: String,
    /// Its value.
    pub value: Expression,
}

/// One thing that is said.
#[derive(Clone, Debug)]
pub struct FlowMessage {
    /// To whom; none: everybody.
    pub to: Option<String>,
    /// How it is shown.
    pub kind: LineKind,
    /// What.
    pub text: Text,
}

/// One event for the platform.
#[derive(Clone, Debug)]
pub struct Emission {
    /// Its type.
    pub event: String,
    /// What goes with it.
    pub values: Vec<Setting>,
}

/// What somebody can do.
#[derive(Clone, Debug)]
pub struct Action {
    /// Its name.
    pub name: String,
    /// In which states, in the order of the file.
    pub from: Vec<String>,
    /// Who: roles, and `staff`, `system`, `timer`, `payment`.
    pub by: Vec<String>,
    /// On the button.
    pub label: Text,
    /// How the button looks.
    pub style: Style,
    /// What is to be filled in.
    pub input: Vec<Field>,
    /// The condition.
    pub guard: Option<Expression>,
    /// What is said when the condition does not hold.
    pub guard_message: Text,
    /// Whether the payer needs the gateway's checkout for it.
    pub checkout: bool,
    /// What follows.
    pub effects: Effects,
    pub(super) at: usize,
}

/// What becomes of money that no state waits for any more, or of other money than asked for.
#[derive(Clone, Debug)]
pub struct MoneyPolicies {
    /// Paid after its state was left.
    pub late: Vec<MoneyPolicy>,
    /// Another amount.
    pub wrong_amount: Vec<MoneyPolicy>,
    /// Paid twice.
    pub repeated: Vec<MoneyPolicy>,
    /// Gone back.
    pub refunded: Vec<MoneyPolicy>,
}

/// One way to handle money; the first whose condition holds counts.
#[derive(Clone, Debug)]
pub struct MoneyPolicy {
    /// The condition; none: always.
    pub when: Option<Expression>,
    /// What is done.
    pub rule: MoneyRule,
    /// What follows.
    pub effects: Effects,
}

/// What is done with money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoneyRule {
    /// It is taken, and the deal goes on.
    Resume,
    /// It goes back.
    Refund,
    /// Staff decide.
    Hold,
    /// It is only said.
    Tell,
}

/// How deals of an older version come to this one.
#[derive(Clone, Debug)]
pub struct Migration {
    /// The older version.
    pub from_version: i64,
    /// New names of states; a state that is not named keeps its name.
    pub states: BTreeMap<String, String>,
    /// What happens to what is due.
    pub timers: MigratedTimers,
}

/// What happens to a deal's timers when it comes to a new version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MigratedTimers {
    /// They stay as they are, where the new state has one of that name; what is new is counted from the moment of entering.
    Keep,
    /// They begin anew.
    Restart,
}

impl Definition {
    /// Reads and checks a flow file.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the order of the file.
    pub fn parse(source: &str) -> Result<Self, Vec<Problem>> {
        reading::parse(source, Origin::File)
    }

    /// Reads a definition that the database keeps, which an earlier release of Stoa has checked.
    ///
    /// # Errors
    /// Everything that is wrong with it, but for rules that came later: deals run by it.
    pub fn parse_stored(source: &str) -> Result<Self, Vec<Problem>> {
        reading::parse(source, Origin::Store)
    }

    /// What is allowed and probably not meant, in the order of the file.
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// The state of that name.
    pub fn state(&self, name: &str) -> Option<&State> {
        self.states.get(name)
    }

    /// The action of that name.
    pub fn action(&self, name: &str) -> Option<&Arc<Action>> {
        self.actions.iter().find(|action| action.name == name)
    }
}
