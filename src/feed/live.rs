//! The live half of the feed: an in-memory broadcast of what this server has committed or received. It is
//! lossy: a slow listener misses signals, and nothing survives the process. A listener must also read the rows.

use std::sync::Arc;
use tokio::sync::broadcast::{self, Receiver, Sender, error::RecvError};

use crate::domain::command::{Mark, Typing};
use crate::domain::entry::Entry;
use crate::domain::ids::{ConversationId, ConversationNo, Seq, UserId, UserNo};
use crate::job_signal::{self, JobSignal};
use crate::wire::outgoing::Outgoing;
use crate::wire::section::{CommittedEntries, Section, WireEntries};

/// Signals buffered for slow listeners.
const CAPACITY: usize = 1_024;

/// A signal.
#[derive(Clone, Debug)]
pub enum Signal {
    /// Entries of a conversation were committed; the list is empty for a new conversation.
    Committed(ConversationId, Arc<[Entry]>),
    /// Something happened that is not stored as an entry.
    Transient(ConversationId, Transient),
}

/// An event without an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transient {
    /// A user started or stopped typing.
    Typing(UserId, Typing),
    /// A user's watermark moved.
    Marked(UserId, Mark, Seq),
}

/// The live feed, for senders and listeners. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Feed {
    signals: Sender<Signal>,
    /// Signalled on each commit, for readers of the rows, who need no buffered signals.
    commits: JobSignal,
    /// The other servers on the database.
    peers: Outgoing,
}

impl Default for Feed {
    fn default() -> Self {
        Self::new(Outgoing::off())
    }
}

/// Whom committed entries concern, besides those who have joined their conversation.
#[derive(Clone, Debug, Default)]
pub struct Concerned {
    /// Who may read there, and whom the entries are about.
    pub people: Vec<UserNo>,
    /// Who could not read there before these entries.
    pub newcomers: Vec<UserNo>,
}

impl Feed {
    /// A feed that also informs the servers that this wire leads to.
    pub fn new(peers: Outgoing) -> Self {
        Self {
            signals: broadcast::channel(CAPACITY).0,
            commits: JobSignal::default(),
            peers,
        }
    }

    /// Announces entries that this server has committed, in order of seq. Call it after the commit, so that listeners find them.
    /// Other servers hear whom the entries concern; without other servers, nobody asks for it.
    pub fn committed(
        &self,
        (conversation, no): (ConversationId, ConversationNo),
        entries: &[Entry],
        concerned: impl FnOnce() -> Concerned,
    ) {
        if let (Some(first), Some(last)) = (entries.first(), entries.last()) {
            self.peers.say(|| {
                let Concerned { people, newcomers } = concerned();
                Section::Entries(CommittedEntries {
                    conversation,
                    no,
                    first: first.seq,
                    last: last.seq,
                    people,
                    newcomers,
                    entries: WireEntries::Values(entries.into()),
                })
            });
        }
        self.commits.notify();
        if self.has_listeners() {
            self.send(Signal::Committed(conversation, entries.into()));
        }
    }

    /// Announces a conversation that this server has created, with these participants.
    pub fn created(&self, (id, no): (ConversationId, ConversationNo), people: Vec<UserNo>) {
        self.peers.say(|| Section::Created { no, id, people });
        self.commits.notify();
        if self.has_listeners() {
            self.send(Signal::Committed(id, [].into()));
        }
    }

    /// Announces an event that leaves no entry.
    pub fn transient(&self, conversation: ConversationId, what: Transient) {
        if self.has_listeners() {
            self.send(Signal::Transient(conversation, what));
        }
    }

    /// A listener for signals from now on.
    pub fn listen(&self) -> Listener {
        Listener(self.signals.subscribe())
    }

    /// A listener that learns only that something was committed.
    pub(super) fn hints(&self) -> job_signal::Listener {
        self.commits.listen()
    }

    fn has_listeners(&self) -> bool {
        self.signals.receiver_count() > 0
    }

    /// An error means that no listener is left.
    fn send(&self, signal: Signal) {
        drop(self.signals.send(signal));
    }
}

/// A listener of the live feed.
#[derive(Debug)]
pub struct Listener(Receiver<Signal>);

impl Listener {
    /// The next signal; `None` if the listener was too slow and missed some. Never returns after the feed has
    /// ended.
    pub async fn next(&mut self) -> Option<Signal> {
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
    async fn a_slow_consumer_misses_the_oldest_and_learns_that_it_did() {
        let (feed, conversation) = (Feed::default(), ConversationId::fresh());
        let mut listener = feed.listen();
        let user = UserId::stored("ann".to_owned());
        for seq in 1..=CAPACITY as i64 + 1 {
            let marked = Transient::Marked(user.clone(), Mark::Seen, seq);
            feed.transient(conversation, marked);
        }
        assert!(listener.next().await.is_none());
        let oldest = listener.next().await;
        let is_second = |what: &Transient| matches!(what, Transient::Marked(_, _, 2));
        assert!(matches!(oldest, Some(Signal::Transient(_, what)) if is_second(&what)));
    }
}
