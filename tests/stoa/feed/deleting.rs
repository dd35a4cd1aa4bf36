//! Rows are deleted when every consumer has handled them, and no consumer that is away holds them for ever.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use std::sync::Mutex;
use std::time::Duration;
use uuid::Uuid;

use super::{Fixture, counting, follow, number, say, until_readable};
use crate::polling::until_blocking;
use stoa::error::Error;
use stoa::feed::{Consumer, Found, NewEntries};
use stoa::store::changed::delete_handled;
use stoa::store::feed_consumers::{expire_idle, register};

const ROWS: &str = "select count(*) as n from changed";

/// Writes down what it is given.
struct Ledger;

impl Consumer for Ledger {
    fn name(&self) -> &'static str {
        "ledger"
    }

    fn handle(&self, connection: &mut PgConnection, entries: &[NewEntries]) -> Result<(), Error> {
        for one in entries {
            let (no, after, last) = (one.conversation.0, one.after.unwrap_or(-1), one.last);
            let line = format!("insert into ledger values ({no}, {after}, {last})");
            connection.batch_execute(&line)?;
        }
        Ok(())
    }
}

/// The fixture, a second consumer, and a connection for it.
fn with_ledger() -> (Fixture, impl FnMut() -> Found) {
    let mut fixture = Fixture::followed();
    let mut connection = fixture.connection();
    let table = "create table ledger (no bigint, after bigint, last bigint)";
    fixture.writer.batch_execute(table).unwrap();
    register(&mut fixture.writer, &["ledger"]).unwrap();
    let server = Uuid::now_v7();
    (fixture, move || follow(&mut connection, &Ledger, server))
}

#[test]
fn a_row_goes_when_the_last_consumer_has_handled_it() {
    let (mut fixture, mut look) = with_ledger();
    while look() != Found::Nothing {}
    fixture.say(&[1, 2]);
    fixture.say(&[3]);
    fixture.catch_up();
    delete_handled(&mut fixture.writer, 100).unwrap();
    assert_eq!(
        fixture.number(ROWS),
        2,
        "the second consumer has not handled them"
    );
    while look() != Found::Nothing {}
    assert_eq!(
        delete_handled(&mut fixture.writer, 1).unwrap(),
        1,
        "no more than it may"
    );
    while look() != Found::Nothing {}
    fixture.say(&[4]);
    assert_eq!(delete_handled(&mut fixture.writer, 100).unwrap(), 1);
    assert_eq!(fixture.number(ROWS), 1, "nobody has handled the last one");
    fixture.catch_up();
    while look() != Found::Nothing {}
    assert_eq!(delete_handled(&mut fixture.writer, 100).unwrap(), 1);
    fixture.must_be_right();
}

#[test]
fn a_new_consumer_is_given_everything_from_the_first_entry_in_parts_that_meet() {
    let (mut fixture, mut look) = with_ledger();
    for number in 0..7 {
        fixture.say(&[1, 2 + number % 3, 6]);
    }
    fixture.catch_up();
    // Nobody needs the rows any more; what they named is found by the sweep.
    delete_handled(&mut fixture.writer, 100).unwrap();
    assert_eq!(fixture.number(ROWS), 0);
    assert_eq!(look(), Found::More, "it has its position");
    assert_eq!(look(), Found::More, "it has swept a page");
    // What changes while it sweeps is not lost, wherever the sweep is.
    fixture.say(&[1, 9]);
    while look() != Found::Nothing {}
    // Not the first conversation again: this row must not stand in for the one above.
    fixture.say(&[2, 10]);
    while look() != Found::Nothing {}
    let strangers = "select count(*) as n from conversations c where not exists (select from ledger l where l.no = c.no and after = -1)";
    assert_eq!(
        fixture.number(strangers),
        0,
        "each conversation is new once"
    );
    let torn = "select count(*) as n from ledger l where after >= 0
        and 1 <> (select count(*) from ledger b where b.no = l.no and b.last = l.after and b.after < b.last)";
    assert_eq!(
        fixture.number(torn),
        0,
        "each part begins where one has ended"
    );
    let missing = "select count(*) as n from conversations c where last_seq <> (select max(last) from ledger l where l.no = c.no)";
    assert_eq!(fixture.number(missing), 0);
    let twice = "select (select sum(last - greatest(after, 0)) from ledger)::bigint - (select sum(last_seq) from conversations)::bigint as n";
    assert_eq!(fixture.number(twice), 0, "no entry is given twice");
}

