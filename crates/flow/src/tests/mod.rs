//! Tests of the machine with the flows that ship with Stoa.

mod bad;
mod bid;
mod breaking;
mod impossible;
mod laws;
mod moving;
mod reference;
mod rules;
mod scripts;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};

use super::{Definition, machine};
use crate::refusal::Refusal;
use crate::{FlowActor, FlowInput, Instance, Step, Timer};

/// A shipped flow.
pub(super) fn shipped(name: &str) -> Definition {
    let path = format!(
        "{}/flows/{name}.toml",
        concat!(env!("CARGO_MANIFEST_DIR"), "/../..")
    );
    let source = std::fs::read_to_string(&path).unwrap();
    Definition::parse(&source).unwrap_or_else(|problems| {
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        panic!("{name}.toml:\n{}", told.join("\n"))
    })
}

/// The time at which all tests begin.
pub(super) fn noon() -> DateTime<Utc> {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

/// A deal in a test.
pub(super) struct Play {
    pub(super) definition: Definition,
    pub(super) instance: Instance,
    pub(super) now: DateTime<Utc>,
}

impl Play {
    pub(super) fn begin(definition: Definition, context: Value) -> (Self, Step) {
        let context = object(context);
        let step = machine::start(&definition, context, noon()).unwrap();
        let instance = step.instance.clone();
        let play = Self {
            definition,
            instance,
            now: noon(),
        };
        (play, step)
    }

    pub(super) fn feed(&mut self, actor: &FlowActor, input: FlowInput) -> Result<Step, Refusal> {
        let step = machine::step(&self.definition, &self.instance, actor, &input, self.now)?;
        self.instance = step.instance.clone();
        Ok(step)
    }

    pub(super) fn press(
        &mut self,
        role: &str,
        action: &str,
        input: Value,
    ) -> Result<Step, Refusal> {
        let actor = match role {
            "staff" => FlowActor::Staff,
            role => FlowActor::Role(role.to_owned()),
        };
        let input = FlowInput::Press {
            action: action.to_owned(),
            input: object(input),
            version: Some(self.instance.version),
        };
        self.feed(&actor, input)
    }

    /// Fires the timer that is due next.
    pub(super) fn wait(&mut self) -> (Timer, Step) {
        let next = self.instance.timers.iter().min_by_key(|timer| timer.due);
        let timer = next.expect("a timer").clone();
        self.now = timer.due + TimeDelta::seconds(1);
        let step = self.feed(&FlowActor::Timer, FlowInput::Due(timer.clone()));
        (timer, step.unwrap())
    }

    pub(super) fn state(&self) -> &str {
        &self.instance.state
    }
}

pub(super) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("{other} is no object"),
    }
}
