//! Restores the view of a deal at the time of each step, for clients that replay steps.

use diesel::pg::PgConnection;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::catalogue::Catalogue;
use crate::domain::entry::{Entry, Fact};
use crate::domain::flow::{DealView, Phase, Stepped};
use crate::error::Error;
use crate::store::missed::Missed;
use flow::definition::Definition;

/// Gives each step of a page of missed changes the view of the deal as it stood after it.
pub fn recall_page(
    catalogue: &Catalogue,
    connection: &mut PgConnection,
    missed: &mut Missed,
) -> Result<(), Error> {
    let is_step = |entry: &Entry| matches!(entry.fact, Fact::Stepped(_));
    let has_steps = missed.entries.iter().any(is_step);
    let now = missed.loaded.conversation.flow.clone();
    if let Some(now) = now.filter(|_| has_steps) {
        let definition = catalogue.of(connection, &now.flow, now.flow_version)?;
        restore_past_views(&definition, &now, &mut missed.entries);
    }
    Ok(())
}

/// Replaces the current view in each replayed step by the view after that step, as far as the definition says.
/// Its actions are left out, because they can no longer be taken.
fn restore_past_views(definition: &Definition, now: &DealView, entries: &mut [Entry]) {
    for index in 0..entries.len() {
        let (whole, rest) = entries.split_at_mut(index + 1);
        let Some(entry) = whole.last_mut() else {
            return;
        };
        let Fact::Stepped(stepped) = &entry.fact else {
            continue;
        };
        let last = last_transition(entry, stepped, rest);
        if last.version == now.state_version {
            continue;
        }
        let deal_view = Arc::new(past_view(definition, now, &last, entry));
        entry.fact = Fact::Stepped(Arc::new(Stepped {
            deal_view,
            ..Stepped::clone(stepped)
        }));
    }
}

/// The last transition of a step: the automatic ones were committed in the same transaction, so they have the
/// same time.
fn last_transition(first: &Entry, stepped: &Arc<Stepped>, rest: &[Entry]) -> Arc<Stepped> {
    let together = rest.iter().take_while(|entry| entry.at == first.at);
    let transitions = together.filter_map(|entry| match &entry.fact {
        Fact::Stepped(transition) => Some(transition),
        Fact::Said(_)
        | Fact::Edited(_)
        | Fact::Deleted(_)
        | Fact::Participant { .. }
        | Fact::Block { .. }
        | Fact::Settings { .. }
        | Fact::Ended
        | Fact::Reacted(_)
        | Fact::Pinned(_)
        | Fact::Void => None,
    });
    let automatic = transitions.take_while(|transition| transition.actor_id.is_none());
    automatic
        .last()
        .map_or_else(|| Arc::clone(stepped), Arc::clone)
}

fn past_view(definition: &Definition, now: &DealView, last: &Stepped, entry: &Entry) -> DealView {
    let state = definition.state(&last.to);
    DealView {
        flow: now.flow.clone(),
        flow_version: now.flow_version,
        state: last.to.clone(),
        title: state.map_or_else(String::new, |state| state.title.clone()),
        state_version: last.version,
        awaiting_role: state.and_then(|state| state.awaiting.clone()),
        phase: match state {
            Some(state) if state.terminal => Phase::Over,
            Some(_) | None => Phase::Running,
        },
        entered_at: entry.at,
        deadline: None,
        chat: state.map(|state| state.chat.clone()).unwrap_or_default(),
        available_actions: BTreeMap::new(),
    }
}
