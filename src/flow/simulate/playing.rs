//! Plays one run, and compares.

use chrono::{DateTime, Utc};
use serde_json::json;
use std::collections::BTreeSet;

use super::coverage;
use super::script::{Expected, Outcome, Run, Script, ScriptStep, What};
use super::{Failure, Played};
use crate::domain::flow::{
    FlowActor, FlowInput, Instance, Money, OrderRequest, PaymentOutcome, STAFF, Step,
};
use crate::domain::refusal::Refusal;
use crate::flow::definition::Definition;
use crate::flow::machine;

/// A deal that is played.
struct Game<'d> {
    definition: &'d Definition,
    instance: Option<Instance>,
    now: DateTime<Utc>,
    orders: Vec<OrderRequest>,
    covered: BTreeSet<String>,
    steps: usize,
}

/// What one step of the script brought.
#[derive(Default)]
struct Found {
    says: Vec<String>,
    events: Vec<String>,
    refunds: Vec<String>,
    orders: Vec<i64>,
    refusal: Option<Refusal>,
}

/// Plays a run, after those that it continues.
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
    /// A run names only runs before it, so this ends.
    fn run(&mut self, script: &Script, run: &Run) -> Option<Failure> {
        match run.after.and_then(|place| script.runs.get(place)) {
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
                let actor = actor(by);
                let version = self
                    .instance
                    .as_ref()
                    .map_or(0, |instance| instance.version);
                let press = FlowInput::Press {
                    action: action.clone(),
                    input: input.clone(),
                    version: Some(version - i64::from(*stale)),
                };
                self.feed(&actor, press, &mut found);
                format!("{by} does {action}")
            }
            What::Advance(span, text) => {
                let until = self.now.checked_add_signed(*span).unwrap_or(self.now);
                self.wait(until, &mut found);
                format!("{text} go by")
            }
            What::Payment { outcome, order } => {
                let place = order.unwrap_or(self.orders.len()).checked_sub(1);
                let Some(order) = place.and_then(|place| self.orders.get(place)) else {
                    let differences = vec!["there is no such order yet".to_owned()];
                    return Some(failure(
                        step.line,
                        "the gateway speaks".to_owned(),
                        differences,
                    ));
                };
                let currency = order.price.currency.clone();
                let (told, outcome) = spoken(outcome, currency);
                let input = FlowInput::Payment {
                    order: order.order,
                    outcome,
                };
                self.feed(&FlowActor::Payment, input, &mut found);
                format!("the gateway says {told}")
            }
        };
        self.compare(step.line, told, &step.expect, &found)
    }

    /// Lets timers fire, one after the other, each at its time.
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
        let made = coverage::made(self.definition, before, actor, input, &step.hops, self.now);
        self.covered.extend(made);
        let lines = step.hops.iter().flat_map(|hop| &hop.lines);
        found.says.extend(lines.map(|line| line.body.clone()));
        let events = step.events.iter().map(|event| event.event.clone());
        found.events.extend(events);
        let refunds = step.refunds.iter().map(|refund| refund.reason.clone());
        found.refunds.extend(refunds);
        let orders = step.orders.iter().map(|order| order.price.amount);
        found.orders.extend(orders);
        self.orders.extend(step.orders);
        self.instance = Some(step.instance);
    }

    fn compare(
        &self,
        line: usize,
        step: String,
        expect: &Expected,
        found: &Found,
    ) -> Option<Failure> {
        let mut differences = Vec::new();
        match (&expect.refused, &found.refusal) {
            (None, Some(refusal)) => {
                let (code, _) = refusal.code_and_status();
                differences.push(format!("refused: {code}: {}", refusal.message()));
            }
            (Some(wanted), None) => differences.push(format!("expected {wanted}, was not refused")),
            (Some(wanted), Some(refusal)) => {
                let (code, _) = refusal.code_and_status();
                differ(&mut differences, "refusal", wanted, code);
            }
            (None, None) => {}
        }
        if let Some(instance) = &self.instance {
            self.compare_standing(instance, expect, &mut differences);
        }
        let mut said = found.says.iter();
        for wanted in &expect.says {
            if !said.any(|body| body.contains(wanted)) {
                let all: Vec<String> = found
                    .says
                    .iter()
                    .map(|body| body.replace('\n', " / "))
                    .collect();
                let all = all.join("\n      ");
                differences.push(format!(
                    "expected to hear \"{wanted}\" (in this order); heard:\n      {all}"
                ));
                break;
            }
        }
        let shown = |list: &[String]| format!("[{}]", list.join(", "));
        let lists = [
            ("events", &expect.events, &found.events),
            ("refunds", &expect.refunds, &found.refunds),
        ];
        for (what, wanted, found) in lists {
            if let Some(wanted) = wanted {
                differ(&mut differences, what, &shown(wanted), &shown(found));
            }
        }
        if let Some(wanted) = &expect.orders {
            let (wanted, found) = (format!("{wanted:?}"), format!("{:?}", found.orders));
            differ(&mut differences, "orders", &wanted, &found);
        }
        (!differences.is_empty()).then(|| failure(line, step, differences))
    }

    fn compare_standing(
        &self,
        instance: &Instance,
        expect: &Expected,
        differences: &mut Vec<String>,
    ) {
        let standing = machine::standing(self.definition, instance);
        if let Some(wanted) = &expect.state {
            differ(differences, "state", wanted, &standing.state);
        }
        if let Some(wanted) = &expect.awaiting {
            let found = standing.awaiting_role.as_deref().unwrap_or("nobody");
            differ(differences, "awaiting", wanted, found);
        }
        for (role, wanted) in &expect.actions {
            let role_name = (role != STAFF).then_some(role.as_str());
            let offers = standing.offers_of(role_name).iter();
            let found: Vec<&str> = offers.map(|offer| offer.action.as_str()).collect();
            let what = format!("actions of {role}");
            differ(differences, &what, &wanted.join(", "), &found.join(", "));
        }
        for (name, wanted) in &expect.context {
            let found = instance.context.get(name);
            let found = found.map_or_else(|| "nothing".to_owned(), ToString::to_string);
            differ(
                differences,
                &format!("ctx.{name}"),
                &wanted.to_string(),
                &found,
            );
        }
    }
}

fn differ(differences: &mut Vec<String>, what: &str, wanted: &str, found: &str) {
    if wanted != found {
        differences.push(format!("{what}: expected {wanted}, found {found}"));
    }
}

fn failure(line: usize, step: String, differences: Vec<String>) -> Failure {
    Failure {
        line,
        step,
        differences,
    }
}

fn actor(name: &str) -> FlowActor {
    match name {
        STAFF => FlowActor::Staff,
        "system" => FlowActor::System,
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
