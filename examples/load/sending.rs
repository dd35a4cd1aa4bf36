//! A socket that sends into a conversation and checks its acknowledgements.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::task::spawn_local;
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::drive::Failure;
use crate::drive::client::{Socket, send_frame};
use crate::drive::frame::{self, Frame};
use crate::ledger::{Ledger, mark};
use crate::meter::Meter;

const TEXT: &str = "hello, this is a realistic short chat message";

/// When a sender sends, as far as its window allows.
#[derive(Clone, Copy)]
pub enum SendRate {
    /// As soon as a send is acknowledged.
    Unbounded,
    /// Once in this time.
    Every(Duration),
}

/// A socket that has joined, in which its user sends.
pub struct Sender {
    pub conversation: String,
    pub socket: Socket,
    /// The socket's index in the ledger: it also receives its own messages.
    pub index: usize,
    pub ledger: Rc<RefCell<Ledger>>,
    pub meter: Rc<Meter>,
    /// The most sends in flight.
    pub window: usize,
    pub rate: SendRate,
}

/// A send that is not acknowledged yet.
struct Flying {
    request: u64,
    begun: u64,
    client_id: String,
    body: String,
}

/// The sends of a sender.
struct Sends {
    flying: Vec<Flying>,
    requests: u64,
    /// When the next one is due.
    due: Instant,
}

impl Sender {
    /// Sends until the end, waits for its acknowledgements and for the echo of the last message, and listens from then on: others
    /// may still send.
    pub async fn run(mut self) {
        let ledger = self.ledger.clone();
        match self.keep_sending().await {
            Ok(()) => drop(spawn_local(listen(
                self.socket,
                self.index,
                self.ledger,
                self.meter,
            ))),
            Err(failure) => ledger.borrow_mut().complain(format!("a sender: {failure}")),
        }
    }

    async fn keep_sending(&mut self) -> Result<(), Failure> {
        let mut sends = Sends {
            flying: Vec::with_capacity(self.window),
            requests: 0,
            due: Instant::now(),
        };
        loop {
            while self.may_send(&sends) && self.is_due(&sends) {
                self.put(&mut sends).await?;
            }
            self.socket.flush().await?;
            let has_everything = || self.ledger.borrow().has_everything(self.index);
            if self.meter.is_ending.get() && sends.flying.is_empty() && has_everything() {
                return Ok(());
            }
            let mut next = self.wait(&sends).await?;
            while let Some(text) = next {
                self.take(&text, &mut sends.flying);
                next = self.socket.next().now_or_never().transpose()?;
            }
        }
    }

    fn may_send(&self, sends: &Sends) -> bool {
        sends.flying.len() < self.window && !self.meter.is_ending.get()
    }

    fn is_due(&self, sends: &Sends) -> bool {
        match self.rate {
            SendRate::Unbounded => true,
            SendRate::Every(_) => Instant::now() >= sends.due,
        }
    }

    /// Waits for a text; `None` if a send is due before one comes.
    async fn wait(&mut self, sends: &Sends) -> Result<Option<Utf8Bytes>, Failure> {
        if matches!(self.rate, SendRate::Unbounded) || !self.may_send(sends) {
            return self.socket.next().await.map(Some);
        }
        tokio::select! {
            text = self.socket.next() => text.map(Some),
            () = sleep_until(sends.due) => Ok(None),
        }
    }

    async fn put(&mut self, sends: &mut Sends) -> Result<(), Failure> {
        sends.requests += 1;
        if let SendRate::Every(interval) = self.rate {
            sends.due += interval;
        }
        let (begun, request) = (self.meter.now(), sends.requests);
        let place = self.conversation.get(24..).unwrap_or_default();
        let client_id = format!("{place}-{}-{request}", self.index);
        let body = format!("{begun} {request} {TEXT}");
        let frame = send_frame(request, &self.conversation, &client_id, &body);
        self.socket.put(frame).await?;
        sends.flying.push(Flying {
            request,
            begun,
            client_id,
            body,
        });
        Ok(())
    }

    fn take(&self, text: &str, flying: &mut Vec<Flying>) {
        let mut ledger = self.ledger.borrow_mut();
        match frame::read(text) {
            Frame::Message(message) => {
                let mark = mark(message.id, message.body);
                ledger.deliver(self.index, message.seq, mark);
            }
            Frame::Stored { request, message } => {
                let Some(index) = flying.iter().position(|flying| flying.request == request) else {
                    return ledger.complain(format!(
                        "an acknowledgement of request {request}, which is not in flight"
                    ));
                };
                let sent = flying.swap_remove(index);
                self.meter.done(&self.meter.acknowledged, sent.begun);
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
}

/// Listens until the connection ends, which is a problem.
pub async fn listen(
    mut socket: Socket,
    index: usize,
    ledger: Rc<RefCell<Ledger>>,
    meter: Rc<Meter>,
) {
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
