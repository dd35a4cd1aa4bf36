//! What one request or one event reads does not grow where nearly all rows are alike: one type, one subject and one object have most of
//! them, and the planner believes that all have.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use rules::{Rooms, Subject};
use std::time::Duration;
use stoa::domain::job::Lane;
use stoa::store::events::{self, Filter, Turn, finish, may_handle};
use stoa::store::{audit, jobs, rule_rooms, rule_runs};

use crate::skewed_plans::{FEW, most_read, must_read_few};
use crate::test_app::fresh_database;

/// 40,000 events, nearly all of one type and about one order: the first half is handled, the second waits, each with its job. Nearly
/// all conversations and lines of the log are about that order too, and most of those conversations are closed. Statistics are of before
/// anything rare came.
const FILL: &str = "
insert into users (id) select 'u' || i from generate_series(1, 100) i;
insert into events (source, id, type, actor_no, subject_type, subject_id, at, fingerprint, data, data_until, keep_until, decided_at, handled_at)
    select 'shop', i::text, 'order.often', 1 + i % 100, 'order', '1', now(), 0, '{}', now() + interval '90 days', now() + interval '400 days', now(),
        case when i <= 20000 then now() end
    from generate_series(1, 40000) i;
insert into jobs (kind, lane, payload, due_at) select 'handle_event', 'events', jsonb_build_object('event_no', no), now() + interval '5 minutes'
    from events where handled_at is null;
insert into conversations (id, kind, created_by, subject_type, subject_id, status)
    select md5(i::text)::uuid, 'group', 0, 'order', '1', case when i <= 20000 then 'closed' else 'open' end from generate_series(1, 20100) i;
insert into audit_log (actor_no, action, object_type, object_id) select 0, 'x', 'order', '1' from generate_series(1, 40000) i;
analyze;
insert into events (source, id, type, actor_no, subject_type, subject_id, at, fingerprint, data, data_until, keep_until, decided_at, undoes)
    select 'shop', 'rare' || i, 'order.rare', 1, 'order', '2', now(), 0, '{}', now() + interval '90 days', now() + interval '400 days', now(), i::text
    from generate_series(1, 12) i;
insert into jobs (kind, lane, payload) select 'handle_event', 'events', jsonb_build_object('event_no', no) from events where type = 'order.rare' order by no;
insert into conversations (id, kind, created_by, subject_type, subject_id) values (md5('rare')::uuid, 'group', 0, 'order', '2');
insert into audit_log (actor_no, action, object_type, object_id) values (0, 'x', 'order', '2');";

const MINUTE: Duration = Duration::from_secs(60);

fn skewed() -> PgConnection {
    let mut connection = PgConnection::establish(&fresh_database()).expect("a connection");
    connection.batch_execute(FILL).expect("a full database");
    connection
}

fn about(order: &str) -> Subject {
    Subject {
        kind: "order".to_owned(),
        id: order.to_owned(),
    }
}

#[test]
fn those_who_look_read_few_rows_of_what_is_often_and_of_what_is_rare() {
    let connection = &mut skewed();
    for (event_type, count) in [("order.often", 20), ("order.rare", 12), ("order.never", 0)] {
        for before in [None, Some(i64::MAX)] {
            must_read_few(connection, event_type, |connection| {
                let filter = Filter {
                    event_type: Some(event_type.to_owned()),
                    before,
                };
                let found = events::list(connection, &filter, 20).unwrap();
                assert_eq!(found.len(), count);
            });
        }
    }
    for (order, count) in [("1", 20), ("2", 1), ("3", 0)] {
        must_read_few(connection, "the audit log", |connection| {
            let filter = audit::Filter {
                object: Some(("order".to_owned(), order.to_owned())),
                before: None,
            };
            assert_eq!(audit::list(connection, &filter, 20).unwrap().len(), count);
        });
    }
    must_read_few(connection, "what is withdrawn", |connection| {
        assert!(rule_runs::is_withdrawn(connection, "shop", "7").unwrap());
        assert!(!rule_runs::is_withdrawn(connection, "shop", "700").unwrap());
    });
}

#[test]
fn rooms_about_a_subject_are_found_beside_thousands_that_are_closed() {
    let connection = &mut skewed();
    for (order, count) in [("1", 50), ("2", 1), ("3", 0)] {
        must_read_few(connection, "rooms", |connection| {
            let of = Rooms {
                subject: about(order),
                room: None,
            };
            assert_eq!(
                rule_rooms::open_rooms(connection, &of).unwrap().len(),
                count
            );
        });
    }
}

#[test]
fn turns_are_found_among_thousands_that_wait() {
    let connection = &mut skewed();
    must_read_few(connection, "the last of a long line", |connection| {
        let lease = jobs::Lease {
            no: 1,
            until: chrono::Utc::now(),
        };
        let turn = may_handle(connection, lease, 40_000, MINUTE).unwrap();
        assert!(matches!(turn, Turn::Later));
    });
    let mut no = 40_000;
    must_read_few(connection, "a rare subject's turns", |connection| {
        no += 1;
        let lease = jobs::claim(connection, Lane::Events, 1, MINUTE).unwrap()[0].lease;
        match may_handle(connection, lease, no, MINUTE).unwrap() {
            Turn::Now(event) => finish(connection, lease, &event).unwrap(),
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn a_walk_through_all_events_would_be_noticed() {
    let connection = &mut skewed();
    let rows = most_read(connection, |connection| {
        let walk = "select count(fingerprint) from events where data is not null";
        connection.batch_execute(walk).unwrap();
    });
    assert!(rows > FEW, "{rows}");
}
