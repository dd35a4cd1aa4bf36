//! Handles timers.

use super::entering::{DEADLINE, reminder};
use super::step_builder::StepBuilder;
use crate::refusal::Refusal;
use crate::{FlowActor, Timer};

impl StepBuilder<'_> {
    /// Fires a timer if the deal still has it; a late or repeated one changes nothing.
    pub(super) fn tick(&mut self, timer: &Timer) -> Result<(), Refusal> {
        let actor = FlowActor::Timer;
        if !self.instance.timers.contains(timer) {
            return Err(self.misplaced(&actor, &[]));
        }
        let state = self.state()?;
        if timer.name == DEADLINE
            && let Some(deadline) = &state.deadline
        {
            let outcome = &deadline.outcome;
            let name = outcome.action.as_deref().unwrap_or(DEADLINE);
            let origin = self.origin(name, &actor);
            return self.follow(&outcome.effects, origin);
        }
        self.instance.timers.retain(|other| other != timer);
        let mut origin = self.origin(&timer.name, &actor);
        let mut reminders = state.reminders.iter().enumerate();
        if let Some((_, found)) = reminders.find(|(index, _)| reminder(*index) == timer.name) {
            self.say(&found.say, &mut origin);
        }
        let state = state.name.clone();
        self.log(&state, origin);
        Ok(())
    }
}
