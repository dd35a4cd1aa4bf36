//! Gathers what waits to go out into sealed frames.

use bytes::Bytes;
use std::collections::VecDeque;

use super::body;
use super::entries;
use super::frame::HEADER;
use super::outgoing::{Gathered, Said, Taken};
use super::seal::{Sealer, TAG};
use super::section::{CommittedEntries, Section, WireEntries};
use crate::domain::entry::Entry;
use crate::error::Error;

/// The entries of a frame; another section counts as one.
pub const MOST_ENTRIES: usize = 500;
/// The bytes of a frame.
pub const MOST_BYTES: usize = 1024 * 1024;

const MOST_BODY: usize = MOST_BYTES - HEADER - TAG;

/// A frame to be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its number.
    pub number: u64,
    /// What is published.
    pub bytes: Bytes,
    /// How many entries it has; another section counts as one.
    pub entries: usize,
}

/// Makes frames of what was said through `Outgoing`. It encodes entries, so that rooms do not.
pub struct Frames {
    gathered: Gathered,
    sealer: Sealer,
    /// Taken from the queue, and not in a frame yet.
    taken: VecDeque<Said>,
    dropped: u64,
    body: Vec<u8>,
    encoded: Vec<u8>,
}

impl Frames {
    /// Frames of what `gathered` yields.
    pub fn new(gathered: Gathered, sealer: Sealer) -> Self {
        Self {
            gathered,
            sealer,
            taken: VecDeque::new(),
            dropped: 0,
            body: Vec::new(),
            encoded: Vec::new(),
        }
    }

    /// Waits until there is something to say, and gathers everything that fits into one frame. May be cancelled.
    pub async fn next(&mut self) -> Result<Frame, Error> {
        loop {
            if let Some(frame) = self.next_now()? {
                return Ok(frame);
            }
            self.gathered.filled().await;
        }
    }

    /// A frame of what waits now; `None` if nothing does.
    pub fn next_now(&mut self) -> Result<Option<Frame>, Error> {
        let dropped = self.dropped;
        let entries = self.fill();
        if self.dropped > dropped {
            self.sealer.skip();
        }
        if entries == 0 {
            return Ok(None);
        }
        let sealed = self.sealer.seal(&self.body)?;
        Ok(Some(Frame {
            number: sealed.number,
            bytes: sealed.bytes,
            entries,
        }))
    }

    /// How many sections were dropped so far, because they had waited too long, or too much waited, or they were too long.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Fills the body, and says with how many entries.
    fn fill(&mut self) -> usize {
        self.body.clear();
        let now = self.gathered.now();
        let mut filled = 0;
        while filled < MOST_ENTRIES
            && let Some(said) = self.next_said()
        {
            if said.has_waited_too_long(now) {
                self.dropped += 1;
                continue;
            }
            match self.add(&said.section, MOST_ENTRIES - filled) {
                Added::All(entries) => filled += entries,
                Added::Part(entries, rest) => {
                    filled += entries;
                    self.taken.push_front(said.with(rest));
                    break;
                }
                Added::None if filled > 0 => {
                    self.taken.push_front(said);
                    break;
                }
                Added::None => self.dropped += 1,
            }
        }
        filled
    }

    fn next_said(&mut self) -> Option<Said> {
        if self.taken.is_empty() {
            let Taken { said, dropped } = self.gathered.take(MOST_ENTRIES, MOST_BYTES);
            self.taken = said;
            self.dropped += dropped;
        }
        self.taken.pop_front()
    }

    fn add(&mut self, section: &Section, most: usize) -> Added {
        if let Section::Entries(committed) = section
            && let WireEntries::Values(values) = &committed.entries
        {
            return self.add_entries(committed, values, most);
        }
        let before = self.body.len();
        body::write(section, &mut self.body);
        if self.body.len() > MOST_BODY {
            self.body.truncate(before);
            return Added::None;
        }
        Added::All(1)
    }

    /// Adds as many entries as fit. An entry that does not fit into a frame of its own is left out of the section.
    fn add_entries(
        &mut self,
        committed: &CommittedEntries,
        values: &[Entry],
        most: usize,
    ) -> Added {
        let around = body::most_around_entries(committed);
        let room = MOST_BODY.saturating_sub(self.body.len() + around);
        let wanted = values.get(..most).unwrap_or(values);
        self.encoded.clear();
        let mut fitting = entries::append_within(room, wanted, &mut self.encoded);
        if fitting == 0 && !wanted.is_empty() {
            if !self.body.is_empty() {
                return Added::None;
            }
            entries::append_left_out(&mut self.encoded);
            fitting = 1;
        }
        let (sent, rest) = values.split_at_checked(fitting).unwrap_or((values, &[]));
        let (Some(last), Some(next)) = (sent.last(), rest.first()) else {
            body::write_entries(committed, committed.last, &self.encoded, &mut self.body);
            return Added::All(fitting.max(1));
        };
        body::write_entries(committed, last.seq, &self.encoded, &mut self.body);
        let rest = CommittedEntries {
            first: next.seq,
            entries: WireEntries::Values(rest.into()),
            people: committed.people.clone(),
            newcomers: committed.newcomers.clone(),
            ..*committed
        };
        Added::Part(fitting, Section::Entries(rest))
    }
}

/// What of a section was added to a body.
enum Added {
    /// All of it, with so many entries.
    All(usize),
    /// So many entries; the rest is for the next frame.
    Part(usize, Section),
    /// Nothing: it does not fit.
    None,
}

#[cfg(test)]
#[path = "frames_tests.rs"]
mod tests;
