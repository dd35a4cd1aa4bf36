//! The live half of the feed: after each commit, a hint to the consumers of this server that there are rows to read, and the
//! entries for the other servers. Neither survives the process, and both may be lost; the rows are not.

use crate::domain::entry::Entry;
use crate::domain::ids::{ConversationId, ConversationNo, UserNo};
use crate::job_signal::{self, JobSignal};
use crate::wire::outgoing::Outgoing;
use crate::wire::section::{CommittedEntries, Section, WireEntries};

/// To whom commits are announced. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Feed {
    /// Signalled on each commit, for readers of the rows.
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
    }

    /// Announces a conversation that this server has created, with these participants.
    pub fn created(&self, (id, no): (ConversationId, ConversationNo), people: Vec<UserNo>) {
        self.peers.say(|| Section::Created { no, id, people });
        self.commits.notify();
    }

    /// A listener that learns only that something was committed.
    pub(super) fn hints(&self) -> job_signal::Listener {
        self.commits.listen()
    }
}
