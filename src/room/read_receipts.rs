//! Watermarks (delivered, read) and typing indicators.

use actix::prelude::*;
use chrono::TimeDelta;
use std::sync::Arc;
use std::time::Instant;

use super::actor::Room;
use super::behind::Knowledge;
use super::listener::others_than;
use super::reply::Reply;
use crate::domain::answer::Answer;
use crate::domain::command::{Mark, Reads, Typing};
use crate::domain::ids::{MessageId, Seq, UserId, UserNo};
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::domain::room_event::Change;
use crate::journal::{MarkRequest, Outcome};
use crate::store::marks::NewMark;
use crate::wire::section::Section;

/// Who has read up to a message has read everything before it.
const SEEN: Mark = Mark::Seen(Reads::All);

const MARK_AGAIN: Refusal = Refusal::Unavailable("The database is away: mark again");

/// A watermark beyond the room's last seq; it waits until the room has read the newest entries.
pub(super) struct AheadMark {
    principal: Arc<Principal>,
    wanted: Ahead,
    reply: Reply,
}

enum Ahead {
    /// Up to this seq, or to the newest change if that is lower.
    UpTo(Mark, Seq),
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
        if seq > self.timeline.announced() && self.state.access(&principal).is_ok() {
            let wanted = AheadMark {
                principal,
                wanted: Ahead::UpTo(mark, seq),
                reply,
            };
            return self.mark_after_looking(wanted, context);
        }
        self.mark_known(&principal, mark, seq, reply, context);
    }

    /// Moves a watermark forward, at most to the newest change that this room knows.
    fn mark_known(
        &mut self,
        principal: &Principal,
        mark: Mark,
        seq: Seq,
        reply: Reply,
        context: &mut Context<Self>,
    ) {
        let wanted = match self.state.mark(principal, mark, seq) {
            Err(refusal) => return reply.refuse(refusal),
            Ok((now, None)) if !self.is_read_again(principal.no, mark, seq) => {
                return reply.send(Ok(Answer::Marked(now)));
            }
            Ok((now, None)) => now,
            Ok((_, Some(wanted))) => wanted,
        };
        match mark {
            Mark::Seen(_) => self.write_mark(principal.no, mark, wanted, vec![reply], context),
            Mark::Delivered => {
                let gathered = self.gathering.entry(principal.no).or_default();
                gathered.0 = gathered.0.max(wanted);
                gathered.1.push(reply);
            }
        }
    }

    /// Whether a mark that moves no watermark is written, since its user reads again what they count as unread.
    pub(super) fn is_read_again(&self, user: UserNo, mark: Mark, seq: Seq) -> bool {
        matches!(mark, Mark::Seen(_)) && self.state.ends_unread_from(user, seq)
    }

    /// Hands the collected delivered watermarks to the journal.
    pub(super) fn flush_delivered(&mut self, context: &mut Context<Self>) {
        for (user, (seq, replies)) in std::mem::take(&mut self.gathering) {
            self.write_mark(user, Mark::Delivered, seq, replies, context);
        }
    }

    fn write_mark(
        &mut self,
        user: UserNo,
        mark: Mark,
        seq: Seq,
        replies: Vec<Reply>,
        context: &mut Context<Self>,
    ) {
        let request_no = self.request_no();
        let (read, threads) = match mark {
            Mark::Seen(Reads::All) => (seq, seq),
            Mark::Seen(Reads::MainLine) => (seq, 0),
            Mark::Delivered => (0, 0),
        };
        let mark_row = NewMark {
            conversation: self.state.conversation.no,
            user,
            delivered: seq,
            read,
            threads,
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
                self.mark_known(&principal, SEEN, message.seq, reply, context);
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
            Ahead::UpTo(mark, seq) => self.mark_known(&principal, mark, seq, reply, context),
            Ahead::Message(message) if message.seq > self.timeline.announced() => {
                reply.refuse(Refusal::MessageNotFound);
            }
            Ahead::Message(message) => {
                self.mark_known(&principal, SEEN, message.seq, reply, context);
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
        let is_moved = seq > before;
        match mark {
            Mark::Seen(_) if is_moved => self.notices.unread_changes().add_reader(user, before),
            Mark::Seen(_) => self.notices.unread_changes().add_counted(user),
            Mark::Delivered => {}
        }
        let Some(person) = self.state.person(user) else {
            return;
        };
        let conversation = self.state.conversation.no;
        let message = |seq| MessageId { conversation, seq };
        let passed = match mark {
            Mark::Seen(_) => self.authors.of_others(user, before, seq),
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
            Mark::Seen(_) if is_moved => self.tell_in_turns(event),
            // How far somebody has read threads is for their own sessions.
            Mark::Seen(_) => self.tell_those(&[event], |it| it.principal.no == user),
            Mark::Delivered => {
                let authors = self.authors.between(before, seq);
                self.tell_those(&[event], |listener| match &authors {
                    Some(authors) => authors.contains(&listener.principal.no),
                    None => others_than(user)(listener),
                });
            }
        }
    }

    /// Shows that somebody types, or no longer.
    pub(super) fn type_(&mut self, principal: &Principal, typing: Typing, reply: Reply) {
        if let Err(refusal) = self.state.may_speak(principal) {
            return reply.refuse(refusal);
        }
        let now = self.deps.clock.now();
        if self.typists.note(principal.no, typing, now) {
            let name = principal.profile.name.clone();
            self.deps.outgoing.say(|| Section::Typing {
                conversation: self.state.conversation.id,
                user: principal.no,
                id: principal.id.clone(),
                name: name.clone(),
                typing,
            });
            self.announce_typing(principal.no, &principal.id, name, typing);
        }
        reply.send(Ok(Answer::Done));
    }

    /// Answers who else types, of those whom the caller may see typing.
    pub(super) fn who_types(&self, caller: &Principal, reply: Reply) {
        if let Err(denied) = self.state.access(caller) {
            return reply.refuse(denied.into());
        }
        let blocks = self.state.blocks.of_reader(caller.no);
        let is_shown =
            |user: UserNo| user != caller.no && !blocks.as_ref().is_some_and(|it| it.hides(user));
        let now = self.deps.pool.clock().now();
        let typing = self.typists.now_typing(self.deps.clock.now()).into_iter();
        let shown = typing.filter_map(|(user, ago)| {
            let person = self.state.person(user).filter(|_| is_shown(user))?;
            let ago = TimeDelta::from_std(ago).unwrap_or_default();
            Some((person.id.clone(), now - ago))
        });
        reply.send(Ok(Answer::Typists(shown.collect())));
    }

    /// Clears the typing indicators that were not renewed.
    pub(super) fn fade_typing(&mut self, now: Instant) {
        let faded = self.typists.faded(now);
        faded.into_iter().for_each(|user| self.stop_typing(user));
    }

    /// Clears a user's typing indicator, for example because their message arrived.
    pub(super) fn stop_typing(&mut self, user: UserNo) {
        if !self.typists.stop(user) {
            return;
        }
        if let Some(id) = self.state.person(user).map(|person| person.id.clone()) {
            self.announce_typing(user, &id, None, Typing::Stopped);
        }
    }

    /// The name is the one of the token; that of a participant counts before it, and that of staff stands in its place.
    pub(super) fn announce_typing(
        &mut self,
        user: UserNo,
        id: &UserId,
        name: Option<String>,
        typing: Typing,
    ) {
        let person = self.state.person(user);
        let named = person.and_then(|person| person.name.clone());
        let named = named.or_else(|| self.state.staff_name(user).map(str::to_owned));
        let name = name.filter(|_| self.state.staff_role(user).is_none());
        let change = Change::Typing {
            user: id.clone(),
            name: named.or(name),
            is_typing: typing == Typing::Started,
        };
        let event = self.signal(user, change);
        self.tell_those(&[event], others_than(user));
    }
}
