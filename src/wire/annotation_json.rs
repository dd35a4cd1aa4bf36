//! Reactions and pins as JSON between servers.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

use super::entry_json::stored_user;
use super::message_json::{AudienceJson, IdJson, id_json, id_of};
use crate::domain::annotation::{Pinned, Placing, Reacted, Target};
use crate::domain::emoji::Emoji;
use crate::domain::ids::{Seq, UserNo};

#[derive(Serialize, Deserialize)]
pub(super) struct ReactedJson<'a> {
    message: IdJson,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    audience: Option<AudienceJson<'a>>,
    user: i64,
    #[serde(borrow)]
    user_id: Cow<'a, str>,
    #[serde(borrow)]
    emoji: Cow<'a, str>,
    added: bool,
    count: i64,
    users: Vec<Cow<'a, str>>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct PinnedJson<'a> {
    message: IdJson,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    audience: Option<AudienceJson<'a>>,
    #[serde(borrow)]
    user_id: Cow<'a, str>,
    added: bool,
    #[serde(with = "chrono::serde::ts_microseconds_option", default)]
    at: Option<DateTime<Utc>>,
    #[serde(with = "chrono::serde::ts_microseconds_option", default)]
    expires_at: Option<DateTime<Utc>>,
}

impl<'a> From<&'a Reacted> for ReactedJson<'a> {
    fn from(reacted: &'a Reacted) -> Self {
        Self {
            message: id_json(reacted.target.message),
            audience: reacted.target.audience.as_ref().map(Into::into),
            user: reacted.user.0,
            user_id: reacted.user_id.as_str().into(),
            emoji: reacted.emoji.as_str().into(),
            added: reacted.placing.is_there(),
            count: reacted.count,
            users: reacted.users.iter().map(|id| id.as_str().into()).collect(),
        }
    }
}

impl ReactedJson<'_> {
    /// The change that took this seq.
    pub(super) fn read(self, seq: Seq) -> Reacted {
        Reacted {
            target: target(self.message, self.audience),
            user: UserNo(self.user),
            user_id: stored_user(self.user_id),
            emoji: Emoji::stored(self.emoji.into_owned()),
            placing: Placing::of(self.added),
            seq,
            count: self.count,
            users: self.users.into_iter().map(stored_user).collect(),
        }
    }
}

impl<'a> From<&'a Pinned> for PinnedJson<'a> {
    fn from(pinned: &'a Pinned) -> Self {
        Self {
            message: id_json(pinned.target.message),
            audience: pinned.target.audience.as_ref().map(Into::into),
            user_id: pinned.user_id.as_str().into(),
            added: pinned.placing.is_there(),
            at: pinned.at,
            expires_at: pinned.expires_at,
        }
    }
}

impl PinnedJson<'_> {
    /// The change that took this seq.
    pub(super) fn read(self, seq: Seq) -> Pinned {
        Pinned {
            target: target(self.message, self.audience),
            user_id: stored_user(self.user_id),
            placing: Placing::of(self.added),
            seq,
            at: self.at,
            expires_at: self.expires_at,
        }
    }
}

fn target(message: IdJson, audience: Option<AudienceJson<'_>>) -> Target {
    Target {
        message: id_of(message),
        audience: audience.map(Into::into),
    }
}
