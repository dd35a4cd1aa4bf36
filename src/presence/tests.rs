//! The directory of one server.

use super::*;
use clock::ManualClock;
use uuid::Uuid;

const ALICE: UserNo = UserNo(1);

fn now() -> Instant {
    ManualClock::standing().clock().now()
}

fn queue() -> Arc<ConnectionQueue> {
    let clock = ManualClock::standing().clock();
    ConnectionQueue::new(SessionId(Uuid::now_v7()), 1_000, clock)
}

#[test]
fn a_user_is_online_from_the_first_session_to_the_grace_after_the_last() {
    let (directory, first, second) = (Directory::default(), queue(), queue());
    let (now, grace) = (now(), Duration::from_secs(10));
    directory.arrive(ALICE, &first, None);
    directory.arrive(ALICE, &second, None);
    directory.depart(ALICE, first.session(), now);
    directory.sweep(grace, now + grace);
    assert_eq!(directory.status(ALICE), PresenceStatus::Online);
    directory.depart(ALICE, second.session(), now);
    directory.sweep(grace, now + grace / 2);
    assert_eq!(directory.status(ALICE), PresenceStatus::Online);
    directory.sweep(grace, now + grace);
    assert_eq!(directory.status(ALICE), PresenceStatus::Offline);
}

#[test]
fn a_chosen_status_survives_a_second_session() {
    let directory = Directory::default();
    assert!(directory.choose(ALICE, PresenceStatus::Busy, 1).is_none());
    directory.arrive(ALICE, &queue(), None);
    assert!(directory.choose(ALICE, PresenceStatus::Busy, 1).is_some());
    directory.arrive(ALICE, &queue(), None);
    assert_eq!(directory.status(ALICE), PresenceStatus::Busy);
}

#[test]
fn a_user_has_a_bound_and_gets_back_what_they_let_go() {
    let (directory, first) = (Directory::default(), queue());
    assert!(directory.arrive(ALICE, &first, Some(2)).is_some());
    assert!(directory.arrive(ALICE, &queue(), Some(2)).is_some());
    assert!(directory.arrive(ALICE, &queue(), Some(2)).is_none());
    assert!(directory.arrive(UserNo(2), &queue(), Some(2)).is_some());
    directory.depart(ALICE, first.session(), now());
    assert!(directory.arrive(ALICE, &queue(), Some(2)).is_some());
}

#[test]
fn connections_are_counted_to_their_bound() {
    let (directory, first) = (Directory::default(), queue());
    assert!(directory.open(&first, 1).is_some());
    assert!(directory.open(&queue(), 1).is_none());
    directory.close(first.session());
    directory.close(first.session());
    assert_eq!(directory.connection_count(), 0);
    assert!(directory.open(&queue(), 1).is_some());
}
