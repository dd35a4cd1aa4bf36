//! What a reader sees of a deal: their actions, and whether they may type.

use crate::domain::flow::{AvailableAction, ChatPolicy, DealView};

/// The reader of a deal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DealReader<'a> {
    /// A participant with this role.
    Role(&'a str),
    /// A reader whose token opens every conversation.
    Staff,
    /// The platform's back end, which may take the actions of staff and of `system`.
    Platform,
    /// Several people at once.
    Anybody,
}

impl<'a> DealReader<'a> {
    /// The reader for a participant's role; `None` means staff.
    pub fn of(role: Option<&'a str>) -> Self {
        role.map_or(Self::Staff, Self::Role)
    }

    /// The chat policy and the actions for this reader; `None` for several people at once.
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
