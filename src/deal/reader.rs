//! Who reads how a deal stands: what they may do in it and whether they may type.

use crate::domain::flow::{ChatPolicy, Offer, Standing};

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
    pub fn sees(self, standing: &Standing) -> Option<(ChatPolicy, Vec<&Offer>)> {
        let offers = |role| standing.offers_of(role).iter().collect();
        match self {
            Self::Role(role) => Some((standing.chat_of(role), offers(Some(role)))),
            Self::Staff => Some((ChatPolicy::Free, offers(None))),
            Self::Platform => Some((ChatPolicy::Free, standing.offers_of_platform())),
            Self::Anybody => None,
        }
    }
}
