//! The room as an actor: its fields, its life, and which file handles what.

use actix::prelude::*;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::attendance::{Attendees, Leaving};
use super::authors::Authors;
use super::changing::WantedChange;
use super::confirming::Unconfirmed;
use super::crowd::Crowd;
use super::earlier::Earlier;
use super::idle_tracker::{IdleTracker, NextStep, Use};
use super::listener::{Listener, hand, others_than};
use super::notifications::Notices;
use super::overtaken::Overtaken;
use super::progress::Progress;
use super::read_receipts::{AheadMark, WaitingMark};
use super::reply::Reply;
use super::sending::WaitingSend;
use super::slow_mode::SlowMode;
use super::state::State;
use super::timeline::Timeline;
use super::typists::Typists;
use super::{RoomDeps, Sleep, ToRegistry, ToRoom};
use crate::domain::command::Mark;
use crate::domain::ids::{Seq, UserNo};
use crate::domain::room_event::{Change, RoomEvent};
use crate::domain::snapshot::Loaded;
use crate::journal::{Outcomes, Permit, RequestNo};
use crate::presence::PresenceChanged;

/// How often a room looks whether it is tired, whether somebody has stopped typing, and whether it missed something.
pub(super) const PULSE: Duration = Duration::from_millis(500);

/// The actor that is awake for one conversation.
pub struct Room {
    pub(super) deps: Arc<RoomDeps>,
    /// Written by announced entries only.
    pub(super) state: State,
    /// The order of announcements.
    pub(super) timeline: Timeline,
    /// What this room was woken with, and has announced to nobody.
    pub(super) earlier: Earlier,
    /// Sessions that have joined.
    pub(super) listeners: Vec<Listener>,
    /// Sends that the journal has, by the number of the request.
    pub(super) sends: HashMap<RequestNo, WaitingSend>,
    /// The last change of staff that this room knows; `None` before it has looked.
    pub(super) staff_number: Option<u64>,
    /// Who has spoken when, while slow mode is on.
    pub(super) slow_mode: SlowMode,
    /// Sends that wait to be decided again.
    pub(super) overtaken: Overtaken<(WaitingSend, Permit)>,
    /// Requests that this room would refuse, until it has read.
    pub(super) unconfirmed: Unconfirmed,
    /// Watermarks that the journal has, by the number of the request.
    pub(super) marks: HashMap<RequestNo, WaitingMark>,
    /// Watermarks beyond what this room knows, until it has read; one read is under way when `looking_ahead`.
    pub(super) marks_ahead: Vec<AheadMark>,
    pub(super) looking_ahead: bool,
    /// Delivered watermarks that gather until the next pulse.
    pub(super) gathering: HashMap<UserNo, (Seq, Vec<Reply>)>,
    /// Changes that wait for their turn; the first is under way when `changing`.
    pub(super) changes: VecDeque<WantedChange>,
    pub(super) changing: bool,
    pub(super) typists: Typists,
    pub(super) authors: Authors,
    /// Messages of which people elsewhere are to be notified.
    pub(super) notices: Notices,
    /// Events for a crowd that wait a moment, so that one write carries several.
    pub(super) crowd: Crowd,
    /// Something may have been committed that nobody announced to this room, and that no read under way is sure to find.
    pub(super) suspects_gap: bool,
    /// It may have committed something that it did not announce to other servers, because the outcome is unknown.
    pub(super) owes_peers: bool,
    /// Who listens at other servers.
    pub(super) attendees: Attendees,
    /// Watermarks of other servers beyond what this room has announced.
    pub(super) marks_heard: HashMap<(UserNo, Mark), Seq>,
    /// Reads of missing entries that are under way.
    pub(super) catching_up: u32,
    /// Whether it waits for a missing entry before it reads it.
    pub(super) watches_hole: bool,
    /// What catch-up checks know of this room.
    pub(super) progress: Arc<Progress>,
    pub(super) next_request: RequestNo,
    pub(super) registry: Recipient<ToRegistry>,
    /// Where the journal sends outcomes; made once, since making one allocates.
    outcomes: Option<Arc<Recipient<Outcomes>>>,
    pub(super) idle_tracker: IdleTracker,
}

