//! Runs scripts through a flow with a virtual clock, without a database or a server.

mod comparing;
mod coverage;
mod gateway;
mod playing;
mod script;

use std::collections::BTreeSet;

use super::definition::Definition;

pub use coverage::{made, transitions};
pub use script::{Expected, ExpectedEvent, Outcome, Run, Script, ScriptStep, What};

/// The result of one run of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Played {
    /// The run's name.
    pub name: String,
    /// The name of its file.
    pub file: String,
    /// The number of steps, including those of the runs that it continues.
    pub steps: usize,
    /// The first unexpected result, if there was one.
    pub failure: Option<Failure>,
    /// The transitions that were made, named as by `transitions`.
    pub covered: BTreeSet<String>,
}

/// The first step with an unexpected result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The step's line, from 1.
    pub line: usize,
    /// What was done.
    pub step: String,
    /// The differences, each as a sentence.
    pub differences: Vec<String>,
}

/// Runs every run of a script.
pub fn play(definition: &Definition, script: &Script) -> Vec<Played> {
    let runs = script.runs.iter();
    runs.map(|run| playing::play(definition, script, run))
        .collect()
}
