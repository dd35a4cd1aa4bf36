//! Who is staff of a business, and what that permits. `store/access.rs` has it in SQL.

use super::{Access, Denied, Privilege};
use crate::domain::business::StaffRole;
use crate::domain::conversation::{Conversation, ConversationKind};
use crate::domain::ids::BusinessNo;
use crate::domain::principal::Roles;
use crate::domain::refusal::Refusal;
use crate::domain::snapshot::Loaded;

use super::Requester;

impl Conversation {
    /// The business whose staff may read it: the one whose support it is. Its groups are for those who take part.
    pub fn staffed_by(&self) -> Option<BusinessNo> {
        let business = self.business.as_ref()?;
        (self.kind == ConversationKind::Support).then_some(business.no)
    }
}

impl Loaded {
    /// How a user may read the conversation.
    pub fn access(&self, requester: Requester) -> Result<Access<'_>, Denied> {
        let own = self.participants.iter().find(|it| it.no == requester.no);
        let staff = self.staff.iter().find(|it| it.user == requester.no);
        Access::with_staff(own, requester.roles, staff.and_then(|it| it.role))
    }
}

/// How a caller is related to a business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BusinessRelation {
    /// The platform and its own staff, who are staff of every business.
    Platform,
    /// Its staff.
    Staff(StaffRole),
    /// Neither.
    Outsider,
}

impl BusinessRelation {
    /// The relation of a caller with these roles and this row.
    pub fn of(roles: Roles, staff: Option<StaffRole>) -> Self {
        match (roles.may(Privilege::OpenEveryConversation), staff) {
            (true, _) => Self::Platform,
            (false, Some(role)) => Self::Staff(role),
            (false, None) => Self::Outsider,
        }
    }

    /// Refuses who may not see the business's staff and conversations.
    pub fn must_be_staff(self) -> Result<(), Refusal> {
        match self {
            Self::Platform | Self::Staff(_) => Ok(()),
            Self::Outsider => Err(Refusal::NotStaff),
        }
    }

    /// Refuses who may not make somebody with the role `before` one with the role `after`; `None`: no staff.
    pub fn may_change(
        self,
        before: Option<StaffRole>,
        after: Option<StaffRole>,
    ) -> Result<(), Refusal> {
        self.must_be_staff()?;
        let highest = before.max(after);
        let may = match self {
            Self::Platform | Self::Staff(StaffRole::Owner) => true,
            Self::Staff(StaffRole::Manager) => highest < Some(StaffRole::Manager),
            Self::Staff(StaffRole::Agent | StaffRole::Viewer) | Self::Outsider => false,
        };
        may.then_some(()).ok_or(Refusal::Forbidden(
            "Managers change agents and viewers, and owners everybody",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::UserNo;
    use crate::domain::message::Power;

    const ALL: [StaffRole; 4] = [
        StaffRole::Viewer,
        StaffRole::Agent,
        StaffRole::Manager,
        StaffRole::Owner,
    ];

    #[test]
    fn staff_read_without_taking_part_and_managers_manage() {
        for role in ALL {
            let access = Access::with_staff(None, Roles::default(), Some(role));
            assert_eq!(access, Ok(Access::BusinessStaff(role)));
            let access = Access::BusinessStaff(role);
            let reader = access.reader(UserNo(1));
            assert_eq!((reader.role, reader.sees_from), (None, 0));
            let manages = access.power() == Power::Moderates;
            assert_eq!(manages, role >= StaffRole::Manager, "{role:?}");
            assert!(
                access.actors(Roles::default()).is_empty(),
                "no part in a deal"
            );
            assert!(access.roles_to_store(Roles::default()).support);
        }
        let support = Roles {
            support: true,
            ..Roles::default()
        };
        let access = Access::with_staff(None, support, Some(StaffRole::Viewer));
        assert_eq!(
            access,
            Ok(Access::Staff),
            "the platform's own staff are more"
        );
        let none = Access::with_staff(None, Roles::default(), None);
        assert_eq!(none, Err(Denied::Stranger));
    }

    #[test]
    fn managers_change_those_below_them_and_owners_everybody() {
        use StaffRole::{Agent, Manager, Owner, Viewer};
        let all = [None, Some(Viewer), Some(Agent), Some(Manager), Some(Owner)];
        for before in all {
            for after in all {
                let may = |relation: BusinessRelation| relation.may_change(before, after).is_ok();
                let below = [before, after].iter().all(|role| *role < Some(Manager));
                assert!(may(BusinessRelation::Platform) && may(BusinessRelation::Staff(Owner)));
                assert_eq!(may(BusinessRelation::Staff(Manager)), below);
                assert!(
                    !may(BusinessRelation::Staff(Agent)) && !may(BusinessRelation::Staff(Viewer))
                );
                assert!(!may(BusinessRelation::Outsider));
            }
        }
    }
}
