//! Announces committed entries: in order, as events for everyone who may receive them.

use actix::prelude::*;

use std::sync::Arc;

use super::actor::Room;
use super::replay::{annotation_change, said_with};
use super::user_news::{Announced, paid};
use crate::domain::access::blocks::ReaderBlocks;
use crate::domain::access::{Access, lost_membership};
use crate::domain::conversation::Participant;
use crate::domain::entry::{Entry, Fact};
use crate::domain::flow::Stepped;
use crate::domain::ids::{Seq, UserNo};
use crate::domain::message::Message;
use crate::domain::room_event::{Change, MessageChange, RoomEvent, StepPart};
use crate::queue::{ChatFrame, EventReader, Heard};

/// The events of an announcement, by whom they are for.
struct Announcement {
    /// Events to those who have joined.
    events: Vec<Arc<RoomEvent>>,
    /// The event that follows the messages of the current step.
    after_messages: Option<Arc<RoomEvent>>,
    /// Whether the conversation is one of which users hear wherever they are.
    notifies_users: bool,
    /// What they hear of there.
    for_users: Vec<Announced>,
    /// Who sent messages, and so types no longer.
    authors: Vec<UserNo>,
}

impl Announcement {
    fn new(entries: usize, notifies_users: bool) -> Self {
        Self {
            events: Vec::with_capacity(entries),
            after_messages: None,
            notifies_users,
            for_users: Vec::new(),
            authors: Vec::new(),
        }
    }

    fn say(&mut self, event: Arc<RoomEvent>, message: &Message) {
        self.events.push(event);
        self.authors.push(message.sender);
        if self.notifies_users {
            self.for_users.push(Announced::Message(message.clone()));
        }
    }

    fn end_step(&mut self) {
        self.events.extend(self.after_messages.take());
    }
}

impl Room {
    /// Announces every entry whose predecessors have been announced.
    pub(super) fn announce(&mut self, context: &mut Context<Self>) {
        let ready = self.timeline.ready();
        self.watch_hole(context);
        if ready.is_empty() {
            return;
        }
        self.progress.note_announced(self.timeline.announced());
        if self.is_dozing() {
            // The conversation's next room sends the events; here, only answers need the state.
            return ready.iter().for_each(|entry| self.state.evolve(entry));
        }
        let mut announcement = Announcement::new(ready.len(), self.has_two_sides());
        for (index, entry) in ready.iter().enumerate() {
            let newcomer = self.newcomer(&entry.fact);
            self.state.evolve(entry);
            match &entry.fact {
                Fact::Said(message) => self.add_new(&mut announcement, entry.seq, message),
                Fact::Edited(message) => {
                    let kind = MessageChange::Updated;
                    self.add_edit(&mut announcement, kind, entry.seq, message);
                }
                Fact::Deleted(message) => {
                    let kind = MessageChange::Deleted;
                    self.add_edit(&mut announcement, kind, entry.seq, message);
                }
                Fact::Reacted(_) | Fact::Pinned(_) | Fact::Void => {
                    announcement.events.extend(self.annotated(entry));
                }
                Fact::Stepped(stepped) => {
                    announcement.end_step();
                    self.state.deal.step(stepped);
                    let after = ready.get(index + 1..).unwrap_or_default();
                    self.add_step(&mut announcement, entry, stepped, after);
                }
                Fact::Participant { .. } | Fact::Settings { .. } => {
                    announcement.end_step();
                    self.tell(&std::mem::take(&mut announcement.events));
                    self.announce_conversation(entry, newcomer, context);
                }
                Fact::Ended => {
                    announcement.end_step();
                    self.tell(&std::mem::take(&mut announcement.events));
                    self.send_everybody_away(entry.seq);
                }
                Fact::Block { block, blocking } => {
                    announcement.end_step();
                    self.tell(&std::mem::take(&mut announcement.events));
                    self.apply_block(*block, *blocking);
                }
            }
        }
        self.send_announcement(announcement, context);
    }

