//! The outline of a definition for browsers: states and actions by name and title, without the rules.

use serde::Serialize;
use std::collections::BTreeMap;

use super::definition::{Branch, Definition};
use crate::Style;

/// The outline of a definition.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Outline {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: i64,
    /// Its title.
    pub title: String,
    /// The roles.
    pub roles: Vec<String>,
    /// The first state.
    pub initial: String,
    /// The states in reading order.
    pub states: Vec<StateOutline>,
    /// The actions in reading order.
    pub actions: Vec<ActionOutline>,
}

/// The outline of a state.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StateOutline {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// The role whose turn it is.
    pub awaiting_role: Option<String>,
    /// Whether it ends the deal.
    pub terminal: bool,
    /// The states that follow without a press, by cause: `deadline`, `paid`, `then`, `too_often`.
    pub by_itself: BTreeMap<String, Vec<String>>,
}

/// The outline of an action.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ActionOutline {
    /// Its name.
    pub name: String,
    /// The button's label, with placeholders as names in braces.
    pub label: String,
    /// The button's style.
    pub style: Style,
    /// The states in which it is available.
    pub from: Vec<String>,
    /// Who may take it.
    pub by: Vec<String>,
    /// The states to which it leads; empty if the deal stays.
    pub to: Vec<String>,
}

/// The outline of a definition.
pub fn outline(definition: &Definition) -> Outline {
    let states = definition.reading_order.iter();
    let states = states.filter_map(|name| state(definition, name)).collect();
    let actions = definition.actions.iter().map(|action| ActionOutline {
        name: action.name.clone(),
        label: action.label.outlined(),
        style: action.style,
        from: action.from.clone(),
        by: action.by.clone(),
        to: names(&action.effects.to),
    });
    Outline {
        name: definition.name.clone(),
        version: definition.version,
        title: definition.title.clone(),
        roles: definition.roles.clone(),
        initial: definition.initial.clone(),
        states,
        actions: actions.collect(),
    }
}

fn state(definition: &Definition, name: &str) -> Option<StateOutline> {
    let state = definition.state(name)?;
    let mut by_itself = BTreeMap::new();
    let mut leads = |what: &str, to: Vec<String>| drop(by_itself.insert(what.to_owned(), to));
    if let Some(deadline) = &state.deadline {
        leads("deadline", names(&deadline.outcome.effects.to));
    }
    if let Some(payment) = &state.payment {
        leads("paid", names(&payment.paid.effects.to));
    }
    if let Some(then) = &state.then {
        leads("then", names(&then.to));
    }
    if let Some(visits) = &state.visits {
        leads("too_often", vec![visits.otherwise.clone()]);
    }
    Some(StateOutline {
        name: state.name.clone(),
        title: state.title.clone(),
        awaiting_role: state.awaiting.clone(),
        terminal: state.terminal,
        by_itself,
    })
}

fn names(branches: &[Branch]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for branch in branches {
        if !found.contains(&branch.to) {
            found.push(branch.to.clone());
        }
    }
    found
}
