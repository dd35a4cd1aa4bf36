//! The supervisor of rooms: wakes, finds and forgets them.

pub mod deals;
mod mailbox;
mod waking;

use actix::dev::SendError;
use actix::prelude::*;
use dashmap::DashMap;
use std::sync::Arc;
use tokio::sync::oneshot;

use crate::deal::actor::Committed;
use crate::domain::answer::Answer;
use crate::domain::command::Command;
use crate::domain::conversation::{Conversation, Participant};
use crate::domain::ids::ConversationId;
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::domain::room_event::{Change, RoomEvent, View};
use crate::domain::snapshot::Loaded;
use crate::error::Error;
use crate::queue::{ChatFrame, Heard};
use crate::room::actor::Room;
use crate::room::reply::{Asker, Reply};
use crate::room::{RoomDeps, Sleep, Tired, ToRoom};
use crate::store::conversations::Key;
use crate::store::replay;
use waking::Waking;

type Awake = Arc<DashMap<ConversationId, Addr<Room>>>;

/// What sessions and REST hold of the rooms. Anybody may read who is awake; only the registry writes it.
#[derive(Clone)]
pub struct Rooms {
    awake: Awake,
    registry: Addr<Registry>,
}

impl Rooms {
    /// Sends a message to a conversation's room, waking it if need be. Messages of one caller arrive in their order.
    pub fn send(&self, conversation: ConversationId, message: ToRoom) {
        let undelivered = match self.awake.get(&conversation) {
            Some(room) => match room.try_send(message) {
                Ok(()) => return,
                Err(SendError::Full(message)) => {
                    let full = Refusal::Unavailable(
                        "This conversation is busier than it can be: try again",
                    );
                    return refuse(message, full);
                }
                Err(SendError::Closed(message)) => message,
            },
            None => message,
        };
        self.registry.do_send(Deliver {
            conversation,
            message: undelivered,
        });
    }

    /// Tells a room that a session has ended; a room that sleeps does not care.
    pub fn leave_if_awake(&self, conversation: ConversationId, leave: ToRoom) {
        match self.awake.get(&conversation) {
            Some(room) => room.do_send(leave),
            None => {
                if let Some(reply) = leave.into_reply() {
                    reply.send(Ok(Answer::Done));
                }
            }
        }
    }

    /// Sends a command and waits for its outcome.
    pub async fn ask(
        &self,
        conversation: ConversationId,
        principal: Arc<Principal>,
        command: Command,
    ) -> Result<Answer, Error> {
        let (sender, answer) = oneshot::channel();
        let reply = Reply::new(conversation, Asker::Rest(sender));
        self.send(
            conversation,
            ToRoom::Do {
                principal,
                command,
                reply,
            },
        );
        answer
            .await
            .map_err(|_| Error::internal("a room answered nothing"))?
    }

    /// Tells those who take part in a new conversation of it.
    pub fn announce_creation(
        &self,
        deps: &RoomDeps,
        conversation: &Conversation,
        people: &[Participant],
    ) {
        let view = View::of(conversation.clone(), people.iter().cloned());
        let created = RoomEvent::new(conversation.id, None, Change::Created(view));
        for person in people {
            let role = Arc::from(person.role.as_str());
            for queue in deps.directory.outboxes(person.no) {
                queue.push(ChatFrame::event(&created, Some(&role), Heard::Anywhere));
            }
        }
    }

    /// Makes a room panic; says whether it was awake.
    #[cfg(debug_assertions)]
    pub fn panic(&self, conversation: ConversationId) -> bool {
        let room = self.awake.get(&conversation);
        room.inspect(|room| room.do_send(crate::room::Panic))
            .is_some()
    }

    /// Hands a room what somebody else has committed. Whatever its sender asks of an awake room afterwards finds it there.
    pub fn take_in(&self, committed: Committed) {
        let room = self.awake.get(&committed.conversation);
        match room.filter(|room| room.connected()) {
            Some(room) => room.do_send(ToRoom::Committed(committed.entries)),
            None => self.registry.do_send(committed),
        }
    }

    /// How many rooms are awake.
    pub fn count(&self) -> usize {
        self.awake.len()
    }
}

impl Handler<Committed> for Registry {
    type Result = ();

    fn handle(&mut self, committed: Committed, context: &mut Self::Context) {
        let Committed {
            conversation,
            entries,
        } = committed;
        self.deliver(conversation, ToRoom::Committed(entries), context);
    }
}

/// A message for a room that is not awake, as far as its sender knows.
#[derive(Message)]
#[rtype(result = "()")]
struct Deliver {
    conversation: ConversationId,
    message: ToRoom,
}

