//! Sends messages and payments to users wherever they are online, in dialects with events for users beside conversations.

use std::collections::HashSet;
use std::sync::Arc;

use super::actor::Room;
use super::replay::said_with;
use crate::domain::access::blocks::ReaderBlocks;
use crate::domain::conversation::{ConversationKind, Participant};
use crate::domain::entry::Entry;
use crate::domain::flow::{FlowActor, Stepped};
use crate::domain::ids::SessionId;
use crate::domain::message::{Message, MessageKind};
use crate::domain::room_event::{Change, MessageNews, RoomEvent, UserNews};
use crate::queue::{ChatFrame, ConnectionQueue, EventReader, Heard, Push};
use crate::telemetry::metrics::Metrics;

/// Something that was announced.
pub(super) enum Announced {
    /// A message.
    Message(Message),
    /// A step that a payment made, and its messages.
    Payment(Arc<Stepped>, Vec<Message>),
}

/// Why a message was sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Occasion {
    /// A payment, which users get as an event of its own.
    Payment,
    /// Anything else.
    Other,
}

impl Occasion {
    /// Of a message that was announced after a payment with these messages.
    fn of(message: &Message, paid: &[Message]) -> Self {
        match paid.iter().any(|said| said.id == message.id) {
            true => Self::Payment,
            false => Self::Other,
        }
    }
}

/// A step, if a payment made it, with its messages.
pub(super) fn paid(stepped: &Arc<Stepped>, after: &[Entry]) -> Option<Announced> {
    let is_by_payment = stepped.actor == FlowActor::Payment.name();
    is_by_payment.then(|| Announced::Payment(Arc::clone(stepped), said_with(after)))
}

/// A user, and those of their sessions whose dialect has events for users.
struct Hearer<'a> {
    person: &'a Participant,
    role: Arc<str>,
    reader_blocks: Option<Arc<ReaderBlocks>>,
    sessions: Vec<Arc<ConnectionQueue>>,
}

impl Room {
    /// Notifies the people of a conversation of two sides: a direct one, or one with a deal.
    pub(super) fn tell_users(&self, announced: &[Announced]) {
        if announced.is_empty() || !self.has_two_sides() {
            return;
        }
        let hearers = self.hearers();
        if hearers.is_empty() {
            return;
        }
        let joined = self.joined_sessions();
        let mut paid: &[Message] = &[];
        for one in announced {
            match one {
                Announced::Message(message) => {
                    let occasion = Occasion::of(message, paid);
                    self.tell_of_message(message, occasion, &hearers, &joined);
                }
                Announced::Payment(stepped, said) => {
                    paid = said;
                    self.tell_of_payment(stepped, said, &hearers);
                }
            }
        }
    }

    /// Whether it is a direct conversation, or one with a deal.
    pub(super) fn has_two_sides(&self) -> bool {
        let conversation = &self.state.conversation;
        conversation.kind == ConversationKind::Direct || conversation.flow.is_some()
    }

    fn hearers(&self) -> Vec<Hearer<'_>> {
        let mut hearers = Vec::new();
        let readers = self.state.everybody();
        for person in readers.filter(|person| person.may_read().is_ok()) {
            let directory = &self.deps.directory;
            let hears = |queue: &ConnectionQueue| queue.state().hears_user_events();
            let sessions = directory.queues_where(person.no, hears);
            if !sessions.is_empty() {
                let (role, reader_blocks) = self.role_and_blocks(person);
                hearers.push(Hearer {
                    person,
                    role,
                    reader_blocks,
                    sessions,
                });
            }
        }
        hearers
    }

    fn tell_of_message(
        &self,
        message: &Message,
        occasion: Occasion,
        hearers: &[Hearer<'_>],
        joined: &HashSet<SessionId>,
    ) {
        if !message.asks_to_be_read() {
            return;
        }
        let news = MessageNews::new(self.preview(message));
        let newest = |is_own| {
            let message = Arc::clone(&news);
            self.to_user(UserNews::Newest { message, is_own })
        };
        let sent = || self.to_user(UserNews::Sent(Arc::clone(&news)));
        let metrics = &self.deps.metrics;
        for hearer in hearers {
            let person = hearer.person;
            let reader_blocks = hearer.reader_blocks.as_deref();
            let is_wanted = !reader_blocks
                .is_some_and(|reader_blocks| reader_blocks.is_unwanted(message.sender));
            if !is_wanted || !message.is_visible_to(person.sight()) {
                continue;
            }
            let is_typed = message.content.kind == MessageKind::UserInput;
            match (person.no == message.sender, is_typed) {
                (true, true) => hearer.tell(&[sent(), newest(true)], metrics),
                (true, false) => {}
                (false, _) if message.is_by(&person.id) => {}
                (false, _) => {
                    let newest = newest(false);
                    if occasion == Occasion::Payment {
                        hearer.tell(&[newest], metrics);
                        continue;
                    }
                    let received = self.to_user(UserNews::Received(Arc::clone(&news)));
                    let both = [received, newest];
                    hearer.tell_joined_both(&both, joined, metrics);
                }
            }
        }
    }

    fn tell_of_payment(&self, stepped: &Arc<Stepped>, said: &[Message], hearers: &[Hearer<'_>]) {
        let paid = self.to_user(UserNews::Payment {
            stepped: Arc::clone(stepped),
            said: said.to_vec(),
        });
        for hearer in hearers {
            hearer.tell(std::slice::from_ref(&paid), &self.deps.metrics);
        }
    }

    /// News as an event of this conversation.
    pub(super) fn to_user(&self, news: UserNews) -> Arc<RoomEvent> {
        let view = self.state.view().clone();
        self.event(None, Change::ToUser { news, view })
    }
}

impl Hearer<'_> {
    fn tell(&self, events: &[Arc<RoomEvent>], metrics: &Metrics) {
        for queue in &self.sessions {
            self.push(queue, events, metrics);
        }
    }

    /// Sessions that have joined hear of both, and the others of the second.
    fn tell_joined_both(
        &self,
        both: &[Arc<RoomEvent>; 2],
        joined: &HashSet<SessionId>,
        metrics: &Metrics,
    ) {
        for queue in &self.sessions {
            match joined.contains(&queue.session()) {
                true => self.push(queue, both, metrics),
                false => self.push(queue, std::slice::from_ref(&both[1]), metrics),
            }
        }
    }

    fn push(&self, queue: &ConnectionQueue, events: &[Arc<RoomEvent>], metrics: &Metrics) {
        let event_reader = EventReader {
            role: Some(&self.role),
            reader_blocks: self.reader_blocks.as_ref(),
        };
        let frame = |event| ChatFrame::event(event, event_reader, Heard::Anywhere);
        if queue.frames(events.iter().map(frame)) == Push::Overflowed {
            metrics.overflows.inc();
            log::info!(event = "slow_reader", user_id:% = self.person.id; "the queue of a connection ran over");
        }
    }
}
