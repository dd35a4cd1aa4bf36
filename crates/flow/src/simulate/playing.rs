//! Executes one run and compares the results.

use chrono::{DateTime, Utc};
use serde_json::json;
use std::collections::BTreeSet;

use super::comparing::{differences, no_such};
use super::coverage;
use super::gateway::Order;
use super::script::{Expected, Outcome, Run, Script, ScriptStep, What};
use super::{Failure, Played};
use crate::definition::Definition;
use crate::machine;
use crate::refusal::Refusal;
use crate::{
    FlowActor, FlowInput, Instance, Money, PLATFORM, PaymentOutcome, STAFF, Step, WebhookEvent,
};

/// A simulated deal.
struct Game<'d> {
    definition: &'d Definition,
    instance: Option<Instance>,
    now: DateTime<Utc>,
    orders: Vec<Order>,
    covered: BTreeSet<String>,
    steps: usize,
}

/// The result of one step of the script.
#[derive(Default)]
pub(super) struct Found {
    pub(super) says: Vec<String>,
    pub(super) events: Vec<WebhookEvent>,
    pub(super) refunds: Vec<String>,
    pub(super) orders: Vec<i64>,
    pub(super) refusal: Option<Refusal>,
}

/// Executes a run, after those that it continues.
pub(super) fn play(definition: &Definition, script: &Script, run: &Run) -> Played {
    let mut game = Game {
        definition,
        instance: None,
        now: run.begins,
        orders: Vec::new(),
        covered: BTreeSet::new(),
        steps: 0,
    };
    let failure = game.run(script, run);
    Played {
        name: run.name.clone(),
        file: run.file.clone(),
        steps: game.steps,
        failure,
        covered: game.covered,
    }
}