/// Wakes rooms on the arbiters that it was given, one after the other.
pub struct Registry {
    awake: Awake,
    /// Messages that wait for a room that is being read; bounded by what sessions and addresses may send.
    waking: Waking<ToRoom>,
    deps: Arc<RoomDeps>,
    arbiters: Vec<Arbiter>,
    next: usize,
}

impl Registry {
    /// Starts the registry, and as many threads for rooms.
    pub fn start(deps: Arc<RoomDeps>, threads: u16) -> Rooms {
        let awake = Awake::default();
        let arbiters = (0..threads).map(|_| Arbiter::new()).collect();
        let registry = Self {
            awake: Arc::clone(&awake),
            waking: Waking::default(),
            deps,
            arbiters,
            next: 0,
        };
        let address = Self::start_in_arbiter(&Arbiter::new().handle(), |context| {
            context.set_mailbox_capacity(1 << 16);
            registry
        });
        Rooms {
            awake,
            registry: address,
        }
    }

    fn wake(&mut self, conversation: ConversationId, first: ToRoom, context: &mut Context<Self>) {
        self.waking.begin(conversation, first);
        let pool = self.deps.pool.clone();
        let read = async move {
            pool.run(move |connection| replay::load(connection, Key::Id(conversation)))
                .await
        };
        context.spawn(read.into_actor(self).map(move |loaded, registry, context| {
            registry.woken(conversation, loaded, context);
        }));
    }

    /// The messages that waited reach the room before anybody else can find it, so their order stays.
    fn woken(
        &mut self,
        conversation: ConversationId,
        loaded: Result<Option<Loaded>, Error>,
        context: &mut Context<Self>,
    ) {
        let waiting = self.waking.end(conversation);
        match loaded {
            Err(error) => refuse_all(waiting, error),
            Ok(None) => waiting.into_iter().for_each(nowhere),
            Ok(Some(loaded)) => {
                let Some(room) = self.start_room(loaded, context) else {
                    return;
                };
                waiting
                    .into_iter()
                    .for_each(|message| room.do_send(message));
                self.awake.insert(conversation, room);
            }
        }
    }

    fn start_room(&mut self, loaded: Loaded, context: &mut Context<Self>) -> Option<Addr<Room>> {
        self.next = (self.next + 1) % self.arbiters.len().max(1);
        let arbiter = self.arbiters.get(self.next)?;
        let (deps, registry) = (
            Arc::clone(&self.deps),
            context.address().recipient::<Tired>(),
        );
        let places = deps.mailbox;
        Some(mailbox::start(&arbiter.handle(), places, move |_| {
            Room::new(loaded, deps, registry)
        }))
    }
}

/// There is no such conversation. Leaving it is answered as leaving any other that one has not joined: nobody learns from the
/// answer which conversations there are.
fn nowhere(message: ToRoom) {
    match message {
        ToRoom::Leave { reply, .. } => reply.send(Ok(Answer::Done)),
        other => refuse(other, Refusal::ConversationNotFound),
    }
}

fn refuse_all(waiting: Vec<ToRoom>, error: Error) {
    let refusal = match error {
        Error::Refused(refusal) => refusal,
        Error::Internal(cause) => {
            let request_id = uuid::Uuid::now_v7();
            log::error!(event = "room_not_woken", request_id:% = request_id; "{cause}");
            Refusal::Internal { request_id }
        }
    };
    waiting
        .into_iter()
        .for_each(|message| refuse(message, refusal.clone()));
}

/// Entries need no answer: a room that can not take them in reads them when it wakes.
fn refuse(message: ToRoom, refusal: Refusal) {
    if let Some(reply) = message.into_reply() {
        reply.refuse(refusal);
    }
}

impl Actor for Registry {
    type Context = Context<Self>;
}

impl Supervised for Registry {}

impl Handler<Deliver> for Registry {
    type Result = ();

    fn handle(
        &mut self,
        Deliver {
            conversation,
            message,
        }: Deliver,
        context: &mut Self::Context,
    ) {
        self.deliver(conversation, message, context);
    }
}

impl Registry {
    fn deliver(
        &mut self,
        conversation: ConversationId,
        message: ToRoom,
        context: &mut Context<Self>,
    ) {
        let Err(message) = self.waking.wait(conversation, message) else {
            return;
        };
        let alive = self
            .awake
            .get(&conversation)
            .filter(|room| room.connected())
            .map(|room| room.clone());
        match alive {
            Some(room) => room.do_send(message),
            None => self.wake(conversation, message, context),
        }
    }
}

impl Handler<Tired> for Registry {
    type Result = ();

    fn handle(&mut self, Tired { conversation, room }: Tired, _: &mut Self::Context) {
        self.awake.remove(&conversation);
        room.do_send(Sleep);
    }
}
