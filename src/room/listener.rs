//! A session that has joined: where its events go, in which form, and from which seq on.

use bytestring::ByteString;
use std::sync::Arc;

use super::worded::{InForms, Spoken};
use crate::domain::form::Form;
use crate::domain::ids::{ConversationId, Seq};
use crate::domain::message::Audience;
use crate::domain::principal::Principal;
use crate::queue::{ChatFrame, Frame, Outbox, Push};

/// What an event is of everything that is told of one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// All of it, or the rest.
    Wholly,
    /// In the words of the Stoory guide, something follows.
    Partly,
}

/// An event, encoded once for each form that is listened in.
pub(super) struct Encoded {
    /// Its place, or none for what is not durable.
    pub(super) seq: Option<Seq>,
    /// Whether it is all that is told of its place.
    pub(super) told: Told,
    /// Whom alone it is for.
    pub(super) audience: Option<Audience>,
    /// By form, as far as somebody listens in it.
    pub(super) spoken: InForms,
}

impl Encoded {
    pub(super) fn has_words_in(&self, form: Form) -> bool {
        let spoken = self.spoken.get(form as usize);
        spoken.is_some_and(Spoken::has_words)
    }
}

/// What a listener gets while its snapshot is being read.
enum Phase {
    /// Kept until the snapshot is there.
    Reading(Vec<(Option<Seq>, Frame)>),
    /// Pushed at once.
    Live,
}

/// A session that has joined.
pub(super) struct Listener {
    pub(super) principal: Arc<Principal>,
    pub(super) outbox: Arc<Outbox>,
    /// In which words it is told.
    pub(super) form: Form,
    place: ConversationId,
    /// The role that an audience may name; none for staff from outside.
    pub(super) role: Option<String>,
    /// What the listener has up to this seq it got with its snapshot.
    pub(super) floor: Seq,
    phase: Phase,
    /// Up to which place it has been told of what waits for a crowd.
    pub(super) place_in_crowd: u64,
    /// Tells a later join of the same session from this one.
    pub(super) generation: u64,
}

impl Listener {
    /// A session whose snapshot is about to be read.
    pub(super) fn reading(
        place: ConversationId,
        principal: Arc<Principal>,
        outbox: Arc<Outbox>,
        role: Option<String>,
        generation: u64,
    ) -> Self {
        Self {
            principal,
            form: outbox.state().form(),
            outbox,
            place,
            role,
            floor: 0,
            phase: Phase::Reading(Vec::new()),
            place_in_crowd: 0,
            generation,
        }
    }

    /// Whether everything that was announced has been pushed to it.
    pub(super) fn is_live(&self) -> bool {
        matches!(self.phase, Phase::Live)
    }

    /// Whether it is among those for whom something is meant.
    pub(super) fn is_among(&self, audience: Option<&Audience>) -> bool {
        Audience::admits(audience, self.principal.no, self.role.as_deref())
    }

    fn hears(&self, event: &Encoded) -> bool {
        event.seq.is_none_or(|seq| seq > self.floor) && self.is_among(event.audience.as_ref())
    }

    fn frame(&self, event: &Encoded) -> Option<Frame> {
        let spoken = event.spoken.get(self.form as usize)?;
        let bytes = spoken.to(self.principal.no, self.role.as_deref())?.clone();
        Some(framed(self.form, bytes, self.place, event.seq, event.told))
    }

    /// Gives the listener those of the events that it may hear; says what became of the push.
    pub(super) fn give(&mut self, events: &[Encoded]) -> Push {
        let heard = events.iter().filter(|event| self.hears(event));
        match &self.phase {
            Phase::Live => self
                .outbox
                .frames(heard.filter_map(|event| self.frame(event))),
            Phase::Reading(_) => {
                let kept: Vec<_> = heard
                    .filter_map(|event| Some((event.seq, self.frame(event)?)))
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
                self.outbox.frames(later.map(|(_, frame)| frame))
            }
        }
    }
}

