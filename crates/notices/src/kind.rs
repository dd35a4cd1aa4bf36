//! A type of notifications.

use chrono::TimeDelta;
use language::declared::{self, DataFields, Wrong};
use language::text::Text;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

use crate::preferences::Channel;
use crate::wording::Wording;

/// A type of notifications, as its file declares it.
#[derive(Clone, Debug)]
pub struct NoticeType {
    /// Its name: `order_update`, or with a module before a point, `jobs.application`.
    pub name: String,
    /// Its version, from 1. A notification keeps the words of the version that it was made with.
    pub version: i32,
    /// The module of the platform that it belongs to; by default the part of its name before the point.
    pub module: Option<String>,
    /// Why people get it.
    pub category: Category,
    /// How urgent it is, where the notification itself does not say it.
    pub priority: Priority,
    /// How long it is shown, where the notification itself does not say it.
    pub expires: Option<TimeDelta>,
    /// The declared data.
    pub data: DataFields,
    /// The channels that it goes out by.
    pub channels: BTreeSet<Channel>,
    pub(crate) key: Option<Text>,
    pub(crate) texts: BTreeMap<String, Wording>,
}

/// Why people get a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    /// It concerns something that they do; they may turn it off.
    Transactional,
    /// It advertises something; they may turn it off.
    Promotional,
    /// They must know it. No preference turns it off.
    Mandatory,
}

/// How urgent a notification is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// It can wait.
    Low,
    /// As usual.
    Normal,
    /// It is to be seen soon.
    High,
    /// It is to be seen at once.
    Urgent,
}

impl Category {
    pub(crate) const NAMES: [&'static str; 3] = ["transactional", "promotional", "mandatory"];

    /// The name in files and APIs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Transactional => "transactional",
            Self::Promotional => "promotional",
            Self::Mandatory => "mandatory",
        }
    }

    /// The value with this name.
    pub fn named(name: &str) -> Option<Self> {
        let mut all = [Self::Transactional, Self::Promotional, Self::Mandatory].into_iter();
        all.find(|one| one.name() == name)
    }
}

impl Priority {
    /// All, the least urgent first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Normal, Self::High, Self::Urgent];

    /// The name in files and APIs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
            Self::Urgent => "urgent",
        }
    }

    /// The value with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    /// The number in the database: 0 to 3, the most urgent last.
    pub fn number(self) -> i16 {
        match self {
            Self::Low => 0,
            Self::Normal => 1,
            Self::High => 2,
            Self::Urgent => 3,
        }
    }

    /// The value with this number.
    pub fn numbered(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.number() == number)
    }
}

impl NoticeType {
    /// The data of a notification, as it is stored; or the first field that is wrong. A field that is not declared is wrong too, so no
    /// text lacks what its sender believes to be in it.
    pub fn check(&self, given: &Map<String, Value>) -> Result<Map<String, Value>, Wrong> {
        let checked = declared::check(&self.data, given)?;
        match checked.unknown.into_iter().next() {
            Some(field) => Err(Wrong {
                field,
                reason: format!("is not declared by the type {}", self.name),
            }),
            None => Ok(checked.data),
        }
    }

    /// Whether it has words of its own. Without them, each notification brings its title and message.
    pub fn has_words(&self) -> bool {
        !self.texts.is_empty()
    }

    /// The languages of its words.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.texts.keys().map(String::as_str)
    }
}
