//! Two servers' users in one table: who is shown, and for how long.

use super::*;
use clock::ManualClock;
use uuid::Uuid;

const ALICE: UserNo = UserNo(1);
const BEN: UserNo = UserNo(2);
const GRACE: Duration = Duration::from_secs(10);
const THERE: NodeId = Uuid::from_u128(1);
const ELSEWHERE: NodeId = Uuid::from_u128(2);
const NO_SERVER: [NodeId; 0] = [];

fn heard(node: NodeId, number: u64) -> HeardIn {
    HeardIn { node, number }
}

fn at(user: UserNo, status: PresenceStatus, chosen_at: i64) -> PersonAt {
    PersonAt {
        user,
        status,
        chosen_at,
    }
}

fn online(user: UserNo) -> PersonAt {
    at(user, PresenceStatus::Online, 0)
}

fn offline(user: UserNo) -> PersonAt {
    at(user, PresenceStatus::Offline, 0)
}

/// What follows from a change.
fn follows(change: impl FnOnce(&mut Changes)) -> Changes {
    let mut changes = Changes::default();
    change(&mut changes);
    changes
}

/// A table that knows that Alice is at one other server.
fn with_alice() -> PresenceTable {
    let mut table = PresenceTable::default();
    let changes = follows(|c| table.hear_people(heard(THERE, 1), &[online(ALICE)], c));
    assert_eq!(changes.shown, [(ALICE, PresenceStatus::Online)]);
    assert_eq!(changes.said, [], "others say it themselves");
    table
}

#[test]
fn a_user_is_online_while_any_server_has_them() {
    let mut table = with_alice();
    let changes = follows(|c| table.arrive(ALICE, c));
    assert_eq!(changes.shown, [], "they were online");
    assert_eq!(changes.said, [online(ALICE)]);
    let changes = follows(|c| table.hear_people(heard(THERE, 2), &[offline(ALICE)], c));
    assert_eq!((changes.shown, changes.said), (vec![], vec![]));
    let changes = follows(|c| table.leave(ALICE, c));
    assert_eq!(changes.shown, [(ALICE, PresenceStatus::Offline)]);
    assert_eq!(changes.said, [offline(ALICE)]);
}

#[test]
fn the_status_that_was_chosen_last_is_shown_wherever_it_was_chosen() {
    let mut table = PresenceTable::default();
    let busy = at(ALICE, PresenceStatus::Busy, 50);
    follows(|c| table.hear_people(heard(THERE, 1), std::slice::from_ref(&busy), c));
    let changes = follows(|c| table.arrive(ALICE, c));
    assert_eq!(changes.shown, [], "an arrival is no choice");
    assert_eq!(changes.said, [busy]);
    // This server's clock is behind, and still the later choice counts.
    let changes = follows(|c| {
        table.choose(ALICE, PresenceStatus::Away, 20, c).unwrap();
    });
    assert_eq!(changes.shown, [(ALICE, PresenceStatus::Away)]);
    assert_eq!(changes.said, [at(ALICE, PresenceStatus::Away, 51)]);
    // A choice elsewhere stays when the session there is over.
    let online = at(ALICE, PresenceStatus::Online, 60);
    let changes = follows(|c| table.hear_people(heard(THERE, 2), std::slice::from_ref(&online), c));
    assert_eq!(changes.shown, [(ALICE, PresenceStatus::Online)]);
    assert_eq!(changes.said, [online]);
    follows(|c| table.hear_people(heard(THERE, 3), &[offline(ALICE)], c));
    assert_eq!(table.status(ALICE), PresenceStatus::Online);
    let nobody = follows(|c| {
        assert_eq!(table.choose(BEN, PresenceStatus::Away, 70, c), None);
    });
    assert_eq!((nobody.shown, nobody.said), (vec![], vec![]));
}

#[test]
fn what_an_older_frame_says_is_not_believed() {
    let mut table = with_alice();
    follows(|c| table.hear_people(heard(THERE, 3), &[offline(ALICE)], c));
    follows(|c| table.hear_people(heard(THERE, 2), &[online(ALICE)], c));
    assert_eq!(table.status(ALICE), PresenceStatus::Offline);
    // Numbers are each server's own.
    follows(|c| table.hear_people(heard(ELSEWHERE, 1), &[online(ALICE)], c));
    assert_eq!(table.status(ALICE), PresenceStatus::Online);
}

#[test]
fn the_users_of_a_server_that_stopped_stay_for_the_grace() {
    let (time, mut table) = (ManualClock::standing(), with_alice());
    let clock = time.clock();
    table.hear_stopping(THERE, clock.now());
    follows(|c| table.hear_people(heard(THERE, 9), &[online(BEN)], c));
    assert_eq!(table.status(BEN), PresenceStatus::Offline, "it has stopped");
    time.advance(GRACE - Duration::from_millis(1));
    assert_eq!(table.overdue(GRACE, clock.now()), NO_SERVER);
    assert_eq!(table.status(ALICE), PresenceStatus::Online);
    time.advance(Duration::from_millis(1));
    assert_eq!(table.overdue(GRACE, clock.now()), [THERE]);
    let changes = follows(|c| {
        assert_eq!(table.forget_some(THERE, 10, c), 1);
    });
    assert_eq!(changes.shown, [(ALICE, PresenceStatus::Offline)]);
    assert_eq!(
        table.overdue(GRACE, clock.now()),
        NO_SERVER,
        "it is forgotten"
    );
}

