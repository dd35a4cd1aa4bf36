//! A participant's own settings of a conversation: level of notifications, star, hidden, unread again. A change takes no seq, and
//! only the participant sees it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ids::Seq;

/// Of which messages somebody is notified.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotifyLevel {
    /// Of all.
    #[default]
    All,
    /// Of those that mention them.
    Mentions,
    /// Of none.
    None,
}

impl NotifyLevel {
    /// The name in the database and in APIs.
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Mentions => "mentions",
            Self::None => "none",
        }
    }

    /// The level with this name.
    pub fn named(name: &str) -> Option<Self> {
        let mut all = [Self::All, Self::Mentions, Self::None].into_iter();
        all.find(|one| one.name() == name)
    }
}

/// Of which messages somebody is notified, and for how long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Notify {
    /// The level.
    pub level: NotifyLevel,
    /// When they are notified of all again; `None` for never.
    pub until: Option<DateTime<Utc>>,
}

/// What a conversation is for somebody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mine {
    /// Of what they are notified now.
    pub notify: Notify,
    /// Whether they have marked it.
    pub starred: bool,
    /// Whether it is left out of their lists: they have hidden it, and nothing was said since.
    pub hidden: bool,
    /// From where on they count it as unread, although they have read it.
    pub unread_from: Option<Seq>,
    /// Up to which seq they have read everything, threads too.
    pub threads_seq: Seq,
}

/// Changes of it; `None` leaves a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MineChange {
    /// Of what they are notified.
    pub notify: Option<Notify>,
    /// Whether it is marked.
    pub starred: Option<bool>,
    /// Whether it is left out of lists.
    pub hidden: Option<bool>,
    /// From where on it is unread; the inner `None` for what was not read yet.
    pub unread_from: Option<Option<Seq>>,
}
