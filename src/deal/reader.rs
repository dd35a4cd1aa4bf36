//! Who reads how a deal stands: what they may do in it and whether they may type.

use crate::domain::flow::{AvailableAction, ChatPolicy, DealView};

/// Who reads, as far as a deal cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DealReader<'a> {
    /// A participant with this role.
    Role(&'a str),
    /// Somebody whose token opens every conversation.
    Staff,
    /// The platform's own back end, which may do what staff may, and what is by `system`.
    Platform,
    /// Several people at once.
    Anybody,
}

impl<'a> DealReader<'a> {
    /// A participant by their role, staff by none.
    pub fn of(role: Option<&'a str>) -> Self {
        role.map_or(Self::Staff, Self::Role)
    }

    /// Whether this reader may type, and what they may do now; `None` for several people at once.
    pub fn sees(self, deal_view: &DealView) -> Option<(ChatPolicy, Vec<&AvailableAction>)> {
        let available_actions = |role| deal_view.actions_of(role).iter().collect();
        match self {
            Self::Role(role) => Some((deal_view.chat_of(role), available_actions(Some(role)))),
            Self::Staff => Some((ChatPolicy::Free, available_actions(None))),
            Self::Platform => Some((ChatPolicy::Free, deal_view.actions_of_platform())),
            Self::Anybody => None,
        }
    }
}
