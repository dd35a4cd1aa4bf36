//! One Engine.IO session, whatever carries it: its queues, its transport's state, its heartbeat.

use bytestring::ByteString;
use clock::Clock;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use uuid::Uuid;

use super::packet::{Message, Packet};
use super::{Ending, Options, Session};
use crate::queue::{CloseReason, ConnectionQueue, Drained, Extension, Frame, Push, SessionId};

/// A session.
pub struct Line<E: Extension = ()> {
    /// The secret that its requests name it by.
    pub(super) sid: Uuid,
    own: Arc<ConnectionQueue<E>>,
    attached: Mutex<Vec<Arc<ConnectionQueue<E>>>>,
    /// What was taken out and did not fit into the last poll's answer; a part of what the queues may hold.
    rest: Mutex<Option<Batch<E::Frame>>>,
    state: Mutex<State>,
    session: Mutex<Option<Box<dyn Session<E>>>>,
    clock: Clock,
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
#[derive(Debug)]
pub(super) struct Batch<F> {
    pub(super) frames: Vec<Frame<F>>,
    pub(super) close: Option<CloseReason>,
}

/// What a GET is answered with.
#[derive(Debug)]
pub(super) enum Polled<F> {
    Batch(Batch<F>),
    Noop,
    Close,
}

impl<E: Extension> Line<E> {
    pub(super) fn new(carrier: Carrier, options: &Options) -> Arc<Self> {
        let state = State {
            carrier,
            polled: false,
            posting: false,
        };
        let clock = options.clock.clone();
        Arc::new(Self {
            sid: Uuid::new_v4(),
            own: ConnectionQueue::new(
                SessionId(Uuid::new_v4()),
                options.queue_limit,
                clock.clone(),
            ),
            attached: Mutex::default(),
            rest: Mutex::default(),
            state: Mutex::new(state),
            session: Mutex::default(),
            opened: clock.now(),
            clock,
            next_ping: AtomicU64::new(milliseconds(options.ping_interval)),
            pong_due: AtomicU64::new(NEVER),
            close_due: AtomicU64::new(NEVER),
        })
    }

    /// The session's own queue. Its frames are whole packets, and leave before those of attached ones.
    pub fn queue(&self) -> &Arc<ConnectionQueue<E>> {
        &self.own
    }

    /// Sends `first` and then, from now on, what comes in `queue`; over its bound, or told to close, it closes the session.
    /// A session that is closing already takes neither.
    pub fn attach(&self, queue: Arc<ConnectionQueue<E>>, first: ByteString) -> Push {
        let mut attached = self.attached.lock();
        let taken = self.own.text(first);
        if taken == Push::Queued {
            attached.push(queue);
        }
        drop(attached);
        self.own.wake();
        taken
    }

    /// Sends what comes in an attached queue no more.
    pub fn detach(&self, owner: SessionId) {
        self.attached
            .lock()
            .retain(|queue| queue.session() != owner);
    }

    pub(super) fn begin(&self, session: Box<dyn Session<E>>) {
        *self.session.lock() = Some(session);
    }

    /// What is to be sent; `context` is woken when something comes. Only the present carrier asks.
    pub(super) fn poll_batch(&self, context: &mut Context<'_>) -> Poll<Batch<E::Frame>> {
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

    /// A part of what each queue holds; when the session closes, all of it.
    fn drain(&self, context: &mut Context<'_>) -> Vec<(SessionId, Drained<E::Frame>)> {
        let attached = self.attached.lock();
        let queues = || std::iter::once(&self.own).chain(attached.iter());
        let mut ready = Vec::new();
        for queue in queues() {
            if let Poll::Ready(drained) = queue.poll_drained(context) {
                ready.push((queue.session(), drained));
            }
        }
        if ready
            .iter()
            .any(|(_, drained): &(_, Drained<_>)| drained.close.is_some())
        {
            for queue in queues() {
                while let Poll::Ready(drained) = queue.poll_drained(context) {
                    ready.push((queue.session(), drained));
                }
            }
        }
        ready
    }

    /// Why the session is about to be closed by the server, if it is.
    pub(super) fn closing(&self) -> Option<CloseReason> {
        let attached = self.attached.lock();
        let mut queues = std::iter::once(&self.own).chain(attached.iter());
        queues.find_map(|queue| queue.closing())
    }

    /// Gives back what is left of a batch: the next one.
    pub(super) fn put_back(&self, batch: Batch<E::Frame>) {
        *self.rest.lock() = Some(batch);
    }

    fn gather(&self, ready: Vec<(SessionId, Drained<E::Frame>)>) -> Batch<E::Frame> {
        let mut batch = Batch {
            frames: Vec::new(),
            close: None,
        };
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

    /// What is sent for the frames of an attached queue. The session has a heartbeat of its own.
    fn translate(
        &self,
        owner: SessionId,
        mut frames: Vec<Frame<E::Frame>>,
    ) -> Vec<Frame<E::Frame>> {
        frames.retain(|frame| !matches!(frame, Frame::Ping));
        match self.session.lock().as_mut() {
            Some(session) => session.leaving(owner, frames),
            None => Vec::new(),
        }
    }

    /// What a waiting GET is answered with.
    pub(super) fn poll_get(&self, context: &mut Context<'_>) -> Poll<Polled<E::Frame>> {
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

    fn get_is_over(&self) -> Option<Polled<E::Frame>> {
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
        attached.iter().for_each(|queue| queue.note_heard());
    }

    /// Pings when it is time, and says when the session must end: no pong came, or a close that nobody fetched.
    pub(super) fn look(&self, options: &Options) -> Option<Ending> {
        let now = milliseconds(self.clock.now().duration_since(self.opened));
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
        for queue in self.attached.lock().drain(..) {
            queue.end();
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
fn is_plain<F>(frame: &Frame<F>) -> bool {
    match frame {
        Frame::Text(_) | Frame::Attached(..) | Frame::Binary(_) => true,
        Frame::Leave | Frame::Own(_) | Frame::Ping => false,
    }
}

#[cfg(test)]
#[path = "line_tests.rs"]
mod tests;
