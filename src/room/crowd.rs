//! Telling a crowd: while others still send, its listeners are told in turns, so that one write carries several events, and the
//! writes leave room for the next commit. A write to each of 200 sockets costs more than all the rest of a message.

use actix::prelude::*;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::actor::{Room, hand};
use super::listener::Listener;
use crate::domain::ids::Seq;
use crate::domain::room_event::RoomEvent;
use crate::telemetry::metrics::Metrics;

/// Listeners from which on a room is a crowd.
const CROWD: usize = 32;
/// Parts of a crowd that are told one after the other.
const PARTS: usize = 10;
/// How far apart the parts are told. An event waits for each part once; more often only for those who move up where others leave.
const TURN: Duration = Duration::from_millis(1);
/// How many events wait at most.
const TOGETHER: usize = 64;

/// Events that wait for a crowd. A place counts the events that ever waited in this room.
#[derive(Default)]
pub(super) struct Crowd {
    waiting: VecDeque<Arc<RoomEvent>>,
    /// The place of the first that waits.
    first: u64,
    /// Which part is told next.
    part: usize,
    turns: Option<SpawnHandle>,
}

/// What is done with events for those who have joined.
#[derive(Debug)]
enum Telling {
    /// Everybody is told at once.
    Now(Vec<Arc<RoomEvent>>),
    /// They wait for the turns that begin now.
    BeginTurns,
    /// They wait for the turns that are under way.
    InTurns,
    /// Enough has gathered: everybody is told all that waits.
    All,
}

impl Crowd {
    /// Takes events in for so many listeners, unless they are few, or nobody else is sending.
    fn take_in(&mut self, events: Vec<Arc<RoomEvent>>, listeners: usize, sends: Sends) -> Telling {
        let waits = listeners >= CROWD && sends == Sends::Underway;
        if self.turns.is_none() && !waits {
            return Telling::Now(events);
        }
        self.waiting.extend(events);
        match self.turns {
            _ if self.waiting.len() >= TOGETHER => Telling::All,
            None => Telling::BeginTurns,
            Some(_) => Telling::InTurns,
        }
    }

    fn end(&self) -> u64 {
        self.first + self.waiting.len() as u64
    }

    /// What waits from this place on.
    fn from(&mut self, place: u64) -> &[Arc<RoomEvent>] {
        let told = usize::try_from(place.saturating_sub(self.first)).unwrap_or(usize::MAX);
        let waiting = self.waiting.make_contiguous();
        waiting.get(told..).unwrap_or_default()
    }

    /// The seq up to which a listener has been told, where the room has announced up to `announced`.
    pub(super) fn told_up_to(&mut self, listener: &Listener, announced: Seq) -> Seq {
        let untold = self.from(listener.place_in_crowd);
        let first = untold.iter().find_map(|event| event.seq);
        first.map_or(announced, |seq| seq - 1)
    }

    /// Tells everybody what has waited.
    fn tell_all(&mut self, listeners: &mut Vec<Listener>, metrics: &Metrics) {
        if !self.waiting.is_empty() {
            self.tell_range(0..listeners.len(), listeners, metrics);
            self.first = self.end();
            self.waiting.clear();
        }
    }

    /// Tells the part of the crowd whose turn it is. Where nothing waits any more, the turns are over: answers what is to be cancelled.
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
            if !range.contains(&(index - 1)) || listener.place_in_crowd >= end {
                return true;
            }
            let untold = self.from(listener.place_in_crowd);
            listener.place_in_crowd = end;
            hand(listener, untold, metrics)
        });
    }

    /// Drops what everybody has been told.
    fn forget_told(&mut self, listeners: &[Listener]) {
        let places = listeners.iter().map(|it| it.place_in_crowd);
        let told = places.min().unwrap_or(u64::MAX).min(self.end());
        while self.first < told {
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
    /// Tells everybody at once in a small room, or when nobody else is sending; else each part of the crowd at its turn, until a whole
    /// round has nothing to tell.
    pub(super) fn tell_together(
        &mut self,
        events: Vec<Arc<RoomEvent>>,
        context: &mut Context<Self>,
    ) {
        let sends = match self.sends.is_empty() {
            true => Sends::None,
            false => Sends::Underway,
        };
        match self.crowd.take_in(events, self.listeners.len(), sends) {
            Telling::Now(events) => self.tell(&events),
            Telling::All => self.tell_crowd(),
            Telling::BeginTurns => {
                self.crowd.turns = Some(context.run_interval(TURN, Self::tell_part));
            }
            Telling::InTurns => {}
        }
    }

    /// Tells everybody: at once, or at their turns where turns are taken.
    pub(super) fn tell_in_turns(&mut self, event: Arc<RoomEvent>) {
        if self.crowd.turns.is_none() || self.crowd.waiting.len() >= TOGETHER {
            return self.tell(&[event]);
        }
        self.crowd.waiting.push_back(event);
    }

    /// Where somebody begins who joins now: what waits was committed before, so it is in their snapshot.
    pub(super) fn end_of_crowd(&self) -> u64 {
        self.crowd.end()
    }

    /// Tells everybody what has waited.
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
