//! Catch-up checks: asks the database how far conversations are, and has the rooms that are behind read.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use super::Nodes;
use super::peers::SILENCE;
use crate::domain::ids::ConversationNo;
use crate::error::Error;
use crate::registry::{RoomToCheck, Rooms};
use crate::room::progress::Checked;
use crate::room::{RoomDeps, ToRoom};
use crate::store::catch_up;

/// The interval of checks while others may have written something that is not heard otherwise.
const PERIOD: Duration = Duration::from_secs(1);
/// The interval of checks of every room, whatever is heard.
const EVERYTHING: Duration = Duration::from_secs(30);
/// The least time between two checks, however often something is missing.
const REST: Duration = Duration::from_millis(100);
/// Each so-manieth check reads watermarks too.
const WITH_WATERMARKS: u64 = 5;
/// The conversations of one statement.
const TOGETHER: usize = 500;

struct Checks {
    nodes: Nodes,
    room: Arc<RoomDeps>,
    rooms: Rooms,
    count: u64,
    /// When every room was checked.
    all_checked: Instant,
    /// When it had its last turn.
    ran_at: Instant,
    /// Whether the last check succeeded.
    was_read: bool,
}

/// Whether a check reads watermarks too.
#[derive(Clone, Copy, PartialEq)]
enum Marks {
    Read,
    Left,
}

/// Checks until the server stops.
pub(super) async fn run(
    nodes: Nodes,
    room: Arc<RoomDeps>,
    rooms: Rooms,
    mut stopped: watch::Receiver<bool>,
) {
    let mut turn = tokio::time::interval(PERIOD);
    turn.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let now = room.clock.now();
    let mut checks = Checks {
        all_checked: now,
        ran_at: now,
        nodes: nodes.clone(),
        room,
        rooms,
        count: 0,
        was_read: true,
    };
    while !*stopped.borrow() {
        let is_asked_for = tokio::select! {
            _ = turn.tick() => false,
            () = nodes.0.due.notified() => true,
            _ = stopped.changed() => continue,
        };
        checks.check_when_due(is_asked_for).await;
        if is_asked_for {
            tokio::time::sleep(REST).await;
        }
    }
}

impl Checks {
    async fn check_when_due(&mut self, is_asked_for: bool) {
        let now = self.room.clock.now();
        // This process was frozen: nobody knows what was sent meanwhile.
        let was_frozen = now.saturating_duration_since(self.ran_at) >= PERIOD + SILENCE;
        self.ran_at = now;
        let everything = now.duration_since(self.all_checked) >= EVERYTHING;
        // What a failed check would have found is not heard otherwise.
        let is_owed = !self.was_read || was_frozen;
        let is_due = is_asked_for || is_owed || self.nodes.0.peers.lock().call_for_checks(now);
        if !everything && !is_due {
            return;
        }
        self.count += 1;
        let may_miss_marks = everything || is_asked_for || is_owed;
        let marks = match may_miss_marks || self.count.is_multiple_of(WITH_WATERMARKS) {
            true => Marks::Read,
            false => Marks::Left,
        };
        let checked = match marks {
            _ if everything => Checked::All,
            Marks::Read => Checked::Listened,
            Marks::Left => Checked::Quiet,
        };
        let outcome = self.check(checked, marks).await;
        if let (Err(error), true) = (&outcome, self.was_read) {
            log::warn!(event = "catch_up_check_failed"; "{error}");
        }
        self.was_read = outcome.is_ok();
        if everything && self.was_read {
            self.all_checked = now;
        }
    }

    async fn check(&self, checked: Checked, marks: Marks) -> Result<(), Error> {
        self.room.metrics.nodes.catch_up_checks.inc();
        let rooms = self.rooms.progress(checked);
        let numbers: Vec<ConversationNo> = rooms.keys().copied().collect();
        for some in numbers.chunks(TOGETHER) {
            self.check_some(&rooms, some.to_vec(), marks).await?;
        }
        Ok(())
    }

    async fn check_some(
        &self,
        rooms: &HashMap<ConversationNo, RoomToCheck>,
        some: Vec<ConversationNo>,
        marks: Marks,
    ) -> Result<(), Error> {
        let turn = self.room.catch_ups.acquire().await;
        let read = move |connection: &mut _| {
            let seqs = catch_up::last_seqs(connection, &some)?;
            let marks = match marks {
                Marks::Read => catch_up::watermarks(connection, &some)?,
                Marks::Left => Vec::new(),
            };
            Ok((seqs, marks))
        };
        let read = self.room.pool.run(read).await;
        drop(turn);
        let (seqs, marks) = read?;
        for (no, last) in seqs {
            let Some(room) = rooms.get(&no) else {
                continue;
            };
            if last < room.announced {
                room.tell(ToRoom::End);
            } else if last > room.announced_now() {
                self.room.metrics.nodes.rooms_behind.inc();
                room.tell(ToRoom::LastSeq(last));
            }
        }
        let mut by_room: HashMap<ConversationNo, Vec<_>> = HashMap::new();
        for mark in marks {
            by_room.entry(mark.conversation).or_default().push(mark);
        }
        for (no, marks) in by_room {
            if let Some(room) = rooms.get(&no) {
                room.tell(ToRoom::Watermarks(marks));
            }
        }
        Ok(())
    }
}
