//! The settings of a conversation as JSON between servers.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::borrow::Cow;
use std::sync::Arc;

use super::entry_json::stored_user;
use crate::domain::conversation::{Closed, ConversationStatus, Settings};

/// The settings and the subject's card.
#[derive(Serialize, Deserialize)]
pub(super) struct SettingsJson<'a> {
    title: Option<Cow<'a, str>>,
    status: ConversationStatus,
    max_participants: Option<u16>,
    slow_seconds: u16,
    #[serde(borrow)]
    closed: Option<ClosedJson<'a>>,
    card: Cow<'a, Value>,
}

#[derive(Serialize, Deserialize)]
struct ClosedJson<'a> {
    #[serde(with = "chrono::serde::ts_microseconds")]
    at: DateTime<Utc>,
    #[serde(borrow)]
    by: Cow<'a, str>,
    reason: Option<Cow<'a, str>>,
}

impl<'a> SettingsJson<'a> {
    pub(super) fn new(settings: &'a Settings, card: &'a Value) -> Self {
        let closed = settings.closed.as_deref();
        Self {
            title: settings.title.as_deref().map(Cow::Borrowed),
            status: settings.status,
            max_participants: settings.max_participants,
            slow_seconds: settings.slow_seconds,
            closed: closed.map(|closed| ClosedJson {
                at: closed.at,
                by: closed.by.as_str().into(),
                reason: closed.reason.as_deref().map(Cow::Borrowed),
            }),
            card: Cow::Borrowed(card),
        }
    }

    /// The settings, and the card.
    pub(super) fn into_parts(self) -> (Settings, Value) {
        let closed = self.closed.map(|closed| {
            Arc::new(Closed {
                at: closed.at,
                by: stored_user(closed.by),
                reason: closed.reason.map(Cow::into_owned),
            })
        });
        let settings = Settings {
            title: self.title.map(Cow::into_owned),
            status: self.status,
            max_participants: self.max_participants,
            slow_seconds: self.slow_seconds,
            closed,
        };
        (settings, self.card.into_owned())
    }
}
