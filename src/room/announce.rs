//! The way out: committed entries, in order, encoded once, to everybody who may hear them.

use actix::prelude::*;

use super::actor::Room;
use super::listener::Encoded;
use super::marking::AUTHORS;
use crate::domain::conversation::{Membership, Participant};
use crate::domain::entry::{Entry, Fact};
use crate::domain::flow::Stepped;
use crate::domain::ids::{Seq, SessionId, UserNo};
use crate::domain::message::Message;
use crate::wire::encode::{self, MessageEvent};

/// Nobody has this number, the system neither: for bytes that are for everybody but the sender.
const NOBODY: UserNo = UserNo(-1);

impl Room {
    /// Takes in what somebody else committed, in whatever order it comes. What this room was woken with already is news for
    /// those elsewhere alone.
    pub(super) fn take_in(&mut self, entries: Vec<Entry>, context: &mut Context<Self>) {
        for entry in entries {
            match &entry.fact {
                Fact::Said(message) if entry.seq <= self.woken_at => self.notices.add(message),
                Fact::Stepped(stepped) if entry.seq <= self.woken_at => {
                    let told = self.step_encoded(&entry, stepped);
                    self.tell_of_step_elsewhere(&told);
                }
                _ => {}
            }
            self.timeline.offer(entry);
        }
        self.announce(context);
        self.notify_absent(context);
    }

    /// Announces every entry whose turn has come.
    pub(super) fn announce(&mut self, context: &mut Context<Self>) {
        let ready = self.timeline.ready();
        if ready.is_empty() {
            return;
        }
        let mut said = Vec::with_capacity(ready.len());
        for entry in ready {
            let newcomer = self.newcomer(&entry.fact);
            self.state.evolve(&entry);
            match &entry.fact {
                Fact::Said(message) => {
                    self.remember_author(message);
                    said.push(self.encoded(MessageEvent::New, entry.seq, message));
                    self.notices.add(message);
                }
                Fact::Edited(message) => {
                    said.push(self.encoded(MessageEvent::Updated, entry.seq, message))
                }
                Fact::Deleted(message) => {
                    said.push(self.encoded(MessageEvent::Deleted, entry.seq, message))
                }
                Fact::Stepped(stepped) => {
                    let told = self.step_encoded(&entry, stepped);
                    self.tell_of_step_elsewhere(&told);
                    said.push(told);
                }
                Fact::Participant { .. } | Fact::Settings { .. } => {
                    self.tell(&std::mem::take(&mut said));
                    self.announce_conversation(&entry, newcomer, context);
                }
            }
        }
        self.tell_together(said, context);
        self.notify_absent(context);
    }

    fn encoded(&self, kind: MessageEvent, seq: Seq, message: &Message) -> Encoded {
        let place = self.state.conversation.id;
        let for_all = encode::message(kind, place, seq, message, NOBODY);
        let for_sender = encode::message_to_sender(&for_all, &message.draft.client_id);
        Encoded {
            seq: Some(seq),
            for_all,
            for_roles: Vec::new(),
            for_sender: Some((message.sender, for_sender)),
            audience: message.draft.audience.clone(),
        }
    }

    /// A step's event: each role gets its own actions, staff theirs.
    fn step_encoded(&self, entry: &Entry, stepped: &Stepped) -> Encoded {
        let place = self.state.conversation.id;
        let bytes = |role: Option<&str>| encode::step(place, entry, stepped, role);
        let mut roles: Vec<&str> = self.state.everybody().map(|p| p.role.as_str()).collect();
        roles.sort_unstable();
        roles.dedup();
        Encoded {
            seq: Some(entry.seq),
            for_all: bytes(None),
            for_roles: roles
                .into_iter()
                .map(|role| (role.to_owned(), bytes(Some(role))))
                .collect(),
            for_sender: None,
            audience: None,
        }
    }

    /// Those who take part and are online, but have not joined: their lists show whose turn it is.
    fn tell_of_step_elsewhere(&self, told: &Encoded) {
        let joined = self.joined_sessions();
        for person in self.state.everybody().filter(|p| p.may_read().is_ok()) {
            for outbox in self.house.directory.outboxes(person.no) {
                if !joined.contains(&outbox.session()) {
                    outbox.text(told.bytes_for_role(Some(&person.role)));
                }
            }
        }
    }

    fn remember_author(&mut self, message: &Message) {
        if self.authors.len() == AUTHORS {
            self.authors.pop_front();
        }
        self.authors.push_back((message.seq(), message.sender));
        if !self.typing.is_empty() {
            self.stop_typing(message.sender);
        }
    }

    /// Whether a fact opens the conversation to somebody who could not read it before.
    fn newcomer(&self, fact: &Fact) -> Option<UserNo> {
        let Fact::Participant { now, .. } = fact else {
            return None;
        };
        let could_read = self
            .state
            .person(now.no)
            .is_some_and(|before| before.may_read().is_ok());
        (now.may_read().is_ok() && !could_read).then_some(now.no)
    }

    fn announce_conversation(
        &mut self,
        entry: &Entry,
        newcomer: Option<UserNo>,
        context: &mut Context<Self>,
    ) {
        if let Fact::Participant { now, .. } = &entry.fact {
            self.move_person(now, entry.seq, context);
        }
        if let Some(user) = newcomer {
            let created = encode::conversation_created(
                &self.state.conversation,
                &self.state.people(),
                &self.house.directory,
            );
            for outbox in self.house.directory.outboxes(user) {
                outbox.text(created.clone());
            }
        }
        let people = self.state.people();
        let conversation = &self.state.conversation;
        let event = Encoded {
            seq: Some(entry.seq),
            for_all: encode::conversation_updated(
                entry.seq,
                conversation,
                &people,
                &self.house.directory,
            ),
            for_roles: Vec::new(),
            for_sender: None,
            audience: None,
        };
        let bytes = event.for_all.clone();
        self.tell(&[event]);
        self.tell_elsewhere(&people, &bytes);
    }

    /// Those who take part and are online, but have not joined, and those who watch the subject.
    fn tell_elsewhere(&self, people: &[Participant], bytes: &bytestring::ByteString) {
        let joined: Vec<SessionId> = self
            .listeners
            .iter()
            .map(|listener| listener.outbox.session())
            .collect();
        for person in people.iter().filter(|person| person.may_read().is_ok()) {
            for outbox in self.house.directory.outboxes(person.no) {
                if !joined.contains(&outbox.session()) {
                    outbox.text(bytes.clone());
                }
            }
        }
    }

    /// Somebody came, went or changed: who listens, whose presence is heard, and what they are told.
    fn move_person(&mut self, person: &Participant, seq: Seq, context: &mut Context<Self>) {
        let directory = &self.house.directory;
        if person.may_read().is_ok() {
            self.listeners
                .iter_mut()
                .filter(|l| l.principal.no == person.no)
                .for_each(|l| l.role = Some(person.role.clone()));
            self.attach(person.no, context);
            return;
        }
        self.listeners.retain(|l| {
            l.principal.no != person.no || l.principal.roles.opens_every_conversation()
        });
        let mut stays = Vec::new();
        for staff in self.listeners.iter_mut() {
            if staff.principal.no == person.no {
                staff.role = None;
                stays.push(staff.outbox.session());
            }
        }
        let lost = encode::conversation_lost(self.state.conversation.id, seq, person);
        for outbox in directory.outboxes(person.no) {
            if !stays.contains(&outbox.session()) {
                outbox.text(lost.clone());
            }
        }
        if person.membership != Membership::Present {
            self.house
                .directory
                .detach(person.no, self.state.conversation.no);
        }
    }
}
