//! A session that has joined: the queue for its events, and the seq from which on it gets them.

use std::sync::Arc;

use crate::domain::dialect::Dialect;
use crate::domain::ids::{ConversationId, Seq, UserNo};
use crate::domain::message::Audience;
use crate::domain::principal::Principal;
use crate::domain::room_event::RoomEvent;
use crate::queue::{ChatFrame, ConnectionQueue, Frame, Heard, Push};

/// What a listener gets while its snapshot is being read.
enum Phase {
    /// Events are buffered until the snapshot is sent.
    Reading(Vec<(Option<Seq>, Frame)>),
    /// Events are queued at once.
    Live,
}

/// A session that has joined.
pub(super) struct Listener {
    pub(super) principal: Arc<Principal>,
    pub(super) queue: Arc<ConnectionQueue>,
    /// The dialect in which its events are encoded.
    pub(super) dialect: Dialect,
    /// The role that an audience may name; `None` for staff who do not participate.
    pub(super) role: Option<Arc<str>>,
    /// Events up to this seq were in the snapshot; skip them.
    pub(super) floor: Seq,
    phase: Phase,
    /// The position up to which it has received the crowd's waiting events.
    pub(super) place_in_crowd: u64,
    /// Distinguishes a later join of the same session from this one.
    pub(super) generation: u64,
}

/// The listeners that are not somebody's own.
pub(super) fn others_than(user: UserNo) -> impl Fn(&Listener) -> bool {
    move |listener| listener.principal.no != user
}

impl Listener {
    /// A listener whose snapshot is about to be read.
    pub(super) fn reading(
        principal: Arc<Principal>,
        queue: Arc<ConnectionQueue>,
        role: Option<Arc<str>>,
        generation: u64,
    ) -> Self {
        Self {
            principal,
            dialect: queue.state().dialect(),
            queue,
            role,
            floor: 0,
            phase: Phase::Reading(Vec::new()),
            place_in_crowd: 0,
            generation,
        }
    }

    /// Whether all announced events have been queued for it.
    pub(super) fn is_live(&self) -> bool {
        matches!(self.phase, Phase::Live)
    }

    /// Whether this audience includes the listener.
    pub(super) fn is_among(&self, audience: Option<&Audience>) -> bool {
        Audience::admits(audience, self.principal.no, self.role.as_deref())
    }

    fn hears(&self, event: &RoomEvent) -> bool {
        event.seq.is_none_or(|seq| seq > self.floor)
            && (!event.is_part_of_step() || self.dialect.needs().acts)
            && self.is_among(event.audience())
    }

    fn frame(&self, event: &Arc<RoomEvent>) -> Frame {
        ChatFrame::event(event, self.role.as_ref(), Heard::Joined)
    }

    /// Queues those of the events that the listener may receive.
    pub(super) fn give(&mut self, events: &[Arc<RoomEvent>]) -> Push {
        let heard = events.iter().filter(|event| self.hears(event));
        match &self.phase {
            Phase::Live => self.queue.frames(heard.map(|event| self.frame(event))),
            Phase::Reading(_) => {
                let kept: Vec<_> = heard.map(|event| (event.seq, self.frame(event))).collect();
                if let Phase::Reading(waiting) = &mut self.phase {
                    waiting.extend(kept);
                }
                Push::Queued
            }
        }
    }

