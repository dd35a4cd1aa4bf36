//! Plays events against rules with a virtual clock, without a database or a server.

mod playing;
mod script;
mod world;

use std::collections::BTreeSet;

pub use playing::play;
pub use script::Script;

/// The result of a script.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Played {
    /// What happened, line by line.
    pub transcript: Vec<String>,
    /// What the script expected and did not find: the line of the step, from 1, and a sentence.
    pub differences: Vec<(usize, String)>,
    /// The rules that ran.
    pub ran: BTreeSet<String>,
}
