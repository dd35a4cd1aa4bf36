//! Sections of every kind with entries of every kind, for property tests.

mod deals;
mod entries;
mod messages;

use chrono::{DateTime, Utc};
use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::section::{Attendance, Beat, CommittedEntries, PersonAt, Section, WireEntries};
use crate::domain::command::{Mark, Reads, Typing};
use crate::domain::conversation::PresenceStatus;
use crate::domain::ids::{ConversationId, ConversationNo, SessionId, UserId, UserNo};

pub use entries::entry;

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["\\PC{0,20}", any::<String>()]
}

fn user_id() -> impl Strategy<Value = UserId> {
    "[A-Za-z0-9._:@-]{1,40}".prop_map(UserId::stored)
}

fn user() -> impl Strategy<Value = UserNo> {
    prop_oneof![(0i64..500).prop_map(UserNo), any::<i64>().prop_map(UserNo)]
}

fn time() -> impl Strategy<Value = DateTime<Utc>> {
    (0i64..8_000_000_000_000_000)
        .prop_map(|micros| DateTime::from_timestamp_micros(micros).unwrap_or_default())
}

fn json() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(text(), inner, 0..4).prop_map(|all| Value::Object(Map::from_iter(all))),
        ]
    })
    .boxed()
}

fn committed() -> BoxedStrategy<CommittedEntries> {
    (
        conversation(),
        any::<i64>(),
        vec(user(), 0..5),
        vec(user(), 0..2),
        vec(entry(), 0..4),
    )
        .prop_map(
            |(conversation, no, people, newcomers, entries)| CommittedEntries {
                conversation,
                no: ConversationNo(no),
                first: entries.first().map_or(1, |entry| entry.seq),
                last: entries.last().map_or(0, |entry| entry.seq),
                people,
                newcomers,
                entries: WireEntries::Values(entries.into()),
            },
        )
        .boxed()
}

fn uuid() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(Uuid::from_u128)
}

fn conversation() -> impl Strategy<Value = ConversationId> {
    uuid().prop_map(ConversationId)
}

fn person() -> impl Strategy<Value = PersonAt> {
    let statuses = [
        PresenceStatus::Online,
        PresenceStatus::Away,
        PresenceStatus::Busy,
        PresenceStatus::Offline,
    ];
    (user(), select(statuses.to_vec()), any::<i64>()).prop_map(|(user, status, chosen_at)| {
        PersonAt {
            user,
            status,
            chosen_at,
        }
    })
}

fn beat() -> impl Strategy<Value = Beat> {
    let heard = vec((uuid(), any::<u64>()), 0..4);
    (heard, any::<u32>(), any::<u64>()).prop_map(|(heard, people, hash)| Beat {
        heard,
        people,
        hash,
    })
}

/// Any section about a conversation that has no entries: marks, typing, attendance, what it is for a user.
fn transient() -> BoxedStrategy<Section> {
    let at = || (conversation(), user());
    let marks = select(vec![
        Mark::Delivered,
        Mark::Seen(Reads::All),
        Mark::Seen(Reads::MainLine),
    ]);
    let typing = select(vec![Typing::Started, Typing::Stopped]);
    let attendance = select(vec![
        Attendance::Joined,
        Attendance::Stays,
        Attendance::Left,
        Attendance::Lost,
    ]);
    prop_oneof![
        (at(), marks, any::<i64>()).prop_map(|((conversation, user), mark, seq)| {
            Section::Marked {
                conversation,
                user,
                mark,
                seq,
            }
        }),
        (at(), user_id(), of(text()), typing).prop_map(
            |((conversation, user), id, name, typing)| Section::Typing {
                conversation,
                user,
                id,
                name,
                typing
            }
        ),
        (at(), attendance).prop_map(|((conversation, user), change)| Section::Attendance {
            conversation,
            user,
            change
        }),
        (at(), of(any::<i64>())).prop_map(|((conversation, user), thread)| Section::Mine {
            conversation,
            user,
            thread
        }),
    ]
    .boxed()
}

/// Any section.
pub fn section() -> BoxedStrategy<Section> {
    let people = || vec(person(), 0..5);
    prop_oneof![
        Just(Section::Hello),
        beat().prop_map(Section::Beat),
        Just(Section::Stopping),
        committed().prop_map(Section::Entries),
        (any::<i64>(), conversation(), vec(user(), 0..5)).prop_map(|(no, id, people)| {
            let no = ConversationNo(no);
            Section::Created { no, id, people }
        }),
        user_id().prop_map(Section::Profile),
        transient(),
        people().prop_map(Section::People),
        (any::<u32>(), any::<bool>(), people()).prop_map(|(page, is_last, people)| {
            Section::AllPeople {
                page,
                is_last,
                people,
            }
        }),
        uuid().prop_map(Section::AskPeople),
        (text(), uuid()).prop_map(|(pid, session)| Section::Taken {
            pid,
            session: SessionId(session)
        }),
        user().prop_map(Section::Ended),
        (text(), vec(any::<i64>(), 0..5))
            .prop_map(|(topic, numbers)| Section::Hint { topic, numbers }),
    ]
    .boxed()
}

/// Sections with their entries as values, to be compared as text: `Entry` has no equality.
pub fn as_text(sections: &[Section]) -> Vec<String> {
    let decoded = |section: &Section| match section {
        Section::Entries(committed) => {
            let read = committed.entries.read();
            let entries = WireEntries::Values(read.entries.into());
            let committed = CommittedEntries {
                entries,
                people: committed.people.clone(),
                newcomers: committed.newcomers.clone(),
                ..*committed
            };
            format!("{committed:?} {:?}", read.unread)
        }
        other => format!("{other:?}"),
    };
    sections.iter().map(decoded).collect()
}
