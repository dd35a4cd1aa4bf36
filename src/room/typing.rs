//! Typing indicators.

use std::time::Instant;

use super::actor::Room;
use super::listener::others_than;
use super::reply::Reply;
use crate::domain::answer::Answer;
use crate::domain::command::Typing;
use crate::domain::ids::{UserId, UserNo};
use crate::domain::principal::Principal;
use crate::domain::room_event::Change;
use crate::feed::Transient;
use crate::wire::section::Section;

impl Room {
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
        let what = Transient::Typing(id.clone(), typing);
        self.deps.feed.transient(self.state.conversation.id, what);
        let change = Change::Typing {
            user: id.clone(),
            name: named.or(name),
            is_typing: typing == Typing::Started,
        };
        let event = self.signal(user, change);
        self.tell_those(&[event], others_than(user));
    }
}
