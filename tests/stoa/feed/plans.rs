//! FeedRunner the feed reads little of what there is: each statement goes by index to what is new.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use uuid::Uuid;

use super::{counting, say, until_readable};
use crate::plans::full_database;
use stoa::feed::{Bounds, Found, pass};
use stoa::store::changed::delete_handled;
use stoa::store::feed_consumers::{expire_idle, lags, register};

#[derive(Debug, QueryableByName)]
struct Read {
    #[diesel(sql_type = BigInt)]
    walks: i64,
    #[diesel(sql_type = BigInt)]
    rows: i64,
}

/// How often the tables were walked from end to end, and how many entries of their indexes were read.
fn read(connection: &mut PgConnection) -> Read {
    let flush = "select pg_stat_force_next_flush()";
    connection.batch_execute(flush).unwrap();
    let counters = "select sum(seq_scan)::bigint as walks, sum(idx_tup_fetch)::bigint + (
            select sum(idx_tup_read)::bigint from pg_stat_user_indexes where relname in ('changed', 'feed_watermarks', 'messages', 'conversations')
        ) as rows
        from pg_stat_user_tables where relname in ('changed', 'feed_watermarks', 'messages', 'conversations')";
    diesel::sql_query(counters).get_result(connection).unwrap()
}

#[test]
fn a_pass_reads_what_is_new_and_little_more() {
    let (pool, mut outside) = full_database();
    let (mut follower, server) = (pool.follower(), Uuid::now_v7());
    // Plans are made while the tables are empty, and must do for full ones.
    let mut look = || {
        follower.run(move |connection| {
            register(connection, &[counting().name()])?;
            let found = pass(connection, &*counting(), server, Bounds::default())?;
            expire_idle(connection, std::time::Duration::from_secs(3_600))?;
            let before = read(connection);
            lags(connection)?;
            Ok((found, before.rows))
        })
    };
    while look().unwrap().0 != Found::Nothing {}
    let counted = "select sum(count)::bigint as walks, 0::bigint as rows from messages_per_day";
    let all: Read = diesel::sql_query(counted).get_result(&mut outside).unwrap();
    assert_eq!(all.walks, 200_000);
    let rows = "insert into changed (kind, numbers) select 'conversation', array[1 + i % 10000] from generate_series(1, 50000) i; analyze";
    outside.batch_execute(rows).unwrap();
    until_readable(&mut outside);
    while look().unwrap().0 != Found::Nothing {}
    for number in 1..=12 {
        let before = read(&mut outside);
        say(&mut outside, &format!("new-{number}"), &[number * 700]);
        until_readable(&mut outside);
        let said = read(&mut outside);
        assert_eq!(look().unwrap().0, Found::CaughtUp);
        let after = read(&mut outside);
        assert_eq!(said.walks, after.walks, "after {number}");
        assert!(
            after.rows - said.rows < 100,
            "{before:?} {said:?} {after:?}"
        );
    }
    let deleted = pool.follower().run(|connection| {
        let before = read(connection);
        let deleted = delete_handled(connection, 1_000)?;
        let after = read(connection);
        Ok((
            deleted,
            after.rows - before.rows,
            after.walks - before.walks,
        ))
    });
    let (deleted, rows, walks) = deleted.unwrap();
    assert_eq!((deleted, walks), (1_000, 0));
    assert!(rows < 4_000, "{rows}");
}
