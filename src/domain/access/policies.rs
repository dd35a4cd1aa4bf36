//! What the platform allows, by kind of conversation and by role. Pure.

use std::collections::BTreeMap;

use super::beginning::{Inviter, MayStart};
use crate::domain::conversation::ConversationKind;
use crate::domain::limits;
use crate::domain::principal::Roles;

/// The role that sees nothing from before it joined, unless the platform says otherwise.
const RIDER: &str = "rider";

/// What somebody who is added sees of what was said before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum History {
    /// Everything.
    All,
    /// Nothing.
    FromJoining,
}

impl History {
    /// The name in APIs and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::FromJoining => "from_joining",
        }
    }

    /// The value with this name.
    pub fn named(name: &str) -> Option<Self> {
        let mut all = [Self::All, Self::FromJoining].into_iter();
        all.find(|one| one.name() == name)
    }
}

/// What is allowed in conversations of one kind.
#[derive(Clone, Debug, PartialEq)]
pub struct KindPolicy {
    /// Which people may begin one.
    pub may_start: MayStart,
    /// How many may take part in one.
    pub maximum: usize,
    /// What those see who are added; each by their role.
    pub history: BTreeMap<String, History>,
}

impl Default for KindPolicy {
    fn default() -> Self {
        Self {
            may_start: MayStart::Anyone,
            maximum: limits::PARTICIPANTS,
            history: BTreeMap::from([(RIDER.to_owned(), History::FromJoining)]),
        }
    }
}

impl KindPolicy {
    /// What somebody with this role sees who is added.
    pub fn history_of(&self, role: &str) -> History {
        self.history.get(role).copied().unwrap_or(History::All)
    }
}

/// What a conversation is begun as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    /// A conversation of a kind.
    Conversation(ConversationKind),
    /// A deal: its flow says who may begin it.
    Deal,
}

/// What the platform allows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policies {
    /// Direct conversations.
    pub direct: KindPolicy,
    /// Groups.
    pub group: KindPolicy,
    /// Conversations with support.
    pub support: KindPolicy,
    /// With how many users whom they have not met a person may begin within 24 hours; `None` for any number.
    pub contacts_a_day: Option<u32>,
}

impl Policies {
    /// What is allowed in conversations of this kind.
    pub fn of(&self, kind: ConversationKind) -> &KindPolicy {
        match kind {
            ConversationKind::Direct => &self.direct,
            ConversationKind::Group => &self.group,
            ConversationKind::Support => &self.support,
        }
    }

    /// The same, to be changed.
    pub fn of_mut(&mut self, kind: ConversationKind) -> &mut KindPolicy {
        match kind {
            ConversationKind::Direct => &mut self.direct,
            ConversationKind::Group => &mut self.group,
            ConversationKind::Support => &mut self.support,
        }
    }

    /// As whom a caller with these roles begins.
    pub fn inviter(&self, roles: Roles, begun: Begun) -> Inviter {
        let may_start = match begun {
            Begun::Conversation(kind) => self.of(kind).may_start,
            Begun::Deal => MayStart::Anyone,
        };
        Inviter::of(roles, may_start, self.contacts_a_day)
    }
}
