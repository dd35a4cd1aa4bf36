//! Unmodified Socket.IO clients behind HAProxy: one process of Node for each, which prints what it hears and when.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::drive::Failure;
use crate::drive::client::{SECRET, Target};
use crate::drive::polling::poll_blocking;
use crate::fleet::balancer::Balancer;
use crate::fleet::crowd::{Crowd, locked};
use crate::fleet::judge::{Delay, Stored, stored};

const TRANSPORTS: [&[&str]; 3] = [&["polling", "websocket"], &["polling"], &["websocket"]];
const QUIET_LIMIT: Duration = Duration::from_secs(60);
const JOIN_LIMIT: Duration = Duration::from_secs(30);

/// All of them.
#[derive(Default)]
pub struct Clients(Vec<Client>);

struct Client {
    name: String,
    conversation: String,
    process: Child,
    said: Arc<Mutex<Vec<Line>>>,
}

/// A line that a client prints.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Line {
    joined: bool,
    recovered: Option<bool>,
    body: Option<String>,
    /// Milliseconds since 1970.
    at: i64,
}

/// What they heard, compared with what is stored.
#[derive(Default)]
pub struct Heard {
    pub clients: usize,
    pub receptions: usize,
    pub delays: Vec<Delay>,
    /// How often a client began afresh, since what it missed could not be given to it.
    pub not_recovered: usize,
    pub wrong: Vec<String>,
}

impl Clients {
    /// Starts one client for each transport, as listeners of the crowd's conversations.
    pub fn start(balancer: &Balancer, crowd: &Crowd) -> Result<Self, Failure> {
        let target = Target::new(&balancer.address, SECRET)?;
        let mut clients = Vec::new();
        for (log, transports) in crowd.logs.iter().zip(TRANSPORTS) {
            let (user, conversation) = {
                let log = locked(log);
                (log.user.clone(), log.conversation.clone())
            };
            let details = json!({
                "url": format!("http://{}/", balancer.address),
                "token": target.token_with(&user, &[])?,
                "conversation": conversation,
                "transports": transports,
            });
            let name = format!("{user} over {transports:?}");
            clients.push(Client::start(name, conversation, &details)?);
        }
        let clients = Self(clients);
        poll_blocking(
            "the Socket.IO clients to join",
            JOIN_LIMIT,
            || match clients.0.iter().all(Client::has_joined) {
                true => Ok(()),
                false => Err("not all have"),
            },
        )?;
        Ok(clients)
    }

    /// Waits until all have everything, ends them, and compares.
    pub fn end(self, database: &str) -> Result<Heard, Failure> {
        let mut heard = Heard::default();
        for mut client in self.0 {
            let messages = stored(database, &client.conversation)?;
            let last = messages.last().map(|message| message.body.clone());
            let has_all = || match client.last_body() == last {
                true => Ok(()),
                false => Err("it is behind"),
            };
            // The comparison names what is missing after that.
            let _late = poll_blocking("a Socket.IO client", QUIET_LIMIT, has_all);
            let _ended_already = client.process.kill();
            client.process.wait()?;
            heard.clients += 1;
            client.compare(&messages, &mut heard);
        }
        Ok(heard)
    }
}

impl Client {
    fn start(name: String, conversation: String, details: &Value) -> Result<Self, Failure> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/node/listening.mjs");
        let mut process = Command::new("node")
            .arg(script)
            .arg(details.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let said: Arc<Mutex<Vec<Line>>> = Arc::default();
        let (kept, output) = (Arc::clone(&said), process.stdout.take());
        let lines = BufReader::new(output.ok_or("no output")?).lines();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Ok(line) = serde_json::from_str(&line) {
                    locked(&kept).push(line);
                }
            }
        });
        Ok(Self {
            name,
            conversation,
            process,
            said,
        })
    }

    fn has_joined(&self) -> bool {
        locked(&self.said).iter().any(|line| line.joined)
    }

    fn last_body(&self) -> Option<String> {
        let said = locked(&self.said);
        said.iter().rev().find_map(|line| line.body.clone())
    }

    /// It heard what is stored from its first message on, once, in order.
    fn compare(&self, messages: &[Stored], heard: &mut Heard) {
        let said = locked(&self.said);
        let afresh = said.iter().filter(|line| line.recovered == Some(false));
        heard.not_recovered += afresh.count();
        let events: Vec<(&String, i64)> = said
            .iter()
            .filter_map(|line| Some((line.body.as_ref()?, line.at * 1_000)))
            .collect();
        heard.receptions += events.len();
        let first = events.first().map(|(body, _)| *body);
        let begins = |message: &Stored| Some(&message.body) == first;
        let from = messages.iter().position(begins).unwrap_or(0);
        let mut heard_events = events.into_iter();
        for message in messages.iter().skip(from) {
            match heard_events.next() {
                Some((body, at)) if *body == message.body => heard.delays.push(Delay {
                    node: None,
                    stored: message.at,
                    heard: at,
                }),
                other => {
                    let (name, wanted) = (&self.name, &message.body);
                    let what = format!("{name} heard {other:?} where {wanted} comes next");
                    return heard.wrong.push(what);
                }
            }
        }
        let more = heard_events.count();
        if more > 0 {
            let what = format!("{} heard {more} events more than are stored", self.name);
            heard.wrong.push(what);
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ended_already = self.process.kill();
        let _status = self.process.wait();
    }
}
