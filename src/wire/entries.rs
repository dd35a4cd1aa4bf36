//! Entries on the wire: each with its length (four bytes, big-endian), then as JSON.

use bytes::Bytes;

use super::entry_json::EntryJson;
use super::frame::Unread;
use super::section::WireEntries;
use crate::domain::entry::Entry;

/// The bytes of a length.
const LENGTH: usize = 4;

/// Entries that were read.
#[derive(Debug)]
pub struct ReadEntries {
    /// Those that this version understands, in their order.
    pub entries: Vec<Entry>,
    /// Whether others stand among them, which the database has.
    pub unread: Unread,
}

impl WireEntries {
    /// The entries as values.
    pub fn read(&self) -> ReadEntries {
        match self {
            Self::Values(values) => ReadEntries {
                entries: values.to_vec(),
                unread: Unread::Nothing,
            },
            Self::Encoded(bytes) => read(bytes),
        }
    }

    /// The same entries as bytes.
    pub fn encoded(&self) -> Self {
        let mut bytes = Vec::new();
        self.append_to(&mut bytes);
        Self::Encoded(bytes.into())
    }

    pub(super) fn append_to(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Values(values) => values.iter().for_each(|entry| append(entry, bytes)),
            Self::Encoded(encoded) => bytes.extend_from_slice(encoded),
        }
    }
}

/// Appends entries while they have room, and says how many had.
pub(super) fn append_within(room: usize, entries: &[Entry], bytes: &mut Vec<u8>) -> usize {
    let begin = bytes.len();
    for (index, entry) in entries.iter().enumerate() {
        let before = bytes.len();
        append(entry, bytes);
        if bytes.len() - begin > room {
            bytes.truncate(before);
            return index;
        }
    }
    entries.len()
}

/// Appends an entry that is too long for a frame: without its JSON, so that receivers read it from the database.
pub(super) fn append_left_out(bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(&[0; LENGTH]);
}

fn append(entry: &Entry, bytes: &mut Vec<u8>) {
    let at = bytes.len();
    bytes.extend_from_slice(&[0; LENGTH]);
    let written = serde_json::to_writer(&mut *bytes, &EntryJson::from(entry));
    match u32::try_from(bytes.len() - at - LENGTH) {
        Ok(length) if written.is_ok() => {
            if let Some(slot) = bytes.get_mut(at..at + LENGTH) {
                slot.copy_from_slice(&length.to_be_bytes());
            }
        }
        // What serde_json cannot write is left out like an entry that is too long.
        Ok(_) | Err(_) => bytes.truncate(at + LENGTH),
    }
}

fn read(bytes: &Bytes) -> ReadEntries {
    let mut entries = Vec::new();
    let mut unread = Unread::Nothing;
    let mut rest: &[u8] = bytes;
    while !rest.is_empty() {
        let next = rest
            .split_first_chunk::<LENGTH>()
            .and_then(|(length, after)| {
                after.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
            });
        let Some((json, after)) = next else {
            unread = Unread::Something;
            break;
        };
        rest = after;
        match serde_json::from_slice::<EntryJson<'_>>(json) {
            Ok(entry) => entries.push(Entry::from(entry)),
            Err(_) => unread = Unread::Something,
        }
    }
    ReadEntries { entries, unread }
}

#[cfg(test)]
#[path = "entries_tests.rs"]
mod tests;
