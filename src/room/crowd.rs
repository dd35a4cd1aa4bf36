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

impl Crowd {
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
}

impl Room {
    /// Tells everybody at once in a small room, or when nobody else is sending; else each part of the crowd at its turn, until a whole
    /// round has nothing to tell.
    pub(super) fn tell_together(
        &mut self,
        events: Vec<Arc<RoomEvent>>,
        context: &mut Context<Self>,
    ) {
        let waits = self.listeners.len() >= CROWD && !self.sends.is_empty();
        if self.crowd.turns.is_none() && !waits {
            return self.tell(&events);
        }
        self.crowd.waiting.extend(events);
        if self.crowd.waiting.len() >= TOGETHER {
            self.tell_crowd();
        } else if self.crowd.turns.is_none() {
            self.crowd.turns = Some(context.run_interval(TURN, Self::tell_part));
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
        if !self.crowd.waiting.is_empty() {
            self.tell_range(0..self.listeners.len());
            self.crowd.first = self.crowd.end();
            self.crowd.waiting.clear();
        }
    }

    fn tell_part(&mut self, context: &mut Context<Self>) {
        if self.crowd.waiting.is_empty() {
            if let Some(turns) = self.crowd.turns.take() {
                context.cancel_future(turns);
            }
            return;
        }
        let (part, crowd) = (self.crowd.part, self.listeners.len());
        self.tell_range(crowd * part / PARTS..crowd * (part + 1) / PARTS);
        self.crowd.part = (part + 1) % PARTS;
        self.forget_told();
    }

    fn tell_range(&mut self, range: Range<usize>) {
        let Self {
            crowd,
            listeners,
            deps,
            ..
        } = self;
        let end = crowd.end();
        let mut index = 0;
        listeners.retain_mut(|listener| {
            index += 1;
            if !range.contains(&(index - 1)) || listener.place_in_crowd >= end {
                return true;
            }
            let untold = crowd.from(listener.place_in_crowd);
            listener.place_in_crowd = end;
            hand(listener, untold, &deps.metrics)
        });
    }

    /// Drops what everybody has been told.
    fn forget_told(&mut self) {
        let places = self.listeners.iter().map(|it| it.place_in_crowd);
        let told = places.min().unwrap_or(u64::MAX).min(self.crowd.end());
        while self.crowd.first < told {
            self.crowd.waiting.pop_front();
            self.crowd.first += 1;
        }
    }
}
