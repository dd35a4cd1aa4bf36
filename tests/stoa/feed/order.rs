//! Rows become visible in another order than their numbers were taken in: none is lost, and none is read before all that come before it.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use proptest::prelude::*;
use uuid::Uuid;

use super::{Stage, counting, follow, say, until_readable};
use crate::polling::until_blocking;
use stoa::feed::Found;
use stoa::store::feed_consumers::lags;

const BEGIN: &str = "begin";
const COMMIT: &str = "commit";

#[test]
fn a_transaction_that_takes_long_delays_rows_and_loses_none() {
    let mut stage = Stage::followed();
    let (mut long, server) = (stage.connection(), Uuid::now_v7());
    let mut consumer = stage.connection();
    let mut look = || follow(&mut consumer, &*counting(), server);
    look();
    long.batch_execute(BEGIN).unwrap();
    say(&mut long, "long", &[1]);
    say(&mut stage.writer, "short", &[2]);
    assert_eq!(look(), Found::Nothing, "an earlier row may still come");
    // Only time makes a consumer late.
    std::thread::sleep(std::time::Duration::from_millis(20));
    let behind = lags(&mut stage.writer).unwrap();
    assert!(behind[0].seconds >= 0.02, "{behind:?}");
    long.batch_execute(COMMIT).unwrap();
    until_readable(&mut stage.writer);
    assert_ne!(look(), Found::Nothing);
    stage.must_be_right();
    assert_eq!(lags(&mut stage.writer).unwrap()[0].seconds, 0.0);
}

#[test]
fn a_transaction_that_began_early_and_took_its_number_late_is_not_passed_over() {
    let mut stage = Stage::followed();
    let (mut long, server) = (stage.connection(), Uuid::now_v7());
    let mut consumer = stage.connection();
    let mut look = || follow(&mut consumer, &*counting(), server);
    look();
    // Its id is lower than that of the other, and its row's number is higher.
    long.batch_execute("begin; select pg_current_xact_id()")
        .unwrap();
    say(&mut stage.writer, "short", &[2]);
    assert_eq!(look(), Found::Nothing);
    say(&mut long, "long", &[1]);
    long.batch_execute(COMMIT).unwrap();
    stage.say(&[3]);
    while look() != Found::Nothing {}
    stage.must_be_right();
}

#[test]
fn a_lower_number_that_is_committed_later_is_not_passed_over() {
    let mut stage = Stage::followed();
    let (mut early, mut late) = (stage.connection(), stage.connection());
    let (mut consumer, server) = (stage.connection(), Uuid::now_v7());
    let mut look = || follow(&mut consumer, &*counting(), server);
    look();
    // `early` has the lower transaction id, and its row the higher number.
    early
        .batch_execute("begin; select pg_current_xact_id()")
        .unwrap();
    late.batch_execute(BEGIN).unwrap();
    say(&mut late, "late", &[1]);
    say(&mut early, "early", &[2]);
    early.batch_execute(COMMIT).unwrap();
    until_blocking("the row of `early`", &mut look, |found| {
        *found != Found::Nothing
    });
    late.batch_execute(COMMIT).unwrap();
    until_readable(&mut stage.writer);
    while look() != Found::Nothing {}
    stage.must_be_right();
}

/// What one of three writers does next, or the consumer.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Begin(usize),
    Say(usize),
    Commit(usize),
    RollBack(usize),
    Pass,
}

fn deed() -> impl Strategy<Value = Deed> {
    let writer = || 0..3usize;
    prop_oneof![
        2 => writer().prop_map(Deed::Begin),
        4 => writer().prop_map(Deed::Say),
        2 => writer().prop_map(Deed::Commit),
        1 => writer().prop_map(Deed::RollBack),
        3 => Just(Deed::Pass),
    ]
}

/// Writers that each write to a conversation of their own, so that none waits for another.
fn carry_out(stage: &mut Stage, deeds: &[Deed]) {
    let mut writers: Vec<(PgConnection, bool)> =
        (0..3).map(|_| (stage.connection(), false)).collect();
    let (mut consumer, server) = (stage.connection(), Uuid::now_v7());
    for (place, deed) in deeds.iter().enumerate() {
        let mut end = |writer: usize, how: &str| {
            let (connection, is_open) = &mut writers[writer];
            if std::mem::take(is_open) {
                connection.batch_execute(how).unwrap();
            }
        };
        match *deed {
            Deed::Commit(writer) => end(writer, COMMIT),
            Deed::RollBack(writer) => end(writer, "rollback"),
            Deed::Pass => drop(follow(&mut consumer, &*counting(), server)),
            Deed::Begin(writer) => {
                end(writer, COMMIT);
                writers[writer]
                    .0
                    .batch_execute("begin; select pg_current_xact_id()")
                    .unwrap();
                writers[writer].1 = true;
            }
            Deed::Say(writer) => {
                let text = format!("{place}-{}", Uuid::now_v7());
                say(&mut writers[writer].0, &text, &[writer as i64 + 1]);
            }
        }
    }
    for (connection, is_open) in &mut writers {
        if *is_open {
            connection.batch_execute(COMMIT).unwrap();
        }
    }
    until_readable(&mut stage.writer);
    while follow(&mut consumer, &*counting(), server) != Found::Nothing {}
}

#[test]
fn whatever_overtakes_whatever_everything_is_counted_once() {
    let stage = std::cell::RefCell::new(Stage::followed());
    let config = ProptestConfig {
        cases: 40,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(deeds in prop::collection::vec(deed(), 1..40))| {
        let stage = &mut stage.borrow_mut();
        super::take_over(&mut stage.writer);
        carry_out(stage, &deeds);
        stage.must_be_right();
    });
}
