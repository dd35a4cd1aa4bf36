//! A session that has joined: where its events go, and from which seq on.

use bytestring::ByteString;
use std::sync::Arc;

use crate::domain::ids::Seq;
use crate::domain::message::Audience;
use crate::domain::principal::Principal;
use crate::outbox::{Outbox, Push};

/// An event that is encoded once for all who hear it.
pub(super) struct Encoded {
    /// Its place, or none for what is not durable.
    pub(super) seq: Option<Seq>,
    /// The bytes for everybody.
    pub(super) for_all: ByteString,
    /// Other bytes for participants with these roles.
    pub(super) for_roles: Vec<(String, ByteString)>,
    /// Other bytes for the sessions of its sender.
    pub(super) for_sender: Option<(crate::domain::ids::UserNo, ByteString)>,
    /// Whom alone it is for.
    pub(super) audience: Option<Audience>,
}

impl Encoded {
    /// An event that leaves no trace.
    pub(super) fn passing(for_all: ByteString) -> Self {
        Self {
            seq: None,
            for_all,
            for_roles: Vec::new(),
            for_sender: None,
            audience: None,
        }
    }

    fn bytes_for(&self, principal: &Principal, role: Option<&str>) -> ByteString {
        match &self.for_sender {
            Some((sender, bytes)) if *sender == principal.no => bytes.clone(),
            Some(_) | None => self.bytes_for_role(role),
        }
    }

    /// The bytes for a participant with this role, or for staff.
    pub(super) fn bytes_for_role(&self, role: Option<&str>) -> ByteString {
        let found = self
            .for_roles
            .iter()
            .find(|(meant, _)| Some(meant.as_str()) == role);
        found.map_or(&self.for_all, |(_, bytes)| bytes).clone()
    }
}

/// What a listener gets while its snapshot is being read.
enum Phase {
    /// Kept until the snapshot is there.
    Reading(Vec<(Option<Seq>, ByteString)>),
    /// Pushed at once.
    Live,
}

/// A session that has joined.
pub(super) struct Listener {
    pub(super) principal: Arc<Principal>,
    pub(super) outbox: Arc<Outbox>,
    /// The role that an audience may name; none for staff from outside.
    pub(super) role: Option<String>,
    /// What the listener has up to this seq it got with its snapshot.
    pub(super) floor: Seq,
    phase: Phase,
    /// Tells a later join of the same session from this one.
    pub(super) generation: u64,
}

impl Listener {
    /// A session whose snapshot is about to be read.
    pub(super) fn reading(
        principal: Arc<Principal>,
        outbox: Arc<Outbox>,
        role: Option<String>,
        generation: u64,
    ) -> Self {
        Self {
            principal,
            outbox,
            role,
            floor: 0,
            phase: Phase::Reading(Vec::new()),
            generation,
        }
    }

    /// Whether everything that was announced has been pushed to it.
    pub(super) fn is_live(&self) -> bool {
        matches!(self.phase, Phase::Live)
    }

    fn hears(&self, event: &Encoded) -> bool {
        event.seq.is_none_or(|seq| seq > self.floor)
            && Audience::admits(
                event.audience.as_ref(),
                self.principal.no,
                self.role.as_deref(),
            )
    }

    /// Gives the listener those of the events that it may hear; says what became of the push.
    pub(super) fn give(&mut self, events: &[Encoded]) -> Push {
        let heard = events.iter().filter(|event| self.hears(event));
        match &self.phase {
            Phase::Live => self
                .outbox
                .texts(heard.map(|event| event.bytes_for(&self.principal, self.role.as_deref()))),
            Phase::Reading(_) => {
                let kept: Vec<_> = heard
                    .map(|event| {
                        (
                            event.seq,
                            event.bytes_for(&self.principal, self.role.as_deref()),
                        )
                    })
                    .collect();
                if let Phase::Reading(waiting) = &mut self.phase {
                    waiting.extend(kept);
                }
                Push::Queued
            }
        }
    }