    /// Sends the events of the announced entries, and what follows from them.
    fn send_announcement(&mut self, mut announcement: Announcement, context: &mut Context<Self>) {
        announcement.end_step();
        self.tell_together(announcement.events, context);
        self.tell_users(&announcement.for_users);
        for author in announcement.authors {
            self.stop_typing(author);
        }
        self.announce_marks_heard(context);
        self.notify_absent(context);
    }

    fn add_new(&mut self, announcement: &mut Announcement, seq: Seq, message: &Message) {
        self.note_spoken(message.sender);
        self.authors.remember(message.seq(), message.sender);
        self.state.deal.say(message);
        let event = self.message_event(MessageChange::New, seq, message);
        announcement.say(event, message);
        self.notices.add(message);
    }

    /// The event of an edit or a deletion.
    fn add_edit(
        &mut self,
        announcement: &mut Announcement,
        kind: MessageChange,
        seq: Seq,
        message: &Message,
    ) {
        let event = self.message_event(kind, seq, message);
        announcement.events.push(event);
        self.notices.unread_changes().add_message(message);
    }

    /// A step as its events, in their order; a payment's event follows its messages.
    fn add_step(
        &self,
        announcement: &mut Announcement,
        entry: &Entry,
        stepped: &Arc<Stepped>,
        after: &[Entry],
    ) {
        let tells_parts = self.sends_parts_of_steps();
        let part = |part, seq| {
            let change = Change::StepPart {
                part,
                stepped: Arc::clone(stepped),
                said: said_with(after),
                view: self.state.view().clone(),
            };
            tells_parts.then(|| self.event(seq, change))
        };
        announcement
            .events
            .extend(part(StepPart::Conversation, Some(entry.seq)));
        let step = self.stepped(entry, stepped);
        self.tell_elsewhere(&step);
        announcement.events.push(step);
        announcement
            .events
            .extend(self.acted(entry.seq, stepped, after));
        if let Some(payment) = paid(stepped, after) {
            announcement.after_messages = part(StepPart::Payment, None);
            announcement.for_users.push(payment);
        }
    }

    /// An event of this conversation; `seq` is `None` if it is not stored.
    pub(super) fn event(&self, seq: Option<Seq>, change: Change) -> Arc<RoomEvent> {
        RoomEvent::new(self.state.conversation.id, seq, change)
    }

    /// A signal of a user of this conversation.
    pub(super) fn signal(&self, user: UserNo, change: Change) -> Arc<RoomEvent> {
        RoomEvent::signal(self.state.conversation.id, user, change)
    }

    /// The event of a reaction or a pin.
    fn annotated(&self, entry: &Entry) -> Option<Arc<RoomEvent>> {
        let change = annotation_change(&entry.fact)?;
        Some(self.event(Some(entry.seq), change))
    }

    fn message_event(&self, kind: MessageChange, seq: Seq, message: &Message) -> Arc<RoomEvent> {
        let change = Change::Message {
            kind,
            message: message.clone(),
            view: self.state.view().clone(),
        };
        self.event(Some(seq), change)
    }

    pub(super) fn stepped(&self, entry: &Entry, stepped: &Arc<Stepped>) -> Arc<RoomEvent> {
        let change = Change::Stepped {
            at: entry.at,
            stepped: Arc::clone(stepped),
            view: self.state.view().clone(),
        };
        self.event(Some(entry.seq), change)
    }

    /// The step as a button press or an input, for dialects that show it. Sent only for steps made by a person.
    fn acted(&self, seq: Seq, stepped: &Arc<Stepped>, after: &[Entry]) -> Option<Arc<RoomEvent>> {
        stepped
            .actor_id
            .as_ref()
            .filter(|_| self.sends_parts_of_steps())?;
        let change = Change::Acted {
            stepped: Arc::clone(stepped),
            said: said_with(after),
            view: self.state.view().clone(),
        };
        Some(self.event(Some(seq), change))
    }

