//! The way out: committed entries, in order, encoded once, to everybody who may hear them.

use actix::prelude::*;

use super::actor::Room;
use super::listener::{Encoded, Told};
use super::marking::AUTHORS;
use super::worded::Worded;
use crate::domain::access::{Access, lost_membership};
use crate::domain::conversation::Participant;
use crate::domain::entry::{Entry, Fact};
use crate::domain::flow::Stepped;
use crate::domain::form::Form;
use crate::domain::ids::{Seq, UserNo};
use crate::domain::message::Message;
use crate::edge::dialect::{Event, Scene, said_with};
use crate::edge::native::encode::MessageEvent;
use crate::queue::ChatFrame;

impl Room {
    /// Takes in what somebody else committed, in whatever order it comes. What this room was woken with already is news for
    /// those elsewhere alone.
    pub(super) fn take_in(&mut self, entries: Vec<Entry>, context: &mut Context<Self>) {
        for entry in entries {
            match &entry.fact {
                Fact::Said(message) if entry.seq <= self.woken_at => self.notices.add(message),
                Fact::Stepped(stepped) if entry.seq <= self.woken_at => {
                    let entry = &entry;
                    self.tell_elsewhere(&mut self.worded(&Event::Step { entry, stepped }));
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
        for (place, entry) in ready.iter().enumerate() {
            let newcomer = self.newcomer(&entry.fact);
            self.state.evolve(entry);
            match &entry.fact {
                Fact::Said(message) => {
                    self.remember_author(message);
                    self.known.say(message);
                    said.push(self.message_told(MessageEvent::New, entry.seq, message));
                    self.notices.add(message);
                }
                Fact::Edited(message) => {
                    said.push(self.message_told(MessageEvent::Updated, entry.seq, message));
                    self.notices.unread_changes().add_message(message);
                }
                Fact::Deleted(message) => {
                    said.push(self.message_told(MessageEvent::Deleted, entry.seq, message));
                    self.notices.unread_changes().add_message(message);
                }
                Fact::Stepped(stepped) => {
                    self.known.step(stepped);
                    let step = Event::Step { entry, stepped };
                    let mut step = self.worded(&step);
                    self.tell_elsewhere(&mut step);
                    let mut step = self.heard(Some(entry.seq), step);
                    let after = ready.get(place + 1..).unwrap_or_default();
                    let act = self.act_told(entry.seq, stepped, after);
                    if act.is_some() {
                        step.told = Told::Partly;
                    }
                    said.push(step);
                    said.extend(act);
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

    /// The step as what somebody pressed or typed, where somebody listens who is told so.
    fn act_told(&self, seq: Seq, stepped: &Stepped, after: &[Entry]) -> Option<Encoded> {
        let mut listeners = self.listeners.iter();
        listeners.find(|listener| listener.form == Form::Stoory)?;
        let said = &said_with(after);
        let act = self.encoded(Some(seq), &Event::Act { stepped, said });
        act.has_words_in(Form::Stoory).then_some(act)
    }

    fn message_told(&self, kind: MessageEvent, seq: Seq, message: &Message) -> Encoded {
        self.encoded(Some(seq), &Event::Message { kind, seq, message })
    }

    /// An event in every form that is listened in.
    pub(super) fn encoded(&self, seq: Option<Seq>, event: &Event<'_>) -> Encoded {
        self.heard(seq, self.worded(event))
    }

    fn worded<'a>(&'a self, event: &'a Event<'a>) -> Worded<'a> {
        Worded::new(event, self.scene(), &self.house.metrics)
    }

    /// What those who have joined are told of an event.
    fn heard(&self, seq: Option<Seq>, mut worded: Worded<'_>) -> Encoded {
        let audience = worded.audience().cloned();
        for listener in &self.listeners {
            if listener.is_among(audience.as_ref()) {
                worded.say(listener.form, listener.role.as_deref());
            }
        }
        Encoded {
            seq,
            told: Told::Wholly,
            audience,
            spoken: worded.into_forms(),
        }
    }

    /// What one has to know to put into words what happens here.
    pub(super) fn scene(&self) -> Scene<'_> {
        Scene {
            conversation: &self.state.conversation,
            people: &self.state,
            directory: &self.house.directory,
            known: &self.known,
            system: &self.house.system_user,
        }
    }

    /// Tells those who take part and are online, but have not joined; each in the form of their connection.
    fn tell_elsewhere(&self, worded: &mut Worded<'_>) {
        let (joined, here) = (self.joined_sessions(), self.state.conversation.id);
        for person in self.state.everybody().filter(|p| p.may_read().is_ok()) {
            for outbox in self.house.directory.outboxes(person.no) {
                if !joined.contains(&outbox.session()) && !outbox.state().is_catching_up(here) {
                    worded.push(&outbox, Some(&person.role));
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
            let role = self.state.person(user).map(|person| person.role.as_str());
            let mut created = self.worded(&Event::Created);
            for outbox in self.house.directory.outboxes(user) {
                created.push(&outbox, role);
            }
        }
        let changed = Event::Changed { seq: entry.seq };
        let mut changed = self.worded(&changed);
        self.tell_elsewhere(&mut changed);
        let event = self.heard(Some(entry.seq), changed);
        self.tell(&[event]);
    }

    /// Nobody who may not read listens. A connection that keeps a list looks at it once more: it strikes the conversation out, or goes on from
    /// here where its person is back by then.
    fn send_away(&mut self, person: &Participant, seq: Seq) {
        let conversation = self.state.conversation.id;
        self.listeners.retain(|listener| {
            let principal = &listener.principal;
            let stays =
                principal.no != person.no || Access::of(Some(person), principal.roles).is_ok();
            let from = match listener.is_live() {
                true => seq.max(listener.floor),
                // What a first join has not told yet, its answer refuses.
                false => listener.floor,
            };
            if !stays && listener.form != Form::Native && from > 0 {
                listener.outbox.state().catch_up([conversation]);
                listener.outbox.push(ChatFrame::rejoin(conversation, from));
            }
            stays
        });
    }

    /// Somebody came, went or changed: who listens, whose presence is heard, and what they are told.
    fn move_person(&mut self, person: &Participant, seq: Seq, context: &mut Context<Self>) {
        if person.may_read().is_ok() {
            self.listeners
                .iter_mut()
                .filter(|l| l.principal.no == person.no)
                .for_each(|l| l.role = Some(person.role.clone()));
            self.attach(person.no, context);
            return;
        }
        self.send_away(person, seq);
        let mut stays = Vec::new();
        for staff in self.listeners.iter_mut() {
            if staff.principal.no == person.no {
                staff.role = None;
                stays.push(staff.outbox.session());
            }
        }
        let membership = lost_membership(Some(person));
        let lost = Event::Lost { seq, membership };
        let mut lost = self.worded(&lost);
        for outbox in self.house.directory.outboxes(person.no) {
            if !stays.contains(&outbox.session()) {
                lost.push(&outbox, None);
            }
        }
        if !person.takes_part() {
            self.house
                .directory
                .detach(person.no, self.state.conversation.no);
        }
    }
}
