//! Watermarks: delivered and read.

use actix::prelude::*;
use std::sync::Arc;

use super::actor::Room;
use super::behind::Knowledge;
use super::listener::others_than;
use super::reply::Reply;
use crate::domain::answer::Answer;
use crate::domain::command::Mark;
use crate::domain::ids::{MessageId, Seq, UserNo};
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::domain::room_event::Change;
use crate::feed::Transient;
use crate::journal::{MarkRequest, Outcome};
use crate::store::marks::NewMark;
use crate::wire::section::Section;

const MARK_AGAIN: Refusal = Refusal::Unavailable("The database is away: mark again");

/// Which messages a watermark counts as read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reads {
    /// All, those of threads too.
    All,
    /// Those of the main line.
    MainLine,
}

/// A watermark that is to move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Move {
    mark: Mark,
    seq: Seq,
    reads: Reads,
}

impl Move {
    /// Everything up to this seq was read.
    fn seen(seq: Seq) -> Self {
        Self {
            mark: Mark::Seen,
            seq,
            reads: Reads::All,
        }
    }

    /// Up to which seq threads count as read with it; 0 if they do not.
    fn threads(self) -> Seq {
        match (self.mark, self.reads) {
            (Mark::Seen, Reads::All) => self.seq,
            (Mark::Seen, Reads::MainLine) | (Mark::Delivered, _) => 0,
        }
    }
}

/// A watermark beyond the room's last seq; it waits until the room has read the newest entries.
pub(super) struct AheadMark {
    principal: Arc<Principal>,
    wanted: Ahead,
    reply: Reply,
}

enum Ahead {
    /// Up to a seq, or to the newest change if that is lower.
    UpTo(Move),
    /// To this message, which must exist.
    Message(MessageId),
}

/// A watermark that the journal is storing.
pub(super) struct WaitingMark {
    user: UserNo,
    mark: Mark,
    seq: Seq,
    replies: Vec<Reply>,
}

impl Room {
    /// Moves a watermark forward: a read one with the next commit, a delivered one every half second.
    pub(super) fn mark(
        &mut self,
        principal: Arc<Principal>,
        mark: Mark,
        seq: Seq,
        reply: Reply,
        context: &mut Context<Self>,
    ) {
        let reads = Reads::All;
        self.move_mark(principal, Move { mark, seq, reads }, reply, context);
    }

    /// Moves the read watermark forward; threads stay as unread as they are.
    pub(super) fn read_main_line(
        &mut self,
        principal: Arc<Principal>,
        seq: Seq,
        reply: Reply,
        context: &mut Context<Self>,
    ) {
        let wanted = Move {
            reads: Reads::MainLine,
            ..Move::seen(seq)
        };
        self.move_mark(principal, wanted, reply, context);
    }

    fn move_mark(
        &mut self,
        principal: Arc<Principal>,
        wanted: Move,
        reply: Reply,
        context: &mut Context<Self>,
    ) {
        if wanted.seq > self.timeline.announced() && self.state.access(&principal).is_ok() {
            let wanted = AheadMark {
                principal,
                wanted: Ahead::UpTo(wanted),
                reply,
            };
            return self.mark_after_looking(wanted, context);
        }
        self.mark_known(&principal, wanted, reply, context);
    }

    /// Moves a watermark forward, at most to the newest change that this room knows.
    fn mark_known(
        &mut self,
        principal: &Principal,
        asked: Move,
        reply: Reply,
        context: &mut Context<Self>,
    ) {
        let Move { mark, seq, .. } = asked;
        let wanted = match self.state.mark(principal, mark, seq) {
            Err(refusal) => return reply.refuse(refusal),
            Ok((now, None)) if !self.is_read_again(principal.no, mark, seq) => {
                return reply.send(Ok(Answer::Marked(now)));
            }
            Ok((now, None)) => now,
            Ok((_, Some(wanted))) => wanted,
        };
        match mark {
            Mark::Seen => {
                let wanted = Move {
                    seq: wanted,
                    ..asked
                };
                self.write_mark(principal.no, wanted, vec![reply], context);
            }
            Mark::Delivered => {
                let gathered = self.gathering.entry(principal.no).or_default();
                gathered.0 = gathered.0.max(wanted);
                gathered.1.push(reply);
            }
        }
    }

    /// Whether a mark that moves no watermark is written, since its user reads again what they count as unread.
    pub(super) fn is_read_again(&self, user: UserNo, mark: Mark, seq: Seq) -> bool {
        mark == Mark::Seen && self.state.ends_unread_from(user, seq)
    }

    /// Hands the collected delivered watermarks to the journal.
    pub(super) fn flush_delivered(&mut self, context: &mut Context<Self>) {
        for (user, (seq, replies)) in std::mem::take(&mut self.gathering) {
            let wanted = Move {
                mark: Mark::Delivered,
                seq,
                reads: Reads::All,
            };
            self.write_mark(user, wanted, replies, context);
        }
    }

    fn write_mark(
        &mut self,
        user: UserNo,
        wanted: Move,
        replies: Vec<Reply>,
        context: &mut Context<Self>,
    ) {
        let Move { mark, seq, .. } = wanted;
        let request_no = self.request_no();
        let read = match mark {
            Mark::Seen => seq,
            Mark::Delivered => 0,
        };
        let mark_row = NewMark {
            conversation: self.state.conversation.no,
            user,
            delivered: seq,
            read,
            threads: wanted.threads(),
        };
        let room = self.outcome_recipient(context);
        self.deps.journal.mark(MarkRequest {
            mark: mark_row,
            request_no,
            parked_since: None,
            room,
        });
        self.marks.insert(
            request_no,
            WaitingMark {
                user,
                mark,
                seq,
                replies,
            },
        );
    }

