//! The access rule: who may read, send and manage in a conversation, and whom a message reaches.
//! `store/access.rs` has it in SQL.

pub mod beginning;
pub mod blocks;
pub mod policies;
mod privileges;
mod sight;
mod staff;

use std::time::Duration;

use super::business::StaffRole;
use super::conversation::{
    Conversation, ConversationKind, ConversationStatus, Membership, OWNER, Participant,
};
use super::flow::{AvailableAction, BUILT_IN, ChatPolicy, DealView, FlowActor, STAFF};
use super::ids::UserNo;
use super::message::{Audience, Power};
use super::principal::Roles;
use super::refusal::Refusal;
use super::snapshot::Reader;
use blocks::Blocks;

pub use beginning::may_begin_as_payer;
pub use privileges::{Privilege, Requester};
pub use sight::Sight;
pub use staff::Standing;

/// The role that manages a conversation, besides `OWNER`.
const ADMIN: &str = "admin";

/// What a participant's row permits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParticipantState {
    /// Reads and sends.
    Active,
    /// Reads only.
    Muted,
    /// Left: neither reads nor sends.
    Left,
    /// Was removed: neither reads nor sends.
    Removed,
    /// Neither reads nor sends, whether present or not, and cannot return by themselves.
    Blocked,
}

impl Participant {
    /// The state of the row.
    pub fn state(&self) -> ParticipantState {
        match (self.blocked, self.membership, self.muted) {
            (true, _, _) => ParticipantState::Blocked,
            (false, Membership::Left, _) => ParticipantState::Left,
            (false, Membership::Removed, _) => ParticipantState::Removed,
            (false, Membership::Present, true) => ParticipantState::Muted,
            (false, Membership::Present, false) => ParticipantState::Active,
        }
    }

    /// Refuses a participant whose row does not permit reading.
    pub fn may_read(&self) -> Result<(), Denied> {
        match self.state() {
            ParticipantState::Active | ParticipantState::Muted => Ok(()),
            ParticipantState::Left | ParticipantState::Removed => Err(Denied::Gone),
            ParticipantState::Blocked => Err(Denied::Blocked),
        }
    }

    /// Whether others see them among the participants. A blocked participant stays visible.
    pub fn takes_part(&self) -> bool {
        self.membership == Membership::Present
    }

    /// Whether they left by themselves, blocked or not.
    pub fn has_left(&self) -> bool {
        self.membership == Membership::Left
    }
}

/// Why a user may not read a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// They never participated; for them the conversation does not exist.
    Stranger,
    /// They left or were removed.
    Gone,
    /// They are blocked.
    Blocked,
}

impl Denied {
    /// The refusal of a request that names a message and not its conversation.
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

/// Why a user who may read may not send.
#[derive(Clone, Debug, PartialEq)]
pub enum Silenced {
    /// They are muted.
    Muted,
    /// The deal permits their role no free text now.
    ByDeal(::flow::Refusal),
    /// The conversation is closed or archived.
    Closed,
    /// One of the two people of a direct conversation has blocked the other.
    Unreachable,
    /// They are staff who only read.
    Viewer,
}

impl From<Silenced> for Refusal {
    fn from(silenced: Silenced) -> Self {
        match silenced {
            Silenced::Muted => Self::Muted,
            Silenced::ByDeal(refusal) => refusal.into(),
            Silenced::Closed => Self::ConversationClosed,
            Silenced::Unreachable => Self::Unreachable,
            Silenced::Viewer => Self::Forbidden("Viewers of a business read, and say nothing"),
        }
    }
}

/// How a user may read a conversation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Access<'a> {
    /// As a participant.
    Participant(&'a Participant),
    /// As a participant whose token opens every conversation.
    StaffParticipant(&'a Participant),
    /// Without participating, as staff of the business whose support it is.
    BusinessStaff(StaffRole),
    /// Without participating, with a token that opens every conversation.
    Staff,
}

impl<'a> Access<'a> {
    /// The access of a user with this row, if they ever participated, and these roles.
    pub fn of(own: Option<&'a Participant>, roles: Roles) -> Result<Self, Denied> {
        Self::with_staff(own, roles, None)
    }

    /// The same for a user who may be staff of the business whose support the conversation is. Whoever takes part reads as a participant.
    pub fn with_staff(
        own: Option<&'a Participant>,
        roles: Roles,
        staff: Option<StaffRole>,
    ) -> Result<Self, Denied> {
        let opens = roles.may(Privilege::OpenEveryConversation);
        match (own.map(|it| (it, it.may_read())), opens, staff) {
            (Some((person, Ok(()))), false, _) => Ok(Self::Participant(person)),
            (Some((person, Ok(()))), true, _) => Ok(Self::StaffParticipant(person)),
            (Some((_, Err(_))) | None, true, _) => Ok(Self::Staff),
            (Some((_, Err(_))) | None, false, Some(role)) => Ok(Self::BusinessStaff(role)),
            (Some((_, Err(denied))), false, None) => Err(denied),
            (None, false, None) => Err(Denied::Stranger),
        }
    }

    /// Their row; `None` if they do not participate.
    pub fn participant(self) -> Option<&'a Participant> {
        match self {
            Self::Participant(person) | Self::StaffParticipant(person) => Some(person),
            Self::BusinessStaff(_) | Self::Staff => None,
        }
    }

    /// Their role for audiences and deals; `None` if they do not participate.
    pub fn role(self) -> Option<&'a str> {
        self.participant().map(|person| person.role.as_str())
    }

