//! What comes over the wire, in a bounded queue between the connection and the dispatcher.

use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::Notify;

use super::echo::State;
use super::frame::HeardFrame;
use super::section::Section;

/// The bytes that may wait, approximately.
pub const MOST_WAITING: usize = 16 * 1024 * 1024;

/// What comes over the wire, in order.
#[derive(Debug)]
pub enum Incoming {
    /// A frame of another server.
    Frame(HeardFrame),
    /// From here on something may be missing, until `Whole`.
    Apart,
    /// From here on everything is heard that is published.
    Whole,
}

/// The end of the queue from which it is taken.
pub struct Heard(Arc<Inbox>);

/// The end at which it comes in.
#[derive(Default)]
pub(super) struct Inbox {
    queue: Mutex<Queue>,
    /// Keeps one wake-up for the one task that takes.
    filled: Notify,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<(Incoming, usize)>,
    bytes: usize,
    state: QueueState,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum QueueState {
    #[default]
    Open,
    /// Nothing comes any more.
    Ended,
    /// Nobody takes any more.
    Abandoned,
}

/// A frame did not fit. The frames that waited are gone too: who misses one reads the database anyway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full {
    /// How many frames were dropped.
    pub(super) dropped: u64,
}

impl Heard {
    /// Waits for what comes next; `None` once the wire has ended. May be cancelled.
    pub async fn next(&mut self) -> Option<Incoming> {
        loop {
            {
                let mut queue = self.0.queue.lock();
                if let Some((incoming, bytes)) = queue.waiting.pop_front() {
                    queue.bytes -= bytes;
                    return Some(incoming);
                }
                if queue.state == QueueState::Ended {
                    return None;
                }
            }
            self.0.filled.notified().await;
        }
    }
}

impl Drop for Heard {
    fn drop(&mut self) {
        let mut queue = self.0.queue.lock();
        *queue = Queue {
            state: QueueState::Abandoned,
            ..Queue::default()
        };
    }
}

impl Inbox {
    /// An empty queue, and the end from which is taken.
    pub(super) fn open() -> (Arc<Self>, Heard) {
        let inbox = Arc::new(Self::default());
        (Arc::clone(&inbox), Heard(inbox))
    }

    /// A frame of another server, of so many bytes.
    pub(super) fn push_frame(&self, frame: HeardFrame, bytes: usize) -> Result<(), Full> {
        let bytes = bytes + frame.sections.len() * size_of::<Section>();
        let mut queue = self.queue.lock();
        if queue.bytes + bytes > MOST_WAITING {
            let before = queue.waiting.len();
            let is_frame = |incoming: &Incoming| matches!(incoming, Incoming::Frame(_));
            queue.waiting.retain(|(incoming, _)| !is_frame(incoming));
            queue.bytes = 0;
            let dropped = before - queue.waiting.len() + 1;
            return Err(Full {
                dropped: dropped as u64,
            });
        }
        queue.push(Incoming::Frame(frame), bytes);
        drop(queue);
        self.filled.notify_one();
        Ok(())
    }

    /// The wire is in this state from here on.
    pub(super) fn push_state(&self, state: State) {
        let incoming = match state {
            State::Apart => Incoming::Apart,
            State::Whole => Incoming::Whole,
        };
        self.queue.lock().push(incoming, 0);
        self.filled.notify_one();
    }

    /// Nothing comes any more.
    pub(super) fn end(&self) {
        let mut queue = self.queue.lock();
        if queue.state == QueueState::Open {
            queue.state = QueueState::Ended;
        }
        drop(queue);
        self.filled.notify_one();
    }
}

impl Queue {
    fn push(&mut self, incoming: Incoming, bytes: usize) {
        if self.state == QueueState::Open {
            self.bytes += bytes;
            self.waiting.push_back((incoming, bytes));
        }
    }
}

#[cfg(test)]
#[path = "inbox_tests.rs"]
mod tests;
