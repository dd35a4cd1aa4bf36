//! The rules by which a deal advances. Pure: no I/O, no clock, no panic; the same arguments give the same step.
//!
//! A deal has a state, a state version, a context, timers, and possibly an order that it awaits.
//!
//! 1. **A press**: the action must exist, be available at the version that the press names, in this state and
//!    to this actor; the form must be valid; the guard must hold. Then its effects follow.
//! 2. **A timer**: it must be exactly one of the deal's timers, or nothing happens. A deadline's effects
//!    follow; a reminder's message is sent, and the timer is deleted. If a deadline's effects cannot be computed,
//!    the timer is deleted, staff and the platform are informed, and the deal stays.
//! 3. **A payment**: for the order that the state awaits, the state says what follows; for any other, the
//!    flow's payment policies do. What cannot be computed is left to staff.
//! 4. **Effects**: values are set, computed from the previous ones; messages are sent; the first branch that
//!    holds names the next state; without one the deal stays.
//! 5. **Entering a state**: after too many visits, its `else` is entered instead. The version rises, the old
//!    timers are deleted and the state's are set, and an order is requested if the state asks for money. Its
//!    `then` follows as a transition of its own.
//! 6. **When the deal rests**, each role gets its available actions.

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
pub(super) use paying::first_that_holds;
pub(super) use step_builder::{Origin, StepBuilder};

/// The first step of a deal: enters `initial` and follows `then`.
///
/// # Errors
///
/// `Invalid`, with the value's name, if the context lacks a value, has an unknown one, or one of another type;
/// `ActionNotAllowed` if a state on the way asks for money and there is no price.
pub fn start(
    definition: &Definition,
    context: Map<String, Value>,
    now: DateTime<Utc>,
) -> Result<Step, Refusal> {
    let context = context::checked(definition, context)?;
    let mut builder = StepBuilder::begun(definition, context, now);
    builder.enter(&definition.initial, step_builder::Origin::start())?;
    Ok(builder.finish())
}

/// The step that follows from an input.
///
/// # Errors
///
/// For a press: `ActionNotFound`; `FlowStateInvalid`, with the available actions, if the deal is in another
/// state or the version is outdated; `Forbidden` if the action is for others; `Invalid`, with the field's name;
/// `ActionNotAllowed` if the guard does not hold, a value cannot be computed, or the payment is not ready. For
/// a timer that the deal does not have (any more), and for a payment report that changes nothing:
/// `FlowStateInvalid`. An error changes nothing.
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
            if impossible(builder.apply_payment(*order, outcome))?.is_some() {
                builder = StepBuilder::resumed(definition, instance, now);
                builder.hold_money(*order, outcome);
            }
        }
    }
    Ok(builder.finish())
}

/// Why a step without a press cannot be computed; `None` if it can.
fn impossible(made: Result<(), Refusal>) -> Result<Option<String>, Refusal> {
    match made {
        Ok(()) => Ok(None),
        Err(Refusal::ActionNotAllowed(why)) => Ok(Some(why)),
        Err(other) => Err(other),
    }
}

/// The view of a deal. A guard that depends on the form or the time is only evaluated on the press.
pub fn deal_view(definition: &Definition, instance: &Instance) -> DealView {
    available_actions::deal_view(definition, instance)
}
