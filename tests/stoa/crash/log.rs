//! The log that a client writes of what it was told: one file for each client and conversation, one line for each fact.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use crate::drive::Failure;
use crate::drive::frame::{Message, Stored, fingerprint};

/// Whose log it is; the name of its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    pub conversation: String,
    pub user: String,
    /// Whether it read everything at the end and nothing before.
    pub is_fresh: bool,
}

impl Author {
    fn file(&self) -> String {
        let kind = if self.is_fresh { "fresh" } else { "live" };
        format!("{}.{}.{kind}.log", self.conversation, self.user)
    }

    /// The author of a file, if it is a client's log.
    pub fn of_file(name: &str) -> Option<Self> {
        let mut parts = name.strip_suffix(".log")?.split('.').map(str::to_owned);
        let (conversation, user) = (parts.next()?, parts.next()?);
        Some(Self {
            conversation,
            user,
            is_fresh: parts.next()? == "fresh",
        })
    }
}

/// Something that a client was told.
#[derive(Debug, PartialEq)]
pub enum Fact {
    /// The conversation's last seq when the client first came.
    Base { seq: u64 },
    /// A message of its own is stored.
    Acknowledged {
        client_id: String,
        id: String,
        seq: u64,
        body: u64,
    },
    /// A message reached it: live, in a replay or by reading.
    Received { id: String, seq: u64, body: u64 },
    /// Something that must not happen.
    Wrong(String),
}

/// A log being written.
pub struct Log {
    file: BufWriter<File>,
}

impl Log {
    /// Begins a log.
    pub fn create(folder: &Path, author: &Author) -> Result<Self, Failure> {
        Ok(Self {
            file: BufWriter::new(File::create_new(folder.join(author.file()))?),
        })
    }

    /// Where the client begins.
    pub fn base(&mut self, seq: u64) -> Result<(), Failure> {
        Ok(writeln!(self.file, "base {seq}")?)
    }

    /// A send was acknowledged; the body is the one that was sent.
    pub fn acknowledged(&mut self, stored: &Stored<'_>, body: &str) -> Result<(), Failure> {
        let Stored { id, seq, client_id } = stored;
        Ok(writeln!(
            self.file,
            "acknowledged {id} {seq} {} {client_id}",
            fingerprint(body)
        )?)
    }

    /// A message came.
    pub fn received(&mut self, message: &Message<'_>) -> Result<(), Failure> {
        Ok(writeln!(
            self.file,
            "received {} {} {}",
            message.id,
            message.seq,
            fingerprint(message.body)
        )?)
    }

    /// Something that must not happen.
    pub fn wrong(&mut self, what: &str) -> Result<(), Failure> {
        Ok(writeln!(self.file, "wrong {what}")?)
    }

    /// Writes down what is still in memory.
    pub fn flush(&mut self) -> Result<(), Failure> {
        Ok(self.file.flush()?)
    }
}

/// Reads a log, line by line.
pub fn read(
    folder: &Path,
    author: &Author,
) -> Result<impl Iterator<Item = Result<Fact, Failure>>, Failure> {
    let lines = BufReader::new(File::open(folder.join(author.file()))?).lines();
    Ok(lines.map(|line| {
        let line = line?;
        fact(&line).ok_or_else(|| format!("a log holds the line {line:?}").into())
    }))
}

fn fact(line: &str) -> Option<Fact> {
    let (kind, rest) = line.split_once(' ')?;
    let mut words = rest.split(' ');
    match kind {
        "base" => Some(Fact::Base {
            seq: words.next()?.parse().ok()?,
        }),
        "wrong" => Some(Fact::Wrong(rest.to_owned())),
        "received" | "acknowledged" => {
            let id = words.next()?.to_owned();
            let (seq, body) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
            match words.next() {
                Some(client_id) => Some(Fact::Acknowledged {
                    client_id: client_id.to_owned(),
                    id,
                    seq,
                    body,
                }),
                None => Some(Fact::Received { id, seq, body }),
            }
        }
        _ => None,
    }
}
