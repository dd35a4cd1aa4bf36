//! The state of a room and its rules: `decide` and `evolve`. Pure.

mod managing;

use std::borrow::Cow;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use crate::domain::access::blocks::Blocking;
use crate::domain::access::{Access, Denied, Privilege};
use crate::domain::command::{Command, Mark};
use crate::domain::conversation::Participant;
use crate::domain::entry::{Entry, Fact};
use crate::domain::ids::{MessageId, Seq, UserNo};
use crate::domain::message::{Content, MessageKind};
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::domain::room_event::View;
use crate::domain::snapshot::{Loaded, Reader};
use crate::store::changes::ChangeKind;

/// A conversation and its participants as of the last announced entry.
#[derive(Clone, Debug)]
pub struct State {
    view: View,
}

impl Deref for State {
    type Target = View;

    fn deref(&self) -> &View {
        &self.view
    }
}

impl DerefMut for State {
    fn deref_mut(&mut self) -> &mut View {
        &mut self.view
    }
}

/// The decision on a requested change.
#[derive(Clone, Debug)]
pub enum Decision {
    /// Write this change.
    Change(ChangeKind),
    /// Nothing changes.
    Already,
}

impl State {
    /// The state that was read from the database.
    pub fn new(loaded: Loaded) -> Self {
        let mut view = View::of(loaded.conversation, loaded.participants);
        view.blocks = loaded.blocks;
        Self { view }
    }

