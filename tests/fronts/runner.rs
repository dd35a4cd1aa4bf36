//! Runs a list against a real server, row after row, with an unmodified `socket.io-client` for the sockets.

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use stoa::signing::hex_signature;

use super::caller::Caller;
use super::events::in_order;
use super::known::Known;
use super::list::{ExpectedEvent, List, Row, Signature};
use super::reads::check;
use crate::client::PATIENCE;
use crate::clients::Client;
use crate::drive::polling::poll;
use crate::test_app::{SECRET, TestApp};

/// How long a row that is marked open waits for what does not come.
const OPEN_PATIENCE_MS: u64 = 400;
const PATIENCE_MS: u64 = 10_000;
/// A conversation that is not there; everybody may leave it.
const NOWHERE: &str = "0192f0c0-0000-7000-8000-000000000001";

/// What came of a list.
pub struct Outcome {
    /// How many rows are served.
    pub done: usize,
    /// The rows that are marked open and fail, with the reasons.
    pub open: Vec<String>,
    /// The rows that fail, and those that are served though they are marked open.
    pub wrong: Vec<String>,
}

struct Runner {
    app: TestApp,
    client: Client,
    http: reqwest::Client,
    namespace: String,
    callers: BTreeMap<String, Caller>,
    known: Known,
    connected: BTreeSet<String>,
    /// What each socket received during a row.
    received: BTreeMap<String, Vec<Value>>,
}

/// Runs a list with this package of the client.
pub async fn run(list: List, package: &str) -> Outcome {
    let options: Vec<&str> = list.options.iter().map(String::as_str).collect();
    let app = TestApp::with(&[&["--rate-limits", "off"], &options[..]].concat()).await;
    let people = list.people.iter();
    let http = reqwest::Client::builder().timeout(PATIENCE);
    let mut runner = Runner {
        app,
        client: Client::node_of(package),
        http: http.build().expect("a client"),
        namespace: list.namespace,
        callers: people
            .clone()
            .map(|(name, one)| (name.clone(), Caller::new(one)))
            .collect(),
        known: Known(
            people
                .map(|(name, one)| (name.clone(), one.id.clone()))
                .collect(),
        ),
        connected: BTreeSet::new(),
        received: BTreeMap::new(),
    };
    let mut outcome = Outcome {
        done: 0,
        open: Vec::new(),
        wrong: Vec::new(),
    };
    for (index, row) in list.rows.iter().enumerate() {
        let name = format!("{}. {}", index + 1, row.name());
        match (runner.row(row).await, &row.open) {
            (Ok(()), None) => outcome.done += 1,
            (Err(why), None) => outcome.wrong.push(format!("  {name}: {why}")),
            (Err(_), Some(part)) => outcome.open.push(format!("{name}{}: {part}", hole(row))),
            (Ok(()), Some(part)) => outcome
                .wrong
                .push(format!("  {name}: it is served, and marked open ({part})")),
        }
    }
    outcome
}

fn hole(row: &Row) -> &'static str {
    if row.hole { " (hole)" } else { "" }
}

impl Runner {
    /// Makes one call; why it is not served as the client needs it.
    async fn row(&mut self, row: &Row) -> Result<(), String> {
        self.received.clear();
        let answer = self.make_call(row).await;
        let events = match answer {
            Ok(()) => self.check_events(row).await,
            Err(_) => Ok(()),
        };
        for who in self.connected.clone() {
            self.flush_events(&who).await;
        }
        answer.and(events)?;
        for (who, names) in &row.no_events {
            let mut received = self.received.get(who).into_iter().flatten();
            if let Some(event) =
                received.find(|event| names.iter().any(|name| event[0] == name.as_str()))
            {
                return Err(format!("{who} receives {event}"));
            }
        }
        Ok(())
    }

    async fn make_call(&mut self, row: &Row) -> Result<(), String> {
        if !row.until {
            return self.make_call_once(row).await;
        }
        let patience = Duration::from_millis(patience(row));
        let call = async || self.make_call_once(row).await;
        let made = poll("the answer that the client waits for", patience, call);
        made.await.map_err(|late| late.to_string())
    }

    async fn make_call_once(&mut self, row: &Row) -> Result<(), String> {
        let mut answer = Value::Null;
        if let Some(signed) = &row.sign {
            self.sign(signed)?;
        }
        if let Some(call) = &row.call {
            answer = self.send_request(row, call).await?;
        }
        if let Some(what) = &row.socket {
            answer = self.change_connection(&row.who, what).await?;
            let expects_refusal = row.reads.trim_start().starts_with("refused");
            if answer["refused"].is_object() && !expects_refusal {
                return Err(format!("refused: {answer}"));
            }
        }
        if let Some(event) = &row.emit {
            answer = self.emit(row, event).await?;
        }
        check(&self.known.fill_text(&row.reads)?, &answer)?;
        self.known.save(&row.save, &answer)
    }

