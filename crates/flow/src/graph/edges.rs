//! The transitions of a flow as edges between states.

use crate::definition::{Definition, Effects, State};

/// An action that is available in more states is listed below the picture.
const MOST_ORIGINS: usize = 3;

/// What causes the transitions of an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Nature {
    Money,
    Person,
    Timer,
}

/// An edge. Transitions with the same cause and direction share one.
#[derive(Clone, Debug)]
pub(super) struct Edge {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) nature: Nature,
    pub(super) labels: Vec<String>,
    /// The number of earlier edges between the same states.
    pub(super) beside: i32,
}

/// All edges, and a text for each action that is available in many states.
pub(super) fn of(definition: &Definition) -> (Vec<Edge>, Vec<String>) {
    let (mut edges, mut listed) = (Vec::new(), Vec::new());
    for name in &definition.reading_order {
        if let Some(state) = definition.state(name) {
            by_itself(&mut edges, state);
        }
    }
    for action in &definition.actions {
        let label = action.label.outlined();
        if action.from.len() > MOST_ORIGINS {
            let to: Vec<&str> = action
                .effects
                .to
                .iter()
                .map(|branch| branch.to.as_str())
                .collect();
            let to = if to.is_empty() {
                "stays".to_owned()
            } else {
                format!("→ {}", to.join(", "))
            };
            let (by, count) = (action.by.join(", "), action.from.len());
            listed.push(format!("{label} ({by}), from {count} states: {to}"));
            continue;
        }
        for from in &action.from {
            add(&mut edges, from, &action.effects, Nature::Person, &label);
        }
    }
    (edges, listed)
}

fn by_itself(edges: &mut Vec<Edge>, state: &State) {
    if let Some(then) = &state.then {
        add(edges, &state.name, then, Nature::Timer, "at once");
    }
    if let Some(payment) = &state.payment {
        add(
            edges,
            &state.name,
            &payment.paid.effects,
            Nature::Money,
            "paid",
        );
    }
    if let Some(deadline) = &state.deadline {
        let label = format!("after {}", span(deadline.after.num_seconds()));
        add(
            edges,
            &state.name,
            &deadline.outcome.effects,
            Nature::Timer,
            &label,
        );
    }
    if let Some(visits) = &state.visits {
        let label = format!("after {} times", visits.max);
        join(edges, &state.name, &visits.otherwise, Nature::Timer, label);
    }
}

fn add(edges: &mut Vec<Edge>, from: &str, effects: &Effects, nature: Nature, label: &str) {
    for branch in &effects.to {
        let label = match branch.when {
            Some(_) => format!("{label} (if)"),
            None => label.to_owned(),
        };
        join(edges, from, &branch.to, nature, label);
    }
}

fn join(edges: &mut Vec<Edge>, from: &str, to: &str, nature: Nature, label: String) {
    let parallel = |edge: &&mut Edge| edge.from == from && edge.to == to;
    let mut beside = 0;
    for edge in edges.iter_mut().filter(parallel) {
        if edge.nature == nature {
            if !edge.labels.contains(&label) {
                edge.labels.push(label);
            }
            return;
        }
        beside += 1;
    }
    edges.push(Edge {
        from: from.to_owned(),
        to: to.to_owned(),
        nature,
        labels: vec![label],
        beside,
    });
}

fn span(seconds: i64) -> String {
    match (
        seconds / 86_400,
        seconds % 86_400 / 3_600,
        seconds % 3_600 / 60,
    ) {
        (1, 0, 0) => "1 day".to_owned(),
        (days @ 1.., 0, 0) => format!("{days} days"),
        (days, hours, 0) => format!("{} h", days * 24 + hours),
        (days, hours, minutes) => format!("{} min", (days * 24 + hours) * 60 + minutes),
    }
}
