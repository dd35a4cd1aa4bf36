//! Announces committed entries: in order, as events for everyone who may receive them.

use actix::prelude::*;

use std::sync::Arc;

use super::actor::Room;
use super::replay::said_with;
use crate::domain::access::{Access, lost_membership};
use crate::domain::conversation::Participant;
use crate::domain::entry::{Entry, Fact};
use crate::domain::flow::Stepped;
use crate::domain::ids::{Seq, UserNo};
use crate::domain::message::Message;
use crate::domain::room_event::{Change, MessageChange, RoomEvent};
use crate::queue::{ChatFrame, Heard};

impl Room {
    /// Accepts entries that did not go through this room, in any order. Entries that the room has read at its
    /// start are only new to sessions that have not joined.
    pub(super) fn take_in(&mut self, entries: Vec<Entry>, context: &mut Context<Self>) {
        for entry in entries {
            match &entry.fact {
                Fact::Said(message) if entry.seq <= self.woken_at => self.notices.add(message),
                Fact::Stepped(stepped) if entry.seq <= self.woken_at => {
                    self.tell_elsewhere(&self.stepped(&entry, stepped));
                }
                _ => {}
            }
            self.timeline.offer(entry);
        }
        self.announce(context);
        self.notify_absent(context);
    }

    /// Announces every entry whose predecessors have been announced.
    pub(super) fn announce(&mut self, context: &mut Context<Self>) {
        let ready = self.timeline.ready();
        self.watch_hole(context);
        if ready.is_empty() {
            return;
        }
        self.progress.note_announced(self.timeline.announced());
        let mut said = Vec::with_capacity(ready.len());
        for (place, entry) in ready.iter().enumerate() {
            let newcomer = self.newcomer(&entry.fact);
            self.state.evolve(entry);
            match &entry.fact {
                Fact::Said(message) => {
                    self.remember_author(message);
                    self.state.deal.say(message);
                    said.push(self.message_event(MessageChange::New, entry.seq, message));
                    self.notices.add(message);
                }
                Fact::Edited(message) => {
                    said.push(self.message_event(MessageChange::Updated, entry.seq, message));
                    self.notices.unread_changes().add_message(message);
                }
                Fact::Deleted(message) => {
                    said.push(self.message_event(MessageChange::Deleted, entry.seq, message));
                    self.notices.unread_changes().add_message(message);
                }
                Fact::Stepped(stepped) => {
                    self.state.deal.step(stepped);
                    let step = self.stepped(entry, stepped);
                    self.tell_elsewhere(&step);
                    said.push(step);
                    let after = ready.get(place + 1..).unwrap_or_default();
                    said.extend(self.acted(entry.seq, stepped, after));
                }
                Fact::Participant { .. } | Fact::Settings { .. } => {
                    self.tell(&std::mem::take(&mut said));
                    self.announce_conversation(entry, newcomer, context);
                }
            }
        }
        self.tell_together(said, context);
        self.notify_absent(context);
    }

    /// An event of this conversation; `seq` is `None` if it is not stored.
    pub(super) fn event(&self, seq: Option<Seq>, change: Change) -> Arc<RoomEvent> {
        RoomEvent::new(self.state.conversation.id, seq, change)
    }

    fn message_event(&self, kind: MessageChange, seq: Seq, message: &Message) -> Arc<RoomEvent> {
        let change = Change::Message {
            kind,
            message: message.clone(),
            view: self.state.view().clone(),
        };
        self.event(Some(seq), change)
    }

    fn stepped(&self, entry: &Entry, stepped: &Arc<Stepped>) -> Arc<RoomEvent> {
        let change = Change::Stepped {
            at: entry.at,
            stepped: Arc::clone(stepped),
            view: self.state.view().clone(),
        };
        self.event(Some(entry.seq), change)
    }

    /// The step as a button press or an input, for dialects that show it. Sent only for steps made by a person.
    fn acted(&self, seq: Seq, stepped: &Arc<Stepped>, after: &[Entry]) -> Option<Arc<RoomEvent>> {
        let mut listeners = self.listeners.iter();
        listeners.find(|listener| listener.dialect.needs().acts)?;
        stepped.actor_id.as_ref()?;
        let change = Change::Acted {
            stepped: Arc::clone(stepped),
            said: said_with(after),
            view: self.state.view().clone(),
        };
        Some(self.event(Some(seq), change))
    }

    /// Sends an event to participants who are online and have not joined.
    fn tell_elsewhere(&self, event: &Arc<RoomEvent>) {
        let joined = self.joined_sessions();
        for person in self.state.everybody().filter(|p| p.may_read().is_ok()) {
            let mut outboxes = self.deps.directory.outboxes(person.no);
            outboxes.retain(|queue| !joined.contains(&queue.session()));
            if outboxes.is_empty() {
                continue;
            }
            let role = Arc::from(person.role.as_str());
            for queue in outboxes {
                queue.push(ChatFrame::event(event, Some(&role), Heard::Elsewhere));
            }
        }
    }

    fn remember_author(&mut self, message: &Message) {
        self.authors.remember(message.seq(), message.sender);
        self.stop_typing(message.sender);
    }

    /// The user who can read the conversation from this fact on, if there is one.
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
        let view = || self.state.view().clone();
        if let Some(user) = newcomer {
            let person = self.state.person(user);
            let role = person.map(|person| Arc::from(person.role.as_str()));
            let created = self.event(None, Change::Created(view()));
            for queue in self.deps.directory.outboxes(user) {
                queue.push(ChatFrame::event(&created, role.as_ref(), Heard::Anywhere));
            }
        }
        let changed = self.event(Some(entry.seq), Change::Changed(view()));
        self.tell_elsewhere(&changed);
        self.tell(&[changed]);
    }

    /// Drops listeners who may no longer read. Their sessions are told with the event that says so.
    fn send_away(&mut self, person: &Participant) {
        self.listeners.retain(|listener| {
            let principal = &listener.principal;
            principal.no != person.no || Access::of(Some(person), principal.roles).is_ok()
        });
    }

    /// Applies a change of a participant to listeners and presence subscriptions, and announces it.
    fn move_person(&mut self, person: &Participant, seq: Seq, context: &mut Context<Self>) {
        if person.may_read().is_ok() {
            self.listeners
                .iter_mut()
                .filter(|l| l.principal.no == person.no)
                .for_each(|l| l.role = Some(person.role.as_str().into()));
            self.attach(person.no, context);
            return;
        }
        self.send_away(person);
        let mut stays = Vec::new();
        for staff in self.listeners.iter_mut() {
            if staff.principal.no == person.no {
                staff.role = None;
                stays.push(staff.queue.session());
            }
        }
        let membership = lost_membership(Some(person));
        let lost = self.event(None, Change::Lost { seq, membership });
        for queue in self.deps.directory.outboxes(person.no) {
            if !stays.contains(&queue.session()) {
                queue.push(ChatFrame::event(&lost, None, Heard::Anywhere));
            }
        }
        if !person.takes_part() {
            self.deps
                .directory
                .detach(person.no, self.state.conversation.no);
        }
    }
}