    /// The current conversation, as events carry it.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// The same for one reader, without the signals that blocks hide.
    pub fn view_for(&self, reader: UserNo) -> Cow<'_, View> {
        match self.blocks.of_reader(reader) {
            None => Cow::Borrowed(&self.view),
            Some(reader_blocks) => Cow::Owned(self.view.masked(&reader_blocks)),
        }
    }

    /// A participant, present or past.
    pub fn person(&self, no: UserNo) -> Option<&Participant> {
        self.people.get(no)
    }

    /// All present and past participants, in no particular order.
    pub fn everybody(&self) -> impl Iterator<Item = &Participant> {
        self.people.iter()
    }

    /// How the caller may read this conversation. A caller who never participated is answered that it does not
    /// exist.
    pub fn access(&self, caller: &Principal) -> Result<Access<'_>, Denied> {
        Access::of(self.people.get(caller.no), caller.roles)
    }

    /// The caller as a reader of messages with an audience.
    pub fn reader(&self, caller: &Principal) -> Result<Reader, Refusal> {
        Ok(self.access(caller)?.reader(caller.no))
    }

    /// Whether the caller may send messages now.
    pub fn may_speak(&self, caller: &Principal) -> Result<(), Refusal> {
        Ok(self
            .access(caller)?
            .may_speak(&self.conversation, &self.blocks)?)
    }

    /// Whether the caller may send this message.
    pub fn may_send(&self, caller: &Principal, content: &Content) -> Result<(), Refusal> {
        self.may_speak(caller)?;
        if content.kind != MessageKind::UserInput && !caller.roles.may(Privilege::SpeakAsSystem) {
            return Err(Refusal::Forbidden(
                "Only the platform may send messages of this kind",
            ));
        }
        content.reply_to.map_or(Ok(()), |id| self.must_be_here(id))
    }

    /// Refuses the id of a message of another conversation.
    pub(super) fn must_be_here(&self, id: MessageId) -> Result<(), Refusal> {
        let here = id.conversation == self.conversation.no;
        here.then_some(()).ok_or(Refusal::MessageNotFound)
    }

    /// The seq to which one of the caller's watermarks moves; `None` if it does not move. It never moves beyond
    /// the last seq.
    pub fn mark(
        &self,
        caller: &Principal,
        mark: Mark,
        seq: Seq,
    ) -> Result<(Seq, Option<Seq>), Refusal> {
        let person = self.access(caller)?.participant();
        let person = person.ok_or(Refusal::NotAParticipant)?;
        let now = match mark {
            Mark::Delivered => person.delivered_seq,
            Mark::Seen => person.read_seq,
        };
        let wanted = seq.min(self.conversation.last_seq);
        Ok((now, (wanted > now).then_some(wanted)))
    }

    /// The seq of a user's watermark.
    pub fn marked(&self, user: UserNo, mark: Mark) -> Option<Seq> {
        self.person(user).map(|person| match mark {
            Mark::Delivered => person.delivered_seq,
            Mark::Seen => person.read_seq,
        })
    }

    /// Decides on a requested change.
    pub fn decide(&self, caller: &Principal, command: &Command) -> Result<Decision, Refusal> {
        self.may_ask(caller, command)?;
        match command {
            Command::Edit { message, body } => {
                self.must_be_here(*message)?;
                self.may_speak(caller)?;
                let reader = self.reader(caller)?;
                Ok(Decision::Change(ChangeKind::Edit {
                    message: *message,
                    body: body.clone(),
                    reader,
                }))
            }
            Command::Delete { message } => {
                self.must_be_here(*message)?;
                let access = self.access(caller)?;
                Ok(Decision::Change(ChangeKind::Delete {
                    message: *message,
                    power: access.power(),
                    reader: access.reader(caller.no),
                }))
            }
            Command::AddParticipant { user, role } => {
                self.decide_add(caller, user, role.as_deref())
            }
            Command::ChangeParticipant { user, change } => self.decide_change(caller, user, change),
            Command::RemoveParticipant { user } => self.decide_removal(caller, user),
            Command::ChangeSettings { title, status } => {
                self.decide_settings(caller, title.as_ref(), *status)
            }
            Command::DescribeSubject { title, card } => {
                self.decide_description(caller, title.as_ref(), card)
            }
            Command::AssignRole { user, role } => self.decide_assignment(caller, user, role),
            Command::Send(_) | Command::Type(_) | Command::Mark { .. } | Command::See { .. } => {
                Ok(Decision::Already)
            }
        }
    }

    /// Applies an entry that is being announced.
    pub fn evolve(&mut self, entry: &Entry) {
        self.conversation.last_seq = entry.seq;
        if !matches!(entry.fact, Fact::Block { .. }) {
            self.conversation.updated_at = entry.at;
        }
        if entry.fact.changes_policy() {
            self.conversation.policy_version += 1;
        }
        match &entry.fact {
            Fact::Said(_) | Fact::Edited(_) | Fact::Deleted(_) => {}
            Fact::Stepped(stepped) => {
                self.conversation.flow = Some(Arc::clone(&stepped.deal_view));
            }
            Fact::Block { block, blocking } => self.blocks.apply(*block, *blocking),
            Fact::Participant { now, blocks, .. } => {
                for block in blocks {
                    self.blocks.apply(*block, Blocking::Begun);
                }
                let mut now = now.clone();
                // A watermark committed after this change may already have been applied; keep the higher one.
                if let Some(before) = self.people.get(now.no) {
                    now.delivered_seq = now.delivered_seq.max(before.delivered_seq);
                    now.read_seq = now.read_seq.max(before.read_seq);
                }
                self.people.insert(now);
            }
            Fact::Settings {
                title,
                status,
                card,
            } => {
                self.conversation.title = title.as_deref().map(Into::into);
                self.conversation.status = *status;
                if let Some(subject) = &mut self.conversation.subject {
                    Arc::make_mut(subject).card.clone_from(card);
                }
            }
        }
    }

    /// Applies a committed watermark; returns its previous value if it moved.
    pub fn evolve_mark(&mut self, user: UserNo, mark: Mark, seq: Seq) -> Option<Seq> {
        let person = self.people.get_mut(user)?;
        let before = match mark {
            Mark::Delivered => person.delivered_seq,
            Mark::Seen => person.read_seq,
        };
        if mark == Mark::Seen {
            person.read_seq = person.read_seq.max(seq);
        }
        person.delivered_seq = person.delivered_seq.max(seq);
        (seq > before).then_some(before)
    }
}

#[cfg(test)]
#[path = "state_tests/mod.rs"]
mod tests;