    /// Sends an event to participants who are online and have not joined.
    pub(super) fn tell_elsewhere(&self, event: &Arc<RoomEvent>) {
        let joined = self.joined_sessions();
        for person in self.state.everybody().filter(|p| p.may_read().is_ok()) {
            let queues = self.queues_elsewhere(person.no, &joined);
            if queues.is_empty() {
                continue;
            }
            let (role, reader_blocks) = self.role_and_blocks(person);
            let event_reader = EventReader {
                role: Some(&role),
                reader_blocks: reader_blocks.as_ref(),
            };
            for queue in queues {
                queue.push(ChatFrame::event(event, event_reader, Heard::Elsewhere));
            }
        }
    }

    /// The role for which a participant's events are encoded, and the blocks that concern them.
    pub(super) fn role_and_blocks(
        &self,
        person: &Participant,
    ) -> (Arc<str>, Option<Arc<ReaderBlocks>>) {
        let reader_blocks = self.state.blocks.of_reader(person.no);
        (Arc::from(person.role.as_str()), reader_blocks)
    }

    /// Whether a listener's dialect sends a step as several events.
    fn sends_parts_of_steps(&self) -> bool {
        let mut listeners = self.listeners.iter();
        listeners.any(|listener| listener.dialect.needs().acts)
    }

    /// The user who can read the conversation from this fact on, if there is one.
    pub(super) fn newcomer(&self, fact: &Fact) -> Option<UserNo> {
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
        if self.state.conversation.slow_seconds == 0 {
            self.slow_mode.clear();
        }
        if let Fact::Participant { now, .. } = &entry.fact {
            self.move_person(now, entry.seq, context);
            self.renew_reader_blocks();
        }
        if let Some(user) = newcomer {
            self.welcome(user);
        }
        let changed = Change::Changed(self.state.view().clone());
        let changed = self.event(Some(entry.seq), changed);
        self.tell_elsewhere(&changed);
        self.tell(&[changed]);
    }

    /// Notifies all sessions of a user who can read the conversation from now on.
    pub(super) fn welcome(&self, user: UserNo) {
        let person = self.state.person(user);
        let person = person.map(|person| self.role_and_blocks(person));
        let (role, reader_blocks) = person.unzip();
        let event_reader = EventReader {
            role: role.as_ref(),
            reader_blocks: reader_blocks.as_ref().and_then(Option::as_ref),
        };
        let created = self.event(None, Change::Created(self.state.view().clone()));
        for queue in self.deps.directory.queues(user) {
            queue.push(ChatFrame::event(&created, event_reader, Heard::Anywhere));
        }
    }

    /// Drops listeners who may no longer read. Their sessions get the event that says so.
    fn send_away(&mut self, person: &Participant) {
        let staff = self.state.staff_role(person.no);
        self.listeners.retain(|listener| {
            let principal = &listener.principal;
            let access = Access::with_staff(Some(person), principal.roles, staff);
            principal.no != person.no || access.is_ok()
        });
    }

    /// Applies a change of a participant to listeners and presence subscriptions, and announces it.
    pub(super) fn move_person(
        &mut self,
        person: &Participant,
        seq: Seq,
        context: &mut Context<Self>,
    ) {
        if person.may_read().is_ok() {
            self.listeners
                .iter_mut()
                .filter(|l| l.principal.no == person.no)
                .for_each(|listener| {
                    listener.role = Some(person.role.as_str().into());
                    listener.sees_from = person.sees_from;
                });
            self.attach(person.no, context);
            return;
        }
        self.send_away(person);
        let mut stays = Vec::new();
        for staff in self.listeners.iter_mut() {
            if staff.principal.no == person.no {
                staff.role = None;
                staff.sees_from = 0;
                stays.push(staff.queue.session());
            }
        }
        let membership = lost_membership(Some(person));
        let lost = self.event(None, Change::Lost { seq, membership });
        for queue in self.deps.directory.queues(person.no) {
            if !stays.contains(&queue.session()) {
                queue.push(ChatFrame::event(
                    &lost,
                    EventReader::ANYBODY,
                    Heard::Anywhere,
                ));
            }
        }
        if !person.takes_part() {
            self.deps
                .directory
                .detach(person.no, self.state.conversation.no);
        }
    }
}
