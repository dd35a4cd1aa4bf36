//! Entries and sections of every kind, for property tests.

use chrono::{DateTime, Utc};
use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use std::sync::Arc;

use super::section::{Beat, CommittedEntries, PersonAt, Section, WireEntries};
use crate::domain::command::{Mark, Typing};
use crate::domain::conversation::{ConversationStatus, Membership, Participant, PresenceStatus};
use crate::domain::entry::{Entry, Fact};
use crate::domain::flow::{
    AvailableAction, ChatPolicy, DealView, Field, FieldKind, Phase, Stepped, Style,
};
use crate::domain::ids::{ConversationId, ConversationNo, MessageId, SessionId, UserId, UserNo};
use crate::domain::message::{Attachment, Audience, ClientIdOrigin, Content, Message, MessageKind};
use uuid::Uuid;

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

fn json() -> impl Strategy<Value = Value> {
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
}

fn raw() -> impl Strategy<Value = Box<RawValue>> {
    (json(), any::<bool>()).prop_map(|(value, is_spaced)| {
        let object = json!({ "it": value });
        let text = if is_spaced {
            serde_json::to_string_pretty(&object).unwrap()
        } else {
            object.to_string()
        };
        RawValue::from_string(text).unwrap()
    })
}

fn message_id() -> impl Strategy<Value = MessageId> {
    (any::<i64>(), any::<i64>()).prop_map(|(no, seq)| MessageId {
        conversation: ConversationNo(no),
        seq,
    })
}

fn attachment() -> impl Strategy<Value = Attachment> {
    (text(), of(text()), of(text()), of(any::<u64>())).prop_map(|(url, name, media_type, size)| {
        Attachment {
            url,
            name,
            media_type,
            size,
        }
    })
}

fn content() -> impl Strategy<Value = Content> {
    let audience = prop_oneof![
        text().prop_map(Audience::Role),
        user().prop_map(Audience::User)
    ];
    let kinds = [
        MessageKind::UserInput,
        MessageKind::System,
        MessageKind::Automated,
        MessageKind::Audit,
    ];
    (
        text(),
        select(vec![ClientIdOrigin::Client, ClientIdOrigin::Server]),
        text(),
        of(message_id()),
        vec(attachment(), 0..3),
        of(raw()),
        select(kinds.to_vec()),
        of(audience),
    )
        .prop_map(
            |(client_id, origin, body, reply_to, attachments, context, kind, audience)| Content {
                client_id,
                origin,
                body,
                reply_to,
                attachments,
                context,
                kind,
                audience,
            },
        )
}

pub(super) fn message() -> impl Strategy<Value = Message> {
    let sender = prop_oneof![user_id(), Just(UserId::stored(String::new()))];
    (
        message_id(),
        user(),
        sender,
        of(user_id()),
        content(),
        of(raw()),
        (time(), of(time()), of(time())),
    )
        .prop_map(
            |(id, sender, sender_id, actor_id, content, card, times)| Message {
                id,
                sender,
                sender_id,
                actor_id,
                content: Arc::new(content),
                card: card.map(Arc::from),
                created_at: times.0,
                edited_at: times.1,
                deleted_at: times.2,
            },
        )
}

fn participant() -> impl Strategy<Value = Participant> {
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
        })
}

fn action() -> impl Strategy<Value = AvailableAction> {
    let field = (text(), of(text()), of(any::<i64>())).prop_map(|(name, label, min)| Field {
        name,
        label,
        kind: FieldKind::Money,
        required: true,
        min,
        max: None,
        max_length: Some(7),
        placeholder: None,
        currency: Some("INR".into()),
    });
    (text(), text(), vec(field, 0..3)).prop_map(|(action, label, input)| AvailableAction {
        action,
        label,
        style: Style::Danger,
        input,
    })
}

fn deal_view() -> impl Strategy<Value = DealView> {
    let policies = select(vec![
        ChatPolicy::Free,
        ChatPolicy::Buttons,
        ChatPolicy::Read,
        ChatPolicy::None,
    ]);
    (
        (text(), text(), text(), any::<i64>()),
        of(text()),
        select(vec![Phase::Running, Phase::Over]),
        (time(), of(time())),
        btree_map(text(), policies, 0..3),
        btree_map(text(), vec(action(), 0..3), 0..3),
    )
        .prop_map(
            |(names, awaiting_role, phase, times, chat, available_actions)| DealView {
                flow: names.0,
                flow_version: 3,
                state: names.1,
                title: names.2,
                state_version: names.3,
                awaiting_role,
                phase,
                entered_at: times.0,
                deadline: times.1,
                chat,
                available_actions,
            },
        )
}

