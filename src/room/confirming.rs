//! Confirms refusals: another server may have permitted since what a room would refuse by what it remembers, so such requests are decided
//! on what the database says, in the order of their caller.

use actix::prelude::*;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::ToRoom;
use super::actor::Room;
use super::behind::Knowledge;
use crate::domain::command::Command;
use crate::domain::ids::{SessionId, UserNo};
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;

/// The most requests that wait for a read.
const MOST_WAITING: usize = 1_024;
const TOO_MANY: Refusal =
    Refusal::Unavailable("Too many requests wait for the database: try again");
const ASK_AGAIN: Refusal = Refusal::Unavailable("The database is away: try again");

/// Requests that wait until the room has read, by caller. At most one read is under way.
#[derive(Default)]
pub(super) struct Unconfirmed {
    waiting: HashMap<UserNo, VecDeque<ToRoom>>,
    /// How many of each caller's requests came before the read that is under way; `None` if none is.
    asked_before: Option<HashMap<UserNo, usize>>,
}

impl Unconfirmed {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    fn count(&self) -> usize {
        self.waiting.values().map(VecDeque::len).sum()
    }

    /// Whose earlier requests this request must follow: its caller's, or, for a session that leaves, its user's.
    fn before(&self, message: &ToRoom) -> Option<UserNo> {
        match (message.caller(), message) {
            (Some(caller), _) => self.waiting.contains_key(&caller.no).then_some(caller.no),
            (None, ToRoom::Leave { session, .. }) => self.user_of(*session),
            (None, _) => None,
        }
    }

    fn user_of(&self, session: SessionId) -> Option<UserNo> {
        let joins = |message: &ToRoom| matches!(message, ToRoom::Join { queue, .. } if queue.session() == session);
        let mut all = self.waiting.iter();
        let found = all.find(|(_, waiting)| waiting.iter().any(joins));
        found.map(|(user, _)| *user)
    }

    fn add(&mut self, caller: UserNo, message: ToRoom) {
        self.waiting.entry(caller).or_default().push_back(message);
    }

    /// A read begins, if none is under way and something waits.
    fn begin(&mut self) -> Reading {
        if self.asked_before.is_some() || self.waiting.is_empty() {
            return Reading::IsUnderway;
        }
        let counts = self.waiting.iter();
        self.asked_before = Some(counts.map(|(user, all)| (*user, all.len())).collect());
        Reading::Begins
    }

    /// The read has ended: all that waits, by caller, with the number of requests that came before it.
    fn end(&mut self) -> Vec<(UserNo, VecDeque<ToRoom>, usize)> {
        let counts = self.asked_before.take().unwrap_or_default();
        let waiting = std::mem::take(&mut self.waiting).into_iter();
        waiting
            .map(|(user, all)| (user, all, counts.get(&user).copied().unwrap_or(0)))
            .collect()
    }
}

/// Whether a read is to be made.
#[derive(PartialEq)]
enum Reading {
    Begins,
    /// It is, or nothing waits for one.
    IsUnderway,
}

impl ToRoom {
    /// Who asks; `None` if nobody gets the refusal.
    fn caller(&self) -> Option<&Arc<Principal>> {
        match self {
            Self::Join { principal, .. }
            | Self::Look { principal, .. }
            | Self::Renew { principal, .. }
            | Self::Do { principal, .. } => Some(principal),
            Self::Leave { .. }
            | Self::Committed(..)
            | Self::Remote(_)
            | Self::LastSeq(_)
            | Self::Watermarks(_)
            | Self::End => None,
        }
    }

    fn refuse(self, refusal: Refusal) {
        if let Some(reply) = self.into_reply() {
            reply.refuse(refusal);
        }
    }
}

impl Room {
    /// Carries out a request, or reads first if the room would refuse it, or if an earlier request of its caller waits for a read.
    pub(super) fn ask(&mut self, message: ToRoom, context: &mut Context<Self>) {
        let before = match self.unconfirmed.is_empty() {
            true => None,
            false => self.unconfirmed.before(&message),
        };
        let caller = message.caller().map(|caller| caller.no);
        match before.or(caller.filter(|_| self.would_refuse(&message))) {
            None => self.carry_out(message, context),
            Some(_) if self.unconfirmed.count() >= MOST_WAITING => message.refuse(TOO_MANY),
            Some(caller) => {
                self.unconfirmed.add(caller, message);
                self.confirm_refusals(context);
            }
        }
    }

    fn would_refuse(&self, message: &ToRoom) -> bool {
        let state = &self.state;
        match message {
            ToRoom::Join { principal, .. }
            | ToRoom::Look { principal, .. }
            | ToRoom::Renew { principal, .. } => state.reader(principal).is_err(),
            ToRoom::Do {
                principal, command, ..
            } => match command {
                Command::Send(content) => self.may_send_now(principal, content).is_err(),
                Command::Type(_) => state.may_speak(principal).is_err(),
                Command::WhoTypes
                | Command::Mark { .. }
                | Command::ChangeThread { .. }
                | Command::See { .. }
                | Command::ChangeMine(_) => state.access(principal).is_err(),
                change => state
                    .decide(principal, change, &self.deps.policies)
                    .is_err(),
            },
            _ => false,
        }
    }

    /// Reads what this room may have missed, once for all that wait.
    fn confirm_refusals(&mut self, context: &mut Context<Self>) {
        if self.unconfirmed.begin() == Reading::IsUnderway {
            return;
        }
        let read = self.catch_up_in_turn();
        context.spawn(read.into_actor(self).map(|missed, room, context| {
            let knows = room.caught_up(missed, context);
            for (caller, waiting, asked_before) in room.unconfirmed.end() {
                room.decide_confirmed(caller, waiting, (knows, asked_before), context);
            }
            room.confirm_refusals(context);
            room.note_progress();
        }));
    }

    /// Decides the requests of a caller. Those that came after the read had begun may need another one.
    fn decide_confirmed(
        &mut self,
        caller: UserNo,
        mut waiting: VecDeque<ToRoom>,
        (knows, asked_before): (Knowledge, usize),
        context: &mut Context<Self>,
    ) {
        let mut later = waiting.split_off(asked_before.min(waiting.len()));
        for message in waiting {
            match knows == Knowledge::Missing && self.would_refuse(&message) {
                true => message.refuse(ASK_AGAIN),
                false => self.carry_out(message, context),
            }
        }
        while let Some(message) = later.pop_front() {
            if self.would_refuse(&message) {
                later.push_front(message);
                self.unconfirmed.waiting.insert(caller, later);
                return;
            }
            self.carry_out(message, context);
        }
    }
}