    /// Has its session join again after this seq.
    pub(super) fn send_away(self, conversation: ConversationId, after: Seq) {
        self.queue.push(ChatFrame::rejoin(conversation, after));
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
                self.queue.frames(later.map(|(_, frame)| frame))
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::domain::conversation::{
        Conversation, ConversationKind, ConversationStatus, PresenceStatus,
    };
    use crate::domain::ids::{ConversationNo, MessageId, SessionId, UserId};
    use crate::domain::message::{Content, Message};
    use crate::domain::principal::{Profile, Roles};
    use crate::domain::room_event::{Change, MessageChange, View};
    use crate::queue::Drain;
    use clock::Clock;
    use futures_util::{FutureExt, StreamExt};

    const ALICE: UserNo = UserNo(1);
    const BOB: UserNo = UserNo(2);

    fn listener(no: UserNo) -> Listener {
        let principal = Principal {
            no,
            id: UserId::stored(format!("user-{}", no.0)),
            profile: Arc::new(Profile::default()),
            roles: Roles::default(),
            platform_role: None,
            valid_until: 0,
            issued_at: None,
        };
        let queue = ConnectionQueue::new(SessionId(uuid::Uuid::nil()), 100_000, Clock::default());
        Listener::reading(Arc::new(principal), queue, Some("member".into()), 1)
    }

    pub(in crate::room) fn live_listener(no: UserNo) -> Listener {
        let mut listener = listener(no);
        listener.go_live(0);
        listener
    }

    fn event_of(seq: Option<Seq>, change: Change) -> Arc<RoomEvent> {
        RoomEvent::new(ConversationId(uuid::Uuid::nil()), seq, change)
    }

    fn passing(text: &str) -> Arc<RoomEvent> {
        let presence = Change::Presence {
            user: UserId::stored(text.to_owned()),
            status: PresenceStatus::Online,
        };
        event_of(None, presence)
    }

    pub(in crate::room) fn event(seq: Seq) -> Arc<RoomEvent> {
        let membership = "left";
        event_of(Some(seq), Change::Lost { seq, membership })
    }

    /// What has been pushed to it since the last look: a seq, or who shows their presence.
    pub(in crate::room) fn pushed(listener: &Listener) -> Vec<String> {
        let mut drain = Drain(Arc::clone(&listener.queue));
        let drained = std::iter::from_fn(|| drain.next().now_or_never().flatten());
        let text = |frame| match frame {
            Frame::Own(ChatFrame::Event { event, .. }) => match (&event.change, event.seq) {
                (Change::Presence { user, .. }, _) => user.to_string(),
                (_, Some(seq)) => seq.to_string(),
                (other, None) => format!("{other:?}"),
            },
            other => format!("{other:?}"),
        };
        drained
            .flat_map(|drained| drained.frames)
            .map(text)
            .collect()
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

    fn a_view() -> View {
        let conversation = Conversation {
            no: ConversationNo(3),
            id: ConversationId(uuid::Uuid::nil()),
            kind: ConversationKind::Group,
            title: None,
            status: ConversationStatus::Open,
            subject: None,
            created_by: UserId::stored("alice".to_owned()),
            last_seq: 2,
            policy_version: 1,
            flow: None,
            created_at: chrono::DateTime::UNIX_EPOCH,
            updated_at: chrono::DateTime::UNIX_EPOCH,
        };
        View::of(conversation, [])
    }

    fn message_to(audience: Audience) -> Arc<RoomEvent> {
        let mut content = Content::text(None, "hello".to_owned());
        content.audience = Some(audience);
        let message = Message {
            id: MessageId {
                conversation: ConversationNo(3),
                seq: 2,
            },
            sender: ALICE,
            sender_id: UserId::stored("alice".to_owned()),
            actor_id: None,
            content: Arc::new(content),
            card: None,
            created_at: chrono::DateTime::UNIX_EPOCH,
            edited_at: None,
            deleted_at: None,
        };
        let said = Change::Message {
            kind: MessageChange::New,
            message,
            view: a_view(),
        };
        event_of(Some(2), said)
    }

    #[test]
    fn each_hears_what_is_meant_for_them() {
        let mut listener = listener(BOB);
        listener.go_live(0);
        listener.give(&[
            message_to(Audience::Role("helper".into())),
            message_to(Audience::User(ALICE)),
        ]);
        assert!(pushed(&listener).is_empty());
        listener.give(&[
            message_to(Audience::Role("member".into())),
            message_to(Audience::User(BOB)),
        ]);
        assert_eq!(pushed(&listener), ["2", "2"]);
    }

    #[test]
    fn listeners_share_one_event() {
        let event = event(7);
        for no in [ALICE, BOB] {
            let mut listener = listener(no);
            listener.go_live(0);
            listener.give(std::slice::from_ref(&event));
            let mut drain = Drain(Arc::clone(&listener.queue));
            let drained = drain.next().now_or_never().flatten().unwrap();
            let [
                Frame::Own(ChatFrame::Event {
                    event: given, role, ..
                }),
            ] = drained.frames.as_slice()
            else {
                panic!("{drained:?}");
            };
            assert!(Arc::ptr_eq(given, &event));
            assert_eq!(*role, None, "everybody is told the same");
        }
    }
}
