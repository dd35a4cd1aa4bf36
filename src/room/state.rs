//! The state of a room and its rules: `decide` and `evolve`. Pure.

mod annotating;
mod managing;
mod mentioning;
mod messages;

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use crate::domain::access::blocks::Blocking;
use crate::domain::access::policies::Policies;
use crate::domain::access::{Access, Denied, Privilege};
use crate::domain::business::{StaffMember, StaffRole};
use crate::domain::command::{Command, Mark, Reads};
use crate::domain::conversation::Participant;
use crate::domain::entry::{Entry, Fact};
use crate::domain::ids::{MessageId, Seq, UserNo};
use crate::domain::message::{Content, MessageKind};
use crate::domain::principal::{Principal, Roles};
use crate::domain::refusal::Refusal;
use crate::domain::room_event::View;
use crate::domain::snapshot::{Loaded, Reader};
use crate::store::changes::ChangeKind;
use managing::Wanted;

/// A conversation and its participants as of the last announced entry.
#[derive(Clone, Debug)]
pub struct State {
    view: View,
    /// The conversation is there for nobody any more.
    is_deleted: bool,
    /// Those who are or were staff of the business whose support it is.
    staff: HashMap<UserNo, StaffMember>,
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
        Self {
            view,
            is_deleted: false,
            staff: loaded.staff.into_iter().map(|it| (it.user, it)).collect(),
        }
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

    /// How many people take part now.
    fn count_present(&self) -> usize {
        let present = self.everybody().filter(|person| person.takes_part());
        present.count()
    }

    /// All present and past participants, in no particular order.
    pub fn everybody(&self) -> impl Iterator<Item = &Participant> {
        self.people.iter()
    }

