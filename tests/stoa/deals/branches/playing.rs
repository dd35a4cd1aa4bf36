//! Plays a run of a script on a server, and compares.

use chrono::{TimeDelta, Utc};
use flow::Definition;
use flow::simulate::{Expected, ExpectedEvent, Outcome, Run, ScriptStep, What, made};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use stoa::domain::flow::{FlowActor, FlowInput, Money, PaymentOutcome};

use super::rows::{Mark, Rows};
use crate::client::{Person, Socket};
use crate::polling::until;
use crate::test_app::TestApp;

/// A deal that is played.
pub struct Play<'h> {
    pub app: &'h TestApp,
    definition: &'h Definition,
    id: String,
    people: BTreeMap<String, (Person, Socket)>,
    pub rows: Rows,
    /// Every second press is over a socket.
    pub turn: usize,
    /// Payments so far.
    pub payments: usize,
    /// The transitions that were made.
    pub made: BTreeSet<String>,
    begun: Mark,
}

impl<'h> Play<'h> {
    /// A deal that begins with what a run says.
    pub async fn begin(app: &'h TestApp, definition: &'h Definition, run: &Run) -> Self {
        let roles = definition.roles.iter();
        let taken: Vec<Value> = roles
            .map(|role| json!({ "user_id": role, "role": role }))
            .collect();
        let creation = json!({ "kind": "group", "participants": taken, "flow": { "name": definition.name, "context": run.context } });
        let platform = app.person_with("platform", &["service"]).await;
        let made = platform.post("/api/v1/conversations", creation).await;
        let id = made.expect_status(201).body["id"]
            .as_str()
            .unwrap()
            .to_owned();
        let mut people = BTreeMap::new();
        for role in &definition.roles {
            let person = app.person(role).await;
            let socket = person.socket().await;
            people.insert(role.clone(), (person, socket));
        }
        let support = app.person_with("support", &["support"]).await;
        let socket = support.socket().await;
        people.insert("staff".to_owned(), (support, socket));
        let socket = platform.socket().await;
        people.insert("system".to_owned(), (platform, socket));
        let rows = Rows::of(app.connection(), &id);
        let begun = Mark::nothing();
        Self {
            app,
            definition,
            id,
            people,
            rows,
            turn: 0,
            payments: 0,
            made: BTreeSet::new(),
            begun,
        }
    }

    /// Plays a run; those that it continues were played before.
    pub async fn run(&mut self, run: &Run) {
        let label = format!("{}: {}", run.file, run.name);
        if run.after.is_none() {
            let hops = self.rows.hops(&self.begun);
            let names = made(
                self.definition,
                None,
                &FlowActor::System,
                None,
                &hops,
                Utc::now(),
            );
            self.made.extend(names);
            let since = Mark::nothing();
            self.compare(&label, &run.expect, &since, None).await;
        }
        for step in &run.steps {
            self.step(&format!("{label}, line {}", step.line), step)
                .await;
        }
    }

    async fn step(&mut self, label: &str, step: &ScriptStep) {
        if let What::Payment { outcome, order } = &step.what
            && !matches!(outcome, Outcome::Ready)
        {
            let order = self.order(*order);
            let since = self.rows.mark();
            self.make(order).await;
            self.note(None, None, &since);
        }
        let (before, since) = (self.rows.instance(), self.rows.mark());
        let mut input = None;
        let refused = match &step.what {
            What::Press {
                by,
                action,
                input,
                stale,
            } => {
                let version = before.version - i64::from(*stale);
                self.press(by, action, input, version).await.err()
            }
            What::Advance(span, _) => {
                self.advance(*span).await;
                None
            }
            What::Payment { outcome, order } => {
                let order = self.order(*order);
                match outcome {
                    Outcome::Ready => self.make(order).await,
                    other => self.says(order, other).await,
                }
                let told = told(
                    outcome,
                    &before.payment.as_ref().map(|p| p.price.currency.clone()),
                );
                input = Some(FlowInput::Payment {
                    order,
                    outcome: told,
                });
                // News that change nothing leave nothing behind.
                let nothing = self.rows.hops(&since).is_empty();
                nothing.then(|| "FLOW_STATE_INVALID".to_owned())
            }
        };
        self.note(Some(&before), input.as_ref(), &since);
        self.compare(label, &step.expect, &since, refused.as_deref())
            .await;
    }

    /// Notes which transitions were made.
    fn note(
        &mut self,
        before: Option<&stoa::domain::flow::Instance>,
        input: Option<&FlowInput>,
        since: &Mark,
    ) {
        let hops = self.rows.hops(since);
        let payment = FlowActor::Payment;
        let names = made(self.definition, before, &payment, input, &hops, Utc::now());
        self.made.extend(names);
    }

