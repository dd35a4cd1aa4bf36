//! Telling a crowd: while others still send, events for many listeners wait a moment, so that one write carries several.
//! A write to each of 200 sockets costs more than all the rest of a message.

use actix::prelude::*;
use std::time::Duration;

use super::actor::Room;
use super::listener::Encoded;
use crate::domain::ids::Seq;

/// Listeners from which on a room is a crowd.
const CROWD: usize = 32;
/// How long an event waits at most.
const PATIENCE: Duration = Duration::from_millis(5);
/// How many events wait at most.
const TOGETHER: usize = 64;

/// Events that wait for a crowd.
#[derive(Default)]
pub(super) struct Crowd {
    waiting: Vec<Encoded>,
    timer: Option<SpawnHandle>,
}

impl Crowd {
    /// The seq up to which listeners have been told, where the room has announced up to `announced`.
    pub(super) fn told_up_to(&self, announced: Seq) -> Seq {
        let first = self.waiting.iter().find_map(|event| event.seq);
        first.map_or(announced, |seq| seq - 1)
    }
}

impl Room {
    /// Tells everybody at once in a small room, or when nobody else is sending; else a moment later.
    pub(super) fn tell_together(&mut self, events: Vec<Encoded>, context: &mut Context<Self>) {
        let waits = self.listeners.len() >= CROWD && !self.sends.is_empty();
        if self.crowd.waiting.is_empty() && !waits {
            return self.tell(&events);
        }
        self.crowd.waiting.extend(events);
        if !waits || self.crowd.waiting.len() >= TOGETHER {
            self.tell_crowd();
        } else if self.crowd.timer.is_none() {
            let timer = context.run_later(PATIENCE, |room, _| {
                room.crowd.timer = None;
                room.tell_crowd();
            });
            self.crowd.timer = Some(timer);
        }
    }

    /// Tells everybody what has waited.
    pub(super) fn tell_crowd(&mut self) {
        if !self.crowd.waiting.is_empty() {
            let events = std::mem::take(&mut self.crowd.waiting);
            self.push_to_those(&events, |_| true);
        }
    }
}
