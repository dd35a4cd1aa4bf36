//! Computes the available actions.

use serde_json::{Map, Value, json};

use super::entering::DEADLINE;
use crate::definition::{Action, Definition, State};
use crate::{AvailableAction, DealView, FlowActor, Instance, Phase, STAFF};
use language::expression::Facts;

/// The view of a deal.
pub(super) fn deal_view(definition: &Definition, instance: &Instance) -> DealView {
    let state = definition.state(&instance.state);
    let mut roles: Vec<FlowActor> = definition
        .roles
        .iter()
        .cloned()
        .map(FlowActor::Role)
        .collect();
    roles.extend([FlowActor::Staff, FlowActor::System]);
    let available_actions = roles.iter().map(|actor| {
        let available_actions = actions_of(definition, instance, actor);
        (actor.name().to_owned(), available_actions)
    });
    let deadline = instance.timers.iter().find(|timer| timer.name == DEADLINE);
    DealView {
        flow: definition.name.clone(),
        flow_version: definition.version,
        state: instance.state.clone(),
        title: state.map_or_else(String::new, |state| state.title.clone()),
        state_version: instance.version,
        awaiting_role: state.and_then(|state| state.awaiting.clone()),
        phase: match state {
            Some(state) if state.terminal => Phase::Over,
            Some(_) | None => Phase::Running,
        },
        entered_at: instance.entered_at,
        deadline: deadline.map(|timer| timer.due),
        chat: state.map(|state| state.chat.clone()).unwrap_or_default(),
        available_actions: available_actions.collect(),
    }
}

/// The available actions of an actor. A guard that depends on the form or the time is only evaluated on the
/// press.
pub(crate) fn actions_of(
    definition: &Definition,
    instance: &Instance,
    actor: &FlowActor,
) -> Vec<AvailableAction> {
    let Some(state) = definition.state(&instance.state) else {
        return Vec::new();
    };
    let nothing = Map::new();
    let facts = Facts {
        context: &instance.context,
        input: &nothing,
        visits: &instance.visits,
        actor: actor.into(),
        now: instance.entered_at,
    };
    let open = |action: &Action| {
        let mine = action.by.iter().any(|who| who == actor.name());
        mine && is_ready(state, instance, action, actor)
            && action.guard.as_ref().is_none_or(|guard| {
                guard.waits_for_the_press() || guard.holds(&definition.engine, facts)
            })
    };
    let available = |action: &Action| AvailableAction {
        action: action.name.clone(),
        label: action.label.filled(&instance.context, &nothing),
        style: action.style,
        input: action.input.clone(),
    };
    let actions = state.actions.iter();
    actions
        .filter(|action| open(action))
        .map(|action| available(action))
        .collect()
}

/// Whether an action that opens the checkout has an order. Staff need none.
pub(super) fn is_ready(
    state: &State,
    instance: &Instance,
    action: &Action,
    actor: &FlowActor,
) -> bool {
    let payment = state.payment.as_ref().filter(|_| action.checkout);
    let waits = payment.is_some_and(|payment| payment.payer == actor.name());
    let ready = instance.payment.as_ref();
    !waits || ready.is_some_and(|payment| payment.checkout.is_some())
}

/// The order for the payer's card; `None` until the gateway has created it.
pub(super) fn checkout_for(state: &State, instance: &Instance, role: &str) -> Option<Value> {
    let payment = state.payment.as_ref()?;
    let checkout = instance.payment.as_ref()?.checkout.as_ref()?;
    (payment.payer == role && role != STAFF).then(|| json!({ "razorpay_config": checkout }))
}
