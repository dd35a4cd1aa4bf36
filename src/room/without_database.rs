//! A room whose database cannot be reached: what becomes of joins, of what it may have missed, and of what it commits after it was
//! forgotten.

use actix::prelude::*;
use clock::ManualClock;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, oneshot};

use super::actor::Room;
use super::behind::Knowledge;
use super::idle_tracker::{NextStep, Use};
use super::listener::tests::{live_listener, pushed_to};
use super::progress::Progress;
use super::reply::{Asker, Reply};
use super::{Backfill, RoomDeps, Sleep, ToRegistry, ToRoom};
use crate::config::{ActorOptions, DatabaseOptions};
use crate::domain::access::blocks::Blocks;
use crate::domain::access::policies::Policies;
use crate::domain::answer::Answer;
use crate::domain::conversation::{
    Card, Conversation, ConversationKind, ConversationStatus, MEMBER, Membership, Participant,
    Signals,
};
use crate::domain::entry::{Entry, Fact};
use crate::domain::ids::{ConversationId, ConversationNo, JoinNo, Seq, UserId, UserNo};
use crate::domain::principal::Principal;
use crate::domain::snapshot::Loaded;
use crate::error::Error;
use crate::feed::Feed;
use crate::identity::staff::StaffNews;
use crate::journal::Journal;
use crate::notifier::Notifier;
use crate::presence::Directory;
use crate::queue::{ChatFrame, ConnectionQueue, Rejoin};
use crate::store::gap::Missed;
use crate::store::pool::Pool;
use crate::telemetry::metrics::Metrics;
use crate::wire::outgoing::Outgoing;

const BOB: UserNo = UserNo(2);
const HERE: ConversationId = ConversationId(uuid::Uuid::nil());

#[derive(clap::Parser)]
struct Line {
    #[command(flatten)]
    actors: ActorOptions,
    #[command(flatten)]
    database: DatabaseOptions,
}

fn deps() -> RoomDeps {
    let line = ["stoa", "--database-wait-ms", "100"];
    let Line { actors, database } = clap::Parser::parse_from(line);
    let pool = Pool::new("postgres://stoa@127.0.0.1:1/none", &database).unwrap();
    let metrics = Arc::new(Metrics::new().unwrap());
    let at = ManualClock::standing().clock();
    let directory = Arc::new(Directory::default());
    RoomDeps {
        journal: Journal::start(pool.clone(), &actors, Arc::clone(&metrics), at.clone()),
        notifier: Notifier::new(pool.clone(), Arc::clone(&directory), Outgoing::off()),
        pool,
        feed: Feed::default(),
        outgoing: Outgoing::off(),
        directory,
        metrics,
        recall: Arc::new(|_, _| Ok(())),
        clock: at.clone(),
        idle: Duration::from_secs(60),
        mailbox: 16,
        catch_ups: Arc::new(Semaphore::new(1)),
        policies: Arc::new(Policies::default()),
        staff: StaffNews::new(at.clone()),
    }
}

/// Bob's conversation, in which ten things have happened.
fn loaded() -> Loaded {
    let id = UserId::stored("user-2".to_owned());
    let at = chrono::DateTime::UNIX_EPOCH;
    Loaded {
        conversation: Conversation {
            no: ConversationNo(7),
            id: HERE,
            kind: ConversationKind::Group,
            title: None,
            status: ConversationStatus::Open,
            subject: None,
            created_by: id.clone(),
            last_seq: 10,
            policy_version: 1,
            max_participants: None,
            slow_seconds: 0,
            closed: None,
            external_id: None,
            business: None,
            flow: None,
            created_at: at,
            updated_at: at,
        },
        participants: vec![Participant {
            no: BOB,
            id,
            name: None,
            avatar_url: None,
            role: MEMBER.to_owned(),
            membership: Membership::Present,
            muted: false,
            blocked: false,
            sees_from: 0,
            delivered_seq: 0,
            read_seq: 0,
            unread_from: None,
            joined_at: at,
            signals: Signals::Shown,
        }],
        blocks: Blocks::default(),
        staff: Vec::new(),
        spoken: Vec::new(),
    }
}

fn entry(seq: Seq) -> Entry {
    let fact = Fact::Settings {
        settings: loaded().conversation.settings(),
        card: Card::Null,
    };
    let at = chrono::DateTime::UNIX_EPOCH;
    Entry { seq, at, fact }
}

