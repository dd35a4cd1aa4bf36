//! Enters a state: limits of visits, timers, orders, and `then`.

use serde_json::Map;

use super::step_builder::{Origin, StepBuilder};
use crate::definition::State;
use crate::refusal::Refusal;
use crate::{AwaitedPayment, FlowActor, Money, OrderRequest, Timer};
use language::whole;

/// The name of the timer that ends a state.
pub(crate) const DEADLINE: &str = "deadline";

/// The name of a state's reminder, by its index from 0.
pub(crate) fn reminder(index: usize) -> String {
    format!("remind_{}", index + 1)
}

impl<'d> StepBuilder<'d> {
    /// Enters a state, or its replacement after too many visits, and follows `then`. `definition::loops`
    /// rejects endless loops, so the depth is at most the number of states.
    pub(crate) fn enter(&mut self, name: &str, origin: Origin) -> Result<(), Refusal> {
        let state = self.state_to_enter(name)?;
        let visits = self.instance.visits.entry(state.name.clone()).or_default();
        *visits = visits.saturating_add(1);
        self.instance.timers = self.timers(state);
        self.instance.payment = None;
        self.instance.entered_at = self.now;
        self.relocate(state, origin)?;
        self.follow_then(state)
    }

    /// Moves to a state: raises the state version, and requests an order if none is awaited.
    pub(crate) fn relocate(&mut self, state: &State, origin: Origin) -> Result<(), Refusal> {
        self.instance.state.clone_from(&state.name);
        self.instance.version += 1;
        if let Some(payment) = state
            .payment
            .as_ref()
            .filter(|_| self.instance.payment.is_none())
        {
            self.ask_for_money(payment)?;
        }
        self.renews_actions = true;
        self.log(&state.name, origin);
        Ok(())
    }

    /// Follows the `then` of a state.
    pub(crate) fn follow_then(&mut self, state: &State) -> Result<(), Refusal> {
        let Some(then) = &state.then else {
            return Ok(());
        };
        let (nothing, actor) = (Map::new(), FlowActor::System);
        let facts = self.facts(&actor, &nothing);
        let engine = &self.definition.engine;
        let goes = then.to.iter().any(|branch| {
            let when = branch.when.as_ref();
            when.is_none_or(|when| when.holds(engine, facts))
        });
        if goes {
            let origin = self.origin("then", &actor);
            self.follow(then, origin)?;
        }
        Ok(())
    }

    /// The state itself, or its replacement after too many visits.
    fn state_to_enter(&self, name: &str) -> Result<&'d State, Refusal> {
        let unknown = Refusal::Unprocessable("the flow leads to a state that it does not have");
        let mut state = self.definition.state(name).ok_or(unknown)?;
        for _ in 0..self.definition.states.len() {
            let Some(limit) = &state.visits else { break };
            let visits = self.instance.visits.get(&state.name).copied();
            if visits.unwrap_or(0) < limit.max {
                break;
            }
            let Some(otherwise) = self.definition.state(&limit.otherwise) else {
                break;
            };
            state = otherwise;
        }
        Ok(state)
    }

    /// The timers of a state that is entered now.
    pub(crate) fn timers(&self, state: &State) -> Vec<Timer> {
        let timer = |name: String, after| {
            let due = self.now.checked_add_signed(after)?;
            Some(Timer { name, due })
        };
        let reminders = state.reminders.iter().enumerate();
        let reminders = reminders.filter_map(|(index, found)| timer(reminder(index), found.after));
        let deadline = state.deadline.iter();
        let deadline = deadline.filter_map(|found| timer(DEADLINE.to_owned(), found.after));
        reminders.chain(deadline).collect()
    }

    fn ask_for_money(&mut self, payment: &crate::definition::Payment) -> Result<(), Refusal> {
        let (nothing, actor) = (Map::new(), FlowActor::System);
        let facts = self.facts(&actor, &nothing);
        let amount = payment.amount.value(&self.definition.engine, facts, false);
        let price = amount.and_then(|amount| serde_json::from_value::<Money>(amount).ok());
        let Some(price) = price.filter(|price| price.amount > 0) else {
            let why = "There is no price to pay yet";
            return Err(Refusal::ActionNotAllowed(why.to_owned()));
        };
        if price.amount > whole::EXACT {
            let why = "The price is too large: browsers cannot represent it exactly";
            return Err(Refusal::ActionNotAllowed(why.to_owned()));
        }
        let order = self.instance.version;
        self.orders.push(OrderRequest {
            order,
            price: price.clone(),
            description: payment.description.filled(&self.instance.context, &nothing),
            payer: Some(payment.payer.clone()),
        });
        self.instance.payment = Some(AwaitedPayment {
            order,
            price,
            checkout: None,
        });
        Ok(())
    }
}
