//! A deal at the moment when a click or a text arrives.

use serde_json::Value;
use std::sync::Arc;

use super::reading::Opened;
use crate::deal::documents::Answered;
use crate::domain::access::Requester;
use crate::domain::flow::{AvailableAction, DealView, Phase};
use crate::domain::ids::ConversationId;
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::edge::http::{AppState, Failure};
use crate::edge::stoory::press::{DealInput, was};
use crate::edge::stoory::rows::{ChatStatus, FlowUpdate};
use crate::edge::stoory::sides::{BRAND_OWNER, INFLUENCER};
use crate::store::particulars::{self, Pressed};
use flow::definition::{Action, Definition};

/// The side for which an endpoint is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// Who pays.
    BrandOwner,
    /// Who works.
    Influencer,
}

/// A consistent reading of a deal for one caller, with its newest press.
pub(super) struct CurrentDeal {
    pub(super) opened: Opened,
    pub(super) deal: Arc<DealView>,
    definition: Arc<Definition>,
    /// What the caller may do now.
    pub(super) available_actions: Vec<AvailableAction>,
    last: Option<Pressed>,
}

impl CurrentDeal {
    /// Reads the deal, if the caller may read its conversation.
    pub(super) async fn read(
        server: &AppState,
        actor: &Arc<Principal>,
        id: ConversationId,
    ) -> Result<Self, Failure> {
        let requester = Requester::from(&**actor);
        let catalogue = Arc::clone(&server.deps.deals.deps().catalogue);
        let read = server.deps.room.pool.run(move |connection| {
            let opened = match Opened::read(connection, id, requester)? {
                Ok(opened) => opened,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let Some(deal) = opened.loaded.conversation.flow.clone() else {
                return Ok(Err(Refusal::FlowNotFound));
            };
            // Read after the view of the deal, so that it includes the press that led to that view.
            let last = particulars::last_press(connection, opened.loaded.conversation.no)?;
            let definition = catalogue.of(connection, &deal.flow, deal.flow_version)?;
            let access = match opened.loaded.access(requester) {
                Ok(access) => access,
                Err(denied) => return Ok(Err(denied.into())),
            };
            let available_actions = access.available_actions(requester.roles, &deal);
            let available_actions = available_actions.into_iter().cloned().collect();
            Ok(Ok(Self {
                opened,
                deal,
                definition,
                available_actions,
                last,
            }))
        });
        Ok(read.await??)
    }

    /// The same press as it was stored, if no other person has pressed since.
    pub(super) fn earlier(&self, input: &DealInput) -> Option<&Pressed> {
        let last = self.last.as_ref();
        let last = last.filter(|last| last.by == self.opened.reader.no)?;
        let agreed = &self.opened.particulars.context;
        let is_the_last = |available: AvailableAction| {
            let is_meant = input.can_mean(&available);
            let form = is_meant.then(|| input.form(&available, agreed));
            let form = form.and_then(Result::ok);
            form.is_some_and(|form| was(&last.request_id, &available.action, &form))
        };
        let mut actions = self.definition.actions.iter().map(as_available);
        actions.any(is_the_last).then_some(last)
    }

    /// Refuses a caller who is not on this side.
    pub(super) fn must_be(&self, side: Option<Side>) -> Result<(), Refusal> {
        let role = self.opened.reader.role.as_deref();
        match side {
            None => Ok(()),
            Some(Side::BrandOwner) if role == Some(BRAND_OWNER) => Ok(()),
            Some(Side::Influencer) if role == Some(INFLUENCER) => Ok(()),
            Some(Side::BrandOwner) => Err(Refusal::Forbidden("Only the brand owner may do this")),
            Some(Side::Influencer) => Err(Refusal::Forbidden("Only the influencer may do this")),
        }
    }

    /// Whether the deal is in another state, or left this state and entered it again.
    pub(super) fn has_left(&self, earlier: &Self) -> bool {
        (&self.deal.state, self.deal.entered_at) != (&earlier.deal.state, earlier.deal.entered_at)
    }

    /// The action that the request means, among those that are not available; an action of this state comes first, then the one whose
    /// own name is given.
    pub(super) fn meant(&self, input: &DealInput) -> Result<AvailableAction, Refusal> {
        let mut meant: Vec<(&Arc<Action>, AvailableAction)> = Vec::new();
        for action in self.definition.actions.iter() {
            let available = as_available(action);
            let is_own = matches!(input, DealInput::Click { .. }) || self.is_own(action);
            if is_own && input.can_mean(&available) {
                meant.push((action, available));
            }
        }
        let is_here =
            |(action, _): &(&Arc<Action>, AvailableAction)| action.from.contains(&self.deal.state);
        let is_named = |(action, _): &(&Arc<Action>, AvailableAction)| matches!(input, DealInput::Click { button, .. } if action.name == *button);
        let here = meant.iter().position(is_here);
        let here = here.or_else(|| meant.iter().position(is_named));
        match (input, here) {
            (_, Some(here)) => Ok(meant.swap_remove(here).1),
            (DealInput::Click { button, .. }, None) => {
                let unknown = || {
                    Refusal::Flow(flow::Refusal::ActionNotFound(
                        button.chars().take(64).collect(),
                    ))
                };
                meant
                    .pop()
                    .map(|(_, available)| available)
                    .ok_or_else(unknown)
            }
            (DealInput::Text { .. }, None) => Err(self.no_text(&meant)),
        }
    }

    fn is_own(&self, action: &Action) -> bool {
        let role = self.opened.reader.role.as_ref();
        role.is_none_or(|role| action.by.contains(role))
    }

    fn no_text(&self, meant: &[(&Arc<Action>, AvailableAction)]) -> Refusal {
        if meant.is_empty() {
            let unknown = "names no field of this conversation";
            return Refusal::invalid("input_type", unknown);
        }
        let mut required: Vec<String> = Vec::new();
        for state in meant.iter().flat_map(|(action, _)| &action.from) {
            if !required.contains(state) {
                required.push(state.clone());
            }
        }
        Refusal::Flow(flow::Refusal::FlowStateInvalid(Box::new(flow::Misplaced {
            current_state: self.deal.state.clone(),
            state_version: self.deal.state_version,
            required,
            available: self.available_actions.clone(),
        })))
    }

    /// The action that the request means, among those that the caller may do now.
    pub(super) fn available(&self, input: &DealInput) -> Option<&AvailableAction> {
        input.meant_among(&self.deal.state, &self.available_actions)
    }

    /// Stoory's `flow_update`, from the answer to a press.
    pub(super) fn update<'a>(&self, answer: &'a Value) -> FlowUpdate<'a> {
        let answered = Answered::read(answer);
        let state = self.definition.state(answered.state);
        let chat_status = state.map_or(ChatStatus::Automated, |state| {
            let phase = match state.terminal {
                true => Phase::Over,
                false => Phase::Running,
            };
            ChatStatus::under(&state.chat, phase)
        });
        FlowUpdate {
            flow_state: answered.state,
            awaiting_role: answered.awaiting_role,
            chat_status,
        }
    }
}

fn as_available(action: &Arc<Action>) -> AvailableAction {
    AvailableAction {
        action: action.name.clone(),
        label: action.name.clone(),
        style: action.style,
        input: action.input.clone(),
    }
}
