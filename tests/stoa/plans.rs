//! Every query that grows has its index: on a full database no reader and no writer walks a big table from end to end.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use std::collections::BTreeMap;
use stoa::domain::access::Requester;
use stoa::domain::access::policies::History;
use stoa::domain::conversation::Membership;
use stoa::domain::ids::{ConversationId, ConversationNo, MessageId, UserId, UserNo};
use stoa::domain::message::Power;
use stoa::domain::principal::{Profile, Roles};
use stoa::domain::snapshot::Reader;
use stoa::domain::thread::Line;
use stoa::store::changes::{self, Change, ChangeKind, Changed, Consent, Returns};
use stoa::store::conversations::{self, Filter, Key};
use stoa::store::history::{self, PageReader};
use stoa::store::marks::{self, NewMark};
use stoa::store::messages::{self, Page};
use stoa::store::pool::Pool;
use stoa::store::unread_state::{self, ReadBefore, UnreadState};
use stoa::store::{idempotency, participants, replay, revocations, unread, users};

use crate::test_app::{fresh_database, parse};

/// 10,000 people and conversations, 200,000 messages, 20,000 changes, 10,000 keys; each person is in about three.
pub const FILL: &str = include_str!("plans_fill.sql");

const BIG: [&str; 22] = [
    "messages",
    "conversations",
    "business_conversations",
    "participants",
    "users",
    "message_changes",
    "participant_changes",
    "idempotency_keys",
    "revocations",
    "blocks",
    "new_contacts",
    "files",
    "file_pieces",
    "file_uses",
    "businesses",
    "business_staff",
    "subjects",
    "reactions",
    "thread_follows",
    "pins",
    "receipt_moves",
    "audit_log",
];

#[derive(QueryableByName)]
struct Walks {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = BigInt)]
    walks: i64,
}

/// How often each big table was walked from end to end so far.
pub fn walks(connection: &mut PgConnection) -> BTreeMap<String, i64> {
    let flush = "select pg_stat_force_next_flush()";
    connection.batch_execute(flush).expect("a flush");
    let counters = "select relname::text as table_name, seq_scan as walks from pg_stat_user_tables where relname = any(string_to_array($1, ','))";
    let rows: Vec<Walks> = diesel::sql_query(counters)
        .bind::<Text, _>(BIG.join(","))
        .load(connection)
        .expect("counters");
    assert_eq!(rows.len(), BIG.len());
    rows.into_iter()
        .map(|row| (row.table_name, row.walks))
        .collect()
}

/// Does something often enough that Postgres settles on a plan for whatever values come.
pub fn must_walk_nothing<T>(
    connection: &mut PgConnection,
    what: &str,
    mut work: impl FnMut(&mut PgConnection, i64) -> T,
) {
    let before = walks(connection);
    for number in 1..=12 {
        work(connection, number);
    }
    assert_eq!(
        walks(connection),
        before,
        "{what} walks a table from end to end"
    );
}

pub fn full_database() -> (Pool, PgConnection) {
    filled_database(FILL)
}

/// A fresh database in which this SQL has run.
pub fn filled_database(fill: &str) -> (Pool, PgConnection) {
    let url = fresh_database();
    let secret = "long enough a secret for the tests";
    let config = parse(&["stoa", "--database-url", &url, "--jwt-secret", secret]);
    let pool = Pool::new(&url, &config.database).expect("a pool");
    let mut connection = pool.dedicated().expect("a connection");
    connection
        .batch_execute(&format!("set statement_timeout = 0; {fill}"))
        .expect("a filled database");
    (pool, connection)
}

const SUPPORT: Roles = Roles {
    admin: false,
    support: true,
    service: false,
};

fn reader(number: i64) -> Reader {
    Reader {
        no: UserNo(1 + number * 7 % 10_000),
        role: Some("member".to_owned()),
        sees_from: 0,
    }
}

fn requester(number: i64) -> Requester {
    Requester::new(reader(number).no, Roles::default())
}

fn nth(number: i64) -> ConversationNo {
    ConversationNo(number * 800)
}

fn conversation_id(connection: &mut PgConnection, no: ConversationNo) -> ConversationId {
    let found = conversations::find(connection, Key::No(no)).unwrap();
    found.unwrap().id
}

