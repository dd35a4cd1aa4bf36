//! Pages of history: who gets one, what is on it, and that a long conversation costs no more than a short one.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use stoa::domain::access::Requester;
use stoa::domain::ids::{ConversationId, ConversationNo, UserNo};
use stoa::domain::message::Message;
use stoa::domain::principal::Roles;
use stoa::domain::snapshot::Reader;
use stoa::domain::thread::Line;
use stoa::store::conversations::{self, Key};
use stoa::store::history::{self, PageReader};
use stoa::store::messages::Page;
use stoa::store::pool::Pool;

use crate::test_app::{fresh_database, parse};

/// One conversation with 50,000 messages, some of them not for everybody. 1 and 2 take part, 3 has left, 4 is blocked, 5 is nobody here.
const FILL: &str = "
insert into users (id) select 'user-' || i from generate_series(1, 5) i;
insert into conversations (id, kind, created_by, last_seq) select md5(i::text)::uuid, 'group', 1, 50000 from generate_series(1, 3) i;
insert into participants (conversation_no, user_no, role, membership, blocked) values
    (2, 1, 'member', 'present', false), (2, 2, 'helper', 'present', false), (2, 3, 'member', 'left', false), (2, 4, 'member', 'present', true);
insert into messages (conversation_no, seq, sender_no, client_id, fingerprint, kind, body, audience_role, audience_user_no, created_at)
    select 2, s, 1, 'c-' || s, 1, 'user_input', 'said ' || s, case when s % 10 = 0 then 'helper' end, case when s % 10 = 5 then 1 end, now()
    from generate_series(1, 50000) s;
analyze";

fn connection() -> PgConnection {
    let url = fresh_database();
    let secret = "long enough a secret for the tests";
    let config = parse(&["stoa", "--database-url", &url, "--jwt-secret", secret]);
    let pool = Pool::new(&url, &config.database).expect("a pool");
    let mut connection = pool.dedicated().expect("a connection");
    connection.batch_execute(FILL).expect("a filled database");
    connection
}

fn seqs(messages: &[Message]) -> Vec<i64> {
    messages.iter().map(Message::seq).collect()
}

/// The seqs of a page by the rule: every tenth is for helpers, every fifth between them for user 1.
fn expected(no: i64, role: Option<&str>, page: Page) -> Vec<i64> {
    let sees = |seq: &i64| match seq % 10 {
        0 => role == Some("helper"),
        5 => no == 1,
        _ => true,
    };
    let mut found: Vec<i64> = match page {
        Page::After(after) => (after + 1..=50_000).filter(sees).take(50).collect(),
        Page::Before(before) => (1..before).rev().filter(sees).take(50).collect(),
        Page::Newest => (1..=50_000).rev().filter(sees).take(50).collect(),
    };
    found.sort_unstable();
    found
}

const PAGES: [Page; 5] = [
    Page::Newest,
    Page::Before(100),
    Page::After(49_990),
    Page::Before(1),
    Page::After(60_000),
];

fn id_of(connection: &mut PgConnection, no: ConversationNo) -> ConversationId {
    let found = conversations::find(connection, Key::No(no)).unwrap();
    found.unwrap().id
}

fn requester(no: i64, support: bool) -> Requester {
    let roles = Roles {
        support,
        ..Roles::default()
    };
    Requester::new(UserNo(no), roles)
}

#[test]
fn a_page_has_what_its_reader_may_see() {
    let mut connection = connection();
    let conversation = id_of(&mut connection, ConversationNo(2));
    let visitors = [
        (1, false, Some("member")),
        (2, false, Some("helper")),
        (2, true, Some("helper")),
        (3, true, None),
        (5, true, None),
    ];
    for page in PAGES {
        for (no, opens_every_conversation, role) in visitors {
            let stranger = PageReader::Unchecked {
                conversation,
                requester: requester(no, opens_every_conversation),
            };
            let known = PageReader::Checked {
                conversation: ConversationNo(2),
                reader: Reader {
                    no: UserNo(no),
                    role: role.map(str::to_owned),
                    sees_from: 0,
                },
            };
            for visit in [stranger, known] {
                let found = history::page(&mut connection, visit, Line::All, page, 50).unwrap();
                assert_eq!(seqs(&found), expected(no, role, page), "{no} {page:?}");
            }
        }
    }
}

#[test]
fn who_may_not_read_gets_no_page() {
    let mut connection = connection();
    let conversation = id_of(&mut connection, ConversationNo(2));
    for no in [3, 4, 5] {
        let visit = PageReader::Unchecked {
            conversation,
            requester: requester(no, false),
        };
        let found = history::page(&mut connection, visit, Line::All, Page::Newest, 50).unwrap();
        assert!(found.is_empty(), "{no}");
    }
}

#[derive(QueryableByName)]
struct Read {
    #[diesel(sql_type = BigInt)]
    rows: i64,
}

/// Entries that were read from the indexes of messages so far.
fn entries_read(connection: &mut PgConnection) -> i64 {
    connection
        .batch_execute("select pg_stat_force_next_flush()")
        .unwrap();
    let query = "select sum(idx_tup_read)::bigint as rows from pg_stat_user_indexes where relname = 'messages'";
    let read: Read = diesel::sql_query(query).get_result(connection).unwrap();
    read.rows
}

#[test]
fn a_page_reads_what_it_shows_and_little_more() {
    let mut connection = connection();
    let visit = PageReader::Unchecked {
        conversation: id_of(&mut connection, ConversationNo(2)),
        requester: requester(2, false),
    };
    for page in [Page::Newest, Page::Before(25_000), Page::After(25_000)] {
        let before = entries_read(&mut connection);
        for _ in 0..12 {
            let found = history::page(&mut connection, visit.clone(), Line::All, page, 50).unwrap();
            assert_eq!(found.len(), 50);
        }
        let read = entries_read(&mut connection) - before;
        assert!(read <= 12 * 60, "{page:?}: {read}");
    }
}
