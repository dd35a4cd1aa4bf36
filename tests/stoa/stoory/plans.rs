//! The lists by page and what is read of deals go by index.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use stoa::domain::ids::{ConversationNo, UserNo};
use stoa::domain::snapshot::Reader;
use stoa::store::paging::{self, Which, Window};
use stoa::store::{particulars, unread};

use crate::plans::{full_database, must_walk_nothing as must_walk_no_other};

/// Each conversation has a deal, with a card that waits for members and 20 steps of people.
const DEALS: &str = "
insert into flow_definitions (name, version, source) values ('x', 1, '');
insert into conversation_flows (conversation_no, name, version, state, phase, instance, standing, prompts_from, prompts_to)
    select no, 'x', 1, 'waiting', 'running', '{\"context\": {\"a\": 1}}', '{\"flow\": \"x\", \"flow_version\": 1, \"state\": \"waiting\",
        \"title\": \"\", \"state_version\": 1, \"awaiting_role\": null, \"phase\": \"running\", \"entered_at\": \"2026-01-01T00:00:00Z\",
        \"deadline\": null, \"chat\": {}, \"offers\": {}}', 20, 21 from conversations where no % 2 = 0;
update messages set card = '{}', audience_role = 'member' where seq = 20;
update messages set sender_no = 0 where seq % 3 = 0;
insert into flow_steps (conversation_no, seq, state_version, to_state, action, actor, actor_no, input, flow_version, request_id, answer)
    select c, s + 100, s, 'waiting', 'answer', 'one', 1, '{}', 1, c || '-' || s, '{}' from generate_series(1, 10000) c, generate_series(1, 20) s;
vacuum analyze";

#[derive(QueryableByName)]
struct Walked {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    walks: i64,
}

/// How often the tables of deals were walked from end to end.
fn walks(connection: &mut PgConnection) -> i64 {
    connection
        .batch_execute("select pg_stat_force_next_flush()")
        .unwrap();
    let counters = "select sum(seq_scan)::bigint as walks from pg_stat_user_tables where relname in ('conversation_flows', 'flow_steps')";
    let found: Walked = diesel::sql_query(counters).get_result(connection).unwrap();
    found.walks
}

fn must_walk_nothing<T>(
    connection: &mut PgConnection,
    what: &str,
    work: impl FnMut(&mut PgConnection, i64) -> T,
) {
    let before = walks(connection);
    must_walk_no_other(connection, what, work);
    assert_eq!(walks(connection), before, "{what} walks the deals");
}

#[test]
fn no_page_walks_a_big_table() {
    let (_, mut connection) = full_database();
    for statement in DEALS.split(';') {
        connection.batch_execute(statement).unwrap();
    }
    let connection = &mut connection;
    let part = Window {
        offset: 1,
        limit: 10,
    };
    let about = |kind| Which::About {
        among: &["campaign", "bid"],
        kind,
    };
    for which in [Which::All, Which::Plain, about(None), about(Some("bid"))] {
        must_walk_nothing(connection, "a page of conversations", |connection, n| {
            paging::conversations(connection, UserNo(n), which, part).unwrap()
        });
    }
    must_walk_nothing(connection, "a page of messages", |connection, n| {
        let reader = Reader {
            no: UserNo(n),
            role: Some("member".to_owned()),
            sees_from: 0,
        };
        let found = paging::messages(connection, ConversationNo(n * 800), &reader, part).unwrap();
        assert_eq!((found.items.len(), found.total), (10, 20));
    });
    must_walk_nothing(connection, "the newest message", |connection, n| {
        let reader = Reader {
            no: UserNo(n),
            role: Some("member".to_owned()),
            sees_from: 0,
        };
        let found = paging::newest(connection, ConversationNo(n * 800), &reader).unwrap();
        assert_eq!(found.map(|message| message.seq()), Some(20));
    });
    must_walk_nothing(connection, "unread messages of deals", |connection, n| {
        let person = UserNo(1 + n * 800 * 7 % 10_000);
        let all = unread::of_user(connection, person).unwrap();
        let here = unread::of_conversation(connection, ConversationNo(n * 800), &[person.0]);
        (all, here.unwrap())
    });
    must_walk_nothing(connection, "what deals remember", |connection, n| {
        let numbers: Vec<i64> = (0..10).map(|i| n * 800 + i).collect();
        let found =
            particulars::of_deals(connection, UserNo(1 + n * 800 * 7 % 10_000), &numbers).unwrap();
        assert_eq!(found.len(), 5);
        assert!(found[&(n * 800)].card.is_some());
    });
    must_walk_nothing(connection, "the newest press", |connection, n| {
        let found = particulars::last_press(connection, ConversationNo(n * 800)).unwrap();
        assert_eq!(found.unwrap().request_id, format!("{}-20", n * 800));
    });
}