impl Room {
    /// A room for a conversation that was just read.
    pub fn new(
        loaded: Loaded,
        deps: Arc<RoomDeps>,
        progress: Arc<Progress>,
        registry: Recipient<ToRegistry>,
    ) -> Self {
        let timeline = Timeline::new(loaded.conversation.last_seq);
        let now = deps.clock.now();
        Self {
            idle_tracker: IdleTracker::new(now),
            staff_number: None,
            slow_mode: SlowMode::of(&loaded.spoken, now),
            deps,
            earlier: Earlier::new(loaded.conversation.last_seq),
            state: State::new(loaded),
            timeline,
            listeners: Vec::new(),
            sends: HashMap::new(),
            overtaken: Overtaken::default(),
            unconfirmed: Unconfirmed::default(),
            marks: HashMap::new(),
            marks_ahead: Vec::new(),
            looking_ahead: false,
            gathering: HashMap::new(),
            changes: VecDeque::new(),
            changing: false,
            typists: Typists::default(),
            authors: Authors::default(),
            notices: Notices::default(),
            crowd: Crowd::default(),
            suspects_gap: false,
            owes_peers: false,
            attendees: Attendees::default(),
            marks_heard: HashMap::new(),
            catching_up: 0,
            watches_hole: false,
            progress,
            next_request: 0,
            registry,
            outcomes: None,
        }
    }

    pub(super) fn request_no(&mut self) -> RequestNo {
        self.next_request += 1;
        self.next_request
    }

    /// Gives events to everybody who has joined; one who overflows is no listener any more.
    pub(super) fn tell(&mut self, events: &[Arc<RoomEvent>]) {
        self.tell_those(events, |_| true);
    }

    pub(super) fn tell_those(
        &mut self,
        events: &[Arc<RoomEvent>],
        mut who: impl FnMut(&Listener) -> bool,
    ) {
        self.tell_crowd();
        let metrics = &self.deps.metrics;
        self.listeners
            .retain_mut(|listener| !who(listener) || hand(listener, events, metrics));
    }

    pub(super) fn outcome_recipient(
        &mut self,
        context: &Context<Self>,
    ) -> Arc<Recipient<Outcomes>> {
        Arc::clone(
            self.outcomes
                .get_or_insert_with(|| Arc::new(context.address().recipient())),
        )
    }

    /// Carries out a request: what may be refused for the moment has been looked up.
    pub(super) fn carry_out(&mut self, message: ToRoom, context: &mut Context<Self>) {
        match message {
            ToRoom::Join {
                principal,
                queue,
                join,
                backfill,
                reply,
            } => {
                self.join(principal, (queue, join), backfill, reply, context);
            }
            ToRoom::Look {
                principal,
                session,
                reply,
            } => self.look(principal, session, reply, context),
            ToRoom::Renew {
                principal,
                session,
                reply,
            } => self.renew(principal, session, reply),
            ToRoom::Leave { session, reply } => {
                let reason = match reply.is_awaited() {
                    true => Leaving::Asked,
                    false => Leaving::Gone,
                };
                self.leave(session, reason);
                reply.send(Ok(crate::domain::answer::Answer::Done));
            }
            ToRoom::Committed(entries, newcomers) => self.take_in(entries, &newcomers, context),
            ToRoom::Remote(event) => self.hear_remote(event, context),
            ToRoom::LastSeq(last) => self.hear_last_seq(last, context),
            ToRoom::Watermarks(marks) => self.hear_watermarks(&marks),
            ToRoom::End => self.forget_lost_entries(context),
            ToRoom::Do {
                principal,
                command,
                reply,
            } => self.command(principal, command, reply, context),
        }
    }

    /// Whether the registry has forgotten this room.
    pub(super) fn is_forgotten(&self) -> bool {
        self.idle_tracker.is_forgotten()
    }

    pub(super) fn note_progress(&self) {
        let has_listeners = !self.listeners.is_empty();
        self.progress
            .note_use(has_listeners, !self.sends.is_empty());
    }

    fn used_for(&self) -> Use {
        let is_at_work = !self.sends.is_empty()
            || !self.overtaken.is_empty()
            || !self.marks.is_empty()
            || !self.changes.is_empty()
            || !self.gathering.is_empty()
            || self.looking_ahead
            || !self.unconfirmed.is_empty()
            || self.notices.are_underway();
        match is_at_work {
            true => Use::Work,
            false if self.listeners.is_empty() => Use::Nothing,
            false => Use::Listeners,
        }
    }

