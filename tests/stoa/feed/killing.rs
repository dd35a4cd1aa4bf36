//! A consumer whose connection ends before or after any of its statements has taken in everything once when it is run again.

use diesel::connection::{InstrumentationEvent, SimpleConnection};
use diesel::prelude::*;
use diesel::sql_types::Integer;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use uuid::Uuid;

use super::{BOUNDS, Fixture, counting, follow, take_over};
use stoa::feed::{Found, pass};

#[derive(QueryableByName)]
struct Backend {
    #[diesel(sql_type = Integer)]
    pid: i32,
}

/// A connection that the database ends at its n-th moment from now; a moment is the beginning or the end of a statement, those that begin
/// and end transactions included. Answers also whether that came.
fn mortal(fixture: &Fixture, moment: u32) -> (PgConnection, Arc<AtomicBool>) {
    let (mut connection, mut killer) = (fixture.connection(), fixture.connection());
    let own = diesel::sql_query("select pg_backend_pid() as pid");
    let Backend { pid } = own.get_result(&mut connection).unwrap();
    let ended = Arc::new(AtomicBool::new(false));
    let (was_ended, mut passed) = (Arc::clone(&ended), 0);
    connection.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        let is_moment = matches!(
            event,
            InstrumentationEvent::StartQuery { .. } | InstrumentationEvent::FinishQuery { .. }
        );
        passed += u32::from(is_moment);
        if is_moment && passed == moment {
            let end = format!("select pg_terminate_backend({pid}, 5000)");
            killer.batch_execute(&end).unwrap();
            was_ended.store(true, Ordering::Relaxed);
        }
    });
    (connection, ended)
}

/// Passes that end at their first moment, at their second, and so on until one comes to its end; answers how many moments there were.
fn kill_at_each_moment(fixture: &mut Fixture, mut prepare: impl FnMut(&mut Fixture)) -> u32 {
    for moment in 1.. {
        prepare(fixture);
        take_over(&mut fixture.writer);
        let (mut connection, ended) = mortal(fixture, moment);
        let passed = pass(&mut connection, &*counting(), Uuid::now_v7(), BOUNDS);
        if !ended.load(Ordering::Relaxed) {
            passed.unwrap();
            return moment - 1;
        }
        drop(connection);
        fixture.catch_up();
        fixture.must_be_right();
    }
    unreachable!("a pass has an end")
}

#[test]
fn killed_between_any_two_statements_it_counts_everything_once() {
    let mut fixture = Fixture::followed();
    // More than fits into one pass, so that a pass ends before the last row.
    let moments = kill_at_each_moment(&mut fixture, |fixture| {
        fixture.say(&[1, 2, 3]);
        fixture.say(&[2, 4]);
    });
    assert!(moments >= 14, "{moments}: begin, seven statements, commit");
    fixture.catch_up();
    fixture.must_be_right();
}

/// Something is said, and the consumer is to begin anew.
fn say_and_forget(fixture: &mut Fixture) {
    fixture.say(&[1, 2, 3]);
    let anew =
        "update feed_consumers set tx = null, row_no = null, swept_to = null, leased_until = now()";
    fixture.writer.batch_execute(anew).unwrap();
}

#[test]
fn killed_while_it_gets_its_position_it_counts_everything_once() {
    let mut fixture = Fixture::followed();
    let moments = kill_at_each_moment(&mut fixture, say_and_forget);
    assert!(moments >= 6, "{moments}: begin, a statement, commit");
    fixture.catch_up();
    fixture.must_be_right();
}

#[test]
fn killed_while_it_sweeps_it_counts_everything_once() {
    let mut fixture = Fixture::followed();
    let moments = kill_at_each_moment(&mut fixture, |fixture| {
        say_and_forget(fixture);
        let found = follow(&mut fixture.writer, &*counting(), Uuid::now_v7());
        assert_eq!(found, Found::More, "it has its position");
    });
    assert!(moments >= 14, "{moments}: begin, six statements, commit");
    fixture.catch_up();
    fixture.must_be_right();
}
