//! Hears what the other servers say, gives each section to whom it concerns, and sends a sign of life.

use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use super::peers::Arrival;
use super::{FILES_CHECKED, JOBS, Nodes, PeerEvents, Wire};
use crate::domain::command::Mark;
use crate::domain::file::FileNo;
use crate::domain::ids::{ConversationId, ConversationNo, Seq, UserNo};
use crate::notifier::NOTIFICATIONS;
use crate::presence::HeardIn;
use crate::registry::Rooms;
use crate::registry::hearing::{Delivery, Sleeping};
use crate::room::RoomDeps;
use crate::room::remote::RemoteEvent;
use crate::store::conversations::Key;
use crate::store::{files, replay};
use crate::wire::frame::{HeardFrame, Unread};
use crate::wire::running::{Heard, Incoming};
use crate::wire::section::{Beat, CommittedEntries, NodeId, Section};

/// The interval of signs of life.
const BEAT: Duration = Duration::from_millis(250);

/// Gives what is heard to whom it concerns.
pub(super) struct Dispatcher {
    pub(super) nodes: Nodes,
    pub(super) room: Arc<RoomDeps>,
    pub(super) rooms: Rooms,
    pub(super) above: Box<dyn PeerEvents>,
}

impl Dispatcher {
    /// Hears until the server stops, and says so to the others then.
    pub(super) async fn run(self, mut heard: Heard, mut silent: watch::Receiver<bool>) {
        let mut turn = tokio::time::interval(BEAT);
        turn.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !*silent.borrow() {
            tokio::select! {
                incoming = heard.next() => match incoming {
                    Some(incoming) => self.hear(incoming),
                    None => break,
                },
                _ = turn.tick() => self.beat(),
                _ = silent.changed() => {}
            }
        }
        self.room.outgoing.say_always(Section::Stopping);
    }

    fn beat(&self) {
        let heard = self.nodes.0.peers.lock().heard();
        self.room.directory.say_beat(heard);
    }

    fn hear(&self, incoming: Incoming) {
        match incoming {
            Incoming::Frame(frame) => self.hear_frame(frame),
            Incoming::Apart => {
                self.room.directory.hear_apart();
                self.note_wire(Wire::Apart);
            }
            Incoming::Whole => {
                self.room.directory.hear_whole(self.now());
                self.note_wire(Wire::Whole);
                self.room.outgoing.say_always(Section::Hello);
                self.beat();
            }
        }
    }

    /// What was missed before is looked for at once.
    fn note_wire(&self, wire: Wire) {
        self.nodes.0.peers.lock().note_wire(wire);
        self.above.hear_of_gap();
        self.nodes.0.due.notify_one();
    }

    fn hear_frame(&self, frame: HeardFrame) {
        let HeardFrame {
            node,
            number,
            sections,
            unread,
        } = frame;
        let shared = &self.nodes.0;
        let arrival = shared
            .peers
            .lock()
            .note_frame(node, number, shared.clock.now());
        match arrival {
            Arrival::Stranger => shared.strangers.notify_one(),
            Arrival::AfterHole => self.room.metrics.nodes.gaps.inc(),
            // It wants to know at once whether it is heard, and who listens here.
            Arrival::First => {
                self.beat();
                self.rooms.hear_everywhere(|| RemoteEvent::Met);
            }
            Arrival::Old | Arrival::Next => {}
        }
        if arrival.may_miss_some() || unread == Unread::Something {
            self.above.hear_of_gap();
            shared.due.notify_one();
        }
        if arrival.is_news() {
            let heard = HeardIn { node, number };
            for section in sections {
                self.hear_section(heard, section);
            }
        }
    }

    fn hear_section(&self, heard: HeardIn, section: Section) {
        let (node, directory) = (heard.node, &self.room.directory);
        match section {
            Section::Hello => self.beat(),
            Section::Beat(beat) => self.hear_beat(heard, &beat),
            Section::Stopping => self.hear_stopping(node),
            Section::Entries(committed) => self.hear_committed(committed),
            Section::Created { no, people, .. } => self.hear_created(no, people),
            Section::Marked {
                conversation,
                user,
                mark,
                seq,
            } => {
                self.hear_mark(conversation, (user, mark, seq));
            }
            Section::Typing {
                conversation,
                user,
                id,
                name,
                typing,
            } => {
                let typing = RemoteEvent::Typing(user, id, name, typing);
                self.rooms.hear(conversation, typing, || Sleeping::Sleeps);
            }
            Section::Attendance {
                conversation,
                user,
                change,
            } => {
                let attendance = RemoteEvent::Attendance(node, user, change);
                self.rooms
                    .hear(conversation, attendance, || Sleeping::Sleeps);
            }
            Section::Mine { conversation, user } => {
                let changed = RemoteEvent::Mine(user);
                let has_sessions = || self.sleeping_for(&[user]);
                self.rooms.hear(conversation, changed, has_sessions);
            }
            Section::Profile(user) => self.above.hear_of_profile(&user),
            Section::Ended(_) => self.above.hear_of_sign_out(),
            Section::Taken { pid, session } => self.above.hear_of_takeover(&pid, session),
            Section::Hint { topic, numbers } => self.hear_hint(&topic, &numbers),
            Section::People(people) => directory.hear_people(heard, &people),
            Section::AllPeople {
                page,
                is_last,
                people,
            } => directory.hear_all(heard, page, is_last, &people),
            Section::AskPeople(asked) if asked == self.nodes.0.id => {
                directory.hear_ask(self.now());
            }
            Section::AskPeople(_) => {}
        }
    }

