//! One Engine.IO session, whatever carries it: its outboxes, its transport's state, its heartbeat.

use bytestring::ByteString;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use uuid::Uuid;

use super::packet::{Message, Packet};
use super::{Ending, Options, Session};
use crate::domain::ids::SessionId;
use crate::outbox::{CloseReason, Drained, Frame, Outbox, Push};

/// A session.
pub struct Line {
    /// The secret that its requests name it by.
    pub(super) sid: Uuid,
    own: Arc<Outbox>,
    attached: Mutex<Vec<Arc<Outbox>>>,
    /// What was taken out and did not fit into the last poll's answer; a part of what the outboxes may hold.
    rest: Mutex<Option<Batch>>,
    state: Mutex<State>,
    session: Mutex<Option<Box<dyn Session>>>,
    opened: Instant,
    /// Milliseconds after `opened`, or never.
    next_ping: AtomicU64,
    pong_due: AtomicU64,
    /// When a close that nobody fetches is carried out.
    close_due: AtomicU64,
}

const NEVER: u64 = u64::MAX;
/// How long what is left, and the close after it, wait at most for a client that is between two polls.
const LINGER_MILLISECONDS: u64 = 5_000;

#[derive(Clone, Copy, Debug)]
struct State {
    carrier: Carrier,
    /// A GET waits.
    polled: bool,
    /// A POST is being read.
    posting: bool,
}

/// What carries the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carrier {
    Polling,
    /// Polling; a WebSocket was opened.
    Probing,
    /// Polling; the probe was answered, and no GET waits any more.
    Probed,
    Websocket,
    Nothing(Ending),
}

/// What is to be sent.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) frames: Vec<Frame>,
    pub(super) close: Option<CloseReason>,
}

/// What a GET is answered with.
#[derive(Debug)]
pub(super) enum Polled {
    Batch(Batch),
    Noop,
    Close,
}

impl Line {
    pub(super) fn new(carrier: Carrier, options: &Options) -> Arc<Self> {
        let state = State {
            carrier,
            polled: false,
            posting: false,
        };
        Arc::new(Self {
            sid: Uuid::new_v4(),
            own: Outbox::new(SessionId(Uuid::new_v4()), options.outbox_limit),
            attached: Mutex::default(),
            rest: Mutex::default(),
            state: Mutex::new(state),
            session: Mutex::default(),
            opened: Instant::now(),
            next_ping: AtomicU64::new(milliseconds(options.ping_interval)),
            pong_due: AtomicU64::new(NEVER),
            close_due: AtomicU64::new(NEVER),
        })
    }

    /// The session's own outbox. Its frames are whole packets, and leave before those of attached ones.
    pub fn outbox(&self) -> &Arc<Outbox> {
        &self.own
    }

    /// Sends `first` and then, from now on, what comes in `outbox`; over its bound, or told to close, it closes the session.
    /// A session that is closing already takes neither.
    pub fn attach(&self, outbox: Arc<Outbox>, first: ByteString) -> Push {
        let mut attached = self.attached.lock();
        let taken = self.own.text(first);
        if taken == Push::Queued {
            attached.push(outbox);
        }
        drop(attached);
        self.own.wake();
        taken
    }

    /// Sends what comes in an attached outbox no more.
    pub fn detach(&self, owner: SessionId) {
        self.attached
            .lock()
            .retain(|outbox| outbox.session() != owner);
    }

    pub(super) fn begin(&self, session: Box<dyn Session>) {
        *self.session.lock() = Some(session);
    }

    /// What is to be sent; `context` is woken when something comes. Only the present carrier asks.
    pub(super) fn poll_batch(&self, context: &mut Context<'_>) -> Poll<Batch> {
        if let Some(batch) = self.rest.lock().take() {
            return Poll::Ready(batch);
        }
        loop {
            let ready = self.drain(context);
            if ready.is_empty() {
                return Poll::Pending;
            }
            let batch = self.gather(ready);
            if !batch.frames.is_empty() || batch.close.is_some() {
                return Poll::Ready(batch);
            }
        }
    }

