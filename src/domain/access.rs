//! Who may read, speak and manage in a conversation, and whom a message reaches: the one rule. `store/access.rs` says it in SQL.

use super::conversation::{
    Conversation, ConversationKind, ConversationStatus, Membership, OWNER, Participant,
};
use super::flow::{BUILT_IN, FlowActor, STAFF};
use super::ids::UserNo;
use super::message::{Audience, Power};
use super::principal::{Principal, Roles};
use super::refusal::Refusal;
use super::snapshot::Reader;

/// The role that manages a conversation beside `OWNER`.
const ADMIN: &str = "admin";

/// What only some tokens may do, whatever their owner is in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Privilege {
    /// Read, speak and manage in every conversation, and act as a deal's staff.
    OpenEveryConversation,
    /// Read the profile of any user.
    SeeEveryUser,
    /// Read what a deleted message said.
    ReadDeletedMessages,
    /// See what the platform is told by webhooks, and have it delivered again.
    SeePlatformEvents,
    /// Name another user as the one who acts.
    ActForOthers,
    /// Create a conversation without taking part in it.
    StayOutside,
    /// Act in a deal as the platform.
    ActAsPlatform,
    /// Send messages that no person says.
    SpeakAsSystem,
    /// Send a message to one role alone.
    NarrowAudience,
    /// Say what a subject is, and begin a deal about it.
    DescribeSubjects,
    /// Say who has which role in a conversation that is there already.
    AssignRoles,
    /// Begin a deal that asks for money.
    AskForMoney,
    /// Make a user known.
    MakeUsersKnown,
    /// See e-mail addresses of others.
    SeeEmailAddresses,
    /// End the sessions of another user.
    SignOut,
}

impl Roles {
    /// Whether a token with these roles gives the privilege.
    pub fn may(self, privilege: Privilege) -> bool {
        match privilege {
            Privilege::OpenEveryConversation
            | Privilege::SeeEveryUser
            | Privilege::ReadDeletedMessages => self.admin || self.support || self.service,
            Privilege::SeePlatformEvents => self.admin || self.service,
            Privilege::ActForOthers
            | Privilege::StayOutside
            | Privilege::ActAsPlatform
            | Privilege::SpeakAsSystem
            | Privilege::NarrowAudience
            | Privilege::DescribeSubjects
            | Privilege::AssignRoles
            | Privilege::AskForMoney
            | Privilege::MakeUsersKnown
            | Privilege::SeeEmailAddresses
            | Privilege::SignOut => self.service,
        }
    }
}

/// Who asks, where nothing else of the principal matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requester {
    /// The number.
    pub no: UserNo,
    /// What the token makes of them.
    pub roles: Roles,
}

impl Requester {
    /// A user with such a token.
    pub fn new(no: UserNo, roles: Roles) -> Self {
        Self { no, roles }
    }
}

impl From<&Principal> for Requester {
    fn from(principal: &Principal) -> Self {
        Self::new(principal.no, principal.roles)
    }
}

/// What a participant may do, by their row alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParticipantState {
    /// Reads and speaks.
    Active,
    /// Reads, and does not speak.
    Muted,
    /// Left by themselves: does neither.
    Left,
    /// Was removed: does neither.
    Removed,
    /// Does neither, whether they take part or not, and does not come back by themselves.
    Blocked,
}

impl Participant {
    /// What they may do.
    pub fn state(&self) -> ParticipantState {
        match (self.blocked, self.membership, self.muted) {
            (true, _, _) => ParticipantState::Blocked,
            (false, Membership::Left, _) => ParticipantState::Left,
            (false, Membership::Removed, _) => ParticipantState::Removed,
            (false, Membership::Present, true) => ParticipantState::Muted,
            (false, Membership::Present, false) => ParticipantState::Active,
        }
    }

    /// Refuses who may not read, as far as their row says.
    pub fn may_read(&self) -> Result<(), Denied> {
        match self.state() {
            ParticipantState::Active | ParticipantState::Muted => Ok(()),
            ParticipantState::Left | ParticipantState::Removed => Err(Denied::Gone),
            ParticipantState::Blocked => Err(Denied::Blocked),
        }
    }

    /// Whether others see them among the participants. Who is blocked still is.
    pub fn takes_part(&self) -> bool {
        self.membership == Membership::Present
    }

    /// Whether they left by themselves, blocked or not.
    pub fn has_left(&self) -> bool {
        self.membership == Membership::Left
    }
}

/// Why somebody may not read a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// They never took part: for them there is no such conversation.
    Stranger,
    /// They left or were removed.
    Gone,
    /// They are blocked.
    Blocked,
}

impl Denied {
    /// The refusal of a request that names a message instead of its conversation.
    pub fn of_message(self) -> Refusal {
        match self {
            Self::Stranger => Refusal::MessageNotFound,
            Self::Gone | Self::Blocked => self.into(),
        }
    }
}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Stranger => Self::ConversationNotFound,
            Denied::Gone => Self::NotAParticipant,
            Denied::Blocked => Self::Blocked,
        }
    }
}

/// Why somebody who may read may not speak.
#[derive(Clone, Debug, PartialEq)]
pub enum Silenced {
    /// They are muted.
    Muted,
    /// The deal allows their role no free text now.
    ByDeal(::flow::Refusal),
    /// The conversation is closed or archived.
    Closed,
}

impl From<Silenced> for Refusal {
    fn from(silenced: Silenced) -> Self {
        match silenced {
            Silenced::Muted => Self::Muted,
            Silenced::ByDeal(refusal) => refusal.into(),
            Silenced::Closed => Self::ConversationClosed,
        }
    }
}