#[test]
fn the_users_of_a_dead_server_stay_for_the_grace_and_while_it_is_heard() {
    let (time, mut table) = (ManualClock::standing(), with_alice());
    let clock = time.clock();
    table.note_alive(&HashSet::new(), clock.now());
    time.advance(GRACE / 2);
    table.note_alive(&HashSet::new(), clock.now());
    time.advance(GRACE / 2);
    assert_eq!(table.overdue(GRACE, clock.now()), [THERE]);
    // Its row is not renewed, but it is heard.
    table.hear_beat(heard(THERE, 2), &Beat::default(), clock.now());
    assert_eq!(table.overdue(GRACE, clock.now()), NO_SERVER);
    table.note_alive(&HashSet::new(), clock.now());
    time.advance(GRACE / 2);
    // Its row is renewed again.
    table.note_alive(&HashSet::from([THERE]), clock.now());
    time.advance(GRACE);
    assert_eq!(table.overdue(GRACE, clock.now()), NO_SERVER);
}

#[test]
fn nobody_elsewhere_goes_offline_while_redis_is_away_nor_for_the_grace_after_it() {
    let (time, mut table) = (ManualClock::standing(), with_alice());
    let clock = time.clock();
    table.note_apart();
    table.note_alive(&HashSet::new(), clock.now());
    time.advance(GRACE * 10);
    assert_eq!(table.overdue(GRACE, clock.now()), NO_SERVER);
    table.note_whole(clock.now());
    time.advance(GRACE / 2);
    assert_eq!(table.overdue(GRACE, clock.now()), NO_SERVER);
    time.advance(GRACE / 2);
    assert_eq!(table.overdue(GRACE, clock.now()), [THERE]);
}

#[test]
fn many_users_of_a_dead_server_go_in_parts_unless_it_comes_back() {
    let (mut table, now) = (
        PresenceTable::default(),
        ManualClock::standing().clock().now(),
    );
    let people: Vec<PersonAt> = (0..5).map(|user| online(UserNo(user))).collect();
    follows(|c| table.hear_people(heard(THERE, 1), &people, c));
    table.note_alive(&HashSet::new(), now);
    let forget = |table: &mut PresenceTable| {
        let mut changes = Changes::default();
        (
            table.forget_some(THERE, 2, &mut changes),
            changes.shown.len(),
        )
    };
    assert_eq!(forget(&mut table), (2, 2));
    table.note_alive(&HashSet::from([THERE]), now);
    assert_eq!(forget(&mut table), (0, 0));
    table.note_alive(&HashSet::new(), now);
    assert_eq!(
        [forget(&mut table), forget(&mut table), forget(&mut table)],
        [(2, 2), (1, 1), (0, 0)]
    );
}

#[test]
fn all_users_of_a_server_replace_those_who_were_known() {
    let mut table = with_alice();
    let pages = |table: &mut PresenceTable, pages: &[(u64, u32, bool, UserNo)]| {
        let mut shown = Vec::new();
        for (number, page, is_last, user) in pages {
            let page = (*page, *is_last);
            let people = [online(*user)];
            shown.extend(
                follows(|c| table.hear_page(heard(THERE, *number), page, &people, c)).shown,
            );
        }
        shown
    };
    // The second of three pages is lost: nobody is taken away.
    let shown = pages(&mut table, &[(2, 0, false, BEN), (4, 2, true, UserNo(4))]);
    let both = [BEN, UserNo(4)].map(|user| (user, PresenceStatus::Online));
    assert_eq!(shown, both);
    let shown = pages(&mut table, &[(5, 0, false, BEN), (6, 1, true, UserNo(3))]);
    let (gone, come): (Vec<_>, Vec<_>) = shown
        .into_iter()
        .partition(|(_, status)| *status == PresenceStatus::Offline);
    assert_eq!(come, [(UserNo(3), PresenceStatus::Online)]);
    let gone: HashSet<UserNo> = gone.into_iter().map(|(user, _)| user).collect();
    assert_eq!(gone, HashSet::from([ALICE, UserNo(4)]));
}

#[test]
fn a_difference_is_asked_for_once_a_second_and_answered_as_often() {
    let (time, mut table) = (ManualClock::standing(), with_alice());
    let clock = time.clock();
    let mut other = PresenceTable::default();
    let beat = |table: &mut PresenceTable, (people, hash), now| {
        let beat = Beat {
            heard: Vec::new(),
            people,
            hash,
        };
        table.hear_beat(heard(THERE, 2), &beat, now)
    };
    follows(|c| other.arrive(BEN, c));
    assert_eq!(
        beat(&mut table, other.digest(), clock.now()),
        Knowledge::Lacking
    );
    assert_eq!(
        beat(&mut table, other.digest(), clock.now()),
        Knowledge::Enough
    );
    assert_eq!(other.answer(clock.now()), Some(vec![vec![online(BEN)]]));
    assert_eq!(other.answer(clock.now()), None);
    time.advance(AGAIN);
    assert_eq!(
        beat(&mut table, other.digest(), clock.now()),
        Knowledge::Lacking
    );
    let page = other.answer(clock.now()).expect("pages").concat();
    follows(|c| table.hear_page(heard(THERE, 3), (0, true), &page, c));
    time.advance(AGAIN);
    assert_eq!(
        beat(&mut table, other.digest(), clock.now()),
        Knowledge::Enough,
        "an old beat"
    );
    let same = Beat {
        people: other.digest().0,
        hash: other.digest().1,
        ..Beat::default()
    };
    let same = table.hear_beat(heard(THERE, 4), &same, clock.now());
    assert_eq!(same, Knowledge::Enough);
}