    /// A part of what each outbox holds; when the session closes, all of it.
    fn drain(&self, context: &mut Context<'_>) -> Vec<(SessionId, Drained)> {
        let attached = self.attached.lock();
        let outboxes = || std::iter::once(&self.own).chain(attached.iter());
        let mut ready: Vec<(SessionId, Drained)> = Vec::new();
        for outbox in outboxes() {
            if let Poll::Ready(drained) = outbox.poll_drained(context) {
                ready.push((outbox.session(), drained));
            }
        }
        if ready.iter().any(|(_, drained)| drained.close.is_some()) {
            for outbox in outboxes() {
                while let Poll::Ready(drained) = outbox.poll_drained(context) {
                    ready.push((outbox.session(), drained));
                }
            }
        }
        ready
    }

    /// Why the session is about to be closed by the server, if it is.
    pub(super) fn closing(&self) -> Option<CloseReason> {
        let attached = self.attached.lock();
        let mut outboxes = std::iter::once(&self.own).chain(attached.iter());
        outboxes.find_map(|outbox| outbox.closing())
    }

    /// Gives back what is left of a batch: the next one.
    pub(super) fn put_back(&self, batch: Batch) {
        *self.rest.lock() = Some(batch);
    }

    fn gather(&self, ready: Vec<(SessionId, Drained)>) -> Batch {
        let mut batch = Batch::default();
        for (owner, drained) in ready {
            batch.close = batch.close.or(drained.close);
            let frames = match owner == self.own.session() || drained.frames.iter().all(is_plain) {
                true => drained.frames,
                false => self.translate(owner, drained.frames),
            };
            if batch.frames.is_empty() {
                batch.frames = frames;
            } else {
                batch.frames.extend(frames);
            }
        }
        batch
    }

    /// What is sent for the frames of an attached outbox. The session has a heartbeat of its own.
    fn translate(&self, owner: SessionId, mut frames: Vec<Frame>) -> Vec<Frame> {
        frames.retain(|frame| !matches!(frame, Frame::Ping));
        match self.session.lock().as_mut() {
            Some(session) => session.leaving(owner, frames),
            None => Vec::new(),
        }
    }

    /// What a waiting GET is answered with.
    pub(super) fn poll_get(&self, context: &mut Context<'_>) -> Poll<Polled> {
        if let Some(answer) = self.get_is_over() {
            return Poll::Ready(answer);
        }
        if let Poll::Ready(batch) = self.poll_batch(context) {
            return Poll::Ready(Polled::Batch(batch));
        }
        if self.carrier() == Carrier::Probed {
            return Poll::Ready(Polled::Noop);
        }
        self.get_is_over().map_or(Poll::Pending, Poll::Ready)
    }

    fn get_is_over(&self) -> Option<Polled> {
        match self.carrier() {
            Carrier::Polling | Carrier::Probing | Carrier::Probed => None,
            Carrier::Websocket | Carrier::Nothing(Ending::Gone) => Some(Polled::Noop),
            Carrier::Nothing(Ending::Closed(_)) => Some(Polled::Close),
        }
    }

    pub(super) fn carrier(&self) -> Carrier {
        self.state.lock().carrier
    }

    /// Moves the session from one carrier to the next; says whether it stood there.
    pub(super) fn step(&self, from: Carrier, to: Carrier) -> bool {
        let mut state = self.state.lock();
        let stood = state.carrier == from;
        if stood {
            state.carrier = to;
        }
        drop(state);
        self.own.wake();
        stood
    }

    /// Notes that a GET waits, or a POST is being read. `false` where one is already.
    pub(super) fn occupy(&self, place: Place) -> bool {
        let mut state = self.state.lock();
        let taken = place.of(&mut state);
        !std::mem::replace(taken, true)
    }