fn stepped() -> impl Strategy<Value = Stepped> {
    (
        (of(text()), text(), text(), text()),
        of(user_id()),
        of(text()),
        any::<i64>(),
        0usize..9,
        deal_view(),
        btree_map(text(), json(), 0..4),
    )
        .prop_map(
            |(names, actor_id, reason, version, filled, view, context)| Stepped {
                from: names.0,
                to: names.1,
                action: names.2,
                actor: names.3,
                actor_id,
                reason,
                version,
                filled,
                deal_view: Arc::new(view),
                context: Arc::new(Map::from_iter(context)),
            },
        )
}

fn fact() -> impl Strategy<Value = Fact> {
    let statuses = [
        ConversationStatus::Open,
        ConversationStatus::Closed,
        ConversationStatus::Archived,
    ];
    prop_oneof![
        message().prop_map(Fact::Said),
        message().prop_map(Fact::Edited),
        message().prop_map(Fact::Deleted),
        (user(), participant()).prop_map(|(by, now)| Fact::Participant { by, now }),
        (of(text()), select(statuses.to_vec()), json()).prop_map(|(title, status, card)| {
            Fact::Settings {
                title,
                status,
                card,
            }
        }),
        stepped().prop_map(|stepped| Fact::Stepped(Arc::new(stepped))),
    ]
}

/// Any entry that the database can hold.
pub(super) fn entry() -> impl Strategy<Value = Entry> {
    (any::<i64>(), time(), fact()).prop_map(|(seq, at, fact)| Entry { seq, at, fact })
}

fn committed() -> impl Strategy<Value = CommittedEntries> {
    (
        conversation(),
        any::<i64>(),
        vec(user(), 0..5),
        vec(entry(), 0..4),
    )
        .prop_map(|(conversation, no, people, entries)| CommittedEntries {
            conversation,
            no: ConversationNo(no),
            first: entries.first().map_or(1, |entry| entry.seq),
            last: entries.last().map_or(0, |entry| entry.seq),
            people,
            entries: WireEntries::Values(entries.into()),
        })
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

/// Any section.
pub(super) fn section() -> impl Strategy<Value = Section> {
    let at = || (conversation(), user());
    let marks = select(vec![Mark::Delivered, Mark::Seen]);
    let typing = select(vec![Typing::Started, Typing::Stopped]);
    let people = || vec(person(), 0..5);
    prop_oneof![
        Just(Section::Hello),
        beat().prop_map(Section::Beat),
        Just(Section::Bye),
        committed().prop_map(Section::Entries),
        (any::<i64>(), conversation(), vec(user(), 0..5)).prop_map(|(no, id, people)| {
            let no = ConversationNo(no);
            Section::Created { no, id, people }
        }),
        user_id().prop_map(Section::Profile),
        (at(), marks, any::<i64>()).prop_map(|((conversation, user), mark, seq)| {
            Section::Marked {
                conversation,
                user,
                mark,
                seq,
            }
        }),
        (at(), typing).prop_map(|((conversation, user), typing)| Section::Typing {
            conversation,
            user,
            typing
        }),
        (at(), any::<bool>()).prop_map(|((conversation, user), is_here)| Section::Attendance {
            conversation,
            user,
            is_here
        }),
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
}

/// Sections with their entries as values, to be compared as text: `Entry` has no equality.
pub(super) fn as_text(sections: &[Section]) -> Vec<String> {
    let decoded = |section: &Section| match section {
        Section::Entries(committed) => {
            let read = committed.entries.read();
            let entries = WireEntries::Values(read.entries.into());
            let committed = CommittedEntries {
                entries,
                people: committed.people.clone(),
                ..*committed
            };
            format!("{committed:?} {:?}", read.unread)
        }
        other => format!("{other:?}"),
    };
    sections.iter().map(decoded).collect()
}
