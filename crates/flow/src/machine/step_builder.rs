//! Builds a step: the changing deal and its effects.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

use super::available_actions;
use crate::LineKind;
use crate::definition::{Definition, Effects, FlowMessage, State};
use crate::refusal::{Misplaced, Refusal};
use crate::{
    Card, FlowActor, Instance, Kind, Line, LineAudience, OrderRequest, RefundRequest, Step,
    Transition, WebhookEvent,
};
use language::expression::Facts;

/// The changing deal and all effects so far.
pub(crate) struct StepBuilder<'d> {
    pub(super) definition: &'d Definition,
    pub(crate) instance: Instance,
    pub(super) now: DateTime<Utc>,
    pub(super) transitions: Vec<Transition>,
    pub(super) orders: Vec<OrderRequest>,
    pub(super) refunds: Vec<RefundRequest>,
    pub(super) events: Vec<WebhookEvent>,
    /// Whether the available actions are renewed, so that every role is prompted again.
    pub(super) renews_actions: bool,
}

/// The cause of a transition.
#[derive(Clone)]
pub(crate) struct Origin {
    pub(super) from: Option<String>,
    pub(super) action: String,
    pub(super) actor: FlowActor,
    pub(super) input: Map<String, Value>,
    pub(super) reason: Option<String>,
    pub(super) lines: Vec<Line>,
}

impl Origin {
    /// The origin of a deal's first transition.
    pub(super) fn start() -> Self {
        Self::new(None, "start", &FlowActor::System)
    }

    pub(crate) fn new(from: Option<&str>, action: &str, actor: &FlowActor) -> Self {
        Self {
            from: from.map(str::to_owned),
            action: action.to_owned(),
            actor: actor.clone(),
            input: Map::new(),
            reason: None,
            lines: Vec::new(),
        }
    }
}

impl<'d> StepBuilder<'d> {
    /// A builder for a new deal.
    pub(super) fn begun(
        definition: &'d Definition,
        context: Map<String, Value>,
        now: DateTime<Utc>,
    ) -> Self {
        let instance = Instance {
            state: definition.initial.clone(),
            version: 0,
            context,
            visits: BTreeMap::new(),
            entered_at: now,
            payment: None,
            timers: Vec::new(),
        };
        Self::resumed(definition, &instance, now)
    }

