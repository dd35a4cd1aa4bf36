//! The feed: every commit that changes conversations writes a row, and consumers follow the rows.

mod deleting;
mod killing;
mod leases;
mod live;
mod order;
mod plans;
mod slow;
mod writers;
mod writers_about_people;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use std::sync::Arc;
use std::time::Duration;
use stoa::domain::ids::{ConversationNo, UserNo};
use stoa::domain::message::Content;
use stoa::domain::principal::Roles;
use stoa::feed::{Bounds, Consumer, Found, consumers, pass};
use stoa::store::append::{Appended, NewMessage, append_deduplicating};
use stoa::store::feed_consumers::register;
use stoa::store::pool::Pool;
use uuid::Uuid;

use crate::polling::until_blocking;
use crate::test_app::{fresh_database, parse};

/// Two people and ten conversations, which no row of the feed names.
const FILL: &str = "
insert into users (id) values ('ann'), ('bob');
insert into conversations (id, kind, created_by) select md5(i::text)::uuid, 'group', 1 from generate_series(1, 10) i;
insert into participants (conversation_no, user_no, role) select c, u, 'member' from generate_series(1, 10) c, generate_series(1, 2) u";

/// A database without a server, whose feed is followed pass by pass.
struct Fixture {
    url: String,
    pool: Pool,
    writer: PgConnection,
    said: u32,
}

impl Fixture {
    /// Nothing has been said, and no consumer is known.
    fn new() -> Self {
        let url = fresh_database();
        let secret = "long enough a secret for the tests";
        let config = parse(&["stoa", "--database-url", &url, "--jwt-secret", secret]);
        let pool = Pool::new(&url, &config.database).expect("a pool");
        let mut writer = pool.dedicated().expect("a connection");
        writer.batch_execute(FILL).expect("a filled database");
        Self {
            url,
            pool,
            writer,
            said: 0,
        }
    }

    /// The same, and the consumer has swept and follows the rows.
    fn followed() -> Self {
        let mut fixture = Self::new();
        register(&mut fixture.writer, &[counting().name()]).unwrap();
        fixture.catch_up();
        fixture
    }

    fn connection(&self) -> PgConnection {
        self.pool.dedicated().expect("a connection")
    }

    /// Says something in each of these conversations, in one commit; on different days.
    fn say(&mut self, conversations: &[i64]) {
        self.said += 1;
        say(
            &mut self.writer,
            &format!("said-{}", self.said),
            conversations,
        );
        let days = "update messages set created_at = now() - seq % 3 * interval '1 day'";
        self.writer.batch_execute(days).unwrap();
        until_readable(&mut self.writer);
    }

    /// Passes of the counting consumer until there is nothing more to take in.
    fn catch_up(&mut self) {
        let (consumer, server) = (counting(), Uuid::now_v7());
        take_over(&mut self.writer);
        while follow(&mut self.writer, &*consumer, server) != Found::Nothing {}
        take_over(&mut self.writer);
    }

    fn counted(&mut self) -> Vec<(i64, i64)> {
        let counted = "select extract(epoch from day)::bigint as day, count from messages_per_day order by day";
        days(&mut self.writer, counted)
    }

    fn number(&mut self, query: &str) -> i64 {
        number(&mut self.writer, query)
    }

    /// What was counted must be what there is, counted from scratch.
    #[track_caller]
    fn must_be_right(&mut self) {
        let scratch = "select extract(epoch from (created_at at time zone 'UTC')::date)::bigint as day, count(*) as count
            from messages group by 1 order by 1";
        let scratch = days(&mut self.writer, scratch);
        assert_eq!(self.counted(), scratch);
    }
}

/// The consumer that ships with Stoa.
fn counting() -> Arc<dyn Consumer> {
    let all = consumers(None);
    let found = all.into_iter().find(|one| one.name() == "messages_per_day");
    found.expect("it ships")
}

/// Small bounds, so that there is always more than one pass takes.
const BOUNDS: Bounds = Bounds {
    rows: 2,
    conversations: 3,
    entries: 4,
    part: 3,
    lease: Duration::from_secs(10),
};

fn follow(connection: &mut PgConnection, consumer: &dyn Consumer, server: Uuid) -> Found {
    pass(connection, consumer, server, BOUNDS).expect("a pass")
}

/// Ends all leases, as if their servers had been gone for long enough.
fn take_over(connection: &mut PgConnection) {
    let ended = "update feed_consumers set leased_until = now()";
    connection.batch_execute(ended).unwrap();
}

/// Waits until consumers may read all rows that there are: transactions of other tests, in other databases of the cluster, hold them up.
fn until_readable(connection: &mut PgConnection) {
    let unreadable =
        "select count(*) as n from changed where tx >= pg_snapshot_xmin(pg_current_snapshot())";
    until_blocking(
        "the end of older transactions",
        || number(connection, unreadable),
        |n| *n == 0,
    );
}

/// What a query that counts finds; its column is called `n`.
fn number(connection: &mut PgConnection, query: &str) -> i64 {
    #[derive(QueryableByName)]
    struct Number {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }
    let found: Number = diesel::sql_query(query).get_result(connection).unwrap();
    found.n
}

fn say(connection: &mut PgConnection, text: &str, conversations: &[i64]) {
    let content = |number: &i64| Content::text(Some(format!("{text}-{number}")), text.to_owned());
    let drafts: Vec<Content> = conversations.iter().map(content).collect();
    let message = |(number, content)| NewMessage {
        conversation: ConversationNo(number),
        policy: 0,
        sender: UserNo(1),
        content,
        fingerprint: 0,
        roles: Roles::default(),
    };
    let numbers = conversations.iter().copied();
    let batch: Vec<NewMessage<'_>> = numbers.zip(&drafts).map(message).collect();
    let stored = append_deduplicating(connection, &batch).expect("stored");
    let is_fresh = |outcome: &Appended| matches!(outcome, Appended::Stored { .. });
    assert!(stored.iter().all(is_fresh), "{stored:?}");
}

fn days(connection: &mut PgConnection, query: &str) -> Vec<(i64, i64)> {
    #[derive(QueryableByName)]
    struct Day {
        #[diesel(sql_type = BigInt)]
        day: i64,
        #[diesel(sql_type = BigInt)]
        count: i64,
    }
    let rows: Vec<Day> = diesel::sql_query(query).load(connection).unwrap();
    rows.into_iter().map(|row| (row.day, row.count)).collect()
}
