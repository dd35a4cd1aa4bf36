//! A definition told to a browser: states and actions by name and title, without the rules.

use serde::Serialize;
use std::collections::BTreeMap;

use super::definition::{Branch, Definition};
use crate::Style;

/// A definition as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Outline {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: i64,
    /// What people call it.
    pub title: String,
    /// Who takes part.
    pub roles: Vec<String>,
    /// Where a deal begins.
    pub initial: String,
    /// The states in reading order.
    pub states: Vec<StateOutline>,
    /// The actions in reading order.
    pub actions: Vec<ActionOutline>,
}

/// A state as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StateOutline {
    /// Its name.
    pub name: String,
    /// A few words.
    pub title: String,
    /// Whose turn it is.
    pub awaiting_role: Option<String>,
    /// Whether the deal is over.
    pub terminal: bool,
    /// Where it leads without anybody's doing, by what brings it there: `deadline`, `paid`, `then`, `too_often`.
    pub by_itself: BTreeMap<String, Vec<String>>,
}

/// An action as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ActionOutline {
    /// Its name.
    pub name: String,
    /// On the button; values as their names in braces.
    pub label: String,
    /// How the button looks.
    pub style: Style,
    /// The states that it begins in.
    pub from: Vec<String>,
    /// Who does it.
    pub by: Vec<String>,
    /// The states that it leads to; none: it stays.
    pub to: Vec<String>,
}

/// Describes a definition.
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
