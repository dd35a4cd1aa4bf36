//! Handles a press.

use serde_json::{Map, Value};

use super::step_builder::StepBuilder;
use super::{available_actions, form};
use crate::refusal::Refusal;
use crate::{FlowActor, StateVersion};

impl StepBuilder<'_> {
    /// Takes an action if the actor may take it.
    pub(super) fn press(
        &mut self,
        actor: &FlowActor,
        name: &str,
        input: &Map<String, Value>,
        version: Option<StateVersion>,
    ) -> Result<(), Refusal> {
        let unknown = || Refusal::ActionNotFound(name.chars().take(64).collect());
        let action = self.definition.action(name).ok_or_else(unknown)?;
        let stale = version.is_some_and(|seen| seen != self.instance.version);
        if stale || !action.from.contains(&self.instance.state) {
            return Err(self.misplaced(actor, &action.from));
        }
        if !action.by.iter().any(|who| who == actor.name()) {
            return Err(Refusal::Forbidden("This action is for another role"));
        }
        let state = self.state()?;
        if !available_actions::is_ready(state, &self.instance, action, actor) {
            let why = "The payment is being prepared; try again in a moment";
            return Err(Refusal::ActionNotAllowed(why.to_owned()));
        }
        let input = form::checked(&action.input, input)?;
        let facts = self.facts(actor, &input);
        let engine = &self.definition.engine;
        if let Some(guard) = &action.guard
            && !guard.holds(engine, facts)
        {
            let why = action.guard_message.filled(facts.context, facts.input);
            return Err(Refusal::ActionNotAllowed(why));
        }
        let mut origin = self.origin(name, actor);
        origin.input = input;
        self.follow(&action.effects, origin)
    }
}
