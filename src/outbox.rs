//! The bounded queue to one connection: rooms push shared bytes, the session drains them.

mod closing;

use bytes::Bytes;
use bytestring::ByteString;
use futures_util::Stream;
use futures_util::task::AtomicWaker;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::domain::form::Form;
use crate::domain::ids::{ConversationId, Seq, SessionId};

pub use closing::CloseReason;

/// Bytes that a session takes out at once: what lies in the session's own buffers beyond the outbox's bound.
const DRAIN_BYTES: usize = 32 * 1024;
/// What a queued frame costs beside its bytes.
const FRAME_OVERHEAD: usize = 64;

/// One thing for the session to do.
#[derive(Clone, Debug)]
pub enum Frame {
    /// Send this text.
    Text(ByteString),
    /// Send this text; it is a conversation's event, whose place the connection keeps in mind.
    Placed(ByteString, ConversationId, Seq),
    /// Send this text and, right behind it, these binary parts.
    Attached(ByteString, Arc<[Bytes]>),
    /// Send these bytes.
    Binary(Bytes),
    /// The session ends after what was queued; its connection may go on.
    Leave,
    /// Ask the peer for a sign of life.
    Ping,
    /// The room is gone: join it again from this seq on.
    Rejoin(ConversationId, Seq),
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
pub struct Drained {
    /// In the order of sending.
    pub frames: Vec<Frame>,
    /// Close the connection after them.
    pub close: Option<CloseReason>,
}

#[derive(Default)]
struct Queue {
    frames: VecDeque<Frame>,
    bytes: usize,
    closing: Option<CloseReason>,
    /// What the connection is closed with when its deadline passes.
    deadline_reason: Option<CloseReason>,
    /// Set when the session has been told to close, or is gone: nothing is taken any more.
    ended: bool,
}

/// The queue and the signs of life of one connection. Rooms write it, the session reads it, the sweeper watches it.
pub struct Outbox {
    session: SessionId,
    form: Form,
    bound: usize,
    queue: Mutex<Queue>,
    /// Conversations of which it is being told what it missed: until its place in the room is taken, the room has nothing for it.
    catching_up: Mutex<Vec<ConversationId>>,
    waker: AtomicWaker,
    opened: Instant,
    /// Milliseconds after `opened`: written by the session when it hears from its peer.
    heard: AtomicU64,
    /// Milliseconds after `opened`: written by the sweeper when it pings.
    pinged: AtomicU64,
    /// Milliseconds after `opened` at which the queue's `deadline_reason` applies; `u64::MAX` for never.
    deadline: AtomicU64,
    /// When the token was issued that it was opened with, in seconds since 1970; `i64::MIN` where that is not known.
    issued_at: AtomicI64,
}

impl Outbox {
    /// An empty queue for at most `bound` bytes, overhead included.
    pub fn new(session: SessionId, bound: usize) -> Arc<Self> {
        Self::of_form(session, bound, Form::Native)
    }

    /// As `new`, for a connection that is spoken to in this form.
    pub fn of_form(session: SessionId, bound: usize, form: Form) -> Arc<Self> {
        Arc::new(Self {
            session,
            form,
            bound,
            queue: Mutex::default(),
            catching_up: Mutex::default(),
            waker: AtomicWaker::new(),
            opened: Instant::now(),
            heard: AtomicU64::new(0),
            pinged: AtomicU64::new(0),
            deadline: AtomicU64::new(u64::MAX),
            issued_at: AtomicI64::new(i64::MIN),
        })
    }

    /// What was missed of these will be told.
    pub fn catch_up(&self, conversations: impl IntoIterator<Item = ConversationId>) {
        self.catching_up.lock().extend(conversations);
    }

    /// Whether it is still being told what it missed of this.
    pub fn is_catching_up(&self, conversation: ConversationId) -> bool {
        self.catching_up.lock().contains(&conversation)
    }

    /// The room tells it from now on, or nobody does.
    pub fn has_caught_up(&self, conversation: ConversationId) {
        self.catching_up.lock().retain(|one| *one != conversation);
    }

    /// Whose it is.
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// How it is spoken to.
    pub fn form(&self) -> Form {
        self.form
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
    pub fn frames(&self, frames: impl IntoIterator<Item = Frame>) -> Push {
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
        if was_empty {
            self.waker.wake();
        }
        outcome
    }

    /// Queues one frame.
    pub fn push(&self, frame: Frame) -> Push {
        let mut queue = self.queue.lock();
        let was_empty = queue.frames.is_empty();
        let outcome = self.push_locked(&mut queue, frame);
        drop(queue);
        if was_empty || outcome == Push::Overflowed {
            self.waker.wake();
        }
        outcome
    }

    fn push_locked(&self, queue: &mut Queue, frame: Frame) -> Push {
        if queue.ended || queue.closing.is_some() {
            return Push::Dropped;
        }
        let size = cost(&frame);
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

    /// Wakes whoever drains it, to look at something else than the queue.
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

    /// Notes when the token was issued that it now goes on with.
    pub fn note_issued(&self, at: Option<i64>) {
        self.issued_at
            .store(at.unwrap_or(i64::MIN), Ordering::Relaxed);
    }

    /// When its token was issued, if that is known.
    pub fn issued_at(&self) -> Option<i64> {
        Some(self.issued_at.load(Ordering::Relaxed)).filter(|at| *at != i64::MIN)
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

    /// What is queued; where nothing is, `context` is woken when something comes. One task drains an outbox at a time.
    pub fn poll_drained(&self, context: &mut Context<'_>) -> Poll<Drained> {
        if let Some(drained) = self.take() {
            return Poll::Ready(drained);
        }
        self.waker.register(context.waker());
        self.take().map_or(Poll::Pending, Poll::Ready)
    }

    fn age(&self) -> u64 {
        self.opened.elapsed().as_millis() as u64
    }

    fn take(&self) -> Option<Drained> {
        let mut queue = self.queue.lock();
        if queue.frames.is_empty() && (queue.closing.is_none() || queue.ended) {
            return None;
        }
        let mut taken = 0;
        let mut count = 0;
        while let Some(frame) = queue.frames.get(count)
            && taken < DRAIN_BYTES
        {
            taken += cost(frame);
            count += 1;
        }
        let frames: Vec<Frame> = queue.frames.drain(..count).collect();
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

fn cost(frame: &Frame) -> usize {
    let bytes = match frame {
        Frame::Text(text) | Frame::Placed(text, ..) => text.len(),
        Frame::Binary(bytes) => bytes.len(),
        Frame::Attached(text, parts) => {
            let parts = parts.iter().map(|part| part.len() + FRAME_OVERHEAD);
            text.len() + parts.sum::<usize>()
        }
        Frame::Ping | Frame::Leave | Frame::Rejoin(..) => 0,
    };
    bytes + FRAME_OVERHEAD
}

/// What the session drains its outbox with. While the peer does not read, nobody polls it, and the outbox fills.
pub struct Drain(pub Arc<Outbox>);

impl Stream for Drain {
    type Item = Drained;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Drained>> {
        self.0.poll_drained(context).map(Some)
    }
}

#[cfg(test)]
#[path = "outbox_tests.rs"]
mod tests;
