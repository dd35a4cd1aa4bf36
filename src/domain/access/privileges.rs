//! What the roles of a token permit.

use crate::domain::ids::UserNo;
use crate::domain::principal::{Principal, Roles};

/// What a token's roles permit, whatever the user's role in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Privilege {
    /// Read, send and manage in every conversation, and act as staff in deals.
    OpenEveryConversation,
    /// Read the profile of any user.
    SeeEveryUser,
    /// Read the text of deleted messages.
    ReadDeletedMessages,
    /// Begin a conversation with any user, and bring any user into one.
    BeginWithAnybody,
    /// Delete a conversation.
    DeleteConversations,
    /// List the webhooks to the platform, and deliver them again.
    SeeWebhookEvents,
    /// List the platform's events and what rules made of them.
    SeeEvents,
    /// Read the audit log.
    SeeAuditLog,
    /// Tell events.
    TellEvents,
    /// Make notifications for anybody, see and withdraw them.
    MakeNotifications,
    /// Name another user as the acting one.
    ActForOthers,
    /// Create a conversation without participating.
    StayOutside,
    /// Act in a deal as the platform.
    ActAsPlatform,
    /// Send messages of kinds that no person sends.
    SpeakAsSystem,
    /// Send a message to one role or user.
    NarrowAudience,
    /// Describe a subject, and begin a deal about it.
    DescribeSubjects,
    /// Make businesses known, and give groups to them.
    ManageBusinesses,
    /// Give a conversation an id of the platform's.
    GiveExternalIds,
    /// Assign roles in an existing conversation.
    AssignRoles,
    /// Begin a deal that asks for money.
    AskForMoney,
    /// Create and update users.
    MakeUsersKnown,
    /// See e-mail addresses of others.
    SeeEmailAddresses,
    /// Sign out another user.
    SignOut,
}

impl Roles {
    /// Whether a token with these roles gives the privilege.
    pub fn may(self, privilege: Privilege) -> bool {
        match privilege {
            Privilege::OpenEveryConversation
            | Privilege::SeeEveryUser
            | Privilege::ReadDeletedMessages
            | Privilege::BeginWithAnybody => self.admin || self.support || self.service,
            Privilege::SeeWebhookEvents
            | Privilege::SeeEvents
            | Privilege::SeeAuditLog
            | Privilege::MakeNotifications
            | Privilege::DeleteConversations => self.admin || self.service,
            Privilege::TellEvents
            | Privilege::ActForOthers
            | Privilege::StayOutside
            | Privilege::ActAsPlatform
            | Privilege::SpeakAsSystem
            | Privilege::NarrowAudience
            | Privilege::DescribeSubjects
            | Privilege::ManageBusinesses
            | Privilege::GiveExternalIds
            | Privilege::AssignRoles
            | Privilege::AskForMoney
            | Privilege::MakeUsersKnown
            | Privilege::SeeEmailAddresses
            | Privilege::SignOut => self.service,
        }
    }
}

/// A user with the roles of their token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requester {
    /// The user's number.
    pub no: UserNo,
    /// The roles in the token.
    pub roles: Roles,
}

impl Requester {
    /// A user with these roles.
    pub fn new(no: UserNo, roles: Roles) -> Self {
        Self { no, roles }
    }
}

impl From<&Principal> for Requester {
    fn from(principal: &Principal) -> Self {
        Self::new(principal.no, principal.roles)
    }
}