    /// A builder for a running deal.
    pub(crate) fn resumed(
        definition: &'d Definition,
        instance: &Instance,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            definition,
            instance: instance.clone(),
            now,
            transitions: Vec::new(),
            orders: Vec::new(),
            refunds: Vec::new(),
            events: Vec::new(),
            renews_actions: false,
        }
    }

    /// The current state.
    pub(super) fn state(&self) -> Result<&'d State, Refusal> {
        let found = self.definition.state(&self.instance.state);
        found.ok_or(Refusal::Unprocessable(
            "the deal stands in a state that its definition does not have",
        ))
    }

    /// An origin in the current state.
    pub(super) fn origin(&self, action: &str, actor: &FlowActor) -> Origin {
        Origin::new(Some(&self.instance.state), action, actor)
    }

    pub(super) fn facts<'a>(
        &'a self,
        actor: &'a FlowActor,
        input: &'a Map<String, Value>,
    ) -> Facts<'a> {
        Facts {
            context: &self.instance.context,
            input,
            visits: &self.instance.visits,
            actor: actor.into(),
            now: self.now,
        }
    }

    /// The refusal of an input that does not fit the current state.
    pub(super) fn misplaced(&self, actor: &FlowActor, required: &[String]) -> Refusal {
        Refusal::FlowStateInvalid(Box::new(Misplaced {
            current_state: self.instance.state.clone(),
            state_version: self.instance.version,
            required: required.to_vec(),
            available: available_actions::actions_of(self.definition, &self.instance, actor),
        }))
    }

    /// Follows effects to their end: one transition, and those by `then`.
    pub(super) fn follow(&mut self, effects: &Effects, mut origin: Origin) -> Result<(), Refusal> {
        self.set_values(effects, &origin)?;
        origin.reason.clone_from(&effects.reason);
        self.say(&effects.say, &mut origin);
        self.audit(effects, &mut origin);
        self.emit(effects, &origin)?;
        let engine = &self.definition.engine;
        let facts = self.facts(&origin.actor, &origin.input);
        let branch = effects.to.iter().find(|branch| {
            let when = branch.when.as_ref();
            when.is_none_or(|when| when.holds(engine, facts))
        });
        match branch {
            Some(branch) => self.enter(&branch.to, origin),
            None => {
                let state = self.instance.state.clone();
                self.log(&state, origin);
                Ok(())
            }
        }
    }

    /// Computes all values from the previous ones, then sets them.
    fn set_values(&mut self, effects: &Effects, origin: &Origin) -> Result<(), Refusal> {
        let mut computed = Vec::with_capacity(effects.set.len());
        for setting in &effects.set {
            let field = self.definition.context.get(&setting.name);
            let field = field.ok_or_else(|| impossible(&setting.name))?;
            let facts = self.facts(&origin.actor, &origin.input);
            let value =
                setting
                    .value
                    .value(&self.definition.engine, facts, field.kind == Kind::Date);
            let value = value.ok_or_else(|| impossible(&setting.name))?;
            if !value.is_null() {
                let checked = language::fields::checked(&field.kind, &value);
                let checked = checked.map_err(|_| impossible(&setting.name))?;
                computed.push((setting.name.clone(), Some(checked)));
            } else {
                computed.push((setting.name.clone(), None));
            }
        }
        for (name, value) in computed {
            match value {
                Some(value) => drop(self.instance.context.insert(name, value)),
                None => drop(self.instance.context.remove(&name)),
            }
        }
        Ok(())
    }

    /// Adds messages to the transition.
    pub(super) fn say(&self, messages: &[FlowMessage], origin: &mut Origin) {
        for message in messages {
            let to = match &message.to {
                Some(role) => LineAudience::Role(role.clone()),
                None => LineAudience::Everybody,
            };
            origin.lines.push(Line {
                kind: message.kind,
                to,
                body: message.text.filled(&self.instance.context, &origin.input),
                card: None,
            });
        }
    }

    fn audit(&self, effects: &Effects, origin: &mut Origin) {
        let person = matches!(origin.actor, FlowActor::Role(_) | FlowActor::Staff);
        if let Some(text) = effects.audit.as_ref().filter(|_| person) {
            origin.lines.push(Line {
                kind: LineKind::Audit,
                to: LineAudience::Actor,
                body: text.filled(&self.instance.context, &origin.input),
                card: None,
            });
        }
    }

    /// Adds events for the platform. A missing value is `null`; a value that cannot be computed refuses the
    /// step, because the platform would mistake it for another.
    fn emit(&mut self, effects: &Effects, origin: &Origin) -> Result<(), Refusal> {
        for emission in &effects.emit {
            let facts = self.facts(&origin.actor, &origin.input);
            let values = emission.values.iter().map(|setting| {
                let value = setting.value.value(&self.definition.engine, facts, false);
                let value = value.ok_or_else(|| impossible(&setting.name))?;
                Ok((setting.name.clone(), value))
            });
            let event = WebhookEvent {
                event: emission.event.clone(),
                data: Value::Object(values.collect::<Result<_, Refusal>>()?),
            };
            self.events.push(event);
        }
        Ok(())
    }

    /// Adds a transition to a state.
    pub(super) fn log(&mut self, to: &str, origin: Origin) {
        self.transitions.push(Transition {
            from: origin.from,
            to: to.to_owned(),
            action: origin.action,
            actor: origin.actor,
            input: origin.input,
            reason: origin.reason,
            version: self.instance.version,
            lines: origin.lines,
        });
    }

    /// Prompts every role if necessary, and returns the step.
    pub(crate) fn finish(mut self) -> Step {
        let deal_view = available_actions::deal_view(self.definition, &self.instance);
        if self.renews_actions {
            let cards = self.cards(&deal_view);
            if let Some(transition) = self.transitions.last_mut() {
                transition.lines.extend(cards);
            }
        }
        Step {
            instance: self.instance,
            deal_view,
            transitions: self.transitions,
            orders: self.orders,
            refunds: self.refunds,
            events: self.events,
        }
    }

    fn cards(&self, deal_view: &crate::DealView) -> Vec<Line> {
        let Some(state) = self.definition.state(&self.instance.state) else {
            return Vec::new();
        };
        let nothing = Map::new();
        let context = &self.instance.context;
        let mut lines = Vec::with_capacity(state.prompts.len());
        for role in &self.definition.roles {
            let Some(prompt) = state.prompts.get(role) else {
                continue;
            };
            let checkout = available_actions::checkout_for(state, &self.instance, role);
            let preparing = state
                .payment
                .as_ref()
                .filter(|payment| payment.payer == *role && checkout.is_none());
            let subtitle = match preparing {
                Some(payment) => Some(payment.preparing.filled(context, &nothing)),
                None => {
                    let text = prompt.subtitle.as_ref();
                    text.map(|text| text.filled(context, &nothing))
                }
            };
            let title = prompt.title.filled(context, &nothing);
            let body = match &subtitle {
                Some(subtitle) => format!("{title}\n{subtitle}"),
                None => title.clone(),
            };
            let card = Card {
                title,
                subtitle,
                state: state.name.clone(),
                state_version: self.instance.version,
                visible_to: role.clone(),
                actions: deal_view.actions_of(Some(role)).to_vec(),
                deadline: deal_view.deadline,
                payment_order: checkout,
            };
            lines.push(Line {
                kind: prompt.kind,
                to: LineAudience::Role(role.clone()),
                body,
                card: Some(card),
            });
        }
        lines
    }
}

/// The refusal of a step with a value that cannot be computed.
fn impossible(name: &str) -> Refusal {
    Refusal::ActionNotAllowed(format!("This is not possible: {name} cannot be computed"))
}