    fn pulse(&mut self, context: &mut Context<Self>) {
        let now = self.deps.clock.now();
        // Who was gone before the room woke could not leave it.
        self.listeners.retain(|it| !it.queue.has_ended());
        self.hear_of_staff(context);
        self.correct_attendance();
        self.fade_typing(now);
        self.flush_delivered(context);
        self.flush_unread_changes(context);
        self.catch_up_when_needed(context);
        self.note_progress();
        match self.idle_tracker.look(self.used_for(), self.deps.idle, now) {
            NextStep::GoOn => {}
            NextStep::AskToBeForgotten => self.registry.do_send(ToRegistry::Idle {
                conversation: self.state.conversation.id,
                progress: Arc::clone(&self.progress),
                room: context.address().recipient(),
            }),
            NextStep::Stop => context.stop(),
        }
    }

    /// Rooms hear of the presence of those who take part.
    pub(super) fn attach(&self, user: UserNo, context: &mut Context<Self>) {
        let room = context.address().recipient();
        self.deps
            .directory
            .attach(user, self.state.conversation.no, room);
    }

    /// Sessions whose room goes away join again, from the last seq that was announced to them. Those that wait for the answer to
    /// their first join are told by its reply.
    fn send_listeners_away(&mut self) {
        if !std::thread::panicking() {
            self.tell_crowd();
        }
        let announced = self.timeline.announced();
        for listener in self.listeners.drain(..) {
            let told = self.crowd.received_up_to(&listener, announced);
            listener.send_away(self.state.conversation.id, told);
        }
    }
}

impl Actor for Room {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        self.deps.metrics.rooms.inc();
        let present: Vec<UserNo> = self
            .state
            .everybody()
            .filter(|person| person.takes_part())
            .map(|p| p.no)
            .collect();
        for user in present {
            self.attach(user, context);
        }
        context.run_interval(PULSE, Self::pulse);
    }
}

impl Drop for Room {
    /// Runs when the room ends, also after a panic: its listeners are asked to join again.
    fn drop(&mut self) {
        self.send_listeners_away();
        self.correct_attendance();
        for person in self.state.everybody() {
            self.deps
                .directory
                .detach(person.no, self.state.conversation.no);
        }
        self.deps.metrics.rooms.dec();
    }
}

impl Handler<ToRoom> for Room {
    type Result = ();

    fn handle(&mut self, message: ToRoom, context: &mut Self::Context) {
        if message.is_use() {
            self.idle_tracker.note_use(self.deps.clock.now());
        }
        self.hear_of_staff(context);
        self.ask(message, context);
        self.note_progress();
    }
}

impl Handler<Outcomes> for Room {
    type Result = ();

    fn handle(&mut self, settled: Outcomes, context: &mut Self::Context) {
        self.idle_tracker.note_use(self.deps.clock.now());
        for (request_no, outcome) in settled.outcomes {
            if let Some(send) = self.sends.remove(&request_no) {
                self.send_settled(request_no, send, outcome, context);
            } else if let Some(mark) = self.marks.remove(&request_no) {
                self.mark_settled(mark, outcome, context);
            }
        }
        self.announce(context);
        self.decide_overtaken(context);
        self.note_progress();
    }
}

impl Handler<PresenceChanged> for Room {
    type Result = ();

    fn handle(&mut self, changed: PresenceChanged, _: &mut Self::Context) {
        let Some(person) = self.state.person(changed.user) else {
            return;
        };
        let presence = Change::Presence {
            user: person.id.clone(),
            status: changed.status,
        };
        let (event, own) = (self.signal(person.no, presence), person.no);
        self.tell_those(&[event], others_than(own));
    }
}

impl Handler<Sleep> for Room {
    type Result = ();

    fn handle(&mut self, _: Sleep, context: &mut Self::Context) {
        self.send_listeners_away();
        if self.idle_tracker.note_forgotten(self.used_for()) == NextStep::Stop {
            context.stop();
        }
    }
}

#[cfg(debug_assertions)]
impl Handler<super::Panic> for Room {
    type Result = ();

    #[allow(clippy::panic, reason = "what a panic takes down is what is tested")]
    fn handle(&mut self, _: super::Panic, _: &mut Self::Context) {
        panic!("a room was told to panic");
    }
}