fn reading(connection: &mut PgConnection) {
    for page in [Page::Newest, Page::Before(15), Page::After(5)] {
        must_walk_nothing(connection, "a page of history", |connection, n| {
            let known = PageReader::Checked {
                conversation: nth(n),
                reader: reader(n),
            };
            let stranger = PageReader::Unchecked {
                conversation: conversation_id(connection, nth(n)),
                requester: requester(nth(n).0),
            };
            let staff = PageReader::Unchecked {
                conversation: conversation_id(connection, nth(n)),
                requester: Requester::new(UserNo(n), SUPPORT),
            };
            for visit in [known, stranger, staff] {
                assert!(
                    !history::page(connection, visit, Line::All, page, 50)
                        .unwrap()
                        .is_empty()
                );
            }
        });
    }
    must_walk_nothing(connection, "a first join", |connection, n| {
        let found = replay::snapshot(connection, nth(n), requester(nth(n).0), None).unwrap();
        assert_eq!(found.messages.len(), 20);
    });
    must_walk_nothing(connection, "coming back", |connection, n| {
        let found = replay::snapshot(connection, nth(n), requester(nth(n).0), Some(18)).unwrap();
        assert_eq!(found.messages.len(), 4);
    });
    must_walk_nothing(connection, "catching up", |connection, n| {
        replay::entries(connection, nth(n), 10).unwrap()
    });
    must_walk_nothing(connection, "waking", |connection, n| {
        let id = conversation_id(connection, nth(n));
        replay::load(connection, Key::Id(id)).unwrap().unwrap()
    });
    must_walk_nothing(connection, "a first result", |connection, n| {
        let found = messages::by_client_id(connection, first_author(n), &format!("{}-1", n * 800));
        assert!(found.unwrap().is_some());
    });
    must_walk_nothing(connection, "earlier wordings", |connection, n| {
        let id = MessageId {
            conversation: nth(n),
            seq: 11,
        };
        assert_eq!(messages::wordings(connection, id).unwrap().len(), 1);
    });
}

fn listing(connection: &mut PgConnection) {
    let cursor = Some((chrono::Utc::now(), 5_000));
    let filters = [
        Filter::default(),
        Filter {
            only_unread: true,
            ..Filter::default()
        },
        Filter {
            cursor,
            ..Filter::default()
        },
        Filter {
            subject_type: Some("job".into()),
            subject_id: Some("job-1".into()),
            ..Filter::default()
        },
        Filter {
            only: Some(ConversationNo(800)),
            ..Filter::default()
        },
    ];
    for filter in filters {
        must_walk_nothing(
            connection,
            &format!("a list by {filter:?}"),
            |connection, n| conversations::list(connection, UserNo(n), &filter, 50).unwrap(),
        );
    }
    must_walk_nothing(connection, "participants", |connection, n| {
        assert_eq!(participants::of(connection, nth(n)).unwrap().len(), 3);
    });
    must_walk_nothing(connection, "a user", |connection, n| {
        assert!(
            users::find(connection, &format!("user-{n}"))
                .unwrap()
                .is_some()
        );
    });
    must_walk_nothing(connection, "some users", |connection, n| {
        let ids: Vec<String> = (0..20).map(|i| format!("user-{}", n * 20 + i)).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        assert_eq!(users::find_all(connection, &ids).unwrap().len(), 20);
    });
    must_walk_nothing(connection, "whether two have met", |connection, n| {
        users::acquaintance(connection, UserNo(n), UserNo(n + 1)).unwrap()
    });
}

fn counting(connection: &mut PgConnection) {
    must_walk_nothing(connection, "unread of a user", |connection, n| {
        assert!(!unread::of_user(connection, UserNo(n)).unwrap().is_empty());
    });
    must_walk_nothing(connection, "unread of a conversation", |connection, n| {
        let one = participants::of(connection, nth(n)).unwrap()[0].no.0;
        unread::of_conversation(connection, nth(n), &[one]).unwrap()
    });
    must_walk_nothing(connection, "unread after a change", |connection, n| {
        let people = participants::of(connection, nth(n)).unwrap();
        let before = |user| ReadBefore { user, seq: 10 };
        let asked: Vec<_> = people.iter().map(|person| before(person.no)).collect();
        let is_news = |state: &UnreadState| state.has_read_some;
        let told = unread_state::changes(connection, nth(n), &asked, is_news).unwrap();
        assert_eq!(told.iter().flat_map(|(_, message)| message).count(), 3);
    });
}

/// Who said the first message of that conversation.
fn first_author(number: i64) -> UserNo {
    UserNo(1 + (nth(number).0 * 7 + 3_331) % 10_000)
}

