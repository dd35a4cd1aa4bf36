//! Sends events to crowds in turns. While others still send, listeners get their events in parts, so that one
//! write carries several events and the writes do not delay the next commit. Writing to 200 sockets costs more
//! than all other work for a message.

use actix::prelude::*;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::actor::Room;
use super::listener::{Listener, hand};
use crate::domain::ids::Seq;
use crate::domain::room_event::RoomEvent;
use crate::telemetry::metrics::Metrics;

/// The number of listeners from which on a room treats them as a crowd.
const CROWD: usize = 32;
/// The number of parts into which a crowd is divided.
const PARTS: usize = 10;
/// The interval between two parts. An event waits at most once for each part, except for listeners that change
/// parts because others left.
const TURN: Duration = Duration::from_millis(1);
/// A crowd gets the entries of other servers in turns if they come at shorter intervals than this.
const OFTEN: Duration = Duration::from_millis(10);
/// The most events that wait.
const TOGETHER: usize = 64;

/// Events that wait for a crowd. Positions count all events that ever waited in this room.
#[derive(Default)]
pub(super) struct Crowd {
    waiting: VecDeque<Arc<RoomEvent>>,
    /// The position of the first waiting event.
    first: u64,
    /// The next part.
    part: usize,
    turns: Option<SpawnHandle>,
    /// When another server announced entries the last two times.
    heard: [Option<Instant>; 2],
}

/// What is done with events for those who have joined.
#[derive(Debug)]
enum Delivery {
    /// Everybody gets events at once.
    Now(Vec<Arc<RoomEvent>>),
    /// They wait for the turns that begin now.
    BeginTurns,
    /// They wait for the turns that are under way.
    InTurns,
    /// Enough has gathered: everybody gets all that waits.
    All,
}

impl Crowd {
    /// Another server announces entries.
    pub(super) fn note_heard(&mut self, now: Instant) {
        let [_, last] = self.heard;
        self.heard = [last, Some(now)];
    }

    /// Whether people at other servers send one message after the other.
    fn hears_often(&self, now: Instant) -> bool {
        let [Some(first), Some(last)] = self.heard else {
            return false;
        };
        last.duration_since(first) < OFTEN && now.duration_since(last) < OFTEN
    }

    /// Takes events in for so many listeners, unless they are few, or nobody else is sending.
    fn take_in(&mut self, events: Vec<Arc<RoomEvent>>, listeners: usize, sends: Sends) -> Delivery {
        let waits = listeners >= CROWD && sends == Sends::Underway;
        if self.turns.is_none() && !waits {
            return Delivery::Now(events);
        }
        self.waiting.extend(events);
        match self.turns {
            _ if self.waiting.len() >= TOGETHER => Delivery::All,
            None => Delivery::BeginTurns,
            Some(_) => Delivery::InTurns,
        }
    }

    fn end(&self) -> u64 {
        self.first + self.waiting.len() as u64
    }

    /// The waiting events from this position on.
    fn from(&mut self, position: u64) -> &[Arc<RoomEvent>] {
        let sent = usize::try_from(position.saturating_sub(self.first)).unwrap_or(usize::MAX);
        let waiting = self.waiting.make_contiguous();
        waiting.get(sent..).unwrap_or_default()
    }

    /// The seq up to which a listener has received events; `announced` is the room's.
    pub(super) fn received_up_to(&mut self, listener: &Listener, announced: Seq) -> Seq {
        let untold = self.from(listener.position_in_crowd);
        let first = untold.iter().find_map(|event| event.seq);
        first.map_or(announced, |seq| seq - 1)
    }

    /// Sends everybody what has waited.
    fn tell_all(&mut self, listeners: &mut Vec<Listener>, metrics: &Metrics) {
        if !self.waiting.is_empty() {
            self.tell_range(0..listeners.len(), listeners, metrics);
            self.first = self.end();
            self.waiting.clear();
        }
    }

    /// Sends to the part of the crowd whose turn it is. Where nothing waits any more, the turns are over: answers what is to be cancelled.
    fn tell_part(
        &mut self,
        listeners: &mut Vec<Listener>,
        metrics: &Metrics,
    ) -> Option<SpawnHandle> {
        if self.waiting.is_empty() {
            return self.turns.take();
        }
        let (part, crowd) = (self.part, listeners.len());
        let range = crowd * part / PARTS..crowd * (part + 1) / PARTS;
        self.tell_range(range, listeners, metrics);
        self.part = (part + 1) % PARTS;
        self.forget_told(listeners);
        None
    }

    fn tell_range(
        &mut self,
        range: Range<usize>,
        listeners: &mut Vec<Listener>,
        metrics: &Metrics,
    ) {
        let end = self.end();
        let mut index = 0;
        listeners.retain_mut(|listener| {
            index += 1;
            if !range.contains(&(index - 1)) || listener.position_in_crowd >= end {
                return true;
            }
            let untold = self.from(listener.position_in_crowd);
            listener.position_in_crowd = end;
            hand(listener, untold, metrics)
        });
    }

    /// Drops what everybody has got.
    fn forget_told(&mut self, listeners: &[Listener]) {
        let positions = listeners.iter().map(|it| it.position_in_crowd);
        let sent = positions.min().unwrap_or(u64::MAX).min(self.end());
        while self.first < sent {
            self.waiting.pop_front();
            self.first += 1;
        }
    }
}

/// Whether others are sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sends {
    None,
    Underway,
}

impl Room {
    /// Sends to everyone at once in a small room, or while nobody else is sending. Otherwise sends to one part
    /// after the other, until a whole round found nothing to send.
    pub(super) fn tell_together(
        &mut self,
        events: Vec<Arc<RoomEvent>>,
        context: &mut Context<Self>,
    ) {
        let are_underway = !self.sends.is_empty() || self.crowd.hears_often(self.deps.clock.now());
        let sends = match are_underway {
            true => Sends::Underway,
            false => Sends::None,
        };
        match self.crowd.take_in(events, self.listeners.len(), sends) {
            Delivery::Now(events) => self.tell(&events),
            Delivery::All => self.tell_crowd(),
            Delivery::BeginTurns => {
                self.crowd.turns = Some(context.run_interval(TURN, Self::tell_part));
            }
            Delivery::InTurns => {}
        }
    }

    /// Sends an event to everyone, at once or in turns.
    pub(super) fn tell_in_turns(&mut self, event: Arc<RoomEvent>) {
        if self.crowd.turns.is_none() || self.crowd.waiting.len() >= TOGETHER {
            return self.tell(&[event]);
        }
        self.crowd.waiting.push_back(event);
    }

    /// The position at which a new listener starts: the waiting events were committed before its snapshot,
    /// which contains them.
    pub(super) fn end_of_crowd(&self) -> u64 {
        self.crowd.end()
    }

    /// Sends all waiting events to everyone.
    pub(super) fn tell_crowd(&mut self) {
        self.crowd.tell_all(&mut self.listeners, &self.deps.metrics);
    }

    fn tell_part(&mut self, context: &mut Context<Self>) {
        let over = self
            .crowd
            .tell_part(&mut self.listeners, &self.deps.metrics);
        if let Some(turns) = over {
            context.cancel_future(turns);
        }
    }
}

#[cfg(test)]
#[path = "crowd_tests.rs"]
mod tests;
