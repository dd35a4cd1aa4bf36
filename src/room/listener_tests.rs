//! What a listener is given while its snapshot is read and afterwards, and from where its session goes on.

use super::*;
use crate::domain::conversation::{
    Conversation, ConversationKind, ConversationStatus, PresenceStatus,
};
use crate::domain::ids::{ConversationNo, MessageId, SessionId, UserId};
use crate::domain::message::{Audience, Content, Message};
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
    let reader = Reader {
        no: principal.no,
        role: Some("member".to_owned()),
        sees_from: 0,
    };
    Listener::reading(Arc::new(principal), queue, &reader, 1)
}

fn received(up_to: Seq) -> ReceivedUpTo {
    let join = JoinNo::default().next();
    ReceivedUpTo { up_to, join }
}

#[test]
fn what_a_session_was_told_before_a_join_is_known_while_its_snapshot_is_read() {
    let mut first = listener(ALICE);
    assert_eq!(
        first.received(7),
        Before::Nothing,
        "it waits for its first join"
    );
    first.join = received(0).join;
    first.go_live(5);
    assert_eq!(
        first.received(3),
        Before::Live(received(5)),
        "the snapshot was ahead"
    );
    assert_eq!(first.received(7), Before::Live(received(7)));
    let mut again = listener(ALICE);
    again.before = first.received(7);
    assert_eq!(
        again.received(9),
        Before::Behind(received(7)),
        "what came since is held for it alone"
    );
    let mut third = listener(ALICE);
    third.before = again.received(9);
    assert_eq!(third.received(11), Before::Behind(received(7)));
}

#[test]
fn the_newest_join_that_was_answered_counts_while_a_later_one_is_read() {
    let later = |up_to| ReceivedUpTo {
        join: received(0).join.next(),
        up_to,
    };
    let mut reading = listener(ALICE);
    reading.note_answered(received(6));
    assert_eq!(reading.received(9), Before::Behind(received(6)));
    reading.before = Before::Live(received(7));
    reading.note_answered(later(8));
    reading.note_answered(received(6));
    assert_eq!(reading.received(9), Before::Behind(later(8)));
    let mut live = live_listener(ALICE);
    live.note_answered(received(6));
    assert_eq!(live.before, Before::Nothing);
}

#[test]
fn only_one_that_was_told_something_is_sent_away_when_its_room_goes() {
    let here = ConversationId(uuid::Uuid::nil());
    let first = listener(ALICE);
    first.send_away(here, 9);
    assert!(pushed(&first).is_empty());
    let mut again = listener(ALICE);
    again.before = Before::Live(received(7));
    again.give(&[event(8)]);
    again.send_away(here, 9);
    let gone = format!(
        "{:?}",
        ChatFrame::rejoin(Rejoin {
            conversation: here,
            after: 7,
            join: received(0).join
        })
    );
    assert_eq!(pushed(&again), [gone]);
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
    pushed_to(&listener.queue)
}

pub(in crate::room) fn pushed_to(queue: &Arc<ConnectionQueue>) -> Vec<String> {
    let mut drain = Drain(Arc::clone(queue));
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
        max_participants: None,
        slow_seconds: 0,
        closed: None,
        external_id: None,
        business: None,
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
        from_blocked: false,
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
