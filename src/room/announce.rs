//! Announces committed entries: in order, as events for everyone who may receive them.

use actix::prelude::*;

use std::sync::Arc;

use super::actor::Room;
use super::replay::said_with;
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

/// What an announcement tells.
struct Telling {
    /// Events to those who have joined.
    events: Vec<Arc<RoomEvent>>,
    /// The event that follows the messages of the current step.
    after_messages: Option<Arc<RoomEvent>>,
    /// Whether the conversation is one of which users hear wherever they are.
    tells_users: bool,
    /// What they hear of there.
    for_users: Vec<Announced>,
    /// Who sent messages, and so types no longer.
    authors: Vec<UserNo>,
}

impl Telling {
    fn new(entries: usize, tells_users: bool) -> Self {
        Self {
            events: Vec::with_capacity(entries),
            after_messages: None,
            tells_users,
            for_users: Vec::new(),
            authors: Vec::new(),
        }
    }

    fn say(&mut self, event: Arc<RoomEvent>, message: &Message) {
        self.events.push(event);
        self.authors.push(message.sender);
        if self.tells_users {
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
            // The conversation's next room tells people; here, only answers need the state.
            return ready.iter().for_each(|entry| self.state.evolve(entry));
        }
        let mut telling = Telling::new(ready.len(), self.has_two_sides());
        for (place, entry) in ready.iter().enumerate() {
            let newcomer = self.newcomer(&entry.fact);
            self.state.evolve(entry);
            match &entry.fact {
                Fact::Said(message) => self.tell_new(&mut telling, entry.seq, message),
                Fact::Edited(message) => {
                    self.tell_edit(&mut telling, MessageChange::Updated, entry.seq, message);
                }
                Fact::Deleted(message) => {
                    self.tell_edit(&mut telling, MessageChange::Deleted, entry.seq, message);
                }
                Fact::Stepped(stepped) => {
                    telling.end_step();
                    self.state.deal.step(stepped);
                    let after = ready.get(place + 1..).unwrap_or_default();
                    self.tell_step(&mut telling, entry, stepped, after);
                }
                Fact::Participant { .. } | Fact::Settings { .. } => {
                    telling.end_step();
                    self.tell(&std::mem::take(&mut telling.events));
                    self.announce_conversation(entry, newcomer, context);
                }
                Fact::Ended => {
                    telling.end_step();
                    self.tell(&std::mem::take(&mut telling.events));
                    self.send_everybody_away(entry.seq);
                }
                Fact::Block { block, blocking } => {
                    telling.end_step();
                    self.tell(&std::mem::take(&mut telling.events));
                    self.apply_block(*block, *blocking);
                }
            }
        }
        self.tell_announced(telling, context);
    }

    /// Tells what the announced entries make, and what follows from it.
    fn tell_announced(&mut self, mut telling: Telling, context: &mut Context<Self>) {
        telling.end_step();
        self.tell_together(telling.events, context);
        self.tell_users(&telling.for_users);
        for author in telling.authors {
            self.stop_typing(author);
        }
        self.announce_marks_heard(context);
        self.notify_absent(context);
    }

    fn tell_new(&mut self, telling: &mut Telling, seq: Seq, message: &Message) {
        self.note_spoken(message.sender);
        self.authors.remember(message.seq(), message.sender);
        self.state.deal.say(message);
        let event = self.message_event(MessageChange::New, seq, message);
        telling.say(event, message);
        self.notices.add(message);
    }

    /// The event of an edit or a deletion.
    fn tell_edit(
        &mut self,
        telling: &mut Telling,
        kind: MessageChange,
        seq: Seq,
        message: &Message,
    ) {
        let event = self.message_event(kind, seq, message);
        telling.events.push(event);
        self.notices.unread_changes().add_message(message);
    }

    /// A step as its events, in their order; a payment's event follows its messages.
    fn tell_step(
        &self,
        telling: &mut Telling,
        entry: &Entry,
        stepped: &Arc<Stepped>,
        after: &[Entry],
    ) {
        let tells_parts = self.tells_parts_of_steps();
        let part = |part, seq| {
            let change = Change::StepPart {
                part,
                stepped: Arc::clone(stepped),
                said: said_with(after),
                view: self.state.view().clone(),
            };
            tells_parts.then(|| self.event(seq, change))
        };
        telling
            .events
            .extend(part(StepPart::Conversation, Some(entry.seq)));
        let step = self.stepped(entry, stepped);
        self.tell_elsewhere(&step);
        telling.events.push(step);
        telling.events.extend(self.acted(entry.seq, stepped, after));
        if let Some(payment) = paid(stepped, after) {
            telling.after_messages = part(StepPart::Payment, None);
            telling.for_users.push(payment);
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
            .filter(|_| self.tells_parts_of_steps())?;
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

    /// Whether a listener's dialect tells a step in several events.
    fn tells_parts_of_steps(&self) -> bool {
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

    /// Tells all sessions of a user who can read the conversation from now on that it is there.
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

    /// Drops listeners who may no longer read. Their sessions are told with the event that says so.
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