    pub(super) fn vacate(&self, place: Place) {
        *place.of(&mut self.state.lock()) = false;
    }

    /// Takes a packet in. An error closes the session.
    pub(super) fn receive(&self, packet: Packet<'_>) -> Result<(), Ending> {
        match packet {
            Packet::Message(message) => self.hear(message),
            Packet::Pong => {
                self.pong();
                Ok(())
            }
            Packet::Noop => Ok(()),
            Packet::Close => Err(Ending::Gone),
            Packet::Ping(_) | Packet::Upgrade => Err(Ending::Closed(CloseReason::Misuse)),
        }
    }

    fn hear(&self, message: Message<'_>) -> Result<(), Ending> {
        match self.session.lock().as_mut() {
            Some(session) => session.message(message).map_err(Ending::Closed),
            None => Err(Ending::Gone),
        }
    }

    fn pong(&self) {
        self.pong_due.store(NEVER, Ordering::Relaxed);
        self.own.note_heard();
        let attached = self.attached.lock();
        attached.iter().for_each(|outbox| outbox.note_heard());
    }

    /// Pings when it is time, and says when the session must end: no pong came, or a close that nobody fetched.
    pub(super) fn look(&self, options: &Options) -> Option<Ending> {
        let now = milliseconds(self.opened.elapsed());
        self.own.close_when_overdue();
        if now >= self.pong_due.load(Ordering::Relaxed) {
            return Some(Ending::Closed(CloseReason::Silent));
        }
        let pinged = self.next_ping.load(Ordering::Relaxed);
        if now >= pinged && self.pong_due.load(Ordering::Relaxed) == NEVER {
            let timeout = milliseconds(options.ping_timeout);
            // Where this server was late, the client still has half of its time.
            let due = pinged.saturating_add(timeout);
            let due = due.max(now.saturating_add(timeout / 2));
            self.pong_due.store(due, Ordering::Relaxed);
            let next = now.saturating_add(milliseconds(options.ping_interval));
            self.next_ping.store(next, Ordering::Relaxed);
            self.own.push(Frame::Ping);
        }
        self.closes_at_last(now, options)
    }

    fn closes_at_last(&self, now: u64, options: &Options) -> Option<Ending> {
        let reason = self.closing()?;
        let due = self.close_due.load(Ordering::Relaxed);
        if due == NEVER {
            let linger = milliseconds(options.ping_timeout).min(LINGER_MILLISECONDS);
            let due = now.saturating_add(linger);
            self.close_due.store(due, Ordering::Relaxed);
        }
        (now >= due).then_some(Ending::Closed(reason))
    }

    /// Ends the session: nothing of it stays but what its last requests still hold. `false` where it had ended.
    pub(super) fn end(&self, ending: Ending) -> bool {
        let mut state = self.state.lock();
        if matches!(state.carrier, Carrier::Nothing(_)) {
            return false;
        }
        state.carrier = Carrier::Nothing(ending);
        drop(state);
        self.own.end();
        *self.rest.lock() = None;
        for outbox in self.attached.lock().drain(..) {
            outbox.end();
        }
        let session = self.session.lock().take();
        if let Some(mut session) = session {
            session.closed(ending);
        }
        self.own.wake();
        true
    }
}

/// What only one request at a time may do.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    Get,
    Post,
}

impl Place {
    fn of(self, state: &mut State) -> &mut bool {
        match self {
            Self::Get => &mut state.polled,
            Self::Post => &mut state.posting,
        }
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(NEVER)
}

/// Whether a frame is sent as it is, whoever's it is.
fn is_plain(frame: &Frame) -> bool {
    match frame {
        Frame::Text(_) | Frame::Attached(..) | Frame::Binary(_) => true,
        Frame::Leave | Frame::Rejoin(..) | Frame::Placed(..) | Frame::Ping => false,
    }
}