    /// Whether their token opens every conversation.
    pub fn is_staff(self) -> bool {
        match self {
            Self::Participant(_) | Self::BusinessStaff(_) => false,
            Self::StaffParticipant(_) | Self::Staff => true,
        }
    }

    /// The user as a reader of messages.
    pub fn reader(self, no: UserNo) -> Reader {
        let person = self.participant();
        Reader {
            no,
            role: person.map(|person| person.role.clone()),
            sees_from: person.map_or(0, |person| person.sees_from),
        }
    }

    /// What they may do with messages of others, participants and settings.
    pub fn power(self) -> Power {
        match self {
            Self::StaffParticipant(_)
            | Self::Staff
            | Self::BusinessStaff(StaffRole::Manager | StaffRole::Owner) => Power::Moderates,
            Self::Participant(person) if matches!(person.role.as_str(), OWNER | ADMIN) => {
                Power::Moderates
            }
            Self::Participant(_) | Self::BusinessStaff(StaffRole::Viewer | StaffRole::Agent) => {
                Power::OwnOnly
            }
        }
    }

    /// Whether they may pin messages, where so many people take part: who manages the conversation, and both of two.
    pub fn may_pin(self, people: usize) -> bool {
        let is_one_of_two = people <= 2 && self.participant().is_some();
        is_one_of_two || self.power() == Power::Moderates
    }

    /// Refuses free text. Staff may send whatever the deal permits; a mute and a block hold for participants with a
    /// staff token too. `blocks` are those between the conversation's people.
    pub fn may_speak(self, conversation: &Conversation, blocks: &Blocks) -> Result<(), Silenced> {
        self.may_be_heard()?;
        if let (Self::Participant(person), Some(deal)) = (self, &conversation.flow) {
            deal.may_type(&person.role).map_err(Silenced::ByDeal)?;
        }
        self.may_take_part(conversation, blocks)
    }

    /// Refuses those who only read.
    fn may_be_heard(self) -> Result<(), Silenced> {
        let state = self.participant().map(Participant::state);
        if state == Some(ParticipantState::Muted) {
            return Err(Silenced::Muted);
        }
        match self == Self::BusinessStaff(StaffRole::Viewer) {
            true => Err(Silenced::Viewer),
            false => Ok(()),
        }
    }

    /// Refuses reactions and pins, for the same reasons as free text, but whatever a deal says of that.
    pub fn may_annotate(
        self,
        conversation: &Conversation,
        blocks: &Blocks,
    ) -> Result<(), Silenced> {
        self.may_be_heard()?;
        self.may_take_part(conversation, blocks)
    }

