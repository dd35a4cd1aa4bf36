//! Conversations whose sender keeps some sends in flight, with listening sockets.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::{Instant, sleep, timeout};

use crate::drive::Failure;
use crate::drive::client::{Socket, Target, send_frame, whole};
use crate::drive::frame::{self, Frame};
use crate::drive::polling::poll;
use crate::ledger::{Ledger, Problems, mark};
use crate::meter::Meter;
use crate::report::{Row, grouped, rate};

const WARM_UP: Duration = Duration::from_secs(2);
const SETTLE_LIMIT: Duration = Duration::from_secs(15);
/// A group has at most 256 participants; more sockets than that share them.
const LISTENING_PEOPLE: usize = 250;
const TEXT: &str = "hello, this is a realistic short chat message";

/// A scenario of sends.
pub struct Traffic {
    pub name: &'static str,
    pub conversations: usize,
    /// Sends in flight for each sender.
    pub window: usize,
    /// Listening sockets for each conversation, besides the sender's.
    pub listeners: usize,
    pub seconds: f64,
    pub asked: &'static str,
}

/// A conversation under load.
struct Conversation {
    id: String,
    sender: Socket,
    /// The sender's index in the ledger: it also receives its own messages.
    sender_index: usize,
    ledger: Rc<RefCell<Ledger>>,
}

/// A send that is not acknowledged yet.
struct Flying {
    request: u64,
    begun: u64,
    client_id: String,
    body: String,
}

impl Traffic {
    /// Runs the scenario and checks everything that was received.
    pub async fn run(&self, target: &Target) -> Result<Row, Failure> {
        let meter = Rc::new(Meter::new()?);
        let (mut senders, mut ledgers) = (Vec::new(), Vec::new());
        let mut conversations = Vec::new();
        for number in 0..self.conversations {
            conversations.push(self.open(target, number, &meter).await?);
        }
        for conversation in conversations {
            ledgers.push(conversation.ledger.clone());
            senders.push(spawn_local(send(conversation, self.window, meter.clone())));
        }
        sleep(WARM_UP).await;
        let seconds = meter.measure(self.seconds).await;
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
        Ok(self.row(&meter, seconds, checked, problems))
    }

    /// Creates a conversation, joins everyone, and starts the listeners.
    async fn open(
        &self,
        target: &Target,
        number: usize,
        meter: &Rc<Meter>,
    ) -> Result<Conversation, Failure> {
        let run = format!(
            "load-{}-{}-{number}",
            std::process::id(),
            self.name.replace(' ', "-")
        );
        let person = |index: usize| format!("{run}-{index}");
        let people: Vec<String> = (0..=self.listeners.min(LISTENING_PEOPLE))
            .map(person)
            .collect();
        let id = target.converse(&people).await?;
        let mut sender = target.connect(&person(0)).await?;
        let base = whole(&sender.join(&id, None).await?, "last_seq")?;
        let ledger = Rc::new(RefCell::new(Ledger::new(base)));
        let sender_index = ledger.borrow_mut().follow(base);
        for listener in 0..self.listeners {
            let mut socket = target
                .connect(&person(1 + listener % LISTENING_PEOPLE))
                .await?;
            let joined_at = whole(&socket.join(&id, None).await?, "last_seq")?;
            let index = ledger.borrow_mut().follow(joined_at);
            spawn_local(listen(socket, index, ledger.clone(), meter.clone()));
        }
        Ok(Conversation {
            id,
            sender,
            sender_index,
            ledger,
        })
    }

    fn row(&self, meter: &Meter, seconds: f64, checked: u64, problems: Problems) -> Row {
        let (acknowledged, delivered) = (&meter.acknowledged, &meter.delivered);
        Row {
            scenario: self.name,
            load: format!(
                "{} × {} in flight, {} listening",
                self.conversations, self.window, self.listeners
            ),
            figures: format!(
                "{} acknowledged/s, p50/p99 {}; {} delivered/s, {}",
                rate(acknowledged.count(), seconds),
                acknowledged.quantiles(),
                rate(delivered.count(), seconds),
                delivered.quantiles(),
            ),
            asked: self.asked,
            checked: format!(
                "{} messages × {} sockets",
                grouped(checked),
                self.listeners + 1
            ),
            problems,
        }
    }
}

