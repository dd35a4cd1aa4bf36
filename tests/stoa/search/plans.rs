//! What a search reads: the documents of one's own conversations by their key, or those that a rare word has, and never a whole table; also
//! where one conversation is a thousand times larger than the others.

use chrono::Utc;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use std::sync::Arc;
use std::time::Duration;
use stoa::domain::access::Requester;
use stoa::domain::ids::{UserId, UserNo};
use stoa::domain::principal::Roles;
use stoa::domain::search::parse;
use stoa::domain::tokens::{Language, Tokenizer};
use stoa::store::dedicated::Dedicated;
use stoa::store::feed_consumers::register;
use stoa::store::search::{Bounds, Found, MessageSearch, Order, Page, Scope, find};

use crate::plans::full_database;

const STAFF: Roles = Roles {
    admin: false,
    support: true,
    service: false,
};
/// Takes part in the large conversation and in no other.
const READER: i64 = 9_999;

/// 10,000 conversations of 20 messages and one of 60,000: in each a common word, and rare ones.
const DOCUMENTS: &str = "
insert into messages (conversation_no, seq, sender_no, client_id, fingerprint, kind, body, created_at)
    select 1, s, 9999, 'large-' || s, 1, 'user_input', 'said ' || s, now() - interval '1 day' + s * interval '1 second' from generate_series(23, 60000) s;
delete from participants where user_no = 9999;
insert into participants (conversation_no, user_no, role) values (1, 9999, 'member');
update conversations set last_seq = 60000 where no = 1;
update messages set body = 'said rarest ' || seq where conversation_no = 1 and seq = 70;
update messages set body = 'said rare ' || seq where conversation_no % 100 = 1 and seq = 3;
update messages set created_at = now() - conversation_no * interval '1 minute' where conversation_no > 1;
insert into search_docs (conversation_no, seq, sender_no, at, traits, words)
    select conversation_no, seq, sender_no, created_at, 0, (to_tsvector('simple', body)::text || ' ''@' || sender_no || '''')::tsvector
    from messages order by conversation_no, seq;
insert into feed_watermarks (consumer_no, conversation_no, seq) select 1, no, last_seq from conversations;
analyze";

struct Fixture {
    searcher: Dedicated,
    outside: PgConnection,
    tokenizer: Arc<Tokenizer>,
}

#[derive(Debug, QueryableByName)]
struct Read {
    #[diesel(sql_type = BigInt)]
    walks: i64,
    #[diesel(sql_type = BigInt)]
    rows: i64,
}

fn read(connection: &mut PgConnection) -> Read {
    connection
        .batch_execute("select pg_stat_force_next_flush()")
        .unwrap();
    let counters = "select coalesce(sum(seq_scan), 0)::bigint as walks, coalesce(sum(idx_tup_fetch), 0)::bigint as rows from pg_stat_user_tables
        where relname in ('search_docs', 'messages', 'conversations', 'participants', 'feed_watermarks', 'message_changes')";
    diesel::sql_query(counters).get_result(connection).unwrap()
}

impl Fixture {
    fn new() -> Self {
        let (pool, mut outside) = full_database();
        let tokenizer = Arc::new(Tokenizer::new(&[Language::English]));
        register(&mut outside, &[&tokenizer.name()]).unwrap();
        outside
            .batch_execute(&format!("set statement_timeout = 0; {DOCUMENTS}"))
            .unwrap();
        Self {
            searcher: pool.searcher(),
            outside,
            tokenizer,
        }
    }

    /// Searches, and says how many rows it read; it walks no table.
    fn search(&mut self, query: &str, user: i64, scope: Scope, page: Page) -> (Found, i64) {
        let asked = MessageSearch {
            query: parse(&self.tokenizer, query).unwrap(),
            text: query.to_owned(),
            requester: Requester::new(
                UserNo(user),
                if scope == Scope::Own {
                    Roles::default()
                } else {
                    STAFF
                },
            ),
            me: UserId::stored(format!("user-{user}")),
            scope,
            page,
            limit: 20,
            tokenizer: Arc::clone(&self.tokenizer),
            now: Utc::now(),
            bounds: Bounds {
                time: Duration::from_secs(30),
                ..Bounds::default()
            },
        };
        let before = read(&mut self.outside);
        let searched = self.searcher.run(move |connection| {
            let found = find(connection, &asked)?;
            connection.batch_execute("select pg_stat_force_next_flush()")?;
            Ok(found)
        });
        let after = read(&mut self.outside);
        assert_eq!(before.walks, after.walks, "{query} of {user} walks a table");
        (searched.unwrap().unwrap(), after.rows - before.rows)
    }
}

#[test]
fn a_search_reads_what_its_plan_says_and_little_more() {
    let mut fixture = Fixture::new();
    let first = Page::First(Order::Newest);
    // A user in three short conversations reads these.
    let (found, rows) = fixture.search("said", 500, Scope::Own, first);
    assert_eq!(
        (found.plan, found.total, found.hits.len()),
        ("walk", Some(60), 20)
    );
    assert!(rows < 600, "{rows} rows");
    // A common word in a large conversation is found among its newest documents.
    let (found, rows) = fixture.search("said", READER, Scope::Own, first);
    assert_eq!(
        (found.plan, found.total, found.hits.len()),
        ("walk", None, 20)
    );
    assert!(rows < 3_000, "{rows} rows");
    let (second, rows) = fixture.search("said", READER, Scope::Own, found.next.unwrap());
    assert_eq!(second.hits.len(), 20);
    assert!(rows < 6_000, "{rows} rows");
    // A rare one is looked up after 50,000 documents.
    let (found, rows) = fixture.search("rarest", READER, Scope::Own, first);
    assert_eq!(
        (found.plan, found.total, found.hits.len()),
        ("index", Some(1), 1)
    );
    assert!(rows < 70_000, "{rows} rows");
    // Staff: the newest of all, then the index.
    let (found, rows) = fixture.search("said", 1, Scope::Everything, first);
    assert_eq!((found.plan, found.hits.len()), ("newest", 20));
    assert!(rows < 1_000, "{rows} rows");
    let (found, rows) = fixture.search("rarest", 1, Scope::Everything, first);
    assert_eq!((found.plan, found.total), ("index", Some(1)));
    assert!(rows < 110_000, "{rows} rows");
    let (found, _) = fixture.search("rare ", 1, Scope::Everything, Page::First(Order::Best));
    assert_eq!(
        found.total,
        Some(101),
        "its beginning is also that of the rarest"
    );
}