#[test]
fn a_consumer_that_nobody_runs_any_more_holds_no_rows_and_sweeps_when_it_is_back() {
    let (mut fixture, mut look) = with_ledger();
    while look() != Found::Nothing {}
    fixture.say(&[1, 2]);
    fixture.catch_up();
    let gone =
        "update feed_consumers set leased_until = now() - interval '1 hour' where name = 'ledger'";
    fixture.writer.batch_execute(gone).unwrap();
    expire_idle(&mut fixture.writer, Duration::from_secs(7_200)).unwrap();
    assert_eq!(
        delete_handled(&mut fixture.writer, 100).unwrap(),
        0,
        "it may come back"
    );
    expire_idle(&mut fixture.writer, Duration::from_secs(1_800)).unwrap();
    assert_eq!(delete_handled(&mut fixture.writer, 100).unwrap(), 1);
    fixture.say(&[2]);
    while look() != Found::Nothing {}
    let given = "select sum(last - greatest(after, 0))::bigint as n from ledger";
    assert_eq!(
        fixture.number(given),
        3,
        "what it missed, and nothing twice"
    );
}

#[test]
fn positions_of_a_cluster_that_was_ahead_mean_nothing_and_everybody_sweeps() {
    let mut fixture = Fixture::followed();
    fixture.say(&[1, 2]);
    // As a dump brings them from a cluster with more transactions: beyond every one of this.
    let restored =
        "update changed set tx = '1000000000000'; update feed_consumers set tx = '999999999999'";
    fixture.writer.batch_execute(restored).unwrap();
    say(&mut fixture.writer, "after the restore", &[3]);
    register(&mut fixture.writer, &[counting().name()]).unwrap();
    until_readable(&mut fixture.writer);
    fixture.catch_up();
    fixture.must_be_right();
    delete_handled(&mut fixture.writer, 100).unwrap();
    assert_eq!(fixture.number(ROWS), 0);
}

/// Counts, after another server's writer has committed and its rows were tidied up.
struct Overtaken(Mutex<(PgConnection, PgConnection)>);

impl Consumer for Overtaken {
    fn name(&self) -> &str {
        "messages_per_day"
    }

    fn handle(&self, connection: &mut PgConnection, entries: &[NewEntries]) -> Result<(), Error> {
        let (writer, tidier) = &mut *self.0.lock().unwrap();
        writer.batch_execute("commit").unwrap();
        // Not the end of the pass itself: it is a transaction too.
        let unfinished =
            "select count(*) as n from changed where tx >= pg_snapshot_xmin(pg_current_snapshot())";
        until_blocking(
            "the end of older transactions",
            || number(tidier, unfinished),
            |n| *n == 0,
        );
        delete_handled(tidier, 100).unwrap();
        counting().handle(connection, entries)
    }
}

#[test]
fn a_row_that_a_new_consumer_could_not_see_when_it_began_is_kept_for_it() {
    let mut fixture = Fixture::new();
    register(&mut fixture.writer, &[counting().name()]).unwrap();
    let (mut writer, tidier) = (fixture.connection(), fixture.connection());
    writer.batch_execute("begin").unwrap();
    say(&mut writer, "not committed yet", &[1]);
    let overtaken = Overtaken(Mutex::new((writer, tidier)));
    let (mut consumer, server) = (fixture.connection(), Uuid::now_v7());
    let mut look = || follow(&mut consumer, &overtaken, server);
    while look() != Found::Nothing {}
    fixture.catch_up();
    fixture.must_be_right();
    assert_eq!(fixture.number("select count(*) as n from messages"), 1);
}