fn change(number: i64, kind: ChangeKind) -> Change {
    Change {
        conversation: nth(number),
        policy: 0,
        actor: first_author(number),
        contacts_a_day: Some(20),
        kind,
    }
}

fn make(connection: &mut PgConnection, change: &Change) {
    let changed = changes::apply(connection, change).unwrap();
    assert!(matches!(changed, Changed::Done(_)), "{changed:?}");
}

fn writing(connection: &mut PgConnection) {
    must_walk_nothing(connection, "marks", |connection, n| {
        let mark = |i: i64| NewMark {
            conversation: ConversationNo(n * 100 + i),
            user: UserNo(1 + (n * 100 + i) * 7 % 10_000),
            delivered: 20,
            read: 20,
            threads: 20,
        };
        marks::advance(connection, &(0..50).map(mark).collect::<Vec<_>>()).unwrap();
        marks::newest_messages(connection, ConversationNo(n), &[1, n, 1_000_000]).unwrap();
    });
    must_walk_nothing(connection, "a profile", |connection, n| {
        let id = UserId::stored(format!("user-{n}"));
        let profile = Profile {
            alias: Some(UserId::stored(format!("alias-{n}"))),
            ..Profile::default()
        };
        users::store(connection, &id, &profile).unwrap();
        let both = [n, n + 5_000];
        users::addresses(connection, UserNo(n), &both).unwrap()
    });
    must_walk_nothing(
        connection,
        "a sign-out, and who was signed out",
        |connection, n| {
            let told = revocations::sign_out(connection, UserNo(n)).unwrap();
            let found = revocations::not_before(connection, UserNo(n)).unwrap();
            assert_eq!(found, Some(told));
            assert!(!revocations::recent(connection, 17.0).unwrap().is_empty());
        },
    );
    must_walk_nothing(connection, "an idempotent request", |connection, n| {
        let (user, key) = (UserNo(n), format!("new-{n}"));
        idempotency::claim(connection, user, &key, "x").unwrap();
        idempotency::keep(connection, user, &key, 200, "{}").unwrap();
        idempotency::release(connection, user, &key).unwrap();
    });
    must_walk_nothing(connection, "forgetting keys", |connection, _| {
        idempotency::sweep(connection).unwrap()
    });
}

fn changing(connection: &mut PgConnection) {
    must_walk_nothing(connection, "an edit and a deletion", |connection, n| {
        let message = MessageId {
            conversation: nth(n),
            seq: 1,
        };
        let reader = Reader {
            no: first_author(n),
            role: None,
            sees_from: 0,
        };
        let edit = ChangeKind::Edit {
            message,
            body: format!("new {n}"),
            reader: reader.clone(),
        };
        make(connection, &change(n, edit));
        let delete = ChangeKind::Delete {
            message,
            power: Power::OwnOnly,
            reader,
        };
        make(connection, &change(n, delete));
    });
}

fn coming_and_going(connection: &mut PgConnection) {
    let add = |n: i64| ChangeKind::Add {
        user: UserId::stored(format!("user-{}", n + 5_000)),
        role: "member".into(),
        returns: Returns::Once,
        consent: Consent::Needed,
        history: History::FromJoining,
    };
    must_walk_nothing(connection, "coming and going", |connection, n| {
        make(connection, &change(n, add(n)));
        let found = participants::find(connection, nth(n), UserNo(n + 5_000));
        let mut participant = found.unwrap().unwrap();
        participant.membership = Membership::Left;
        let mut leave = change(n, ChangeKind::Set { participant });
        leave.policy = 1;
        make(connection, &leave);
        let mut again = change(n, add(n));
        again.policy = 2;
        make(connection, &again);
    });
}

#[test]
fn no_query_walks_a_big_table() {
    let (_, mut connection) = full_database();
    reading(&mut connection);
    listing(&mut connection);
    counting(&mut connection);
    writing(&mut connection);
    changing(&mut connection);
    coming_and_going(&mut connection);
}

#[test]
fn a_walk_would_be_noticed() {
    let (_, mut connection) = full_database();
    let before = walks(&mut connection);
    let walk = "set enable_indexscan = off; set enable_bitmapscan = off; set enable_indexonlyscan = off; select count(*) from users where no = 1";
    connection.batch_execute(walk).unwrap();
    let after = walks(&mut connection);
    assert_eq!(after["users"], before["users"] + 1);
    assert_eq!(after["messages"], before["messages"]);
}
