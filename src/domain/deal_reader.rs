//! What a reader is shown of a deal: the available actions, and whether they may type.

use super::access::Access;
use super::flow::{AvailableAction, ChatPolicy, DealView};
use super::principal::Roles;

/// The reader of a deal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum DealReader<'a> {
    /// All participants with this role. Events are encoded once for each role, so they show nothing that depends on a token.
    Role(&'a str),
    /// All who read without participating.
    Staff,
    /// One caller, with the roles of their token.
    Caller(Access<'a>, Roles),
    /// Readers with different roles.
    Anybody,
}

impl<'a> DealReader<'a> {
    /// The readers with a participant's role; `None` means staff.
    pub fn of(role: Option<&'a str>) -> Self {
        role.map_or(Self::Staff, Self::Role)
    }

    /// The chat policy and the actions for this reader; `None` for readers with different roles.
    pub fn sees(self, deal_view: &DealView) -> Option<(ChatPolicy, Vec<&AvailableAction>)> {
        let available_actions = |role| deal_view.actions_of(role).iter().collect();
        match self {
            Self::Role(role) => Some((deal_view.chat_of(role), available_actions(Some(role)))),
            Self::Staff => Some((ChatPolicy::Free, available_actions(None))),
            Self::Caller(access, roles) => Some((
                access.chat(deal_view),
                access.available_actions(roles, deal_view),
            )),
            Self::Anybody => None,
        }
    }
}
