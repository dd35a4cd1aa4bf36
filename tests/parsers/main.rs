//! The parsers of what strangers send: whatever it is, they answer, and allocate no more than it is worth.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs,
    reason = "a test fails by panicking"
)]

mod feed;
mod inputs;

use allocation_counter::measure;
use feed::{PARSERS, entry, feed, reads_what_it_writes};
use inputs::{anything, honest, nests, spoilt};
use proptest::prelude::*;
use stoa::wire::frame::Unread;

/// What may be allocated for the shortest text: refusals, and the first places of a list.
const BYTES_FOR_ANY: u64 = 12 * 1_024;

/// Fails where a parser holds more at once than what it is given is worth.
fn must_stay_small(bytes: &[u8]) {
    for parser in &PARSERS {
        let held = measure(|| (parser.parse)(bytes)).bytes_max;
        let most = BYTES_FOR_ANY + parser.bytes_for_each * bytes.len() as u64;
        let (name, length) = (parser.name, bytes.len());
        assert!(held <= most, "{name}: {held} bytes for {length}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn spoilt_packets_are_answered(bytes in spoilt()) {
        feed(&bytes);
        reads_what_it_writes(&bytes);
        must_stay_small(&bytes);
    }

    #[test]
    fn anything_is_answered(bytes in anything()) {
        feed(&bytes);
        reads_what_it_writes(&bytes);
        must_stay_small(&bytes);
    }
}

#[test]
fn what_is_as_long_as_it_may_be_costs_no_more_than_its_length() {
    for bytes in nests(131_072) {
        feed(&bytes);
        must_stay_small(&bytes);
    }
}

#[test]
fn honest_entries_are_read() {
    let entries = honest()
        .into_iter()
        .filter(|line| line.starts_with("{\"seq\":"));
    let read = entries.map(|line| (line, entry(line.as_bytes()).read().unread));
    let wrong: Vec<_> = read
        .filter(|(_, unread)| *unread == Unread::Something)
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
