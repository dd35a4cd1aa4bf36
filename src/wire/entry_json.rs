//! An entry as JSON between servers. Members that a later version adds are ignored; a name that this version does not know makes the
//! entry unreadable.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::sync::Arc;

use super::annotation_json::{PinnedJson, ReactedJson};
use super::message_json::MessageJson;
use super::settings_json::SettingsJson;
use crate::domain::access::blocks::{Block, Blocking};
use crate::domain::conversation::{Membership, Participant, Signals};
use crate::domain::entry::{Entry, Fact};
use crate::domain::flow::{DealView, StateVersion, Stepped};
use crate::domain::ids::{Seq, UserId, UserNo};

/// An entry. Its times are whole microseconds, as in the database.
#[derive(Serialize, Deserialize)]
pub(super) struct EntryJson<'a> {
    seq: Seq,
    #[serde(with = "chrono::serde::ts_microseconds")]
    at: DateTime<Utc>,
    #[serde(borrow)]
    fact: FactJson<'a>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum FactJson<'a> {
    #[serde(borrow)]
    Said(MessageJson<'a>),
    #[serde(borrow)]
    Edited(MessageJson<'a>),
    #[serde(borrow)]
    Deleted(MessageJson<'a>),
    Participant {
        by: i64,
        #[serde(borrow)]
        now: ParticipantJson<'a>,
        /// Who has blocked whom.
        #[serde(default)]
        blocks: Vec<(i64, i64)>,
    },
    Block {
        by: i64,
        whom: i64,
        stands: bool,
    },
    #[serde(borrow)]
    Settings(SettingsJson<'a>),
    Ended {},
    #[serde(borrow)]
    Stepped(SteppedJson<'a>),
    #[serde(borrow)]
    Reacted(ReactedJson<'a>),
    #[serde(borrow)]
    Pinned(PinnedJson<'a>),
    Void {},
}

#[derive(Serialize, Deserialize)]
struct ParticipantJson<'a> {
    no: i64,
    #[serde(borrow)]
    id: Cow<'a, str>,
    name: Option<Cow<'a, str>>,
    avatar_url: Option<Cow<'a, str>>,
    #[serde(borrow)]
    role: Cow<'a, str>,
    membership: Membership,
    muted: bool,
    blocked: bool,
    sees_from: Seq,
    delivered_seq: Seq,
    read_seq: Seq,
    #[serde(with = "chrono::serde::ts_microseconds")]
    joined_at: DateTime<Utc>,
}

#[derive(Serialize, Deserialize)]
struct SteppedJson<'a> {
    from: Option<Cow<'a, str>>,
    #[serde(borrow)]
    to: Cow<'a, str>,
    #[serde(borrow)]
    action: Cow<'a, str>,
    #[serde(borrow)]
    actor: Cow<'a, str>,
    actor_id: Option<Cow<'a, str>>,
    reason: Option<Cow<'a, str>>,
    version: StateVersion,
    filled: usize,
    deal_view: Cow<'a, DealView>,
    context: Cow<'a, Map<String, Value>>,
}

impl<'a> From<&'a Entry> for EntryJson<'a> {
    fn from(entry: &'a Entry) -> Self {
        let fact = match &entry.fact {
            Fact::Said(message) => FactJson::Said(message.into()),
            Fact::Edited(message) => FactJson::Edited(message.into()),
            Fact::Deleted(message) => FactJson::Deleted(message.into()),
            Fact::Participant { by, now, blocks } => FactJson::Participant {
                by: by.0,
                now: now.into(),
                blocks: blocks.iter().map(|it| (it.by.0, it.whom.0)).collect(),
            },
            Fact::Block { block, blocking } => FactJson::Block {
                by: block.by.0,
                whom: block.whom.0,
                stands: *blocking == Blocking::Begun,
            },
            Fact::Settings { settings, card } => {
                FactJson::Settings(SettingsJson::new(settings, card))
            }
            Fact::Ended => FactJson::Ended {},
            Fact::Stepped(stepped) => FactJson::Stepped((&**stepped).into()),
            Fact::Reacted(reacted) => FactJson::Reacted((&**reacted).into()),
            Fact::Pinned(pinned) => FactJson::Pinned((&**pinned).into()),
            Fact::Void => FactJson::Void {},
        };
        Self {
            seq: entry.seq,
            at: entry.at,
            fact,
        }
    }
}

impl From<EntryJson<'_>> for Entry {
    fn from(read: EntryJson<'_>) -> Self {
        let fact = match read.fact {
            FactJson::Said(message) => Fact::Said(message.into()),
            FactJson::Edited(message) => Fact::Edited(message.into()),
            FactJson::Deleted(message) => Fact::Deleted(message.into()),
            FactJson::Participant { by, now, blocks } => Fact::Participant {
                by: UserNo(by),
                now: now.into(),
                blocks: blocks.into_iter().map(block).collect(),
            },
            FactJson::Block { by, whom, stands } => Fact::Block {
                block: block((by, whom)),
                blocking: match stands {
                    true => Blocking::Begun,
                    false => Blocking::Ended,
                },
            },
            FactJson::Settings(read) => {
                let (settings, card) = read.into_parts();
                Fact::Settings { settings, card }
            }
            FactJson::Ended {} => Fact::Ended,
            FactJson::Stepped(stepped) => Fact::Stepped(Arc::new(stepped.into())),
            FactJson::Reacted(reacted) => Fact::Reacted(Arc::new(reacted.read(read.seq))),
            FactJson::Pinned(pinned) => Fact::Pinned(Arc::new(pinned.read(read.seq))),
            FactJson::Void {} => Fact::Void,
        };
        Self {
            seq: read.seq,
            at: read.at,
            fact,
        }
    }
}

fn block((by, whom): (i64, i64)) -> Block {
    Block {
        by: UserNo(by),
        whom: UserNo(whom),
    }
}

impl<'a> From<&'a Participant> for ParticipantJson<'a> {
    fn from(person: &'a Participant) -> Self {
        Self {
            no: person.no.0,
            id: person.id.as_str().into(),
            name: person.name.as_deref().map(Cow::Borrowed),
            avatar_url: person.avatar_url.as_deref().map(Cow::Borrowed),
            role: person.role.as_str().into(),
            membership: person.membership,
            muted: person.muted,
            blocked: person.blocked,
            sees_from: person.sees_from,
            delivered_seq: person.delivered_seq,
            read_seq: person.read_seq,
            joined_at: person.joined_at,
        }
    }
}

impl From<ParticipantJson<'_>> for Participant {
    fn from(read: ParticipantJson<'_>) -> Self {
        Self {
            no: UserNo(read.no),
            id: stored_user(read.id),
            name: read.name.map(Cow::into_owned),
            avatar_url: read.avatar_url.map(Cow::into_owned),
            role: read.role.into_owned(),
            membership: read.membership,
            muted: read.muted,
            blocked: read.blocked,
            sees_from: read.sees_from,
            delivered_seq: read.delivered_seq,
            read_seq: read.read_seq,
            // How far a user has read threads, and what they count as unread again, is read by each server itself.
            threads_seq: 0,
            unread_from: None,
            joined_at: read.joined_at,
            signals: Signals::Shown,
        }
    }
}

impl<'a> From<&'a Stepped> for SteppedJson<'a> {
    fn from(stepped: &'a Stepped) -> Self {
        Self {
            from: stepped.from.as_deref().map(Cow::Borrowed),
            to: stepped.to.as_str().into(),
            action: stepped.action.as_str().into(),
            actor: stepped.actor.as_str().into(),
            actor_id: stepped.actor_id.as_ref().map(|id| id.as_str().into()),
            reason: stepped.reason.as_deref().map(Cow::Borrowed),
            version: stepped.version,
            filled: stepped.filled,
            deal_view: Cow::Borrowed(&stepped.deal_view),
            context: Cow::Borrowed(&stepped.context),
        }
    }
}

impl From<SteppedJson<'_>> for Stepped {
    fn from(read: SteppedJson<'_>) -> Self {
        Self {
            from: read.from.map(Cow::into_owned),
            to: read.to.into_owned(),
            action: read.action.into_owned(),
            actor: read.actor.into_owned(),
            actor_id: read.actor_id.map(stored_user),
            reason: read.reason.map(Cow::into_owned),
            version: read.version,
            filled: read.filled,
            deal_view: Arc::new(read.deal_view.into_owned()),
            context: Arc::new(read.context.into_owned()),
        }
    }
}

/// The id of a user that another server has read from the database.
pub(super) fn stored_user(id: Cow<'_, str>) -> UserId {
    UserId::stored(id.into_owned())
}
