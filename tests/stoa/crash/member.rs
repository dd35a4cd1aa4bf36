//! A client that never gives up: it connects again, resumes after the last seq that it has, sends again what was not
//! acknowledged, and writes down everything that it is told.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use serde_json::Value;
use tokio::select;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use crate::drive::Failure;
use crate::drive::client::{Socket, Target, answer, list, send_frame, text, whole};
use crate::drive::frame::{self, Frame, Message, Stored};

use super::log::Log;

const PAUSE: Duration = Duration::from_millis(50);
/// How often a sender looks for something to send, and everybody for the end.
const SENDER_TICK: Duration = Duration::from_millis(10);
const LISTENER_TICK: Duration = Duration::from_millis(200);
const CONNECT_LIMIT: Duration = Duration::from_secs(20);
/// A session that owes an answer and is silent for so long is given up.
const SILENCE_LIMIT: Duration = Duration::from_secs(20);
const WINDOW: usize = 16;
const PAGE: usize = 100;

/// What all members share.
pub struct Progress {
    /// Acknowledged sends of all members.
    pub acknowledged: Cell<u64>,
    /// Set when nobody begins anything new.
    pub is_ending: Cell<bool>,
    /// Sends a second that each sender aims at.
    pub pace: f64,
}

/// Somebody in one conversation.
pub struct Member {
    pub target: Target,
    pub user: String,
    pub conversation: String,
    pub is_sender: bool,
    pub progress: Rc<Progress>,
    pub log: Log,
    pub state: Rc<MemberState>,
}

/// What a member has heard and sent, for the task that waits for the end.
#[derive(Default)]
pub struct MemberState {
    /// The highest seq that it has.
    pub highest: Cell<Option<u64>>,
    /// Sends that nobody acknowledged yet.
    pub unacknowledged: Cell<usize>,
    /// What its last session ended with.
    pub trouble: RefCell<String>,
    /// Set when the member shall write its log down and go.
    pub is_dismissed: Cell<bool>,
}

/// A message on its way.
struct Pending {
    number: u64,
    /// When it is to be sent, where it is not in flight.
    due: Option<Instant>,
}

impl Member {
    /// Lives until dismissed.
    pub async fn live(mut self) -> Result<(), Failure> {
        let mut outbound = Outbound::default();
        while !self.state.is_dismissed.get() {
            if let Err(failure) = self.session(&mut outbound).await {
                self.state.trouble.replace(failure.to_string());
            }
            outbound.send_all_again();
            sleep(PAUSE).await;
        }
        self.log.flush()
    }

    /// One connection, until it fails or the member is dismissed.
    async fn session(&mut self, outbound: &mut Outbound) -> Result<(), Failure> {
        let mut socket = timeout(CONNECT_LIMIT, self.target.connect(&self.user)).await??;
        timeout(CONNECT_LIMIT, self.resume(&mut socket)).await??;
        let mut ticks = interval(if self.is_sender {
            SENDER_TICK
        } else {
            LISTENER_TICK
        });
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let (mut heard, mut counted, mut allowed) = (Instant::now(), Instant::now(), 0.0);
        while !self.state.is_dismissed.get() {
            select! {
                text = socket.next() => {
                    self.take(&text?, outbound)?;
                    heard = Instant::now();
                }
                _ = ticks.tick() => {}
            }
            if self.is_sender {
                let gained = counted.elapsed().as_secs_f64() * self.progress.pace;
                counted = Instant::now();
                allowed = (allowed + gained).min(WINDOW as f64);
                while allowed >= 1.0
                    && outbound.pending.len() < WINDOW
                    && !self.progress.is_ending.get()
                {
                    outbound.begin();
                    allowed -= 1.0;
                }
                self.send(&mut socket, outbound).await?;
            }
            if !outbound.pending.is_empty() && heard.elapsed() > SILENCE_LIMIT {
                return Err("the server owes an answer and is silent".into());
            }
        }
        Ok(())
    }

    /// Joins, and takes in what it missed.
    async fn resume(&mut self, socket: &mut Socket) -> Result<(), Failure> {
        let after = self.state.highest.get();
        let told = socket.join(&self.conversation, after).await?;
        let last_seq = whole(&told, "last_seq")?;
        let Some(after) = after else {
            self.log.base(last_seq)?;
            self.state.highest.set(Some(last_seq));
            return Ok(());
        };
        if told.get("recovered").and_then(Value::as_bool) == Some(true) {
            for message in list(&told, "messages")? {
                self.receive(&listed(message)?)?;
            }
        } else {
            let history = (&self.target, self.user.as_str(), self.conversation.as_str());
            for message in read_history(history, after, last_seq).await? {
                self.receive(&listed(&message)?)?;
            }
        }
        match self.state.highest.get() {
            Some(reached) if reached == last_seq => Ok(()),
            reached => self.log.wrong(&format!(
                "resumed after {after}, told last_seq {last_seq}, reached {reached:?}"
            )),
        }
    }

