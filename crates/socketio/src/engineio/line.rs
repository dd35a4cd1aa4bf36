//! One Engine.IO session over either transport: its queues, its transport's state, its heartbeat.

use actix_web::HttpRequest;
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
    /// Its secret id.
    pub(super) sid: Uuid,
    own: Arc<ConnectionQueue<E>>,
    attached: Mutex<Vec<Arc<ConnectionQueue<E>>>>,
    /// The part of a batch that did not fit into the last poll's response.
    rest: Mutex<Option<Batch<E::Frame>>>,
    state: Mutex<State>,
    session: Mutex<Option<Box<dyn Session<E>>>>,
    clock: Clock,
    opened: Instant,
    /// Milliseconds after `opened`, or `NEVER`.
    next_ping: AtomicU64,
    pong_due: AtomicU64,
    /// When a close that no poll fetches is carried out.
    close_due: AtomicU64,
}

const NEVER: u64 = u64::MAX;
/// How long remaining frames and the close after them wait for the next poll.
const LINGER_MILLISECONDS: u64 = 5_000;

#[derive(Clone, Copy, Debug)]
struct State {
    carrier: Carrier,
    /// Whether a GET is waiting.
    polled: bool,
    /// Whether a POST is being read.
    posting: bool,
}

/// The transport of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carrier {
    Polling,
    /// Polling; a WebSocket was opened.
    Probing,
    /// Polling; the probe was answered, and no GET is waiting any more.
    Probed,
    Websocket,
    Nothing(Ending),
}

/// Frames to send.
#[derive(Debug)]
pub(super) struct Batch<F> {
    pub(super) frames: Vec<Frame<F>>,
    pub(super) close: Option<CloseReason>,
}

/// The response to a GET.
#[derive(Debug)]
pub(super) enum Polled<F> {
    Batch(Batch<F>),
    Noop,
    Close(CloseReason),
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

    /// The session's own queue. Its frames are whole packets and are sent before those of attached queues.
    pub fn queue(&self) -> &Arc<ConnectionQueue<E>> {
        &self.own
    }

    /// Sends `first` and from then on the frames of `queue`. If the queue overflows or is closed, the session
    /// closes. A closing session accepts neither.
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

    /// Stops sending the frames of an attached queue.
    pub fn detach(&self, owner: SessionId) {
        self.attached
            .lock()
            .retain(|queue| queue.session() != owner);
    }

    pub(super) fn begin(&self, session: Box<dyn Session<E>>) {
        *self.session.lock() = Some(session);
    }

    /// The next frames to send; wakes `context` when there are some. Only the current transport may call it.
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

    /// Takes part of the frames of each queue, or all of them if the session closes.
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

    /// Why the server is closing the session, if it is.
    pub(super) fn closing(&self) -> Option<CloseReason> {
        let attached = self.attached.lock();
        let mut queues = std::iter::once(&self.own).chain(attached.iter());
        queues.find_map(|queue| queue.closing())
    }

    /// Returns the rest of a batch, to be sent first.
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

    /// The frames to send for those of an attached queue. Pings are dropped, because the session has its own
    /// heartbeat.
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

    /// The response to a waiting GET.
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
            Carrier::Nothing(Ending::Closed(reason)) => Some(Polled::Close(reason)),
        }
    }

    pub(super) fn carrier(&self) -> Carrier {
        self.state.lock().carrier
    }

    /// Changes the transport's state; false if it was not `from`.
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

    /// Records that a GET is waiting or a POST is being read; false if one already is.
    pub(super) fn occupy(&self, kind: RequestKind) -> bool {
        let mut state = self.state.lock();
        let taken = kind.of(&mut state);
        !std::mem::replace(taken, true)
    }

    pub(super) fn vacate(&self, kind: RequestKind) {
        *kind.of(&mut self.state.lock()) = false;
    }

    /// Handles a packet. An error closes the session.
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

    /// Whether a request may bring packets.
    pub(super) fn admits(&self, request: &HttpRequest) -> bool {
        let session = self.session.lock();
        session
            .as_ref()
            .is_none_or(|session| session.admits(request))
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

    /// Sends a ping when it is due. Returns why the session must end: a missing pong, or a close that no poll
    /// fetched.
    pub(super) fn look(&self, options: &Options) -> Option<Ending> {
        let now = milliseconds(self.clock.now().duration_since(self.opened));
        self.own.close_when_overdue();
        if now >= self.pong_due.load(Ordering::Relaxed) {
            return Some(Ending::Closed(CloseReason::Silent));
        }
        let pinged = self.next_ping.load(Ordering::Relaxed);
        if now >= pinged && self.pong_due.load(Ordering::Relaxed) == NEVER {
            let timeout = milliseconds(options.ping_timeout);
            // If this server was late, the client still gets half of its time.
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

    /// Ends the session and frees its state, except what its last requests still hold; false if it had ended.
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

/// The kinds of request of which a session permits one at a time.
#[derive(Clone, Copy, Debug)]
pub(super) enum RequestKind {
    Get,
    Post,
}

impl RequestKind {
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

/// Whether a frame is sent unchanged, regardless of its queue.
fn is_plain<F>(frame: &Frame<F>) -> bool {
    match frame {
        Frame::Text(_) | Frame::Attached(..) | Frame::Binary(_) => true,
        Frame::Leave | Frame::Own(_) | Frame::Ping => false,
    }
}

#[cfg(test)]
#[path = "line_tests.rs"]
mod tests;
