//! Entries with any fact.

use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use std::sync::Arc;

use super::deals::stepped;
use super::messages::message;
use super::{json, text, time, user, user_id};
use crate::domain::conversation::{ConversationStatus, Membership, Participant, Signals};
use crate::domain::entry::{Entry, Fact};

fn participant() -> BoxedStrategy<Participant> {
    let memberships = [Membership::Present, Membership::Left, Membership::Removed];
    (
        (user(), user_id(), of(text()), of(text()), text()),
        select(memberships.to_vec()),
        (any::<bool>(), any::<bool>(), any::<i64>(), any::<i64>()),
        time(),
    )
        .prop_map(|(who, membership, state, joined_at)| Participant {
            no: who.0,
            id: who.1,
            name: who.2,
            avatar_url: who.3,
            role: who.4,
            membership,
            muted: state.0,
            blocked: state.1,
            delivered_seq: state.2,
            read_seq: state.3,
            joined_at,
            signals: Signals::Shown,
        })
        .boxed()
}

fn fact() -> BoxedStrategy<Fact> {
    let statuses = [
        ConversationStatus::Open,
        ConversationStatus::Closed,
        ConversationStatus::Archived,
    ];
    prop_oneof![
        message().prop_map(Fact::Said),
        message().prop_map(Fact::Edited),
        message().prop_map(Fact::Deleted),
        (user(), participant()).prop_map(|(by, now)| Fact::Participant {
            by,
            now,
            blocks: vec![]
        }),
        (of(text()), select(statuses.to_vec()), json()).prop_map(|(title, status, card)| {
            Fact::Settings {
                title,
                status,
                card,
            }
        }),
        stepped().prop_map(|stepped| Fact::Stepped(Arc::new(stepped))),
    ]
    .boxed()
}

/// Any entry that the database can hold.
pub fn entry() -> BoxedStrategy<Entry> {
    (any::<i64>(), time(), fact())
        .prop_map(|(seq, at, fact)| Entry { seq, at, fact })
        .boxed()
}