    /// Presses over REST or over a socket, whichever's turn it is. Answers what the presser is told, or the code of the refusal.
    async fn press(
        &mut self,
        by: &str,
        action: &str,
        input: &Map<String, Value>,
        version: i64,
    ) -> Result<Value, String> {
        self.turn += 1;
        let (person, socket) = self.people.get_mut(by).expect("somebody with the role");
        let code = |error: &Value| error["error_code"].as_str().unwrap().to_owned();
        let answer = if self.turn.is_multiple_of(2) {
            let press = json!({ "conversation_id": self.id, "action": action, "input": input, "state_version": version });
            let answer = socket.call("flow_action", press).await;
            answer.map_err(|error| code(&error))?
        } else {
            let path = format!("/api/v1/conversations/{}/flow/actions/{action}", self.id);
            let press = json!({ "input": input, "state_version": version });
            let answer = person.post(&path, press).await;
            match answer.status {
                200 => answer.body,
                _ => return Err(code(&answer.body)),
            }
        };
        let stored = self.rows.instance();
        assert_eq!(
            (&answer["state"], &answer["state_version"]),
            (&json!(stored.state), &json!(stored.version)),
            "the answer is what is stored"
        );
        Ok(answer)
    }

    /// Lets time go by; whatever is due on the way is done by the server's own runner.
    async fn advance(&mut self, span: TimeDelta) {
        let mut left = span;
        loop {
            let timers = self.rows.instance().timers;
            let next = timers.iter().map(|timer| timer.due).min();
            let ahead = next.map(|due| (due - Utc::now()).max(TimeDelta::zero()));
            let Some(ahead) = ahead.filter(|ahead| *ahead <= left) else {
                break;
            };
            let since = self.rows.mark();
            self.rows.shift(ahead);
            left -= ahead;
            let fired = async || self.rows.hops(&since).len();
            until("a timer to fire", fired, |hops| *hops > 0).await;
        }
        self.rows.shift(left);
    }

    async fn compare(
        &mut self,
        label: &str,
        expect: &Expected,
        since: &Mark,
        refused: Option<&str>,
    ) {
        assert_eq!(expect.refused.as_deref(), refused, "{label}");
        let stored = self.rows.instance();
        for (name, wanted) in &expect.context {
            assert_eq!(stored.context.get(name), Some(wanted), "{label}: {name}");
        }
        let says = self.rows.says(since);
        let mut said = says.iter();
        for wanted in &expect.says {
            assert!(
                said.any(|body| body.contains(wanted)),
                "{label}: {wanted} is not among {says:#?}"
            );
        }
        if let Some(wanted) = &expect.events {
            compare_events(label, wanted, &self.rows.events(since));
        }
        let refunds = self.rows.refunds(since);
        expect
            .refunds
            .iter()
            .for_each(|wanted| assert_eq!(*wanted, refunds, "{label}"));
        let orders = self.rows.orders(since);
        expect
            .orders
            .iter()
            .for_each(|wanted| assert_eq!(*wanted, orders, "{label}"));
        self.compare_shown(label, expect).await;
    }

    /// What each side is shown over REST.
    async fn compare_shown(&self, label: &str, expect: &Expected) {
        let path = format!("/api/v1/conversations/{}/flow", self.id);
        for (role, (person, _)) in &self.people {
            let shown = person.get(&path).await.expect_status(200).body;
            if let Some(state) = &expect.state {
                assert_eq!(shown["state"], *state, "{label}");
            }
            if let Some(awaiting) = &expect.awaiting {
                let found = shown["awaiting_role"].as_str().unwrap_or("nobody");
                assert_eq!(found, awaiting, "{label}");
            }
            let wanted = expect.actions.iter().find(|(of, _)| of == role);
            if let Some((_, wanted)) = wanted {
                let offers = shown["available_actions"].as_array().unwrap();
                let found: Vec<&str> = offers
                    .iter()
                    .map(|offer| offer["action"].as_str().unwrap())
                    .collect();
                assert_eq!(*wanted, found, "{label}: actions of {role}");
            }
        }
    }
}

fn compare_events(label: &str, wanted: &[ExpectedEvent], found: &[(String, Value)]) {
    let names = |(name, _): &(String, Value)| name.clone();
    let wanted_names: Vec<String> = wanted.iter().map(|event| event.event.clone()).collect();
    let found_names: Vec<String> = found.iter().map(names).collect();
    assert_eq!(wanted_names, found_names, "{label}");
    for (wanted, (name, data)) in wanted.iter().zip(found) {
        for (key, value) in &wanted.with {
            assert_eq!(&data[key], value, "{label}: {name}: {key}");
        }
        for key in &wanted.without {
            assert!(data[key].is_null(), "{label}: {name}: {key}: {data}");
        }
    }
}

fn told(outcome: &Outcome, currency: &Option<String>) -> PaymentOutcome {
    match outcome {
        Outcome::Ready => PaymentOutcome::Ready {
            checkout: Value::Null,
        },
        Outcome::Paid => PaymentOutcome::Paid,
        Outcome::Failed => PaymentOutcome::Failed,
        Outcome::WrongAmount(amount) => PaymentOutcome::WrongAmount {
            paid: Money {
                amount: *amount,
                currency: currency.clone().unwrap_or_default(),
            },
        },
        Outcome::Repeated => PaymentOutcome::Repeated,
        Outcome::Refunded => PaymentOutcome::Refunded,
    }
}
