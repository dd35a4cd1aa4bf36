//! Who may begin a conversation, or bring somebody into one. Pure; `store/beginning.rs` reads what it decides on.

use serde::{Deserialize, Serialize};

use super::Privilege;
use crate::domain::principal::Roles;
use crate::domain::refusal::Refusal;

/// Which people may begin conversations of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MayStart {
    /// Everybody, with everybody who accepts it.
    Anyone,
    /// Everybody, with people whom they have met: both may read the same conversation.
    Met,
    /// Nobody but the platform and its staff.
    Platform,
}

impl MayStart {
    /// The name in options.
    pub fn name(self) -> &'static str {
        match self {
            Self::Anyone => "anyone",
            Self::Met => "met",
            Self::Platform => "platform",
        }
    }

    /// The value with this name.
    pub fn named(name: &str) -> Option<Self> {
        let mut all = [Self::Anyone, Self::Met, Self::Platform].into_iter();
        all.find(|one| one.name() == name)
    }
}

/// From whom a user accepts new conversations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Accept {
    /// From everybody whom they have not blocked.
    Everyone,
    /// From people whom they have met.
    Met,
    /// From nobody but the platform and its staff.
    Nobody,
}

impl Accept {
    /// The name in APIs and in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Everyone => "everyone",
            Self::Met => "met",
            Self::Nobody => "nobody",
        }
    }

    /// The value with this name.
    pub fn named(name: &str) -> Option<Self> {
        let mut all = [Self::Everyone, Self::Met, Self::Nobody].into_iter();
        all.find(|one| one.name() == name)
    }
}

/// Who begins a conversation or brings somebody into one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inviter {
    /// The platform or its staff: nothing binds them.
    Platform,
    /// A person.
    Person {
        /// With whom they may begin.
        may_start: MayStart,
        /// With how many users whom they have not met they may begin within 24 hours; `None` for any number.
        contacts_a_day: Option<u32>,
    },
}

impl Inviter {
    /// A caller with these roles.
    pub fn of(roles: Roles, may_start: MayStart, contacts_a_day: Option<u32>) -> Self {
        match roles.may(Privilege::BeginWithAnybody) {
            true => Self::Platform,
            false => Self::Person {
                may_start,
                contacts_a_day,
            },
        }
    }

    /// Refuses a person where only the platform may begin.
    pub fn may_begin(self) -> Result<(), Refusal> {
        match self {
            Self::Person {
                may_start: MayStart::Platform,
                ..
            } => Err(Refusal::Forbidden(
                "Only the platform may begin conversations of this kind",
            )),
            Self::Person { .. } | Self::Platform => Ok(()),
        }
    }
}

/// How a user is related to another who would begin with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relation {
    /// From whom the user accepts new conversations.
    pub accept: Accept,
    /// Whether the two have met.
    pub acquainted: Acquainted,
    /// Whether one of the two has blocked the other.
    pub block: BlockBetween,
}

/// Whether two users have met: both may read the same conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acquainted {
    /// They may both read the same conversation.
    Met,
    /// No conversation may be read by both.
    Strangers,
}

/// Whether one of two users has blocked the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockBetween {
    /// One of them has blocked the other.
    Blocked,
    /// Neither has blocked the other.
    Free,
}

impl Relation {
    /// Refuses a person who would begin with this user. The refusal does not say why.
    pub fn may_be_reached(self, may_start: MayStart) -> Result<(), Refusal> {
        let strangers = self.acquainted == Acquainted::Strangers;
        let is_reached = match (self.block, self.accept, may_start) {
            (BlockBetween::Blocked, ..) | (_, Accept::Nobody, _) => false,
            (_, Accept::Met, _) | (.., MayStart::Met) => !strangers,
            (_, Accept::Everyone, MayStart::Anyone | MayStart::Platform) => true,
        };
        is_reached.then_some(()).ok_or(Refusal::Unreachable)
    }
}

/// Refuses a person who would begin a deal in which somebody else pays. The only payer may begin it on the flow's own terms; the platform
/// may begin any.
pub fn may_begin_as_payer<'a>(
    roles: Roles,
    own_role: &str,
    mut payers: impl Iterator<Item = &'a str>,
) -> Result<(), Refusal> {
    let alone = payers.all(|payer| payer == own_role);
    match roles.may(Privilege::AskForMoney) || alone {
        true => Ok(()),
        false => Err(Refusal::Forbidden(
            "Only the platform may begin a deal in which others pay",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reached(accept: Accept, acquainted: Acquainted, may_start: MayStart) -> bool {
        let relation = |block| Relation {
            accept,
            acquainted,
            block,
        };
        let blocked = relation(BlockBetween::Blocked).may_be_reached(may_start);
        assert_eq!(blocked, Err(Refusal::Unreachable), "a block holds for all");
        relation(BlockBetween::Free)
            .may_be_reached(may_start)
            .is_ok()
    }

    #[test]
    fn a_user_is_reached_by_those_whom_they_and_the_platform_admit() {
        use Accept::{Everyone, Met, Nobody};
        use Acquainted::Strangers;
        for (accept, may_start, by_strangers, by_met) in [
            (Everyone, MayStart::Anyone, true, true),
            (Everyone, MayStart::Met, false, true),
            (Met, MayStart::Anyone, false, true),
            (Met, MayStart::Met, false, true),
            (Nobody, MayStart::Anyone, false, false),
            (Nobody, MayStart::Met, false, false),
        ] {
            let found = (
                reached(accept, Strangers, may_start),
                reached(accept, Acquainted::Met, may_start),
            );
            assert_eq!(found, (by_strangers, by_met), "{accept:?} {may_start:?}");
        }
    }

    #[test]
    fn the_platform_and_its_staff_begin_with_anybody() {
        let roles = |admin, support, service| Roles {
            admin,
            support,
            service,
        };
        for roles in [
            roles(true, false, false),
            roles(false, true, false),
            roles(false, false, true),
        ] {
            let inviter = Inviter::of(roles, MayStart::Platform, Some(0));
            assert_eq!(inviter, Inviter::Platform);
            assert!(inviter.may_begin().is_ok());
        }
        let person = |may_start| Inviter::of(Roles::default(), may_start, None).may_begin();
        assert!(person(MayStart::Platform).is_err());
        assert!(person(MayStart::Anyone).is_ok() && person(MayStart::Met).is_ok());
    }
}
