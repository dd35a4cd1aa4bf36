//! Decisions on participants, title, status and subject of a conversation. Pure.

use super::{Decision, State};
use crate::domain::access::policies::{History, KindPolicy};
use crate::domain::access::{Admission, Privilege};
use crate::domain::command::{Command, ParticipantChange, SettingsChange};
use crate::domain::conversation::{
    Card, ConversationKind, ConversationStatus, MEMBER, Membership, Participant,
};
use crate::domain::flow::Phase;
use crate::domain::ids::UserId;
use crate::domain::limits;
use crate::domain::message::Power;
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::store::changes::{ChangeKind, Closing, Consent, Returns};

/// Somebody who is to be added.
pub(super) struct Wanted<'a> {
    pub(super) user: &'a UserId,
    /// The role; `None` for the one that they had, or the default.
    pub(super) role: Option<&'a str>,
    /// What they shall see of what was said before; `None` for what the platform says.
    pub(super) history: Option<History>,
}

impl State {
    /// Refuses callers who may not know of the conversation. A participant who left a direct conversation may
    /// ask to return.
    pub(super) fn may_ask(&self, caller: &Principal, command: &Command) -> Result<(), Refusal> {
        let own = self.person(caller.no);
        if self.is_deleted {
            return Err(Refusal::ConversationNotFound);
        }
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
        wanted: Wanted<'_>,
        policy: &KindPolicy,
    ) -> Result<Decision, Refusal> {
        let user = wanted.user;
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
        if self.count_present() >= self.conversation.most_participants(policy.maximum) {
            return Err(Refusal::Unprocessable("The conversation is full"));
        }
        let role = wanted
            .role
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
        // Who adds somebody may show them less than the platform does, and not more.
        let history = match wanted.history {
            Some(History::FromJoining) => History::FromJoining,
            Some(History::All) | None => policy.history_of(&role),
        };
        Ok(Decision::Change(ChangeKind::Add {
            user: user.clone(),
            role,
            returns,
            consent,
            history,
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
        change: &SettingsChange,
        policy: &KindPolicy,
    ) -> Result<Decision, Refusal> {
        let is_direct = self.conversation.kind == ConversationKind::Direct;
        if !is_direct {
            self.must_manage(caller)?;
        }
        let mut settings = self.conversation.settings();
        if let Some(title) = &change.title {
            settings.title.clone_from(title);
        }
        if let Some(status) = change.status {
            settings.status = status;
        }
        if let Some(seconds) = change.slow_seconds {
            must_be_slow(seconds, is_direct)?;
            settings.slow_seconds = seconds;
        }
        if let Some(most) = change.max_participants {
            must_fit(most, is_direct, policy)?;
            settings.max_participants = most;
        }
        let closing = self.closing(settings.status, change.reason.as_ref())?;
        if settings == self.conversation.settings() && closing == Closing::Unchanged {
            return Ok(Decision::Already);
        }
        Ok(Decision::Change(ChangeKind::Settings {
            settings,
            closing,
            card: None,
        }))
    }

    /// What becomes of how the conversation was closed, when it gets this status for this reason.
    fn closing(
        &self,
        after: ConversationStatus,
        reason: Option<&String>,
    ) -> Result<Closing, Refusal> {
        use ConversationStatus::{Archived, Closed, Open};
        let now = &self.conversation;
        let known = now.closed.as_ref().and_then(|it| it.reason.as_ref());
        Ok(match (now.status, after, reason) {
            (_, Open, Some(_)) => {
                let why = "is for a conversation that is closed or archived";
                return Err(Refusal::invalid("reason", why));
            }
            (Open, Open, None) => Closing::Unchanged,
            (Closed | Archived, Open, None) => Closing::Ends,
            (Closed | Archived, Closed | Archived, None) => Closing::Unchanged,
            (Closed | Archived, Closed | Archived, Some(_)) if reason == known => {
                Closing::Unchanged
            }
            (_, Closed | Archived, _) => Closing::Begins {
                reason: reason.cloned(),
            },
        })
    }

    pub(super) fn decide_end(&self, caller: &Principal) -> Result<Decision, Refusal> {
        if !caller.roles.may(Privilege::DeleteConversations) {
            return Err(Refusal::Forbidden(
                "Only an admin or the platform may delete a conversation",
            ));
        }
        let deal = self.conversation.flow.as_ref();
        match deal.is_some_and(|deal| deal.phase == Phase::Running) {
            true => Err(Refusal::Conflict(
                "The deal of this conversation is running",
            )),
            false => Ok(Decision::Change(ChangeKind::End)),
        }
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
        let mut settings = now.settings();
        match (subject.is_described(), title) {
            (true, None) => {}
            (true, Some(title)) => settings.title = Some(title.clone()),
            (false, title) => {
                settings.title = title.cloned();
                settings.status = ConversationStatus::Open;
            }
        }
        if subject.card == *card && settings == now.settings() {
            return Ok(Decision::Already);
        }
        let closing = self.closing(settings.status, None)?;
        Ok(Decision::Change(ChangeKind::Settings {
            settings,
            closing,
            card: Some(card.clone()),
        }))
    }

    pub(super) fn decide_card(&self, caller: &Principal, card: &Card) -> Result<Decision, Refusal> {
        must_have(caller, Privilege::DescribeSubjects)?;
        let subject = self.conversation.subject.as_ref();
        match subject.is_some_and(|subject| subject.card != *card) {
            false => Ok(Decision::Already),
            true => Ok(Decision::Change(ChangeKind::Settings {
                settings: self.conversation.settings(),
                closing: Closing::Unchanged,
                card: Some(card.clone()),
            })),
        }
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

/// Refuses a number of participants that the kind of conversation does not have.
fn must_fit(most: Option<u16>, is_direct: bool, policy: &KindPolicy) -> Result<(), Refusal> {
    let Some(most) = most else {
        return Ok(());
    };
    if is_direct {
        return Err(Refusal::Unprocessable(
            "A direct conversation has exactly two people",
        ));
    }
    limits::participants(usize::from(most), policy.maximum)
}

fn must_be_slow(seconds: u16, is_direct: bool) -> Result<(), Refusal> {
    let most = limits::SLOW_SECONDS;
    match seconds {
        0 => Ok(()),
        _ if is_direct => Err(Refusal::Unprocessable(
            "A direct conversation has no slow mode",
        )),
        _ if seconds > most => Err(Refusal::invalid(
            "slow_seconds",
            format!("must be 0–{most}"),
        )),
        _ => Ok(()),
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