/// Writes down what rooms say.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<String>>>);

impl Actor for Heard {
    type Context = Context<Self>;
}

impl Handler<ToRegistry> for Heard {
    type Result = ();

    fn handle(&mut self, message: ToRegistry, _: &mut Self::Context) {
        self.0.lock().push(match message {
            ToRegistry::Idle { .. } => "idle".to_owned(),
            ToRegistry::Committed(_, entries, _) => {
                format!("{:?}", entries.iter().map(|it| it.seq).collect::<Vec<_>>())
            }
        });
    }
}

/// A running room, the registry that it knows, and a session of Bob's.
struct Fixture {
    room: Addr<Room>,
    registry: Addr<Heard>,
    heard: Heard,
    bob: Arc<Principal>,
    queue: Arc<ConnectionQueue>,
}

/// Whether Bob's session has joined already.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Session {
    New,
    Joined,
}

impl Fixture {
    fn with(session: Session, prepare: impl FnOnce(&mut Room, &mut Context<Room>)) -> Self {
        let heard = Heard::default();
        let registry = heard.clone().start();
        let mut listener = live_listener(BOB);
        listener.join = JoinNo::default().next();
        let (bob, queue) = (Arc::clone(&listener.principal), Arc::clone(&listener.queue));
        let progress = Arc::new(Progress::new(ConversationNo(7), 10));
        let to_registry = registry.clone().recipient();
        let mut room = Room::new(loaded(), Arc::new(deps()), progress, to_registry);
        if session == Session::Joined {
            room.listeners.push(listener);
        }
        let room = Room::create(|context| {
            prepare(&mut room, context);
            room
        });
        Self {
            room,
            registry,
            heard,
            bob,
            queue,
        }
    }

    fn new(session: Session) -> Self {
        Self::with(session, |_, _| {})
    }

    fn join(&self, no: u8, backfill: Backfill) -> oneshot::Receiver<Result<Answer, Error>> {
        let (sender, answer) = oneshot::channel();
        let join = (0..no).fold(JoinNo::default(), |join, _| join.next());
        self.room.do_send(ToRoom::Join {
            principal: Arc::clone(&self.bob),
            queue: Arc::clone(&self.queue),
            join,
            backfill,
            reply: Reply::new(HERE, Asker::Rest(sender)),
        });
        answer
    }

    async fn happens(&self, seq: Seq) {
        let happened = ToRoom::Committed(vec![entry(seq)], Vec::new());
        self.room.send(happened).await.unwrap();
    }

    fn pushed(&self) -> Vec<String> {
        pushed_to(&self.queue)
    }

    /// What the registry has heard, after everything that was sent to it.
    async fn said(&self) -> Vec<String> {
        let last = ToRegistry::Committed(HERE, Vec::new(), Vec::new());
        self.registry.send(last).await.unwrap();
        let mut said = std::mem::take(&mut *self.heard.0.lock());
        assert_eq!(said.pop().as_deref(), Some("[]"));
        said
    }
}

async fn must_be_refused_for_now(answer: oneshot::Receiver<Result<Answer, Error>>) {
    let outcome = answer.await.unwrap();
    assert!(outcome.is_err_and(|error| !error.is_final()));
}

/// The session is to go on by itself after this seq, under the number of its first join.
fn goes_on_after(after: Seq) -> String {
    let rejoin = Rejoin {
        conversation: HERE,
        after,
        join: JoinNo::default().next(),
    };
    format!("{:?}", ChatFrame::rejoin(rejoin))
}

#[actix_rt::test]
async fn a_first_join_that_cannot_be_read_is_refused_and_hears_nothing() {
    let fixture = Fixture::new(Session::New);
    let answer = fixture.join(1, Backfill::InReply(None));
    fixture.happens(11).await;
    must_be_refused_for_now(answer).await;
    fixture.happens(12).await;
    assert!(fixture.pushed().is_empty());
}

