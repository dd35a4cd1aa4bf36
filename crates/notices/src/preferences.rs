//! Who gets notifications of which type by which channel.

use std::collections::BTreeMap;

use crate::kind::{Category, NoticeType};

/// A way to somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Channel {
    /// In the app.
    InApp,
}

impl Channel {
    /// All.
    pub const ALL: [Self; 1] = [Self::InApp];

    /// The name in files and APIs.
    pub fn name(self) -> &'static str {
        match self {
            Self::InApp => "in_app",
        }
    }

    /// The value with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

/// The word that stands for all types, or for all channels.
const ALL: &str = "*";

/// What somebody has said about a type and a channel; `*` stands for all of either.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Preference {
    /// The type, `module.*`, or `*`.
    pub kind: String,
    /// The channel, or `*`.
    pub channel: String,
    /// Whether they want it.
    pub allowed: bool,
}

/// What somebody has said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preferences {
    said: BTreeMap<(String, String), bool>,
}

/// Whether somebody gets notifications, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// Whether they do.
    pub allowed: bool,
    /// Why.
    pub reason: Reason,
}

/// Why somebody gets notifications, or does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Nobody may turn them off.
    Mandatory,
    /// The type does not go out by this channel.
    NotOffered,
    /// The person has said so.
    Preference,
    /// Nobody has said anything.
    Default,
}

impl Reason {
    /// The name in APIs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mandatory => "mandatory",
            Self::NotOffered => "not_offered",
            Self::Preference => "preference",
            Self::Default => "default",
        }
    }
}

impl Preferences {
    /// What was said; of two words about the same, the last counts.
    pub fn of(said: impl IntoIterator<Item = Preference>) -> Self {
        let said = said.into_iter();
        let said = said.map(|one| ((one.kind, one.channel), one.allowed));
        Self {
            said: said.collect(),
        }
    }

    /// Whether notifications of a type come by a channel. Off at any level is off: for all types, for the types of a module, for a type;
    /// for all channels, or for one.
    pub fn allow(&self, of: &NoticeType, channel: Channel) -> Decided {
        let decided = |allowed, reason| Decided { allowed, reason };
        if !of.channels.contains(&channel) {
            return decided(false, Reason::NotOffered);
        }
        if of.category == Category::Mandatory {
            return decided(true, Reason::Mandatory);
        }
        let module = of.module.as_ref().map(|module| format!("{module}.*"));
        let kinds = [Some(ALL.to_owned()), module, Some(of.name.clone())];
        let mut said = kinds
            .into_iter()
            .flatten()
            .flat_map(|kind| {
                let channels = [ALL, channel.name()].into_iter();
                channels.filter_map(move |channel| {
                    self.said.get(&(kind.clone(), channel.to_owned())).copied()
                })
            })
            .peekable();
        match said.peek() {
            None => decided(true, Reason::Default),
            Some(_) => decided(said.all(|allowed| allowed), Reason::Preference),
        }
    }
}