    fn hear_hint(&self, topic: &str, numbers: &[i64]) {
        match topic {
            JOBS => self.above.hear_of_jobs(),
            FILES_CHECKED => self.hear_of_file(numbers),
            NOTIFICATIONS => self.room.notifier.hear(numbers),
            _ => {}
        }
    }

    /// What it has sent before is known; those who listened there are gone.
    fn hear_stopping(&self, node: NodeId) {
        self.nodes.0.peers.lock().note_stopping(node);
        self.nodes.0.due.notify_one();
        self.room.directory.hear_stopping(node, self.now());
        self.rooms.hear_everywhere(|| RemoteEvent::Gone(node));
    }

    fn hear_beat(&self, heard: HeardIn, beat: &Beat) {
        let shared = &self.nodes.0;
        if shared.peers.lock().note_beat(heard.node, &beat.heard) {
            shared.due.notify_one();
        }
        let now = self.now();
        self.room.directory.hear_beat(heard, beat, now);
    }

    fn now(&self) -> Instant {
        self.nodes.0.clock.now()
    }

    /// A room that sleeps is needed where an event is for somebody who has not joined.
    fn hear_committed(&self, committed: CommittedEntries) {
        let conversation = committed.conversation;
        let sleeping = self.sleeping_for(&committed.people);
        let event = RemoteEvent::Committed(committed);
        self.rooms.hear(conversation, event, || sleeping);
    }

    /// Notifies those people of a new conversation who are here.
    fn hear_created(&self, no: ConversationNo, people: Vec<UserNo>) {
        if self.sleeping_for(&people) == Sleeping::Sleeps {
            return;
        }
        let (room, rooms) = (Arc::clone(&self.room), self.rooms.clone());
        actix_rt::spawn(async move {
            let turn = room.catch_ups.acquire().await;
            let read = move |connection: &mut _| replay::load(connection, Key::No(no));
            let read = room.pool.run(read).await;
            drop(turn);
            match read {
                Ok(Some(new)) => rooms.announce_creation(&room, &new, |person| {
                    people.contains(&person.no) && person.may_read().is_ok()
                }),
                Ok(None) => {}
                Err(error) => log::warn!(event = "creation_not_told"; "{error}"),
            }
        });
    }

    /// Tells a file's owner, if they are here, that its check has ended.
    fn hear_of_file(&self, numbers: &[i64]) {
        let &[owner, file] = numbers else {
            return;
        };
        if self.sleeping_for(&[UserNo(owner)]) == Sleeping::Sleeps {
            return;
        }
        let room = Arc::clone(&self.room);
        actix_rt::spawn(async move {
            let find = move |connection: &mut _| files::find_by_no(connection, FileNo(file));
            match room.pool.run(find).await {
                Ok(Some(file)) => {
                    if let Some(end) = file.check_end() {
                        room.directory.tell_of_file(file.owner, end);
                    }
                }
                Ok(None) => {}
                Err(error) => log::warn!(event = "file_not_told"; "{error}"),
            }
        });
    }

    /// If the room cannot hear it, a check reads watermarks.
    fn hear_mark(&self, conversation: ConversationId, (user, mark, seq): (UserNo, Mark, Seq)) {
        let marked = RemoteEvent::Marked(user, mark, seq);
        let has_badge = || self.sleeping_for_badge(user, mark);
        let delivery = self.rooms.hear(conversation, marked, has_badge);
        if delivery == Delivery::Missed {
            self.nodes.0.due.notify_one();
        }
    }

    /// A session that has not joined may show how much is unread.
    fn sleeping_for_badge(&self, user: UserNo, mark: Mark) -> Sleeping {
        match mark {
            Mark::Seen => self.sleeping_for(&[user]),
            Mark::Delivered => Sleeping::Sleeps,
        }
    }

    fn sleeping_for(&self, people: &[UserNo]) -> Sleeping {
        let directory = &self.room.directory;
        let is_here = |user: &UserNo| directory.is_connected(*user);
        // A server that nobody uses looks nobody up.
        match directory.connection_count() > 0 && people.iter().any(is_here) {
            true => Sleeping::Wakes,
            false => Sleeping::Sleeps,
        }
    }
}
