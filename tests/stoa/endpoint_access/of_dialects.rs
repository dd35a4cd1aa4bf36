//! Each dialect with events of its own has a table of what each kind of caller is answered, and no event is missing from it.

use std::collections::BTreeSet;

use stoa::edge::dialect::{ALL, SocketIoSpec};

use super::rows;
use super::tables::STOORY;
use crate::lola::access::SOCKET as LOLA;
use crate::parttimepays::access::SOCKET as PARTTIMEPAYS;

/// The tables; a new dialect that has events adds its own.
const TABLES: [(&str, &str); 3] = [
    ("stoory", STOORY),
    ("lola", LOLA),
    ("parttimepays", PARTTIMEPAYS),
];

#[test]
fn no_event_of_a_dialect_is_unlisted() {
    let mut wrong = Vec::new();
    for dialect in ALL {
        let events = |socketio: &SocketIoSpec| socketio.requests.to_vec();
        let requests = dialect.socketio.as_ref().map(events).unwrap_or_default();
        let known: BTreeSet<String> = requests.into_iter().map(str::to_owned).collect();
        let mut tables = TABLES.into_iter();
        let own = tables.find(|(name, _)| *name == dialect.name);
        let table = own.map_or("", |(_, table)| table);
        let listed: BTreeSet<String> = rows(table).into_iter().map(|row| row.head).collect();
        let unlisted = known.symmetric_difference(&listed);
        wrong.extend(unlisted.map(|event| format!("{}: {event}", dialect.name)));
    }
    assert!(wrong.is_empty(), "without a row, or gone: {wrong:?}");
}
