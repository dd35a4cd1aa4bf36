//! Supervises rooms: starts them on demand, finds them, and forgets those that stop.

pub mod deals;
mod forgetting;
pub mod hearing;
mod mailbox;
mod waking;

use actix::dev::SendError;
use actix::prelude::*;
use dashmap::DashMap;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::oneshot;

use crate::domain::answer::Answer;
use crate::domain::command::Command;
use crate::domain::conversation::Participant;
use crate::domain::entry::Entry;
use crate::domain::ids::{ConversationId, ConversationNo, Seq};
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::domain::room_event::{Change, RoomEvent, View};
use crate::domain::snapshot::Loaded;
use crate::error::Error;
use crate::queue::{ChatFrame, EventReader, Heard};
use crate::room::actor::Room;
use crate::room::progress::{Checked, Progress};
use crate::room::reply::{Asker, Reply};
use crate::room::{RoomDeps, ToRegistry, ToRoom};
use crate::store::conversations::Key;
use crate::store::replay;
use hearing::BeingRead;
use waking::Waking;

type Awake = Arc<DashMap<ConversationId, AwakeRoom>>;

/// A running room.
#[derive(Clone)]
struct AwakeRoom {
    address: Addr<Room>,
    progress: Arc<Progress>,
}

/// The handle through which sessions and REST reach rooms. All handles read the map of running rooms; only the
/// registry writes it.
#[derive(Clone)]
pub struct Rooms {
    awake: Awake,
    being_read: BeingRead,
    registry: Addr<Registry>,
}

