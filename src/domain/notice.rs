//! Notifications: what people are told beside messages.

use chrono::{DateTime, Utc};
use notices::{Action, Priority};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::conversation::Subject;
use super::ids::{NoticeNo, UserNo};

/// The most recipients of one request.
pub const RECIPIENTS: usize = 1_000;
/// The most characters of a title.
pub const TITLE: usize = 255;
/// The most characters of a message.
pub const MESSAGE: usize = 4_000;
/// The most characters of a key.
pub const KEY: usize = 128;
/// The most characters of an action's text.
pub const ACTION_TEXT: usize = 100;
/// The most bytes of what the platform adds.
pub const METADATA: usize = 8 * 1_024;

/// What a notification is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// The type of the thing.
    pub kind: String,
    /// The platform's id of it.
    pub id: String,
}

impl From<&Subject> for About {
    fn from(subject: &Subject) -> Self {
        Self {
            kind: subject.kind.clone(),
            id: subject.id.clone(),
        }
    }
}

/// What a notification says, whoever gets it.
#[derive(Clone, Debug, PartialEq)]
pub struct NoticeSpec {
    /// Its type.
    pub kind: String,
    /// The module of the platform that it belongs to.
    pub module: Option<String>,
    /// How urgent it is.
    pub priority: Priority,
    /// The type's data, which was checked.
    pub data: Map<String, Value>,
    /// A title in place of the type's.
    pub title: Option<String>,
    /// A message in place of the type's.
    pub message: Option<String>,
    /// Where it leads, in place of what the type says.
    pub action: Option<Action>,
    /// What it is about.
    pub about: Option<About>,
    /// What the platform adds.
    pub metadata: Option<Value>,
    /// The key in place of the type's: a newer notification takes the place of an unread older one with the same key.
    pub key: Option<String>,
    /// By which its maker recognises a repeat.
    pub client_id: Option<String>,
    /// Until when it is shown.
    pub expires_at: Option<DateTime<Utc>>,
}

impl NoticeSpec {
    /// A number that tells a repeat from another notification with the same `client_id`: the first 8 bytes of a SHA-256.
    pub fn fingerprint(&self) -> i64 {
        let action = self
            .action
            .as_ref()
            .map(|action| (&action.url, &action.text));
        let about = self.about.as_ref().map(|about| (&about.kind, &about.id));
        let said = serde_json::json!([
            self.kind,
            self.module,
            self.priority.number(),
            self.data,
            self.title,
            self.message,
            action,
            about,
            self.metadata,
            self.key,
            self.expires_at
        ]);
        let digest = Sha256::digest(said.to_string());
        let mut first = [0; 8];
        first
            .iter_mut()
            .zip(digest)
            .for_each(|(to, from)| *to = from);
        i64::from_be_bytes(first)
    }
}

/// Where a notification stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeState {
    /// Its receiver sees it.
    Shown,
    /// Its receiver does not want such notifications.
    Skipped,
    /// It is not to be seen any more.
    Withdrawn,
    /// Its time is over.
    Expired,
}

impl NoticeState {
    /// The name in APIs and in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Shown => "shown",
            Self::Skipped => "skipped",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
        }
    }

    /// The value with this name.
    pub fn named(name: &str) -> Option<Self> {
        let mut all = [Self::Shown, Self::Skipped, Self::Withdrawn, Self::Expired].into_iter();
        all.find(|one| one.name() == name)
    }
}

/// A notification.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// Its number.
    pub no: NoticeNo,
    /// Whose it is.
    pub user: UserNo,
    /// Its type.
    pub kind: String,
    /// The version of the type that it was worded with.
    pub version: i32,
    /// The module of the platform that it belongs to.
    pub module: Option<String>,
    /// How urgent it is.
    pub priority: Priority,
    /// Its title.
    pub title: String,
    /// Its message.
    pub message: String,
    /// Where it leads.
    pub action: Option<Action>,
    /// What it is about.
    pub about: Option<About>,
    /// The type's data.
    pub data: Value,
    /// What the platform has added.
    pub metadata: Option<Value>,
    /// Its key.
    pub key: Option<String>,
    /// Where it stands.
    pub state: NoticeState,
    /// Why it is not shown.
    pub end_reason: Option<String>,
    /// Until when it is shown.
    pub expires_at: Option<DateTime<Utc>>,
    /// When its receiver opened the list that it is in.
    pub seen_at: Option<DateTime<Utc>>,
    /// When they read it.
    pub read_at: Option<DateTime<Utc>>,
    /// When they put it away.
    pub archived_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// How many notifications somebody has to look at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoticeCount {
    /// Those that they have not read.
    pub unread: i64,
    /// Those of them that were not in a list that they opened.
    pub unseen: i64,
}

/// What somebody's sessions hear about their notifications.
#[derive(Clone, Debug)]
pub enum NoticeNews {
    /// There is a new one.
    Shown(Box<Notice>),
    /// One was read, archived or otherwise changed.
    Updated(Box<Notice>),
    /// One is not to be seen any more.
    Removed(Box<Notice>),
    /// How many there are to look at.
    Counted(NoticeCount),
}

impl NoticeNews {
    /// What is to be heard about a notification as it stands.
    pub fn of(notice: Notice) -> Self {
        let is_untouched = notice.created_at == notice.updated_at;
        match notice.state {
            NoticeState::Shown if is_untouched => Self::Shown(Box::new(notice)),
            NoticeState::Shown => Self::Updated(Box::new(notice)),
            NoticeState::Skipped | NoticeState::Withdrawn | NoticeState::Expired => {
                Self::Removed(Box::new(notice))
            }
        }
    }

    /// About the bytes of the event.
    pub fn weight(&self) -> usize {
        match self {
            Self::Shown(notice) | Self::Updated(notice) | Self::Removed(notice) => {
                600 + notice.title.len()
                    + notice.message.len()
                    + notice.metadata.as_ref().map_or(0, |_| METADATA)
            }
            Self::Counted(_) => 100,
        }
    }
}
