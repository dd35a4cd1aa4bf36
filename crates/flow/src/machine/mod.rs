//! The rule by which a deal goes on. Pure: no I/O, no clock, no panic; the same arguments give the same step.
//!
//! A deal stands in a state, at a version, with a context, timers, and maybe an order that it waits for.
//!
//! 1. **Somebody presses**: the action must exist, be offered at the version that the press names, begin in this state, and be theirs; the
//!    form must be filled in; the guard must hold. Then its effects follow.
//! 2. **A timer is due**: it must be exactly one of the deal's timers, or nothing happens. The deadline's effects follow; a reminder is
//!    said, and is gone. A deadline whose effects cannot be carried out is used up: staff and the platform are told, and the deal stays.
//! 3. **The gateway speaks**: of the order that the state waits for, and the state says what follows; of any other, and the flow's payment
//!    policies say what becomes of the money. What cannot be carried out is left to staff.
//! 4. **Effects are followed**: values are set, computed from those before; texts are said; the first branch that holds names the next
//!    state; without one the deal stays.
//! 5. **A state is entered**: instead of one that was entered too often, its `else`. The version is raised; the old timers are gone and its
//!    own begin; an order is asked for where it wants money. What it does at once (`then`) follows, as a transition of its own.
//! 6. **Where the deal comes to rest**, each role is asked what it may do now.

mod available_actions;
mod context;
mod entering;
mod form;
mod paying;
mod pressing;
mod step_builder;
mod stuck;
mod ticking;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::definition::Definition;
use crate::refusal::Refusal;
use crate::{DealView, FlowActor, FlowInput, Instance, Step};

pub(super) use entering::reminder;
pub(super) use paying::chosen;
pub(super) use step_builder::{Origin, StepBuilder};

/// The first step of a deal: enters `initial`, and goes on from there as far as it goes by itself.
///
/// # Errors
/// `Invalid`, naming the value, when the context lacks something, has something unknown, or something of another type; `ActionNotAllowed`
/// when a state on the way asks for money and there is no price.
pub fn start(
    definition: &Definition,
    context: Map<String, Value>,
    now: DateTime<Utc>,
) -> Result<Step, Refusal> {
    let context = context::checked(definition, context)?;
    let mut builder = StepBuilder::begun(definition, context, now);
    builder.enter(&definition.initial, step_builder::Origin::start())?;
    Ok(builder.ended())
}

/// What follows from one input.
///
/// # Errors
/// Whoever pressed is told why not: `ActionNotFound`; `FlowStateInvalid` when the deal stands elsewhere or what they saw is stale, with
/// what they may do now; `Forbidden` when it is not theirs to do; `Invalid`, naming the field; `ActionNotAllowed` when the guard does not
/// hold, a value cannot be computed, or the payment is not ready. A timer that is not (or no longer) the deal's own, and news of an order
/// that change nothing, are `FlowStateInvalid`. Whatever is refused has changed nothing.
pub fn step(
    definition: &Definition,
    instance: &Instance,
    actor: &FlowActor,
    input: &FlowInput,
    now: DateTime<Utc>,
) -> Result<Step, Refusal> {
    let mut builder = StepBuilder::resumed(definition, instance, now);
    match input {
        FlowInput::Press {
            action,
            input,
            version,
        } => builder.press(actor, action, input, *version)?,
        FlowInput::Due(timer) => {
            if let Some(why) = impossible(builder.tick(timer))? {
                builder = StepBuilder::resumed(definition, instance, now);
                builder.give_up_timer(timer, &why);
            }
        }
        FlowInput::Payment { order, outcome } => {
            if impossible(builder.hear_of_money(*order, outcome))?.is_some() {
                builder = StepBuilder::resumed(definition, instance, now);
                builder.hold_money(*order, outcome);
            }
        }
    }
    Ok(builder.ended())
}

/// Why a step that nobody pressed cannot be carried out, where that is so.
fn impossible(made: Result<(), Refusal>) -> Result<Option<String>, Refusal> {
    match made {
        Ok(()) => Ok(None),
        Err(Refusal::ActionNotAllowed(why)) => Ok(Some(why)),
        Err(other) => Err(other),
    }
}

/// What everybody is shown of a deal: a guard that looks at the form or at the time counts only at the press.
pub fn deal_view(definition: &Definition, instance: &Instance) -> DealView {
    available_actions::deal_view(definition, instance)
}
