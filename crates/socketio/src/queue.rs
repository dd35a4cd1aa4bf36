//! The bounded queue to one connection: anybody pushes shared bytes, the session drains them.

use bytes::Bytes;
use bytestring::ByteString;
use futures_util::Stream;
use futures_util::task::AtomicWaker;
use parking_lot::Mutex;
use serde::Serialize;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use clock::Clock;
use uuid::Uuid;

pub use crate::closing::CloseReason;

/// Bytes that a session takes out at once: what lies in the session's own buffers beyond the queue's bound.
const DRAIN_BYTES: usize = 32 * 1024;
/// What a queued frame costs beside its bytes.
const FRAME_OVERHEAD: usize = 64;

/// The session that drains a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct SessionId(pub Uuid);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What an application adds to queues; `()` adds nothing.
pub trait Extension: Send + Sync + 'static {
    /// Frames that only the application understands. They are handed to it as they leave the queue, in their places among the others.
    type Frame: Clone + fmt::Debug + Send + 'static;
    /// What it keeps with each queue.
    type State: Default + Send + Sync + 'static;

    /// The bytes that a frame holds, which count against the queue's bound.
    fn bytes(frame: &Self::Frame) -> usize;
}

impl Extension for () {
    type Frame = Infallible;
    type State = ();

    fn bytes(frame: &Infallible) -> usize {
        match *frame {}
    }
}

/// One thing for the session to do.
#[derive(Clone, Debug)]
pub enum Frame<F = Infallible> {
    /// Send this text.
    Text(ByteString),
    /// Send this text and, right behind it, these binary parts.
    Attached(ByteString, Arc<[Bytes]>),
    /// Send these bytes.
    Binary(Bytes),
    /// The session ends after what was queued; its connection may go on.
    Leave,
    /// Ask the peer for a sign of life.
    Ping,
    /// Something that only the application understands.
    Own(F),
}

/// What became of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Push {
    /// It will be sent.
    Queued,
    /// The bound was passed just now; the connection is closed as slow.
    Overflowed,
    /// The connection is closing or gone.
    Dropped,
}

/// What a session takes out at once.
#[derive(Debug)]
pub struct Drained<F = Infallible> {
    /// In the order of sending.
    pub frames: Vec<Frame<F>>,
    /// Close the connection after them.
    pub close: Option<CloseReason>,
}

struct Waiting<F> {
    frames: VecDeque<Frame<F>>,
    bytes: usize,
    closing: Option<CloseReason>,
    /// What the connection is closed with when its deadline passes.
    deadline_reason: Option<CloseReason>,
    /// Set when the session has been told to close, or is gone: nothing is taken any more.
    ended: bool,
}

impl<F> Default for Waiting<F> {
    fn default() -> Self {
        Self {
            frames: VecDeque::new(),
            bytes: 0,
            closing: None,
            deadline_reason: None,
            ended: false,
        }
    }
}

/// The queue and the signs of life of one connection. Anybody writes it, one session reads it, a watcher looks after it.
pub struct ConnectionQueue<E: Extension = ()> {
    session: SessionId,
    state: E::State,
    bound: usize,
    queue: Mutex<Waiting<E::Frame>>,
    waker: AtomicWaker,
    clock: Clock,
    opened: Instant,
    /// Milliseconds after `opened`: written by the session when it hears from its peer.
    heard: AtomicU64,
    /// Milliseconds after `opened`: written by the watcher when it pings.
    pinged: AtomicU64,
    /// Milliseconds after `opened` at which the queue's `deadline_reason` applies; `u64::MAX` for never.
    deadline: AtomicU64,
}

impl<E: Extension> ConnectionQueue<E> {
    /// An empty queue for at most `bound` bytes, overhead included.
    pub fn new(session: SessionId, bound: usize, clock: Clock) -> Arc<Self> {
        Self::with(session, bound, clock, E::State::default())
    }

    /// As `new`, with something that the application keeps with it.
    pub fn with(session: SessionId, bound: usize, clock: Clock, state: E::State) -> Arc<Self> {
        Arc::new(Self {
            session,
            state,
            bound,
            queue: Mutex::default(),
            waker: AtomicWaker::new(),
            opened: clock.now(),
            clock,
            heard: AtomicU64::new(0),
            pinged: AtomicU64::new(0),
            deadline: AtomicU64::new(u64::MAX),
        })
    }

    /// Whose it is.
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// What the application keeps with it.
    pub fn state(&self) -> &E::State {
        &self.state
    }

    /// Queues one text.
    pub fn text(&self, text: ByteString) -> Push {
        self.push(Frame::Text(text))
    }

    /// Queues several texts, waking the session once.
    pub fn texts(&self, texts: impl IntoIterator<Item = ByteString>) -> Push {
        self.frames(texts.into_iter().map(Frame::Text))
    }

    /// Queues several frames, waking the session once.
    pub fn frames(&self, frames: impl IntoIterator<Item = Frame<E::Frame>>) -> Push {
        let mut queue = self.queue.lock();
        let was_empty = queue.frames.is_empty();
        let mut outcome = Push::Queued;
        for frame in frames {
            outcome = self.push_locked(&mut queue, frame);
            if outcome != Push::Queued {
                break;
            }
        }
        drop(queue);
        if was_empty || outcome == Push::Overflowed {
            self.waker.wake();
        }
        outcome
    }

    /// Queues one frame.
    pub fn push(&self, frame: Frame<E::Frame>) -> Push {
        self.frames([frame])
    }