    fn may_take_part(self, conversation: &Conversation, blocks: &Blocks) -> Result<(), Silenced> {
        match conversation.status {
            ConversationStatus::Open => {}
            ConversationStatus::Closed | ConversationStatus::Archived => {
                return Err(Silenced::Closed);
            }
        }
        match self.participant() {
            Some(_) if blocks.silence(conversation) => Err(Silenced::Unreachable),
            Some(_) | None => Ok(()),
        }
    }

    /// How long they wait between two messages; `None` if they need not.
    pub fn waits_between_messages(self, conversation: &Conversation) -> Option<Duration> {
        match (conversation.slow_seconds, self) {
            (0, _) => None,
            (seconds, Self::Participant(_)) if self.power() == Power::OwnOnly => {
                Some(Duration::from_secs(seconds.into()))
            }
            (_, _) => None,
        }
    }

    /// The roles with which a message of theirs is stored: staff of a business answer what only staff see.
    pub fn roles_to_store(self, roles: Roles) -> Roles {
        match self {
            Self::BusinessStaff(_) => Roles {
                support: true,
                ..roles
            },
            Self::Participant(_) | Self::StaffParticipant(_) | Self::Staff => roles,
        }
    }

    /// The flow actors as which they may act, in the order in which these are tried.
    pub fn actors(self, roles: Roles) -> Vec<FlowActor> {
        let role = self.role().filter(|role| !BUILT_IN.contains(role));
        let role = role.map(|role| FlowActor::Role(role.to_owned()));
        let platform = roles.may(Privilege::ActAsPlatform);
        let platform = platform.then_some(FlowActor::System);
        let staff = self.is_staff().then_some(FlowActor::Staff);
        role.into_iter().chain(platform).chain(staff).collect()
    }

    /// The actions of a deal that they may take now: those of all actors as which they may act, each once.
    pub fn available_actions(self, roles: Roles, deal_view: &DealView) -> Vec<&AvailableAction> {
        deal_view.actions_of_actors(&self.actors(roles))
    }

    /// What a deal lets them type: staff may always type, as in `may_speak`.
    pub fn chat(self, deal_view: &DealView) -> ChatPolicy {
        match self {
            Self::Participant(person) => deal_view.chat_of(&person.role),
            Self::BusinessStaff(StaffRole::Viewer) => ChatPolicy::Read,
            Self::BusinessStaff(_) | Self::StaffParticipant(_) | Self::Staff => ChatPolicy::Free,
        }
    }
}

/// How a user may read a conversation that they may have left.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Admission<'a> {
    /// They may read it.
    Has(Access<'a>),
    /// They left a conversation of two users and may return.
    MayReturn,
}

impl<'a> Admission<'a> {
    /// The admission of a user with this row and these roles.
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

/// The role of a user who may read as a participant.
pub fn role_among(people: &[Participant], user: UserNo) -> Option<&str> {
    let readers = people.iter().filter(|person| person.may_read().is_ok());
    let mut own = readers.filter(|person| person.no == user);
    own.next().map(|person| person.role.as_str())
}

/// The membership that a user who may no longer read is sent; `none` if they never participated.
pub fn lost_membership(person: Option<&Participant>) -> &'static str {
    match person {
        None => "none",
        Some(person) if person.takes_part() => "blocked",
        Some(gone) => gone.membership.name(),
    }
}

impl Audience {
    /// Whether an audience includes a reader with this number and role. Staff who do not participate have no
    /// role; an audience with the role `staff` includes them.
    pub fn admits(audience: Option<&Self>, reader: UserNo, role: Option<&str>) -> bool {
        match audience {
            Some(Self::User(only)) => *only == reader,
            Some(Self::Role(_)) | None => Self::admits_role(audience, role),
        }
    }

    /// Whether an audience includes everyone with this role.
    pub fn admits_role(audience: Option<&Self>, role: Option<&str>) -> bool {
        match audience {
            None => true,
            Some(Self::Role(only)) => role.unwrap_or(STAFF) == only,
            Some(Self::User(_)) => false,
        }
    }
}

#[cfg(test)]
#[path = "access_tests/mod.rs"]
mod tests;