#[actix_rt::test]
async fn a_session_that_joins_again_in_vain_hears_everything_once() {
    for backfill in [Backfill::InReply(Some(3)), Backfill::Both(10)] {
        let fixture = Fixture::new(Session::Joined);
        fixture.happens(11).await;
        let answer = fixture.join(2, backfill);
        fixture.happens(12).await;
        assert_eq!(fixture.pushed(), ["11"], "12 is held for it");
        must_be_refused_for_now(answer).await;
        fixture.happens(13).await;
        assert_eq!(fixture.pushed(), ["12", "13"]);
        let third = fixture.join(3, backfill);
        fixture.room.do_send(Sleep);
        must_be_refused_for_now(third).await;
        let after_all = goes_on_after(13);
        assert_eq!(fixture.pushed(), [after_all], "since its first join");
    }
}

#[actix_rt::test]
async fn a_session_that_joins_twice_at_once_in_vain_goes_on_by_itself() {
    let fixture = Fixture::new(Session::Joined);
    let second = fixture.join(2, Backfill::InReply(None));
    fixture.happens(11).await;
    let third = fixture.join(3, Backfill::InReply(None));
    fixture.happens(12).await;
    must_be_refused_for_now(second).await;
    must_be_refused_for_now(third).await;
    fixture.happens(13).await;
    assert_eq!(fixture.pushed(), [goes_on_after(10)]);
}

#[actix_rt::test]
async fn a_session_whose_room_goes_while_it_joins_goes_on_by_itself_if_it_had_joined_before() {
    for (session, told) in [
        (Session::Joined, vec![goes_on_after(11)]),
        (Session::New, vec![]),
    ] {
        let fixture = Fixture::new(session);
        fixture.happens(11).await;
        fixture.pushed();
        let answer = fixture.join(2, Backfill::InReply(None));
        fixture.happens(12).await;
        fixture.room.do_send(Sleep);
        must_be_refused_for_now(answer).await;
        assert_eq!(fixture.pushed(), told);
    }
}

#[actix_rt::test]
async fn a_session_that_is_being_told_what_it_missed_goes_on_with_that_when_its_room_goes() {
    let fixture = Fixture::new(Session::New);
    let answer = fixture.join(1, Backfill::Again(4));
    fixture.happens(11).await;
    must_be_refused_for_now(answer).await;
    assert_eq!(fixture.pushed(), [goes_on_after(4)]);
}

#[actix_rt::test]
async fn what_a_forgotten_room_commits_is_announced_by_the_next_room() {
    let fixture = Fixture::with(Session::Joined, |room, context| {
        assert_eq!(room.idle_tracker.note_forgotten(Use::Work), NextStep::GoOn);
        room.offer_committed(entry(11));
        room.announce(context);
        assert_eq!(room.state.conversation.last_seq, 11, "answers are right");
    });
    assert_eq!(fixture.said().await, ["[11]"]);
    assert!(fixture.pushed().iter().all(|told| told != "11"));
}

#[actix_rt::test]
async fn a_room_that_is_to_end_asks_the_registry_once() {
    let fixture = Fixture::new(Session::Joined);
    for last in [20_000, 20_001] {
        let found = ToRoom::LastSeq(last);
        fixture.room.send(found).await.unwrap();
    }
    assert_eq!(fixture.said().await, ["idle"]);
}

#[actix_rt::test]
async fn a_room_that_has_missed_more_than_it_reads_ends() {
    let fixture = Fixture::with(Session::Joined, |room, context| {
        drop(room.catch_up());
        let knows = room.caught_up(Ok(Missed::TooMany), context);
        assert_eq!(knows, Knowledge::Missing);
    });
    assert_eq!(fixture.said().await, ["idle"]);
}

#[actix_rt::test]
async fn what_is_suspected_during_a_read_is_read_afterwards() {
    let fixture = Fixture::with(Session::New, |room, context| {
        room.suspects_gap = true;
        drop(room.catch_up());
        assert!(!room.suspects_gap, "that is being read");
        room.suspects_gap = true;
        drop(room.catch_up());
        room.caught_up(Ok(Missed::Entries(Vec::new())), context);
        assert_eq!(room.catching_up, 1, "the other read is under way");
        room.suspects_gap = true;
        room.caught_up(Ok(Missed::Entries(vec![entry(11)])), context);
        assert_eq!(room.catching_up, 0);
        assert!(room.suspects_gap, "since it was read");
        assert_eq!(room.timeline.announced(), 11);
        drop(room.catch_up());
        room.caught_up(Err(Error::internal("a fault")), context);
        assert!(room.suspects_gap, "nothing was read");
    });
    fixture.happens(12).await;
}