    fn push_locked(&self, queue: &mut Waiting<E::Frame>, frame: Frame<E::Frame>) -> Push {
        if queue.ended || queue.closing.is_some() {
            return Push::Dropped;
        }
        let size = cost::<E>(&frame);
        if queue.bytes + size > self.bound {
            queue.frames = VecDeque::new();
            queue.bytes = 0;
            queue.closing = Some(CloseReason::SlowReader);
            return Push::Overflowed;
        }
        queue.bytes += size;
        queue.frames.push_back(frame);
        Push::Queued
    }

    /// Closes the connection after what is queued; the first reason stands.
    pub fn close(&self, reason: CloseReason) {
        self.queue.lock().closing.get_or_insert(reason);
        self.waker.wake();
    }

    /// Says that the session is gone: what is queued is freed, what comes is dropped.
    pub fn end(&self) {
        let mut queue = self.queue.lock();
        queue.ended = true;
        queue.frames = VecDeque::new();
        queue.bytes = 0;
    }

    /// Whether its session is gone, or about to be.
    pub fn has_ended(&self) -> bool {
        self.queue.lock().ended
    }

    /// Wakes the task that drains the queue, so that it checks its other conditions.
    pub fn wake(&self) {
        self.waker.wake();
    }

    /// Why it is to be closed, if it is.
    pub fn closing(&self) -> Option<CloseReason> {
        self.queue.lock().closing
    }

    /// Bytes that wait, overhead included.
    pub fn waiting_bytes(&self) -> usize {
        self.queue.lock().bytes
    }

    /// Whether half of the bytes that may wait do so.
    pub fn is_half_full(&self) -> bool {
        self.waiting_bytes() >= self.bound / 2
    }

    /// Notes that the peer gave a sign of life.
    pub fn note_heard(&self) {
        self.heard.store(self.age(), Ordering::Relaxed);
    }

    /// How long nothing has been heard.
    pub fn silence(&self) -> Duration {
        Duration::from_millis(
            self.age()
                .saturating_sub(self.heard.load(Ordering::Relaxed)),
        )
    }

    /// Queues a ping when the last one, and the last sign of life, are this long ago.
    pub fn ping_when_quiet(&self, interval: Duration) {
        let last = self
            .pinged
            .load(Ordering::Relaxed)
            .max(self.heard.load(Ordering::Relaxed));
        if u128::from(self.age().saturating_sub(last)) >= interval.as_millis() {
            self.pinged.store(self.age(), Ordering::Relaxed);
            self.push(Frame::Ping);
        }
    }

    /// Sets how long from now the session may go on as it is, and what it is closed with then.
    pub fn set_deadline(&self, after: Duration, reason: CloseReason) {
        self.queue.lock().deadline_reason = Some(reason);
        let milliseconds = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
        self.deadline
            .store(self.age().saturating_add(milliseconds), Ordering::Relaxed);
    }

    /// Takes a deadline back that was set for this reason; one that was set for another stays.
    pub fn lift_deadline(&self, reason: CloseReason) {
        let mut queue = self.queue.lock();
        if queue.deadline_reason == Some(reason) {
            queue.deadline_reason = None;
        }
    }

    /// Closes the connection if its deadline has passed.
    pub fn close_when_overdue(&self) {
        if self.age() < self.deadline.load(Ordering::Relaxed) {
            return;
        }
        let reason = self.queue.lock().deadline_reason;
        if let Some(reason) = reason {
            self.close(reason);
        }
    }

    /// What is queued; where nothing is, `context` is woken when something comes. One task drains a queue at a time.
    pub fn poll_drained(&self, context: &mut Context<'_>) -> Poll<Drained<E::Frame>> {
        if let Some(drained) = self.take() {
            return Poll::Ready(drained);
        }
        self.waker.register(context.waker());
        self.take().map_or(Poll::Pending, Poll::Ready)
    }

    fn age(&self) -> u64 {
        self.clock.now().duration_since(self.opened).as_millis() as u64
    }

    fn take(&self) -> Option<Drained<E::Frame>> {
        let mut queue = self.queue.lock();
        if queue.frames.is_empty() && (queue.closing.is_none() || queue.ended) {
            return None;
        }
        let mut taken = 0;
        let mut count = 0;
        while let Some(frame) = queue.frames.get(count)
            && taken < DRAIN_BYTES
        {
            taken += cost::<E>(frame);
            count += 1;
        }
        let frames: Vec<_> = queue.frames.drain(..count).collect();
        queue.bytes = queue.bytes.saturating_sub(taken);
        let close = if queue.frames.is_empty() {
            queue.closing
        } else {
            None
        };
        if close.is_some() {
            queue.ended = true;
        }
        Some(Drained { frames, close })
    }
}

fn cost<E: Extension>(frame: &Frame<E::Frame>) -> usize {
    let bytes = match frame {
        Frame::Text(text) => text.len(),
        Frame::Binary(bytes) => bytes.len(),
        Frame::Attached(text, parts) => {
            let parts = parts.iter().map(|part| part.len() + FRAME_OVERHEAD);
            text.len() + parts.sum::<usize>()
        }
        Frame::Ping | Frame::Leave => 0,
        Frame::Own(own) => E::bytes(own),
    };
    bytes + FRAME_OVERHEAD
}

/// What a session drains its queue with. While the peer does not read, nobody polls it, and the queue fills.
pub struct Drain<E: Extension = ()>(pub Arc<ConnectionQueue<E>>);

impl<E: Extension> Stream for Drain<E> {
    type Item = Drained<E::Frame>;

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Drained<E::Frame>>> {
        self.0.poll_drained(context).map(Some)
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