impl Game<'_> {
    /// A run continues only earlier runs, so the recursion ends.
    fn run(&mut self, script: &Script, run: &Run) -> Option<Failure> {
        match run.after.and_then(|index| script.runs.get(index)) {
            Some(before) => {
                if self.run(script, before).is_some() {
                    let differences = vec!["which does not go as it expects".to_owned()];
                    return Some(failure(
                        run.line,
                        format!("it continues \"{}\"", before.name),
                        differences,
                    ));
                }
            }
            None => {
                self.now = run.begins;
                let begun = machine::start(self.definition, run.context.clone(), self.now);
                let mut found = Found::default();
                self.keep(begun, &FlowActor::System, None, &mut found);
                let failed = self.compare(run.line, "it begins".to_owned(), &run.expect, &found);
                if failed.is_some() || self.instance.is_none() {
                    return failed;
                }
            }
        }
        run.steps.iter().find_map(|step| self.step(step))
    }

    fn step(&mut self, step: &ScriptStep) -> Option<Failure> {
        self.steps += 1;
        let mut found = Found::default();
        let told = match &step.what {
            What::Press {
                by,
                action,
                input,
                stale,
            } => {
                if !self.acts(by) {
                    let names = self.definition.roles.join(", ");
                    let who = no_such("role", by);
                    let differences = vec![format!("{who}: {names}, {STAFF} and {PLATFORM} act")];
                    return Some(failure(
                        step.line,
                        format!("{by} does {action}"),
                        differences,
                    ));
                }
                let version = self
                    .instance
                    .as_ref()
                    .map_or(0, |instance| instance.version);
                let version = Some(version - i64::from(*stale));
                match FlowInput::press(action.clone(), input.clone(), version) {
                    Ok(press) => self.feed(&actor(by), press, &mut found),
                    Err(refusal) => found.refusal = Some(refusal),
                }
                format!("{by} does {action}")
            }
            What::Advance(span, text) => {
                let until = self.now.checked_add_signed(*span).unwrap_or(self.now);
                self.wait(until, &mut found);
                format!("{text} go by")
            }
            What::Payment { outcome, order } => match self.pay(outcome, *order, &mut found) {
                Ok(told) => told,
                Err(why) => {
                    let speaks = "the gateway speaks".to_owned();
                    return Some(failure(step.line, speaks, vec![why]));
                }
            },
        };
        self.compare(step.line, told, &step.expect, &found)
    }

    /// Whether an actor with this name can press. Timers and the gateway cannot.
    fn acts(&self, name: &str) -> bool {
        let mut roles = self.definition.roles.iter();
        name == STAFF || name == PLATFORM || roles.any(|role| role == name)
    }

    /// Reports an outcome of an order.
    fn pay(
        &mut self,
        outcome: &Outcome,
        order: Option<usize>,
        found: &mut Found,
    ) -> Result<String, String> {
        let index = order.unwrap_or(self.orders.len()).checked_sub(1);
        let order = index.and_then(|index| self.orders.get_mut(index));
        let order = order.ok_or("there is no such order yet")?;
        order.apply(outcome)?;
        let (told, outcome) = spoken(outcome, order.request.price.currency.clone());
        let input = FlowInput::Payment {
            order: order.request.order,
            outcome,
        };
        self.feed(&FlowActor::Payment, input, found);
        Ok(format!("the gateway says {told}"))
    }

    /// Fires the timers that are due until a time, each at its own time.
    fn wait(&mut self, until: DateTime<Utc>, found: &mut Found) {
        while found.refusal.is_none() {
            let timers = self.instance.iter().flat_map(|instance| &instance.timers);
            let next = timers.min_by_key(|timer| timer.due).cloned();
            let Some(next) = next.filter(|timer| timer.due <= until) else {
                break;
            };
            self.now = next.due.max(self.now);
            self.feed(&FlowActor::Timer, FlowInput::Due(next), found);
        }
        self.now = until;
    }

    fn feed(&mut self, actor: &FlowActor, input: FlowInput, found: &mut Found) {
        if let Some(instance) = &self.instance {
            let stepped = machine::step(self.definition, instance, actor, &input, self.now);
            self.keep(stepped, actor, Some(&input), found);
        }
    }

    fn keep(
        &mut self,
        stepped: Result<Step, Refusal>,
        actor: &FlowActor,
        input: Option<&FlowInput>,
        found: &mut Found,
    ) {
        let step = match stepped {
            Ok(step) => step,
            Err(refusal) => {
                found.refusal = Some(refusal);
                return;
            }
        };
        let before = self.instance.as_ref();
        let made = coverage::made(
            self.definition,
            before,
            actor,
            input,
            &step.transitions,
            self.now,
        );
        self.covered.extend(made);
        let lines = step
            .transitions
            .iter()
            .flat_map(|transition| &transition.lines);
        found.says.extend(lines.map(|line| line.body.clone()));
        found.events.extend(step.events);
        let refunds = step.refunds.iter().map(|refund| refund.reason.clone());
        found.refunds.extend(refunds);
        let orders = step.orders.iter().map(|order| order.price.amount);
        found.orders.extend(orders);
        self.orders.extend(step.orders.into_iter().map(Order::new));
        self.instance = Some(step.instance);
    }

    fn compare(
        &self,
        line: usize,
        step: String,
        expect: &Expected,
        found: &Found,
    ) -> Option<Failure> {
        let instance = self.instance.as_ref();
        let differences = differences(self.definition, instance, expect, found);
        (!differences.is_empty()).then(|| failure(line, step, differences))
    }
}

fn failure(line: usize, step: String, differences: Vec<String>) -> Failure {
    Failure {
        line,
        step,
        differences,
    }
}

/// The actor with this name in a script.
fn actor(name: &str) -> FlowActor {
    match name {
        STAFF => FlowActor::Staff,
        PLATFORM => FlowActor::System,
        role => FlowActor::Role(role.to_owned()),
    }
}

fn spoken(outcome: &Outcome, currency: String) -> (&'static str, PaymentOutcome) {
    match outcome {
        Outcome::Ready => {
            let checkout = json!({ "order_id": "order_simulated" });
            ("ready", PaymentOutcome::Ready { checkout })
        }
        Outcome::Paid => ("paid", PaymentOutcome::Paid),
        Outcome::Failed => ("failed", PaymentOutcome::Failed),
        Outcome::WrongAmount(amount) => {
            let paid = Money {
                amount: *amount,
                currency,
            };
            ("wrong_amount", PaymentOutcome::WrongAmount { paid })
        }
        Outcome::Repeated => ("repeated", PaymentOutcome::Repeated),
        Outcome::Refunded => ("refunded", PaymentOutcome::Refunded),
    }
}