impl Rooms {
    /// Sends a message to a conversation's room and starts the room if necessary. Messages of one caller arrive
    /// in order.
    pub fn send(&self, conversation: ConversationId, message: ToRoom) {
        let undelivered = match self.awake.get(&conversation) {
            Some(room) => match room.address.try_send(message) {
                Ok(()) => return,
                Err(SendError::Full(message)) => {
                    let full = Refusal::Unavailable(
                        "Too many requests wait for this conversation: try again",
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

    /// Informs a running room that a session has left; answers at once if the room is not running.
    pub fn leave_if_awake(&self, conversation: ConversationId, leave: ToRoom) {
        match self.awake.get(&conversation) {
            Some(room) => room.address.do_send(leave),
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
            .map_err(|_| Error::internal("a room stopped before it answered"))?
    }

    /// Announces a new conversation to these of its participants.
    pub fn announce_creation(
        &self,
        deps: &RoomDeps,
        new: &Loaded,
        is_told: impl Fn(&Participant) -> bool,
    ) {
        let (conversation, people) = (&new.conversation, &new.participants);
        let view = View::of(conversation.clone(), people.iter().cloned());
        let created = RoomEvent::new(conversation.id, None, Change::Created(view));
        for person in people.iter().filter(|person| is_told(person)) {
            let role = Arc::from(person.role.as_str());
            let reader_blocks = new.blocks.of_reader(person.no);
            let event_reader = EventReader {
                role: Some(&role),
                reader_blocks: reader_blocks.as_ref(),
            };
            for queue in deps.directory.queues(person.no) {
                queue.push(ChatFrame::event(&created, event_reader, Heard::Anywhere));
            }
        }
    }

    /// Makes a room panic, for tests; returns whether it was running.
    #[cfg(debug_assertions)]
    pub fn panic(&self, conversation: ConversationId) -> bool {
        let room = self.awake.get(&conversation);
        room.inspect(|room| room.address.do_send(crate::room::Panic))
            .is_some()
    }

    /// Delivers committed entries to their room. Whatever the caller sends to a running room afterwards arrives
    /// after them.
    pub fn deliver_committed(&self, conversation: ConversationId, entries: Vec<Entry>) {
        let room = self.awake.get(&conversation);
        let message = ToRoom::Committed(entries, Vec::new());
        match room.filter(|room| room.address.connected()) {
            Some(room) => room.address.do_send(message),
            None => self.registry.do_send(Deliver {
                conversation,
                message,
            }),
        }
    }

    /// Delivers committed entries to their room if it runs or is about to. A room that starts later reads them from the database.
    pub fn deliver_if_awake(&self, conversation: ConversationId, entries: Vec<Entry>) {
        let room = self.awake.get(&conversation);
        match room.filter(|room| room.address.connected()) {
            Some(room) => room.address.do_send(ToRoom::Committed(entries, Vec::new())),
            None => self.registry.do_send(IfAwake(conversation, entries)),
        }
    }

    /// How far the running rooms are that are to be checked.
    pub fn progress(&self, checked: Checked) -> HashMap<ConversationNo, RoomToCheck> {
        let rooms = self.awake.iter();
        let rooms = rooms.filter(|room| room.progress.is_among(checked));
        let found = rooms.map(|room| {
            let (announced, room) = (room.progress.announced(), room.clone());
            (room.progress.no, RoomToCheck { announced, room })
        });
        found.collect()
    }

    /// The number of running rooms.
    pub fn count(&self) -> usize {
        self.awake.len()
    }
}

/// A running room that is checked.
pub struct RoomToCheck {
    /// The last seq that it had announced before the check.
    pub announced: Seq,
    room: AwakeRoom,
}

impl RoomToCheck {
    /// Informs the room of what a check has found. A room whose mailbox is full reads with its next pulse.
    pub fn tell(&self, found: ToRoom) {
        if let Err(SendError::Full(_)) = self.room.address.try_send(found) {
            self.room.progress.fall_behind();
        }
    }

    /// The last seq that it has announced by now.
    pub fn announced_now(&self) -> Seq {
        self.room.progress.announced()
    }
}

/// Entries for a room that may be starting.
#[derive(Message)]
#[rtype(result = "()")]
struct IfAwake(ConversationId, Vec<Entry>);

impl Handler<IfAwake> for Registry {
    type Result = ();

    fn handle(&mut self, committed: IfAwake, context: &mut Self::Context) {
        let IfAwake(conversation, entries) = committed;
        if self.waking.is_waking(conversation) || self.awake.contains_key(&conversation) {
            let message = ToRoom::Committed(entries, Vec::new());
            self.deliver(conversation, message, context);
        }
    }
}

/// A message whose sender found no running room.
#[derive(Message)]
#[rtype(result = "()")]
struct Deliver {
    conversation: ConversationId,
    message: ToRoom,
}

/// Starts rooms on its arbiters, in turn.
pub struct Registry {
    awake: Awake,
    /// Messages for rooms that are being read. Rate limits of sessions and addresses bound them.
    waking: Waking<ToRoom>,
    being_read: BeingRead,
    deps: Arc<RoomDeps>,
    arbiters: Vec<Arbiter>,
    next: usize,
}

impl Registry {
    /// Starts the registry and `threads` threads for rooms.
    pub fn start(deps: Arc<RoomDeps>, threads: u16) -> Rooms {
        let (awake, being_read) = (Awake::default(), BeingRead::default());
        let arbiters = (0..threads).map(|_| Arbiter::new()).collect();
        let registry = Self {
            awake: Arc::clone(&awake),
            waking: Waking::default(),
            being_read: Arc::clone(&being_read),
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
            being_read,
            registry: address,
        }
    }

    fn wake(&mut self, conversation: ConversationId, first: ToRoom, context: &mut Context<Self>) {
        self.waking.begin(conversation, first);
        // Before it is read: what is committed later is announced while it waits.
        self.being_read.insert(conversation);
        let pool = self.deps.pool.clone();
        let read = async move {
            pool.run(move |connection| replay::load(connection, Key::Id(conversation)))
                .await
        };
        context.spawn(read.into_actor(self).map(move |loaded, registry, context| {
            registry.loaded_room(conversation, loaded, context);
            registry.being_read.remove(&conversation);
        }));
    }

    /// Hands the waiting messages to the new room before the map shows it, which keeps their order.
    fn loaded_room(
        &mut self,
        conversation: ConversationId,
        loaded: Result<Option<Loaded>, Error>,
        context: &mut Context<Self>,
    ) {
        let waiting = self.waking.end(conversation);
        match loaded {
            Err(error) => refuse_all(waiting, error),
            Ok(None) => waiting.into_iter().for_each(refuse_unknown),
            Ok(Some(loaded)) => {
                let Some(room) = self.start_room(loaded, context) else {
                    return;
                };
                waiting
                    .into_iter()
                    .for_each(|message| room.address.do_send(message));
                self.awake.insert(conversation, room);
            }
        }
    }

    fn start_room(&mut self, loaded: Loaded, context: &mut Context<Self>) -> Option<AwakeRoom> {
        self.next = (self.next + 1) % self.arbiters.len().max(1);
        let arbiter = self.arbiters.get(self.next)?;
        let (deps, registry) = (
            Arc::clone(&self.deps),
            context.address().recipient::<ToRegistry>(),
        );
        let conversation = &loaded.conversation;
        let progress = Arc::new(Progress::new(conversation.no, conversation.last_seq));
        let (capacity, own) = (deps.mailbox, Arc::clone(&progress));
        let address = mailbox::start(&arbiter.handle(), capacity, move |_| {
            Room::new(loaded, deps, own, registry)
        });
        Some(AwakeRoom { address, progress })
    }
}

/// Answers a message for a conversation that does not exist. Leaving succeeds, as it does for any conversation
/// that was not joined, so the answer does not reveal which conversations exist.
fn refuse_unknown(message: ToRoom) {
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

/// Committed entries have no reply; the room reads them when it starts.
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
            .filter(|room| room.address.connected())
            .map(|room| room.address.clone());
        match alive {
            Some(room) => room.do_send(message),
            None => self.wake(conversation, message, context),
        }
    }
}
