//! Plays scripts through a flow with a virtual clock: no database, no server, no waiting.

mod comparing;
mod coverage;
mod gateway;
mod playing;
mod script;

use std::collections::BTreeSet;

use super::definition::Definition;

pub use coverage::{made, transitions};
pub use script::{Expected, ExpectedEvent, Outcome, Run, Script, ScriptStep, What};

/// How one run of a script went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Played {
    /// The run's name.
    pub name: String,
    /// The file that it is from, as it was named.
    pub file: String,
    /// How many steps were made, those of the runs that it continues included.
    pub steps: usize,
    /// What was not as the script expects, where something was not.
    pub failure: Option<Failure>,
    /// The transitions that were made, named as `transitions` names them.
    pub covered: BTreeSet<String>,
}

/// The first step that did not go as the script expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The step's line, from 1.
    pub line: usize,
    /// What was done.
    pub step: String,
    /// What was expected and what was found, each a sentence.
    pub differences: Vec<String>,
}

/// Plays every run of a script.
pub fn play(definition: &Definition, script: &Script) -> Vec<Played> {
    let runs = script.runs.iter();
    runs.map(|run| playing::play(definition, script, run))
        .collect()
}
