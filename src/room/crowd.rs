//! Telling a crowd: what comes soon after other events waits a moment, so that one write carries several.
//! A write to each of 200 sockets costs more than all the rest of a message.

use actix::prelude::*;
use std::time::{Duration, Instant};

use super::actor::Room;
use super::listener::Encoded;
use crate::domain::ids::Seq;

/// Listeners from which on a room is a crowd.
const CROWD: usize = 32;
/// How long an event waits at most, and how far apart a crowd is told under load.
const PATIENCE: Duration = Duration::from_millis(5);
/// How many events wait at most.
const TOGETHER: usize = 64;

/// Events that wait for a crowd.
#[derive(Default)]
pub(super) struct Crowd {
    waiting: Vec<Encoded>,
    timer: Option<SpawnHandle>,
    told_at: Option<Instant>,
}

impl Crowd {
    /// The seq up to which listeners have been told, where the room has announced up to `announced`.
    pub(super) fn told_up_to(&self, announced: Seq) -> Seq {
        let first = self.waiting.iter().find_map(|event| event.seq);
        first.map_or(announced, |seq| seq - 1)
    }
}

impl Room {
    /// Tells everybody at once in a small room, or after a silence; else a moment later.
    pub(super) fn tell_together(&mut self, events: Vec<Encoded>, context: &mut Context<Self>) {
        if self.crowd.waiting.is_empty() && self.listeners.len() < CROWD {
            return self.tell(&events);
        }
        let silence = self.crowd.told_at.map_or(PATIENCE, |at| at.elapsed());
        self.crowd.waiting.extend(events);
        if silence >= PATIENCE || self.crowd.waiting.len() >= TOGETHER {
            self.tell_crowd();
        } else if self.crowd.timer.is_none() {
            let timer = context.run_later(PATIENCE.saturating_sub(silence), |room, _| {
                room.crowd.timer = None;
                room.tell_crowd();
            });
            self.crowd.timer = Some(timer);
        }
    }

    /// Tells everybody what has waited.
    pub(super) fn tell_crowd(&mut self) {
        if !self.crowd.waiting.is_empty() {
            self.crowd.told_at = Some(Instant::now());
            let events = std::mem::take(&mut self.crowd.waiting);
            self.push_to_those(&events, |_| true);
        }
    }
}