    fn receive(&mut self, message: &Message<'_>) -> Result<(), Failure> {
        self.log.received(message)?;
        self.state
            .highest
            .set(self.state.highest.get().max(Some(message.seq)));
        Ok(())
    }

    fn take(&mut self, text: &str, outbound: &mut Outbound) -> Result<(), Failure> {
        match frame::read(text) {
            Frame::Message(message) => self.receive(&message)?,
            Frame::Stored { request, message } => self.note_stored(request, &message, outbound)?,
            Frame::Refused { request, text } if text.contains("\"temporary\":true") => {
                outbound.send_later(request)
            }
            Frame::Refused { request, text } => {
                self.log.wrong(&format!(
                    "{} was refused: {text}",
                    client_id(&self.user, request)
                ))?;
                outbound.remove(request);
            }
            Frame::Other => {}
        }
        self.state.unacknowledged.set(outbound.pending.len());
        Ok(())
    }

    fn note_stored(
        &mut self,
        number: u64,
        stored: &Stored<'_>,
        outbound: &mut Outbound,
    ) -> Result<(), Failure> {
        let expected = client_id(&self.user, number);
        if stored.client_id != expected {
            self.log
                .wrong(&format!("{expected} was answered as {}", stored.client_id))?;
        }
        self.log.acknowledged(stored, &body(&expected))?;
        if outbound.remove(number) {
            self.progress
                .acknowledged
                .set(self.progress.acknowledged.get() + 1);
        }
        Ok(())
    }

    async fn send(&mut self, socket: &mut Socket, outbound: &mut Outbound) -> Result<(), Failure> {
        self.state.unacknowledged.set(outbound.pending.len());
        let now = Instant::now();
        let mut has_sent = false;
        for pending in &mut outbound.pending {
            if pending.due.is_some_and(|due| due <= now) {
                let client_id = client_id(&self.user, pending.number);
                socket
                    .put(send_frame(
                        pending.number,
                        &self.conversation,
                        &client_id,
                        &body(&client_id),
                    ))
                    .await?;
                pending.due = None;
                has_sent = true;
            }
        }
        if has_sent {
            socket.flush().await
        } else {
            Ok(())
        }
    }
}

/// Messages that were begun and not yet acknowledged, oldest first.
#[derive(Default)]
struct Outbound {
    begun: u64,
    pending: VecDeque<Pending>,
}

impl Outbound {
    fn begin(&mut self) {
        self.begun += 1;
        self.pending.push_back(Pending {
            number: self.begun,
            due: Some(Instant::now()),
        });
    }

    fn remove(&mut self, number: u64) -> bool {
        let before = self.pending.len();
        self.pending.retain(|pending| pending.number != number);
        self.pending.len() < before
    }

    fn send_later(&mut self, number: u64) {
        let due = Some(Instant::now() + PAUSE);
        self.pending
            .iter_mut()
            .filter(|pending| pending.number == number)
            .for_each(|pending| pending.due = due);
    }

    fn send_all_again(&mut self) {
        let due = Some(Instant::now());
        self.pending
            .iter_mut()
            .for_each(|pending| pending.due = due);
    }
}

fn client_id(user: &str, number: u64) -> String {
    format!("{user}-{number}")
}

/// What is said under a client id: no two bodies are alike, and a repetition says the same.
fn body(client_id: &str) -> String {
    format!("{client_id} says that nothing is lost, whoever is killed")
}

/// Reads everything after a seq, up to another one, in pages over REST.
pub async fn read_history(
    history: (&Target, &str, &str),
    after: u64,
    last: u64,
) -> Result<Vec<Value>, Failure> {
    let (target, user, conversation) = history;
    let (mut all, mut reached) = (Vec::new(), after);
    while reached < last {
        let path = format!("/conversations/{conversation}/messages?after={reached}&limit={PAGE}");
        let page = answer(target.get(user, &path)?).await?;
        let items = list(&page, "items")?;
        let Some(newest) = items.last() else { break };
        reached = whole(newest, "seq")?;
        all.extend_from_slice(items);
    }
    all.retain(|message| whole(message, "seq").is_ok_and(|seq| seq <= last));
    Ok(all)
}

/// A message as lists hold it.
pub fn listed(message: &Value) -> Result<Message<'_>, Failure> {
    Ok(Message {
        id: text(message, "id")?,
        seq: whole(message, "seq")?,
        body: text(message, "body")?,
    })
}