/// As what somebody may read a conversation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Access<'a> {
    /// As a participant.
    Participant(&'a Participant),
    /// As a participant whose token opens every conversation.
    StaffParticipant(&'a Participant),
    /// From outside, with a token that opens every conversation.
    Staff,
}

impl<'a> Access<'a> {
    /// What follows from somebody's row, if they ever had one, and from their token.
    pub fn of(own: Option<&'a Participant>, roles: Roles) -> Result<Self, Denied> {
        let opens = roles.may(Privilege::OpenEveryConversation);
        match (own.map(|person| (person, person.may_read())), opens) {
            (Some((person, Ok(()))), false) => Ok(Self::Participant(person)),
            (Some((person, Ok(()))), true) => Ok(Self::StaffParticipant(person)),
            (Some((_, Err(_))) | None, true) => Ok(Self::Staff),
            (Some((_, Err(denied))), false) => Err(denied),
            (None, false) => Err(Denied::Stranger),
        }
    }

    /// The same, from everybody who takes or took part.
    pub fn among(people: &'a [Participant], requester: Requester) -> Result<Self, Denied> {
        let own = people.iter().find(|person| person.no == requester.no);
        Self::of(own, requester.roles)
    }

    /// The part that they have; none from outside.
    pub fn participant(self) -> Option<&'a Participant> {
        match self {
            Self::Participant(person) | Self::StaffParticipant(person) => Some(person),
            Self::Staff => None,
        }
    }

    /// The role by which an audience or a deal knows them; none from outside.
    pub fn role(self) -> Option<&'a str> {
        self.participant().map(|person| person.role.as_str())
    }

    /// Whether their token opens every conversation.
    pub fn is_staff(self) -> bool {
        match self {
            Self::Participant(_) => false,
            Self::StaffParticipant(_) | Self::Staff => true,
        }
    }

    /// The same as a reader of messages, under this number.
    pub fn reader(self, no: UserNo) -> Reader {
        let role = self.role().map(str::to_owned);
        Reader { no, role }
    }

    /// What they may do to the messages of others, to the people and to the settings.
    pub fn power(self) -> Power {
        match self {
            Self::StaffParticipant(_) | Self::Staff => Power::Moderates,
            Self::Participant(person) if matches!(person.role.as_str(), OWNER | ADMIN) => {
                Power::Moderates
            }
            Self::Participant(_) => Power::OwnOnly,
        }
    }

    /// Refuses free text. Staff speak whatever the deal allows; the mute of a participant holds for staff too.
    pub fn may_speak(self, conversation: &Conversation) -> Result<(), Silenced> {
        let state = self.participant().map(Participant::state);
        if state == Some(ParticipantState::Muted) {
            return Err(Silenced::Muted);
        }
        if let (Self::Participant(person), Some(deal)) = (self, &conversation.flow) {
            deal.may_type(&person.role).map_err(Silenced::ByDeal)?;
        }
        match conversation.status {
            ConversationStatus::Open => Ok(()),
            ConversationStatus::Closed | ConversationStatus::Archived => Err(Silenced::Closed),
        }
    }

    /// As whom they may act in a deal, the one that is tried first in front.
    pub fn actors(self, roles: Roles) -> Vec<FlowActor> {
        let role = self.role().filter(|role| !BUILT_IN.contains(role));
        let role = role.map(|role| FlowActor::Role(role.to_owned()));
        let platform = roles.may(Privilege::ActAsPlatform);
        let platform = platform.then_some(FlowActor::System);
        let staff = self.is_staff().then_some(FlowActor::Staff);
        role.into_iter().chain(platform).chain(staff).collect()
    }
}

/// As what somebody may ask for a conversation that they may have left.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Admission<'a> {
    /// They may read it.
    Has(Access<'a>),
    /// They left a conversation of two people, and may be in it again.
    MayReturn,
}

impl<'a> Admission<'a> {
    /// What follows from somebody's row, the kind of the conversation, and their token.
    pub fn of(
        own: Option<&'a Participant>,
        kind: ConversationKind,
        roles: Roles,
    ) -> Result<Self, Denied> {
        let has_left = own.is_some_and(|own| own.state() == ParticipantState::Left);
        match Access::of(own, roles) {
            Err(_) if has_left && kind == ConversationKind::Direct => Ok(Self::MayReturn),
            other => other.map(Self::Has),
        }
    }
}

/// The role of somebody who may read as a participant.
pub fn role_among(people: &[Participant], user: UserNo) -> Option<&str> {
    let readers = people.iter().filter(|person| person.may_read().is_ok());
    let mut own = readers.filter(|person| person.no == user);
    own.next().map(|person| person.role.as_str())
}

/// What somebody is told to be who may not read a conversation any more; who never took part is `none`.
pub fn lost_membership(person: Option<&Participant>) -> &'static str {
    match person {
        None => "none",
        Some(person) if person.takes_part() => "blocked",
        Some(gone) => gone.membership.name(),
    }
}

impl Audience {
    /// Whether a reader with this number and role is meant. Staff from outside have no role, and are meant by the name of theirs.
    pub fn admits(audience: Option<&Self>, reader: UserNo, role: Option<&str>) -> bool {
        match audience {
            Some(Self::User(only)) => *only == reader,
            Some(Self::Role(_)) | None => Self::admits_role(audience, role),
        }
    }

    /// Whether everybody who reads by this role is meant.
    pub fn admits_role(audience: Option<&Self>, role: Option<&str>) -> bool {
        match audience {
            None => true,
            Some(Self::Role(only)) => role.unwrap_or(STAFF) == only,
            Some(Self::User(_)) => false,
        }
    }
}

#[cfg(test)]
#[path = "access_tests.rs"]
mod tests;
