//! Requests that a room would refuse by what it remembers. Another server may have permitted them since, so they are decided on what
//! the database says, in the order of their caller.

use actix::prelude::*;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::ToRoom;
use super::actor::Room;
use crate::domain::command::Command;
use crate::domain::ids::{SessionId, UserNo};
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;

/// The most requests of one caller that wait for a read.
const MOST_WAITING: usize = 256;
const TOO_MANY: Refusal =
    Refusal::Unavailable("Too many requests wait for the database: try again");
const ASK_AGAIN: Refusal = Refusal::Unavailable("The database is away: try again");

/// Requests that wait until the room has read, by caller. A read is under way for each caller.
#[derive(Default)]
pub(super) struct Doubts(HashMap<UserNo, VecDeque<ToRoom>>);

/// What came of a read.
#[derive(Clone, Copy, PartialEq)]
enum Knowledge {
    /// The room knows everything that was committed before the read.
    Whole,
    /// The database did not answer.
    Missing,
}

impl Doubts {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those behind which this request must wait: its caller's, or, for a session that leaves, those of its user.
    fn before(&mut self, message: &ToRoom) -> Option<&mut VecDeque<ToRoom>> {
        match (message.caller(), message) {
            (Some(caller), _) => self.0.get_mut(&caller.no),
            (None, ToRoom::Leave { session, .. }) => self.of_session(*session),
            (None, _) => None,
        }
    }

    fn of_session(&mut self, session: SessionId) -> Option<&mut VecDeque<ToRoom>> {
        let joins = |message: &ToRoom| matches!(message, ToRoom::Join { queue, .. } if queue.session() == session);
        let mut all = self.0.values_mut();
        all.find(|waiting| waiting.iter().any(joins))
    }
}

impl ToRoom {
    /// Who asks; `None` if nobody is to be told of a refusal.
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
        if !self.doubts.is_empty()
            && let Some(waiting) = self.doubts.before(&message)
        {
            return match waiting.len() < MOST_WAITING {
                true => waiting.push_back(message),
                false => message.refuse(TOO_MANY),
            };
        }
        match message.caller().map(|caller| caller.no) {
            Some(caller) if self.would_refuse(&message) => {
                self.read_for(caller, [message].into(), context);
            }
            _ => self.carry_out(message, context),
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
                Command::Mark { .. } | Command::See { .. } | Command::ChangeMine(_) => {
                    state.access(principal).is_err()
                }
                change => state
                    .decide(principal, change, &self.deps.policies)
                    .is_err(),
            },
            _ => false,
        }
    }

    /// Reads what this room may have missed, and decides these requests then.
    fn read_for(&mut self, caller: UserNo, waiting: VecDeque<ToRoom>, context: &mut Context<Self>) {
        let asked_before = waiting.len();
        self.doubts.0.insert(caller, waiting);
        let wait = self.catch_up();
        context.spawn(wait.into_actor(self).map(move |entries, room, context| {
            let knows = match entries {
                Ok(_) => Knowledge::Whole,
                Err(_) => Knowledge::Missing,
            };
            room.caught_up(entries, context);
            room.decide_doubts(caller, knows, asked_before, context);
            room.note_progress();
        }));
    }

    /// Decides the requests of a caller. Those that came after the read had begun may need another one.
    fn decide_doubts(
        &mut self,
        caller: UserNo,
        knows: Knowledge,
        asked_before: usize,
        context: &mut Context<Self>,
    ) {
        let mut waiting = self.doubts.0.remove(&caller).unwrap_or_default();
        let later = waiting.split_off(asked_before.min(waiting.len()));
        for message in waiting {
            match knows == Knowledge::Missing && self.would_refuse(&message) {
                true => message.refuse(ASK_AGAIN),
                false => self.carry_out(message, context),
            }
        }
        let mut later = later.into_iter();
        while let Some(message) = later.next() {
            if self.would_refuse(&message) {
                let waiting = std::iter::once(message).chain(later).collect();
                return self.read_for(caller, waiting, context);
            }
            self.carry_out(message, context);
        }
    }
}
