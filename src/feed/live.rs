//! The live half of the feed: what this server has committed or heard, as it happens, in memory. It is lossy: it ends with the process, and
//! whoever is slow misses some. It says that there is something to read, and is never the only way to learn of it.

use std::sync::Arc;
use tokio::sync::broadcast::{self, Receiver, Sender, error::RecvError};

use crate::domain::command::{Mark, Typing};
use crate::domain::entry::Entry;
use crate::domain::ids::{ConversationId, Seq, UserId};
use crate::job_signal::{self, JobSignal};

/// Signals that are kept for whoever is slow.
const KEPT: usize = 1_024;

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Signal {
    /// These entries of a conversation are committed; none where the conversation itself is new.
    Committed(ConversationId, Arc<[Entry]>),
    /// Something that no row of the feed tells of.
    Transient(ConversationId, Transient),
}

/// What is told at once or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transient {
    /// Somebody begins to type, or ends.
    Typing(UserId, Typing),
    /// Somebody's watermark has moved.
    Marked(UserId, Mark, Seq),
}

/// The way into the live feed, and out of it; cheap to clone.
#[derive(Clone, Debug)]
pub struct Feed {
    signals: Sender<Signal>,
    /// Rung for each commit: the hint for those who read the rows, and need no signal kept for them.
    commits: JobSignal,
}

impl Default for Feed {
    fn default() -> Self {
        Self {
            signals: broadcast::channel(KEPT).0,
            commits: JobSignal::default(),
        }
    }
}

impl Feed {
    /// Entries are committed. To be called after the commit: what is not committed can not be read.
    pub fn committed(&self, conversation: ConversationId, entries: &[Entry]) {
        self.commits.ring();
        if self.has_listeners() {
            self.send(Signal::Committed(conversation, entries.into()));
        }
    }

    /// Something happened that leaves no entry.
    pub fn transient(&self, conversation: ConversationId, what: Transient) {
        if self.has_listeners() {
            self.send(Signal::Transient(conversation, what));
        }
    }

    /// Listens from now on.
    pub fn listen(&self) -> Listener {
        Listener(self.signals.subscribe())
    }

    /// Hears from now on that something was committed, and not what.
    pub(super) fn hints(&self) -> job_signal::Listener {
        self.commits.listen()
    }

    fn has_listeners(&self) -> bool {
        self.signals.receiver_count() > 0
    }

    /// Whoever listened may be gone by now.
    fn send(&self, signal: Signal) {
        drop(self.signals.send(signal));
    }
}

/// Somebody who listens.
#[derive(Debug)]
pub struct Listener(Receiver<Signal>);

impl Listener {
    /// The next signal; none where some were missed. Waits for ever once nobody can send any more.
    pub async fn heard(&mut self) -> Option<Signal> {
        match self.0.recv().await {
            Ok(signal) => Some(signal),
            Err(RecvError::Lagged(_)) => None,
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_is_slow_misses_the_oldest_and_learns_that_it_did() {
        let (feed, conversation) = (Feed::default(), ConversationId::fresh());
        let mut listener = feed.listen();
        let user = UserId::stored("ann".to_owned());
        for seq in 1..=KEPT as i64 + 1 {
            let marked = Transient::Marked(user.clone(), Mark::Seen, seq);
            feed.transient(conversation, marked);
        }
        assert!(listener.heard().await.is_none());
        let oldest = listener.heard().await;
        let is_second = |what: &Transient| matches!(what, Transient::Marked(_, _, 2));
        assert!(matches!(oldest, Some(Signal::Transient(_, what)) if is_second(&what)));
    }
}
