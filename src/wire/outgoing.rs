//! What a server has to send the others, and a bounded queue where it waits to go out.

use clock::Clock;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

use super::section::Section;
use super::weight;

/// The bytes that may wait to go out, approximately.
pub const MOST_WAITING: usize = 16 * 1024 * 1024;
/// How long a section may wait to go out. After that its receivers have read the database.
pub const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// Through which everything that a server commits or hears goes to the other servers. Cheap to clone.
#[derive(Clone)]
pub struct Outgoing(Option<Arc<Waiting>>);

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_on = self.0.is_some();
        f.debug_struct("Outgoing").field("is_on", &is_on).finish()
    }
}

impl Outgoing {
    /// Without a wire: says nothing.
    pub fn off() -> Self {
        Self(None)
    }

    /// A queue, and its other end. Until `set_peers`, no peer is known.
    pub fn open(clock: Clock) -> (Self, Gathered) {
        let waiting = Arc::new(Waiting {
            clock,
            has_peers: AtomicBool::new(false),
            queue: Mutex::default(),
            filled: Notify::new(),
        });
        (Self(Some(Arc::clone(&waiting))), Gathered(waiting))
    }

    /// Says something to the other servers. Does not call `section` while no live one is known.
    pub fn say(&self, section: impl FnOnce() -> Section) {
        if let Some(waiting) = self.0.as_ref().filter(|waiting| waiting.has_peers()) {
            waiting.push(section());
        }
    }

    /// Says something even if no other server is known: `Hello`, `Beat`, `Bye`.
    pub fn say_always(&self, section: Section) {
        if let Some(waiting) = &self.0 {
            waiting.push(section);
        }
    }

    /// Sets whether another live server is known.
    pub fn set_peers(&self, any: bool) {
        if let Some(waiting) = &self.0 {
            waiting.has_peers.store(any, Ordering::Relaxed);
        }
    }
}

struct Waiting {
    clock: Clock,
    has_peers: AtomicBool,
    queue: Mutex<Queue>,
    /// Keeps one wake-up for the one task that takes.
    filled: Notify,
}

impl Waiting {
    fn has_peers(&self) -> bool {
        self.has_peers.load(Ordering::Relaxed)
    }

    fn push(&self, section: Section) {
        let bytes = weight::of(&section);
        let at = self.clock.now();
        let said = Said { section, bytes, at };
        self.queue.lock().push(said);
        self.filled.notify_one();
    }
}

/// A section that waits.
pub(super) struct Said {
    pub(super) section: Section,
    bytes: usize,
    at: Instant,
}

impl Said {
    pub(super) fn has_waited_too_long(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.at) > LONGEST_WAIT
    }

    /// What is left of it, after a part was sent.
    pub(super) fn with(self, section: Section) -> Self {
        Self { section, ..self }
    }
}

#[derive(Default)]
struct Queue {
    said: VecDeque<Said>,
    bytes: usize,
    dropped: u64,
}

impl Queue {
    /// Over the bound everything that waits is dropped, not only the oldest part: any hole makes receivers read the database.
    fn push(&mut self, said: Said) {
        self.drop_old(said.at);
        if self.bytes + said.bytes > MOST_WAITING {
            self.dropped += self.said.len() as u64;
            self.said = VecDeque::new();
            self.bytes = 0;
        }
        if said.bytes > MOST_WAITING {
            self.dropped += 1;
            return;
        }
        self.bytes += said.bytes;
        self.said.push_back(said);
    }

    fn drop_old(&mut self, now: Instant) {
        while let Some(old) = self.said.pop_front_if(|said| said.has_waited_too_long(now)) {
            self.bytes -= old.bytes;
            self.dropped += 1;
        }
    }
}

/// The end of the queue from which one task takes what waits.
pub struct Gathered(Arc<Waiting>);

/// What was taken.
pub(super) struct Taken {
    /// The oldest sections.
    pub(super) said: VecDeque<Said>,
    /// How many sections were dropped before them since the last time.
    pub(super) dropped: u64,
}

impl Gathered {
    /// Waits until something waits, or was dropped.
    pub(super) async fn filled(&self) {
        loop {
            let has_something = {
                let queue = self.0.queue.lock();
                !queue.said.is_empty() || queue.dropped > 0
            };
            if has_something {
                return;
            }
            self.0.filled.notified().await;
        }
    }

    /// Takes the oldest sections, at most so many, and so many bytes, but at least one if there is one.
    pub(super) fn take(&self, most: usize, most_bytes: usize) -> Taken {
        let mut queue = self.0.queue.lock();
        queue.drop_old(self.0.clock.now());
        let mut count = 0;
        let mut bytes = 0;
        for said in queue.said.iter().take(most) {
            bytes += said.bytes;
            if count > 0 && bytes > most_bytes {
                bytes -= said.bytes;
                break;
            }
            count += 1;
        }
        queue.bytes -= bytes;
        Taken {
            said: queue.said.drain(..count).collect(),
            dropped: std::mem::take(&mut queue.dropped),
        }
    }

    pub(super) fn now(&self) -> Instant {
        self.0.clock.now()
    }
}

#[cfg(test)]
#[path = "outgoing_tests.rs"]
mod tests;
