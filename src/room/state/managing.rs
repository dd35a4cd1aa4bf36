//! Decisions on participants, title, status and subject of a conversation. Pure.

use super::{Decision, State};
use crate::domain::access::{Admission, Privilege};
use crate::domain::command::{Command, ParticipantChange};
use crate::domain::conversation::{
    Card, ConversationKind, ConversationStatus, MEMBER, Membership, Participant,
};
use crate::domain::flow::Phase;
use crate::domain::ids::UserId;
use crate::domain::limits;
use crate::domain::message::Power;
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::store::changes::{ChangeKind, Consent, Returns};

impl State {
    /// Refuses callers who may not know of the conversation. A participant who left a direct conversation may
    /// ask to return.
    pub(super) fn may_ask(&self, caller: &Principal, command: &Command) -> Result<(), Refusal> {
        let own = self.person(caller.no);
        match command {
            Command::AddParticipant { user, .. } if *user == caller.id => {
                Admission::of(own, self.conversation.kind, caller.roles)?;
            }
            _ => drop(self.access(caller)?),
        }
        Ok(())
    }

    fn find(&self, id: &UserId) -> Option<&Participant> {
        self.people.iter().find(|person| person.id == *id)
    }

    fn must_manage(&self, caller: &Principal) -> Result<(), Refusal> {
        match self.access(caller)?.power() {
            Power::Moderates => Ok(()),
            Power::OwnOnly => Err(Refusal::Forbidden(
                "Only its owner or an admin may manage this conversation",
            )),
        }
    }

    pub(super) fn decide_add(
        &self,
        caller: &Principal,
        user: &UserId,
        role: Option<&str>,
    ) -> Result<Decision, Refusal> {
        let before = self.find(user);
        let is_direct = self.conversation.kind == ConversationKind::Direct;
        let comes_back = before.is_some_and(Participant::has_left);
        let is_present = before.is_some_and(Participant::takes_part);
        match self.conversation.kind {
            ConversationKind::Direct if comes_back || is_present => {}
            ConversationKind::Direct => {
                return Err(Refusal::Unprocessable(
                    "Nobody can be added to a direct conversation: make a group",
                ));
            }
            ConversationKind::Group | ConversationKind::Support => self.must_manage(caller)?,
        }
        if is_present {
            return Ok(Decision::Already);
        }
        let present = self.people.iter().filter(|person| person.takes_part());
        if present.count() >= limits::PARTICIPANTS {
            return Err(Refusal::Unprocessable("The conversation is full"));
        }
        let role = role
            .or(before.map(|person| person.role.as_str()))
            .unwrap_or(MEMBER)
            .to_owned();
        let returns = match caller.roles.may(Privilege::OpenEveryConversation) || is_direct {
            true => Returns::Always,
            false => Returns::Once,
        };
        let comes_alone = *user == caller.id;
        let consent = match caller.roles.may(Privilege::BeginWithAnybody) || comes_alone {
            true => Consent::NotNeeded,
            false => Consent::Needed,
        };
        Ok(Decision::Change(ChangeKind::Add {
            user: user.clone(),
            role,
            returns,
            consent,
        }))
    }

    pub(super) fn decide_change(
        &self,
        caller: &Principal,
        user: &UserId,
        change: &ParticipantChange,
    ) -> Result<Decision, Refusal> {
        let person = self.present(user)?;
        let is_other_of_two =
            self.conversation.kind == ConversationKind::Direct && person.no != caller.no;
        if !is_other_of_two || change.role.is_some() {
            self.must_manage(caller)?;
        }
        let mut after = person.clone();
        after.role = change.role.clone().unwrap_or(after.role);
        after.muted = change.muted.unwrap_or(after.muted);
        after.blocked = change.blocked.unwrap_or(after.blocked);
        Ok(change_unless_same(person, after))
    }

    pub(super) fn decide_removal(
        &self,
        caller: &Principal,
        user: &UserId,
    ) -> Result<Decision, Refusal> {
        let person = self.present(user)?;
        let leaves = person.no == caller.no;
        if !leaves {
            if self.conversation.kind == ConversationKind::Direct
                && !caller.roles.may(Privilege::OpenEveryConversation)
            {
                return Err(Refusal::Unprocessable(
                    "Nobody can be removed from a direct conversation: block or leave",
                ));
            }
            self.must_manage(caller)?;
        }
        let membership = if leaves {
            Membership::Left
        } else {
            Membership::Removed
        };
        Ok(change_unless_same(
            person,
            Participant {
                membership,
                ..person.clone()
            },
        ))
    }

    fn present(&self, user: &UserId) -> Result<&Participant, Refusal> {
        let found = self.find(user).filter(|person| person.takes_part());
        found.ok_or(Refusal::ParticipantNotFound)
    }

    pub(super) fn decide_settings(
        &self,
        caller: &Principal,
        title: Option<&Option<String>>,
        status: Option<ConversationStatus>,
    ) -> Result<Decision, Refusal> {
        if self.conversation.kind != ConversationKind::Direct {
            self.must_manage(caller)?;
        }
        let after_title = title
            .cloned()
            .unwrap_or_else(|| self.conversation.title.as_deref().map(str::to_owned));
        let after_status = status.unwrap_or(self.conversation.status);
        let is_so = after_title.as_deref() == self.conversation.title.as_deref();
        if is_so && after_status == self.conversation.status {
            return Ok(Decision::Already);
        }
        Ok(Decision::Change(ChangeKind::Settings {
            title: after_title,
            status: after_status,
            card: None,
        }))
    }

    /// The platform's description of the subject. The first one also opens the conversation and sets its title,
    /// or clears it.
    pub(super) fn decide_description(
        &self,
        caller: &Principal,
        title: Option<&String>,
        card: &Card,
    ) -> Result<Decision, Refusal> {
        must_have(caller, Privilege::DescribeSubjects)?;
        let now = &self.conversation;
        let Some(subject) = &now.subject else {
            return Ok(Decision::Already);
        };
        let (title, status) = match (subject.is_described(), title) {
            (true, None) => (now.title.as_deref().map(str::to_owned), now.status),
            (true, Some(title)) => (Some(title.clone()), now.status),
            (false, title) => (title.cloned(), ConversationStatus::Open),
        };
        let is_so = title.as_deref() == now.title.as_deref();
        if subject.card == *card && is_so && status == now.status {
            return Ok(Decision::Already);
        }
        Ok(Decision::Change(ChangeKind::Settings {
            title,
            status,
            card: Some(card.clone()),
        }))
    }

    pub(super) fn decide_assignment(
        &self,
        caller: &Principal,
        user: &UserId,
        role: &str,
    ) -> Result<Decision, Refusal> {
        must_have(caller, Privilege::AssignRoles)?;
        let deal = self.conversation.flow.as_ref();
        if deal.is_some_and(|deal| deal.phase == Phase::Running) {
            return Ok(Decision::Already);
        }
        let person = self.present(user)?;
        let after = Participant {
            role: role.to_owned(),
            ..person.clone()
        };
        Ok(change_unless_same(person, after))
    }
}

fn must_have(caller: &Principal, privilege: Privilege) -> Result<(), Refusal> {
    let has = caller.roles.may(privilege);
    has.then_some(()).ok_or(Refusal::Forbidden(
        "Only the platform may say what a subject is and who takes which role in it",
    ))
}

fn change_unless_same(before: &Participant, after: Participant) -> Decision {
    if *before == after {
        Decision::Already
    } else {
        Decision::Change(ChangeKind::Set { participant: after })
    }
}
