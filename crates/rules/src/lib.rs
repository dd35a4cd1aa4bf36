//! Rules files: which events a platform sends, and what follows from each. Pure: no clock, no input or output.
#![doc = include_str!("../README.md")]

mod actions;
mod book;
mod deciding;
mod effect;
mod event;
mod event_type;
mod notifying;
mod reading;
mod rule;
mod selector;
pub mod simulate;

pub use book::RuleBook;
pub use deciding::{Decision, Facts, decide};
pub use effect::{Effect, Place, Rooms, Selected, Words};
pub use event::Subject;
pub use event_type::{EventType, Purpose};
pub use language::declared::{Checked, DataField, DataKind, Wrong};
pub use language::problem::Problem;
pub use reading::RuleSet;
pub use rule::Rule;

#[cfg(test)]
mod tests;