    /// Moves the watermark to a message.
    pub(super) fn see(
        &mut self,
        principal: Arc<Principal>,
        message: MessageId,
        reply: Reply,
        context: &mut Context<Self>,
    ) {
        let known = message.seq <= self.timeline.announced();
        match self.state.must_be_here(message) {
            Ok(()) if known => {
                self.mark_known(&principal, Move::seen(message.seq), reply, context);
            }
            Ok(()) if self.state.access(&principal).is_ok() => {
                let wanted = AheadMark {
                    principal,
                    wanted: Ahead::Message(message),
                    reply,
                };
                self.mark_after_looking(wanted, context);
            }
            Ok(()) => reply.refuse(Refusal::MessageNotFound),
            Err(refusal) => reply.refuse(refusal),
        }
    }

    /// Handles a watermark beyond the room's last seq: another server may have written that change, so the room
    /// reads first. Only one read runs at a time; what is added meanwhile goes with the next.
    fn mark_after_looking(&mut self, wanted: AheadMark, context: &mut Context<Self>) {
        self.marks_ahead.push(wanted);
        self.look_ahead(context);
    }

    fn look_ahead(&mut self, context: &mut Context<Self>) {
        if self.looking_ahead || self.marks_ahead.is_empty() {
            return;
        }
        self.looking_ahead = true;
        let waiting = std::mem::take(&mut self.marks_ahead);
        let wait = self.catch_up();
        context.spawn(wait.into_actor(self).map(|missed, room, context| {
            room.looking_ahead = false;
            let knows = room.caught_up(missed, context);
            for ahead in waiting {
                match knows {
                    Knowledge::Whole => room.mark_as_read(ahead, context),
                    Knowledge::Missing => ahead.reply.refuse(MARK_AGAIN),
                }
            }
            room.look_ahead(context);
        }));
    }

    fn mark_as_read(&mut self, ahead: AheadMark, context: &mut Context<Self>) {
        let AheadMark {
            principal,
            wanted,
            reply,
        } = ahead;
        match wanted {
            Ahead::UpTo(wanted) => self.mark_known(&principal, wanted, reply, context),
            Ahead::Message(message) if message.seq > self.timeline.announced() => {
                reply.refuse(Refusal::MessageNotFound);
            }
            Ahead::Message(message) => {
                self.mark_known(&principal, Move::seen(message.seq), reply, context);
            }
        }
    }

    /// Announces a committed watermark to those whom it concerns.
    pub(super) fn mark_settled(
        &mut self,
        waiting: WaitingMark,
        outcome: Outcome,
        context: &mut Context<Self>,
    ) {
        let WaitingMark {
            user,
            mark,
            seq,
            replies,
        } = waiting;
        let Outcome::Marked = outcome else {
            return replies
                .into_iter()
                .for_each(|reply| reply.refuse(MARK_AGAIN));
        };
        if self.is_read_again(user, mark, seq) {
            self.note_unread_from(user, None);
            self.read_mine(user, context);
            self.tell_peers_of_mine(user);
        }
        let moved_from = self.state.evolve_mark(user, mark, seq);
        let stands = self.state.marked(user, mark).unwrap_or(seq);
        replies
            .into_iter()
            .for_each(|reply| reply.send(Ok(Answer::Marked(stands))));
        if let Some(before) = moved_from {
            self.announce_mark(user, mark, before, seq);
        }
    }

    fn announce_mark(&mut self, user: UserNo, mark: Mark, before: Seq, seq: Seq) {
        let conversation = self.state.conversation.id;
        if let Some(person) = self.state.person(user) {
            let marked = Transient::Marked(person.id.clone(), mark, seq);
            self.deps.feed.transient(conversation, marked);
        }
        self.deps.outgoing.say(|| Section::Marked {
            conversation,
            user,
            mark,
            seq,
        });
        self.announce_mark_here(user, mark, before, seq);
    }

    /// Announces a watermark to the sessions of this server.
    pub(super) fn announce_mark_here(&mut self, user: UserNo, mark: Mark, before: Seq, seq: Seq) {
        if mark == Mark::Seen {
            self.notices.unread_changes().add_reader(user, before);
        }
        let Some(person) = self.state.person(user) else {
            return;
        };
        let conversation = self.state.conversation.no;
        let message = |seq| MessageId { conversation, seq };
        let passed = match mark {
            Mark::Seen => self.authors.of_others(user, before, seq),
            Mark::Delivered => Vec::new(),
        };
        let event = self.signal(
            user,
            Change::Marked {
                mark,
                user: person.id.clone(),
                seq,
                message: message(self.authors.newest(seq)),
                passed: passed.into_iter().map(message).collect(),
            },
        );
        match mark {
            Mark::Seen => self.tell_in_turns(event),
            Mark::Delivered => {
                let authors = self.authors.between(before, seq);
                self.tell_those(&[event], |listener| match &authors {
                    Some(authors) => authors.contains(&listener.principal.no),
                    None => others_than(user)(listener),
                });
            }
        }
    }
}
