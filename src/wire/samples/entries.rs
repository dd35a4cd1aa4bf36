//! Entries with any fact.

use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use std::sync::Arc;

use super::deals::stepped;
use super::messages::message;
use super::{json, text, time, user, user_id};
use crate::domain::annotation::{Pinned, Placing, Reacted, Target};
use crate::domain::conversation::{
    Closed, ConversationStatus, Membership, Participant, Settings, Signals,
};
use crate::domain::emoji::Emoji;
use crate::domain::entry::{Entry, Fact};
use crate::domain::ids::Seq;

fn participant() -> BoxedStrategy<Participant> {
    let memberships = [Membership::Present, Membership::Left, Membership::Removed];
    (
        (user(), user_id(), of(text()), of(text()), text()),
        select(memberships.to_vec()),
        (any::<bool>(), any::<bool>()),
        (any::<i64>(), any::<i64>(), any::<i64>()),
        time(),
    )
        .prop_map(|(who, membership, flags, seqs, joined_at)| Participant {
            no: who.0,
            id: who.1,
            name: who.2,
            avatar_url: who.3,
            role: who.4,
            membership,
            muted: flags.0,
            blocked: flags.1,
            sees_from: seqs.0,
            delivered_seq: seqs.1,
            read_seq: seqs.2,
            threads_seq: 0,
            unread_from: None,
            joined_at,
            signals: Signals::Shown,
        })
        .boxed()
}

fn settings() -> BoxedStrategy<Settings> {
    let statuses = [
        ConversationStatus::Open,
        ConversationStatus::Closed,
        ConversationStatus::Archived,
    ];
    let closed = (time(), user_id(), of(text()));
    let closed = closed.prop_map(|(at, by, reason)| Arc::new(Closed { at, by, reason }));
    (
        of(text()),
        select(statuses.to_vec()),
        of(any::<u16>()),
        any::<u16>(),
        of(closed),
    )
        .prop_map(
            |(title, status, max_participants, slow_seconds, closed)| Settings {
                title,
                status,
                max_participants,
                slow_seconds,
                closed,
            },
        )
        .boxed()
}

fn target() -> BoxedStrategy<Target> {
    message()
        .prop_map(|message| Target {
            message: message.id,
            audience: message.content.audience.clone(),
        })
        .boxed()
}

fn reacted() -> BoxedStrategy<Reacted> {
    let users = prop::collection::vec(user_id(), 0..4);
    (
        target(),
        user(),
        user_id(),
        any::<bool>(),
        any::<i64>(),
        users,
    )
        .prop_map(|(target, user, user_id, is_there, count, users)| Reacted {
            target,
            user,
            user_id,
            emoji: Emoji::stored("👍".to_owned()),
            placing: Placing::of(is_there),
            seq: 0,
            count,
            users,
        })
        .boxed()
}

fn pinned() -> BoxedStrategy<Pinned> {
    (target(), user_id(), any::<bool>(), of(time()), of(time()))
        .prop_map(|(target, user_id, is_there, at, expires_at)| Pinned {
            target,
            user_id,
            placing: Placing::of(is_there),
            seq: 0,
            at,
            expires_at,
        })
        .boxed()
}

fn fact() -> BoxedStrategy<Fact> {
    prop_oneof![
        message().prop_map(Fact::Said),
        message().prop_map(Fact::Edited),
        message().prop_map(Fact::Deleted),
        (user(), participant()).prop_map(|(by, now)| Fact::Participant {
            by,
            now,
            blocks: vec![]
        }),
        (settings(), json()).prop_map(|(settings, card)| Fact::Settings { settings, card }),
        Just(Fact::Ended),
        stepped().prop_map(|stepped| Fact::Stepped(Arc::new(stepped))),
        reacted().prop_map(|reacted| Fact::Reacted(Arc::new(reacted))),
        pinned().prop_map(|pinned| Fact::Pinned(Arc::new(pinned))),
        Just(Fact::Void),
    ]
    .boxed()
}

/// Any entry that the database can hold.
pub fn entry() -> BoxedStrategy<Entry> {
    (any::<i64>(), time(), fact())
        .prop_map(|(seq, at, fact)| Entry {
            seq,
            at,
            fact: numbered(fact, seq),
        })
        .boxed()
}

/// Reactions and pins know the seq of their own change.
fn numbered(fact: Fact, seq: Seq) -> Fact {
    match fact {
        Fact::Reacted(reacted) => Fact::Reacted(Arc::new(Reacted {
            seq,
            ..(*reacted).clone()
        })),
        Fact::Pinned(pinned) => Fact::Pinned(Arc::new(Pinned {
            seq,
            ..(*pinned).clone()
        })),
        other => other,
    }
}