    /// Signs as the sandbox's checkout does.
    fn sign(&mut self, signed: &Signature) -> Result<(), String> {
        let (order, payment) = (self.known.fill_text(&signed.order)?, &signed.payment);
        let secret = hex_signature(SECRET.as_bytes(), b"the sandbox's webhooks");
        let signature = hex_signature(secret.as_bytes(), format!("{order}|{payment}").as_bytes());
        self.known.0.insert(signed.name.clone(), json!(signature));
        Ok(())
    }

    async fn send_request(&mut self, row: &Row, call: &str) -> Result<Value, String> {
        let call = self.known.fill_text(call)?;
        let call = call.split_once(' ').expect("a method and a path");
        let body = row.body.as_ref().map(|body| self.known.fill_value(body));
        let caller = self.callers.get(&row.who).expect("one of the people");
        let asked = caller.call(&self.http, self.app.next_address(), call, body.transpose()?);
        let (status, answer) = asked.await;
        match row.status.expect("a status") == status {
            true => Ok(answer),
            false => Err(format!("{status} {answer}")),
        }
    }

    async fn change_connection(&mut self, who: &str, what: &str) -> Result<Value, String> {
        let name = json!({ "name": who });
        match what {
            "connect" => {
                let auth = self.callers.get(who).expect("one of the people").auth();
                let url = format!("http://{}{}", self.app.next_address(), self.namespace);
                let options = json!({ "auth": self.known.fill_value(&auth)? });
                let how = json!({ "name": who, "url": url, "options": options });
                let answer = self.client.tell("connect", how).await;
                if answer["refused"].is_null() {
                    self.connected.insert(who.to_owned());
                }
                return Ok(answer);
            }
            _ if !self.connected.contains(who) => return Err("it is not connected".to_owned()),
            "reconnect" => return Ok(self.client.tell("reconnect", name).await),
            "drop" => {}
            "disconnect" => {
                self.connected.remove(who);
            }
            other => panic!("a socket cannot {other}"),
        }
        let command = if what == "drop" { "drop" } else { "disconnect" };
        Ok(self.client.tell(command, name).await)
    }

    async fn emit(&mut self, row: &Row, event: &str) -> Result<Value, String> {
        if !self.connected.contains(&row.who) {
            return Err("it is not connected".to_owned());
        }
        let argument = row
            .with
            .as_ref()
            .map(|argument| self.known.fill_value(argument));
        let mut details =
            json!({ "name": row.who, "event": event, "argument": argument.transpose()? });
        let Some(wanted) = &row.acknowledged else {
            return Ok(self.client.tell("send", details).await);
        };
        details["patience"] = json!(patience(row));
        let answer = self.client.tell("emit", details).await;
        if answer["late"] == true {
            return Err("it is not acknowledged".to_owned());
        }
        check(&self.known.fill_text(wanted)?, &answer["answer"])?;
        Ok(answer["answer"].clone())
    }

    /// Waits for the events that a row lists, for each listener.
    async fn check_events(&mut self, row: &Row) -> Result<(), String> {
        let listeners: BTreeSet<&String> = row.events.iter().map(|event| &event.who).collect();
        for who in listeners {
            if !self.connected.contains(who) {
                return Err(format!("{who} is not connected"));
            }
            let wanted: Vec<&ExpectedEvent> = row
                .events
                .iter()
                .filter(|event| event.who == *who)
                .collect();
            let names: Vec<&str> = wanted.iter().map(|event| event.event.as_str()).collect();
            self.receive_events(who, &names, patience(row)).await;
            self.flush_events(who).await;
            let events = self.received.get(who).map_or(&[][..], Vec::as_slice);
            let order: Vec<(&str, bool)> = wanted
                .iter()
                .map(|event| (event.event.as_str(), event.many))
                .collect();
            let payloads = in_order(&order, events).map_err(|why| format!("{who} {why}"))?;
            for (event, payload) in wanted.iter().zip(&payloads) {
                let reads = check(&self.known.fill_text(&event.reads)?, payload);
                reads.map_err(|why| format!("{who} receives {}: {why}", event.event))?;
                self.known.save(&event.save, payload)?;
            }
        }
        Ok(())
    }

    /// Takes what comes to somebody until something harmless is acknowledged.
    async fn flush_events(&mut self, who: &str) {
        let (event, argument) = match self.namespace.as_str() {
            "/realtime" => ("chat:leave-room", json!({ "roomId": NOWHERE })),
            _ => ("leave_conversation", json!(NOWHERE)),
        };
        let asked = json!({ "name": who, "event": event, "argument": argument, "patience": OPEN_PATIENCE_MS });
        self.client.tell("emit", asked).await;
        self.receive_events(who, &[], 0).await;
    }

    /// Takes what comes to somebody until these events are there, or the time is over.
    async fn receive_events(&mut self, who: &str, wanted: &[&str], patience: u64) {
        let asked = json!({ "name": who, "wanted": wanted, "patience": patience });
        let events = self.client.tell("receive", asked).await;
        let received = self.received.entry(who.to_owned()).or_default();
        received.extend(events.as_array().expect("events").iter().cloned());
    }
}

fn patience(row: &Row) -> u64 {
    match row.open {
        Some(_) => OPEN_PATIENCE_MS,
        None => PATIENCE_MS,
    }
}