/// A connection that is not native keeps the places of durable events in mind: one is behind it when all of it was told.
pub(super) fn framed(
    form: Form,
    bytes: ByteString,
    place: ConversationId,
    seq: Option<Seq>,
    told: Told,
) -> Frame {
    match (form, seq, told) {
        (Form::Native, _, _) | (_, None, _) => Frame::Text(bytes),
        (Form::Stoory, Some(seq), Told::Partly) => ChatFrame::placed(bytes, place, seq - 1),
        (Form::Stoory, Some(seq), Told::Wholly) | (Form::Lola, Some(seq), _) => {
            ChatFrame::placed(bytes, place, seq)
        }
    }
}

/// What was missed, event by event.
pub(crate) fn framed_again(
    form: Form,
    events: Vec<(Seq, ByteString)>,
    place: ConversationId,
) -> impl Iterator<Item = (Seq, Frame)> {
    let mut events = events.into_iter().peekable();
    std::iter::from_fn(move || {
        let (seq, words) = events.next()?;
        let told = match events.peek() {
            Some((next, _)) if *next == seq => Told::Partly,
            Some(_) | None => Told::Wholly,
        };
        Some((seq, framed(form, words, place, Some(seq), told)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{SessionId, UserId, UserNo};
    use crate::domain::principal::{Profile, Roles};
    use crate::queue::Drain;
    use futures_util::{FutureExt, StreamExt};

    const ALICE: UserNo = UserNo(1);
    const BOB: UserNo = UserNo(2);

    fn listener(no: UserNo) -> Listener {
        let principal = Principal {
            no,
            id: UserId::stored(format!("user-{}", no.0)),
            profile: Arc::new(Profile::default()),
            roles: Roles::default(),
            valid_until: 0,
            issued_at: None,
        };
        let outbox = Outbox::new(SessionId(uuid::Uuid::nil()), 100_000);
        let place = ConversationId(uuid::Uuid::nil());
        Listener::reading(
            place,
            Arc::new(principal),
            outbox,
            Some("member".to_owned()),
            1,
        )
    }

    fn told(for_all: &str, seq: Option<Seq>) -> Encoded {
        Encoded {
            seq,
            told: Told::Wholly,
            audience: None,
            spoken: [Spoken::to_all(for_all), Spoken::Unsaid, Spoken::Unsaid],
        }
    }

    fn passing(text: &str) -> Encoded {
        told(text, None)
    }

    fn event(seq: Seq) -> Encoded {
        told(&seq.to_string(), Some(seq))
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
        listener.give(&[passing("passing"), event(8)]);
        assert!(pushed(&listener).is_empty() && !listener.is_live());
        assert_eq!(listener.go_live(6), Push::Queued);
        assert!(listener.is_live());
        assert_eq!(pushed(&listener), ["7", "passing", "8"]);
        listener.give(&[event(6), event(9), passing("again")]);
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
        let own = || {
            let mut own = event(1);
            own.spoken[0] = Spoken::to_all_but("1", (ALICE, "with client_id"));
            own
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

    #[test]
    fn listeners_of_one_form_share_the_bytes_and_others_have_their_own() {
        let both = Encoded {
            spoken: [
                Spoken::to_all("native"),
                Spoken::to_all("stoory"),
                Spoken::Unsaid,
            ],
            ..event(7)
        };
        let heard = |form| {
            let mut listener = listener(BOB);
            listener.form = form;
            listener.go_live(0);
            listener.give(std::slice::from_ref(&both));
            let mut drain = Drain(Arc::clone(&listener.outbox));
            let drained = drain.next().now_or_never().flatten();
            drained.map_or(Vec::new(), |drained| drained.frames)
        };
        let address = |frames: &[Frame]| match frames {
            [Frame::Text(text) | Frame::Own(ChatFrame::Placed(text, _, 7))] => {
                text.as_ptr() as usize
            }
            other => panic!("{other:?}"),
        };
        let (one, other) = (heard(Form::Native), heard(Form::Native));
        assert_eq!(address(&one), address(&other), "encoded once");
        let foreign = heard(Form::Stoory);
        assert!(
            matches!(foreign.as_slice(), [Frame::Own(ChatFrame::Placed(text, _, 7))] if *text == "stoory")
        );
        assert!(heard(Form::Lola).is_empty(), "nobody listened in it");
    }
}
