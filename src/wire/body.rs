//! The body of a frame: sections one after another, each with its kind and length, so that a reader skips a kind that it does not know.

use bytes::Bytes;

use super::fields::Unreadable;
use super::frame::Unread;
use super::section::{CommittedEntries, Section};
use super::section_fields::{self, Kind};
use crate::domain::ids::Seq;

/// The bytes before the fields of a section: its kind, and the length of the fields (big-endian).
const HEAD: usize = 1 + 4;

/// A body that was read.
#[derive(Debug)]
pub struct Body {
    /// The sections, in order, without those of unknown kinds.
    pub sections: Vec<Section>,
    /// Whether a section of a known kind could not be read. Entries are decoded later, by `WireEntries::read`.
    pub unread: Unread,
}

/// Appends a section to a body.
pub fn write(section: &Section, body: &mut Vec<u8>) {
    write_with(body, Kind::of(section), |body| {
        section_fields::write(section, body);
    });
}

/// Appends a section of entries that are encoded already: those of `committed` up to `last`.
pub(super) fn write_entries(
    committed: &CommittedEntries,
    last: Seq,
    encoded: &[u8],
    body: &mut Vec<u8>,
) {
    write_with(body, Kind::Entries, |body| {
        section_fields::write_about_entries(committed, last, body);
        body.extend_from_slice(encoded);
    });
}

/// The most bytes that `write_entries` adds to the entries.
pub(super) fn most_around_entries(committed: &CommittedEntries) -> usize {
    HEAD + section_fields::most_about_entries(committed)
}

/// A length that four bytes cannot hold becomes one that no reader accepts.
fn write_with(body: &mut Vec<u8>, kind: Kind, fields: impl FnOnce(&mut Vec<u8>)) {
    body.push(kind as u8);
    let at = body.len();
    body.extend_from_slice(&[0; 4]);
    fields(body);
    let length = u32::try_from(body.len() - at - 4).unwrap_or(u32::MAX);
    if let Some(slot) = body.get_mut(at..at + 4) {
        slot.copy_from_slice(&length.to_be_bytes());
    }
}

/// Reads a body. Entries remain bytes, which share the memory of `body`.
pub fn read(body: &Bytes) -> Body {
    let mut sections = Vec::new();
    let mut unread = Unread::Nothing;
    let mut rest = body.clone();
    while !rest.is_empty() {
        match next(&mut rest) {
            Ok(Some(section)) => sections.push(section),
            Ok(None) => {}
            Err(Unreadable) => unread = Unread::Something,
        }
    }
    Body { sections, unread }
}

/// Takes the next section off; `None` if its kind is unknown. After a head that is cut off nothing is left.
fn next(rest: &mut Bytes) -> Result<Option<Section>, Unreadable> {
    let Some((&[kind, a, b, c, d], _)) = rest.split_first_chunk::<HEAD>() else {
        rest.clear();
        return Err(Unreadable);
    };
    let length = u32::from_be_bytes([a, b, c, d]) as usize;
    let _head = rest.split_to(HEAD);
    if length > rest.len() {
        rest.clear();
        return Err(Unreadable);
    }
    let fields = rest.split_to(length);
    let known = Kind::numbered(kind);
    known
        .map(|kind| section_fields::read(kind, &fields))
        .transpose()
}

#[cfg(test)]
#[path = "body_tests.rs"]
mod tests;