    /// How the caller may read this conversation. A caller who never participated is answered that it does not
    /// exist.
    pub fn access(&self, caller: &Principal) -> Result<Access<'_>, Denied> {
        match self.is_deleted {
            true => Err(Denied::Stranger),
            false => {
                let staff = self.staff_role(caller.no);
                Access::with_staff(self.people.get(caller.no), caller.roles, staff)
            }
        }
    }

    /// What a user does for the business whose support the conversation is.
    pub fn staff_role(&self, user: UserNo) -> Option<StaffRole> {
        self.staff.get(&user)?.role
    }

    /// The name under which customers know somebody who is or was staff.
    pub fn staff_name(&self, user: UserNo) -> Option<&str> {
        self.staff.get(&user)?.display_name.as_deref()
    }

    /// The roles with which a message of the caller's is stored.
    pub fn roles_to_store(&self, caller: &Principal) -> Roles {
        if self.staff.is_empty() {
            return caller.roles;
        }
        let access = self.access(caller);
        access.map_or(caller.roles, |access| access.roles_to_store(caller.roles))
    }

    /// Applies a change of the staff, unless a later one is known; returns whether it was applied.
    pub fn evolve_staff(&mut self, member: StaffMember) -> bool {
        let known = self.staff.get(&member.user);
        let is_new = known.is_none_or(|known| known.changed_at < member.changed_at);
        if is_new {
            self.staff.insert(member.user, member);
        }
        is_new
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
        if !content.mentions.is_empty() {
            self.may_mention(caller, content)?;
        }
        let root = content.thread.map(|thread| thread.root);
        let mut others = root.into_iter().chain(content.reply_to);
        others.try_for_each(|id| self.must_see(caller, id))
    }

    /// How long the caller waits between two messages; `None` if they need not.
    pub fn waits_between_messages(&self, caller: &Principal) -> Option<Duration> {
        if self.conversation.slow_seconds == 0 {
            return None;
        }
        let access = self.access(caller).ok()?;
        access.waits_between_messages(&self.conversation)
    }

    /// Refuses the id of a message of another conversation, or from before the caller sees any.
    fn must_see(&self, caller: &Principal, id: MessageId) -> Result<(), Refusal> {
        self.must_be_here(id)?;
        let person = self.access(caller)?.participant();
        match person.is_some_and(|person| !person.sight().sees_seq(id.seq)) {
            true => Err(Refusal::MessageNotFound),
            false => Ok(()),
        }
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
        let (now, behind) = match mark {
            Mark::Delivered => (person.delivered_seq, person.delivered_seq),
            Mark::Seen(Reads::MainLine) => (person.read_seq, person.read_seq),
            Mark::Seen(Reads::All) => (person.read_seq, person.read_seq.min(person.threads_seq)),
        };
        let wanted = seq.min(self.conversation.last_seq);
        Ok((now, (wanted > behind).then_some(wanted)))
    }

    /// The seq of a user's watermark.
    pub fn marked(&self, user: UserNo, mark: Mark) -> Option<Seq> {
        self.person(user).map(|person| match mark {
            Mark::Delivered => person.delivered_seq,
            Mark::Seen(_) => person.read_seq,
        })
    }

    /// Decides on a requested change.
    pub fn decide(
        &self,
        caller: &Principal,
        command: &Command,
        policies: &Policies,
    ) -> Result<Decision, Refusal> {
        self.may_ask(caller, command)?;
        match command {
            Command::Edit { message, body } => self.decide_edit(caller, *message, body),
            Command::Delete { message } => self.decide_deletion(caller, *message),
            Command::React { .. } | Command::Pin { .. } | Command::Unpin { .. } => {
                self.decide_annotation(caller, command)
            }
            Command::RemoveAttachment { message, file } => {
                self.decide_file_removal(caller, *message, *file)
            }
            Command::AddParticipant {
                user,
                role,
                history,
            } => {
                let wanted = Wanted {
                    user,
                    role: role.as_deref(),
                    history: *history,
                };
                self.decide_add(caller, wanted, policies.of(self.conversation.kind))
            }
            Command::ChangeParticipant { user, change } => self.decide_change(caller, user, change),
            Command::RemoveParticipant { user } => self.decide_removal(caller, user),
            Command::ChangeSettings(change) => {
                self.decide_settings(caller, change, policies.of(self.conversation.kind))
            }
            Command::DeleteConversation => self.decide_end(caller),
            Command::ChangeCard(card) => self.decide_card(caller, card),
            Command::DescribeSubject { title, card } => {
                self.decide_description(caller, title.as_ref(), card)
            }
            Command::AssignRole { user, role } => self.decide_assignment(caller, user, role),
            Command::Send(_)
            | Command::Type(_)
            | Command::WhoTypes
            | Command::Mark { .. }
            | Command::ChangeThread { .. }
            | Command::See { .. }
            | Command::ChangeMine(_) => Ok(Decision::Already),
        }
    }

    /// Applies an entry that is being announced.
    pub fn evolve(&mut self, entry: &Entry) {
        self.conversation.last_seq = entry.seq;
        if entry.fact.moves_conversation() {
            self.conversation.updated_at = entry.at;
        }
        if entry.fact.changes_policy() {
            self.conversation.policy_version += 1;
        }
        match &entry.fact {
            Fact::Said(_)
            | Fact::Edited(_)
            | Fact::Deleted(_)
            | Fact::Reacted(_)
            | Fact::Pinned(_)
            | Fact::Void => {}
            Fact::Ended => self.is_deleted = true,
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
                    now.threads_seq = now.threads_seq.max(before.threads_seq);
                    now.unread_from = before.unread_from;
                }
                self.people.insert(now);
            }
            Fact::Settings { settings, card } => {
                self.conversation.set(settings);
                if let Some(subject) = &mut self.conversation.subject {
                    Arc::make_mut(subject).card.clone_from(card);
                }
            }
        }
    }

    /// Applies from where on somebody counts as unread; returns whether that is another seq than before.
    pub fn evolve_unread_from(&mut self, user: UserNo, unread_from: Option<Seq>) -> bool {
        let person = self.people.get_mut(user);
        person.is_some_and(|person| {
            std::mem::replace(&mut person.unread_from, unread_from) != unread_from
        })
    }

    /// Whether reading up to a seq ends what somebody counts as unread again.
    pub fn ends_unread_from(&self, user: UserNo, seq: Seq) -> bool {
        let person = self.person(user);
        let from = person.and_then(|person| person.unread_from);
        from.is_some_and(|from| seq >= from)
    }

    /// Applies a committed watermark; returns its previous value if it moved, or if more of threads is read than before.
    pub fn evolve_mark(&mut self, user: UserNo, mark: Mark, seq: Seq) -> Option<Seq> {
        let person = self.people.get_mut(user)?;
        let (before, behind) = match mark {
            Mark::Delivered => (person.delivered_seq, person.delivered_seq),
            Mark::Seen(Reads::MainLine) => (person.read_seq, person.read_seq),
            Mark::Seen(Reads::All) => (person.read_seq, person.read_seq.min(person.threads_seq)),
        };
        if let Mark::Seen(reads) = mark {
            person.read_seq = person.read_seq.max(seq);
            if reads == Reads::All {
                person.threads_seq = person.threads_seq.max(seq);
            }
        }
        person.delivered_seq = person.delivered_seq.max(seq);
        (seq > behind).then_some(before)
    }
}

#[cfg(test)]
#[path = "state_tests/mod.rs"]
mod tests;
