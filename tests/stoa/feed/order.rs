//! Rows become visible in another order than their numbers were taken in: none is lost, and none is read before all that come before it.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use proptest::prelude::*;
use uuid::Uuid;

use super::{Fixture, counting, follow, say, until_readable};
use crate::polling::until_blocking;
use stoa::feed::Found;
use stoa::store::feed_consumers::lags;

const BEGIN: &str = "begin";
const COMMIT: &str = "commit";

#[test]
fn a_transaction_that_takes_long_delays_rows_and_loses_none() {
    let mut fixture = Fixture::followed();
    let (mut long, server) = (fixture.connection(), Uuid::now_v7());
    let mut consumer = fixture.connection();
    let mut look = || follow(&mut consumer, &*counting(), server);
    look();
    long.batch_execute(BEGIN).unwrap();
    say(&mut long, "long", &[1]);
    say(&mut fixture.writer, "short", &[2]);
    assert_eq!(look(), Found::Nothing, "an earlier row may still come");
    // Only time makes a consumer late.
    std::thread::sleep(std::time::Duration::from_millis(20));
    let behind = lags(&mut fixture.writer).unwrap();
    assert!(behind[0].seconds >= 0.02, "{behind:?}");
    long.batch_execute(COMMIT).unwrap();
    until_readable(&mut fixture.writer);
    assert_ne!(look(), Found::Nothing);
    fixture.must_be_right();
    assert_eq!(lags(&mut fixture.writer).unwrap()[0].seconds, 0.0);
}

#[test]
fn a_transaction_that_began_early_and_took_its_number_late_is_not_passed_over() {
    let mut fixture = Fixture::followed();
    let (mut long, server) = (fixture.connection(), Uuid::now_v7());
    let mut consumer = fixture.connection();
    let mut look = || follow(&mut consumer, &*counting(), server);
    look();
    // Its id is lower than that of the other, and its row's number is higher.
    long.batch_execute("begin; select pg_current_xact_id()")
        .unwrap();
    say(&mut fixture.writer, "short", &[2]);
    assert_eq!(look(), Found::Nothing);
    say(&mut long, "long", &[1]);
    long.batch_execute(COMMIT).unwrap();
    fixture.say(&[3]);
    while look() != Found::Nothing {}
    fixture.must_be_right();
}

#[test]
fn a_lower_number_that_is_committed_later_is_not_passed_over() {
    let mut fixture = Fixture::followed();
    let (mut early, mut late) = (fixture.connection(), fixture.connection());
    let (mut consumer, server) = (fixture.connection(), Uuid::now_v7());
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
    until_readable(&mut fixture.writer);
    while look() != Found::Nothing {}
    fixture.must_be_right();
}

/// What one of three writers does next, or the consumer.
#[derive(Clone, Copy, Debug)]
enum Operation {
    Begin(usize),
    Say(usize),
    Commit(usize),
    RollBack(usize),
    Pass,
}

fn operation() -> impl Strategy<Value = Operation> {
    let writer = || 0..3usize;
    prop_oneof![
        2 => writer().prop_map(Operation::Begin),
        4 => writer().prop_map(Operation::Say),
        2 => writer().prop_map(Operation::Commit),
        1 => writer().prop_map(Operation::RollBack),
        3 => Just(Operation::Pass),
    ]
}

/// Writers that each write to a conversation of their own, so that none waits for another.
fn carry_out(fixture: &mut Fixture, operations: &[Operation]) {
    let mut writers: Vec<(PgConnection, bool)> =
        (0..3).map(|_| (fixture.connection(), false)).collect();
    let (mut consumer, server) = (fixture.connection(), Uuid::now_v7());
    for (number, operation) in operations.iter().enumerate() {
        let mut end = |writer: usize, how: &str| {
            let (connection, is_open) = &mut writers[writer];
            if std::mem::take(is_open) {
                connection.batch_execute(how).unwrap();
            }
        };
        match *operation {
            Operation::Commit(writer) => end(writer, COMMIT),
            Operation::RollBack(writer) => end(writer, "rollback"),
            Operation::Pass => drop(follow(&mut consumer, &*counting(), server)),
            Operation::Begin(writer) => {
                end(writer, COMMIT);
                writers[writer]
                    .0
                    .batch_execute("begin; select pg_current_xact_id()")
                    .unwrap();
                writers[writer].1 = true;
            }
            Operation::Say(writer) => {
                let text = format!("{number}-{}", Uuid::now_v7());
                say(&mut writers[writer].0, &text, &[writer as i64 + 1]);
            }
        }
    }
    for (connection, is_open) in &mut writers {
        if *is_open {
            connection.batch_execute(COMMIT).unwrap();
        }
    }
    until_readable(&mut fixture.writer);
    while follow(&mut consumer, &*counting(), server) != Found::Nothing {}
}

#[test]
fn in_any_order_of_commits_each_message_is_counted_once() {
    let fixture = std::cell::RefCell::new(Fixture::followed());
    let config = ProptestConfig {
        cases: 40,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(operations in prop::collection::vec(operation(), 1..40))| {
        let fixture = &mut fixture.borrow_mut();
        super::take_over(&mut fixture.writer);
        carry_out(fixture, &operations);
        fixture.must_be_right();
    });
}