async fn listen(mut socket: Socket, index: usize, ledger: Rc<RefCell<Ledger>>, meter: Rc<Meter>) {
    loop {
        match socket.next().await {
            Ok(text) => {
                if let Frame::Message(message) = frame::read(&text) {
                    ledger
                        .borrow_mut()
                        .deliver(index, message.seq, mark(message.id, message.body));
                    meter.done(&meter.delivered, frame::number(message.body).unwrap_or(0));
                }
            }
            Err(failure) => {
                return ledger
                    .borrow_mut()
                    .complain(format!("socket {index}: {failure}"));
            }
        }
    }
}

/// Keeps the window full until the end, then waits for sends in flight and for the echo of the last message.
async fn send(conversation: Conversation, window: usize, meter: Rc<Meter>) {
    let ledger = conversation.ledger.clone();
    if let Err(failure) = keep_sending(conversation, window, &meter).await {
        ledger
            .borrow_mut()
            .complain(format!("the sender: {failure}"));
    }
}

async fn keep_sending(
    mut conversation: Conversation,
    window: usize,
    meter: &Meter,
) -> Result<(), Failure> {
    let mut flying: Vec<Flying> = Vec::with_capacity(window);
    let mut request = 0;
    loop {
        while flying.len() < window && !meter.is_ending.get() {
            request += 1;
            flying.push(put(&mut conversation, request, meter).await?);
        }
        conversation.sender.flush().await?;
        if flying.is_empty()
            && conversation
                .ledger
                .borrow()
                .has_everything(conversation.sender_index)
        {
            return Ok(());
        }
        let mut next = Some(conversation.sender.next().await?);
        while let Some(text) = next {
            take(&text, &conversation, &mut flying, meter);
            next = conversation.sender.next().now_or_never().transpose()?;
        }
    }
}

async fn put(
    conversation: &mut Conversation,
    request: u64,
    meter: &Meter,
) -> Result<Flying, Failure> {
    let begun = meter.now();
    let (client_id, body) = (
        format!("{}-{request}", conversation.sender_index),
        format!("{begun} {request} {TEXT}"),
    );
    let client_id = format!(
        "{}-{client_id}",
        conversation.id.get(24..).unwrap_or_default()
    );
    conversation
        .sender
        .put(send_frame(request, &conversation.id, &client_id, &body))
        .await?;
    Ok(Flying {
        request,
        begun,
        client_id,
        body,
    })
}

fn take(text: &str, conversation: &Conversation, flying: &mut Vec<Flying>, meter: &Meter) {
    let mut ledger = conversation.ledger.borrow_mut();
    match frame::read(text) {
        Frame::Message(message) => {
            ledger.deliver(
                conversation.sender_index,
                message.seq,
                mark(message.id, message.body),
            );
        }
        Frame::Stored { request, message } => {
            let Some(index) = flying.iter().position(|flying| flying.request == request) else {
                return ledger.complain(format!(
                    "an acknowledgement of request {request}, which is not in flight"
                ));
            };
            let sent = flying.swap_remove(index);
            meter.done(&meter.acknowledged, sent.begun);
            ledger.acknowledge(message.seq, mark(message.id, &sent.body));
            if sent.client_id != message.client_id {
                ledger.complain(format!(
                    "{} was sent, {} was acknowledged",
                    sent.client_id, message.client_id
                ));
            }
        }
        Frame::Refused { request, text } => {
            flying.retain(|flying| flying.request != request);
            ledger.complain(format!("refused: {text}"));
        }
        Frame::Other => {}
    }
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
