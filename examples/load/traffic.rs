//! Conversations whose senders keep some sends in flight, with listening sockets, at one server or at several.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use tokio::task::{JoinHandle, spawn_local};
use tokio::time::{Instant, sleep, timeout};

use crate::drive::Failure;
use crate::drive::client::{Socket, Target, whole};
use crate::drive::polling::poll;
use crate::ledger::{Ledger, Problems};
use crate::meter::Meter;
use crate::sending::{SendRate, Sender, listen};

/// How long everything may take to arrive after the end.
const SETTLE_LIMIT: Duration = Duration::from_secs(15);

/// Sends into conversations, and listens.
pub struct Traffic<'a> {
    /// Part of the users' ids: another one for each run on a database.
    pub name: &'a str,
    pub parts: Vec<Part<'a>>,
    /// Sends in flight for each sender.
    pub window: usize,
    pub rate: SendRate,
    /// How long it runs before it is measured.
    pub warm_up: Duration,
    pub seconds: f64,
}

/// Conversations with the same sockets.
pub struct Part<'a> {
    pub conversations: usize,
    /// The servers at which the one who sends has a socket; all of them send.
    pub senders: Vec<&'a Target>,
    /// The servers at which sockets listen, one for each.
    pub listeners: Vec<&'a Target>,
    /// How many people these sockets are of. A group has at most 256 participants.
    pub people: usize,
}

/// What was measured and checked.
pub struct Outcome<T> {
    pub meter: Rc<Meter>,
    pub seconds: f64,
    /// What the caller saw when the measurement began, and when it ended.
    pub seen: (T, T),
    /// The messages that were compared.
    pub checked: u64,
    pub problems: Problems,
}

/// A conversation in which everybody has joined.
struct Conversation {
    senders: Vec<Sender>,
    ledger: Rc<RefCell<Ledger>>,
}

impl Traffic<'_> {
    /// Runs it, and checks everything that was received. `look` is called when the measurement begins and when it ends.
    pub async fn run<T>(&self, look: impl Fn() -> T) -> Result<Outcome<T>, Failure> {
        let meter = Rc::new(Meter::new()?);
        let (mut senders, mut ledgers) = (Vec::new(), Vec::new());
        for conversation in self.open(&meter).await? {
            ledgers.push(conversation.ledger);
            let sending = conversation.senders.into_iter().map(Sender::run);
            senders.extend(sending.map(spawn_local));
        }
        sleep(self.warm_up).await;
        let begun = look();
        let seconds = meter.measure(self.seconds).await;
        let seen = (begun, look());
        meter.is_ending.set(true);
        let mut problems = settle(senders, &ledgers).await;
        let mut checked = 0;
        for ledger in ledgers {
            let (count, wrong) = ledger.replace(Ledger::new(0)).close();
            checked += count;
            problems.absorb(wrong);
        }
        if checked == 0 {
            problems.add(|| "nothing was acknowledged".into());
        }
        Ok(Outcome {
            meter,
            seconds,
            seen,
            checked,
            problems,
        })
    }

    async fn open(&self, meter: &Rc<Meter>) -> Result<Vec<Conversation>, Failure> {
        let mut conversations = Vec::new();
        for (index, part) in self.parts.iter().enumerate() {
            for number in 0..part.conversations {
                let name = self.name.replace(' ', "-");
                let people = format!("load-{}-{name}-{index}-{number}", std::process::id());
                conversations.push(self.converse(part, &people, meter).await?);
            }
        }
        Ok(conversations)
    }

    /// Creates a conversation, joins everyone, and starts the listeners.
    async fn converse(
        &self,
        part: &Part<'_>,
        people: &str,
        meter: &Rc<Meter>,
    ) -> Result<Conversation, Failure> {
        let person = |index: usize| format!("{people}-{index}");
        let all: Vec<String> = (0..=part.people).map(person).collect();
        let first = part.senders.first().ok_or("nobody sends")?;
        let id = first.converse(&all).await?;
        let (mut sockets, mut base) = (Vec::new(), None);
        for target in &part.senders {
            let (socket, joined_at) = join(target, &person(0), &id).await?;
            base.get_or_insert(joined_at);
            sockets.push((socket, joined_at));
        }
        let ledger = Rc::new(RefCell::new(Ledger::new(base.unwrap_or_default())));
        let senders = sockets.into_iter().map(|(socket, joined_at)| Sender {
            conversation: id.clone(),
            socket,
            index: ledger.borrow_mut().follow(joined_at),
            ledger: ledger.clone(),
            meter: meter.clone(),
            window: self.window,
            rate: self.rate,
        });
        let senders = senders.collect();
        for (number, target) in part.listeners.iter().enumerate() {
            let user = person(1 + number % part.people);
            let (socket, joined_at) = join(target, &user, &id).await?;
            let index = ledger.borrow_mut().follow(joined_at);
            spawn_local(listen(socket, index, ledger.clone(), meter.clone()));
        }
        Ok(Conversation { senders, ledger })
    }
}

/// A socket of a user that has joined a conversation, and the seq at which it did.
async fn join(target: &Target, user: &str, id: &str) -> Result<(Socket, u64), Failure> {
    let mut socket = target.connect(user).await?;
    let joined_at = whole(&socket.join(id, None).await?, "last_seq")?;
    Ok((socket, joined_at))
}

/// Waits until every sender is done and every socket has everything.
async fn settle(senders: Vec<JoinHandle<()>>, ledgers: &[Rc<RefCell<Ledger>>]) -> Problems {
    let mut problems = Problems::default();
    let deadline = Instant::now() + SETTLE_LIMIT;
    for sender in senders {
        let left = deadline.saturating_duration_since(Instant::now());
        if timeout(left, sender).await.is_err() {
            problems.add(|| format!("a sender still waited for acknowledgements or its own messages after {SETTLE_LIMIT:?}"));
        }
    }
    let left = deadline.saturating_duration_since(Instant::now());
    let look = async || {
        let is_open = |ledger: &&Rc<RefCell<Ledger>>| !ledger.borrow().is_settled();
        match ledgers.iter().filter(is_open).count() {
            0 => Ok(()),
            open => Err(format!("{open} ledgers lack something")),
        }
    };
    if let Err(late) = poll("every socket to have everything", left, look).await {
        problems.add(|| late.to_string());
    }
    // Duplicates would arrive now.
    sleep(Duration::from_millis(300)).await;
    problems
}