    /// The snapshot went out: what it holds is dropped, what came after it follows.
    pub(super) fn go_live(&mut self, snapshot_seq: Seq) -> Push {
        self.floor = snapshot_seq;
        match std::mem::replace(&mut self.phase, Phase::Live) {
            Phase::Live => Push::Queued,
            Phase::Reading(waiting) => {
                let later = waiting
                    .into_iter()
                    .filter(|(seq, _)| seq.is_none_or(|seq| seq > snapshot_seq));
                self.outbox.texts(later.map(|(_, bytes)| bytes))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{SessionId, UserId, UserNo};
    use crate::domain::principal::{Profile, Roles};
    use crate::outbox::{Drain, Frame};
    use futures_util::{FutureExt, StreamExt};

    const ALICE: UserNo = UserNo(1);
    const BOB: UserNo = UserNo(2);

    fn listener(no: UserNo) -> Listener {
        let principal = Principal {
            no,
            id: UserId::stored(format!("user-{}", no.0)),
            profile: Arc::new(Profile::default()),
            roles: Roles::default(),
            expires_at: 0,
        };
        let outbox = Outbox::new(SessionId(uuid::Uuid::nil()), 100_000);
        Listener::reading(Arc::new(principal), outbox, Some("member".to_owned()), 1)
    }

    fn event(seq: Seq) -> Encoded {
        Encoded {
            seq: Some(seq),
            ..Encoded::passing(seq.to_string().into())
        }
    }

    /// What has been pushed to it since the last look.
    fn pushed(listener: &Listener) -> Vec<String> {
        let mut drain = Drain(Arc::clone(&listener.outbox));
        let Some(Some(drained)) = drain.next().now_or_never() else {
            return Vec::new();
        };
        let text = |frame| match frame {
            Frame::Text(text) => text.to_string(),
            other => format!("{other:?}"),
        };
        drained.frames.into_iter().map(text).collect()
    }

    #[test]
    fn what_comes_while_the_snapshot_is_read_follows_it_without_doubles() {
        let mut listener = listener(ALICE);
        listener.give(&[event(5), event(6), event(7)]);
        listener.give(&[Encoded::passing("passing".into()), event(8)]);
        assert!(pushed(&listener).is_empty() && !listener.is_live());
        assert_eq!(listener.go_live(6), Push::Queued);
        assert!(listener.is_live());
        assert_eq!(pushed(&listener), ["7", "passing", "8"]);
        listener.give(&[event(6), event(9), Encoded::passing("again".into())]);
        assert_eq!(pushed(&listener), ["9", "again"], "the snapshot held 6");
    }

    #[test]
    fn a_snapshot_may_be_ahead_of_what_the_room_has_announced() {
        let mut listener = listener(ALICE);
        listener.go_live(9);
        listener.give(&[event(8), event(9), event(10)]);
        assert_eq!(pushed(&listener), ["10"]);
    }

    #[test]
    fn each_hears_what_is_meant_for_them() {
        let own = || Encoded {
            for_sender: Some((ALICE, "with client_id".into())),
            ..event(1)
        };
        for (no, expected) in [(ALICE, "with client_id"), (BOB, "1")] {
            let mut listener = listener(no);
            listener.go_live(0);
            listener.give(&[own()]);
            assert_eq!(pushed(&listener), [expected]);
        }
        let only = |audience| Encoded {
            audience: Some(audience),
            ..event(2)
        };
        let mut listener = listener(BOB);
        listener.go_live(0);
        listener.give(&[
            only(Audience::Role("helper".into())),
            only(Audience::User(ALICE)),
        ]);
        assert!(pushed(&listener).is_empty());
        listener.give(&[
            only(Audience::Role("member".into())),
            only(Audience::User(BOB)),
        ]);
        assert_eq!(pushed(&listener), ["2", "2"]);
    }
}
