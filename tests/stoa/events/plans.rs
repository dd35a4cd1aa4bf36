//! Queries of events go by index: on a full database none of them walks a big table.

use chrono::{TimeDelta, Utc};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use rules::{Effect, Rooms, Subject};
use serde_json::json;
use std::time::Duration;
use stoa::domain::ids::UserNo;
use stoa::domain::job::Lane;
use stoa::store::events::{
    self, Acceptance, Filter, NewEvent, Turn, accept, expire, finish, may_handle,
};
use stoa::store::jobs;
use stoa::store::rule_runs::{self, NewRun, Planned, Progress};
use stoa::store::{audit, rule_rooms};

use crate::test_app::fresh_database;

/// 20,000 events about 2,000 orders, half of them not handled; their runs, activities, jobs and rooms.
const FILL: &str = "
insert into users (id) select 'u' || i from generate_series(1, 20000) i;
insert into conversations (id, kind, created_by, subject_type, subject_id) select md5(i::text)::uuid, 'group', 0, 'order', i::text from generate_series(1, 20000) i;
insert into events (source, id, type, actor_no, subject_type, subject_id, at, fingerprint, data, data_until, keep_until, decided_at, handled_at, undoes)
    select 'shop', i::text, 'order.t' || i % 20, 1 + i % 2000, 'order', (i % 2000)::text, now(), 0, '{}', now() + i * interval '1 minute' - interval '30 minutes',
        now() + i * interval '1 minute' - interval '30 minutes', now(), case when i > 10000 then null else now() end, case when i % 50 = 0 then i::text end
    from generate_series(1, 20000) i;
insert into rule_runs (event_no, place, rule, status, effects) select no, p, 'r', case when no % 2 = 0 then 'pending' else 'done' end, '[]' from events, generate_series(0, 1) p where handled_at is not null;
insert into activities (event_no, actor_no, type, module, at) select no, actor_no, type, 'm', at from events;
insert into concerns (user_no, at, event_no) select 1, at, no from events;
insert into rule_rooms (subject_type, subject_id, room, conversation_no) select 'order', subject_id, 'order', no from conversations;
insert into audit_log (actor_no, action, object_type, object_id) select 0, 'x', 'order', (i % 2000)::text from generate_series(1, 20000) i;
insert into jobs (kind, lane, payload, due_at) select 'handle_event', 'events', jsonb_build_object('event_no', no), now() - interval '1 minute' from events where handled_at is null;
analyze";

const BIG: &str =
    "audit_log,conversations,events,rule_runs,activities,concerns,rule_rooms,jobs,users";

/// A run with an effect.
fn noted() -> NewRun {
    let effect = Effect::Audit {
        action: "noted".to_owned(),
        text: None,
    };
    NewRun {
        rule: "shop/noted".to_owned(),
        outcome: Planned::Effects(vec![effect]),
        after: None,
    }
}

#[derive(QueryableByName)]
struct Walks {
    #[diesel(sql_type = Text)]
    walked: String,
}

fn walks(connection: &mut PgConnection) -> String {
    let flush = "select pg_stat_force_next_flush()";
    connection.batch_execute(flush).expect("a flush");
    let counters = format!(
        "select string_agg(relname || ' ' || seq_scan, ', ' order by relname) as walked from pg_stat_user_tables where relname = any(string_to_array('{BIG}', ','))"
    );
    let found: Walks = diesel::sql_query(counters)
        .get_result(connection)
        .expect("counters");
    found.walked
}

/// Does something often enough that Postgres settles on a plan for whatever values come.
fn must_walk_nothing(
    connection: &mut PgConnection,
    what: &str,
    mut work: impl FnMut(&mut PgConnection, i64),
) {
    let before = walks(connection);
    for number in 1..=12 {
        work(connection, number);
    }
    assert_eq!(walks(connection), before, "{what}");
}

fn full() -> PgConnection {
    let mut connection = PgConnection::establish(&fresh_database()).expect("a connection");
    connection.batch_execute(FILL).expect("a full database");
    connection
}

#[test]
fn no_query_of_those_who_look_walks_a_big_table() {
    let connection = &mut full();
    must_walk_nothing(connection, "finding and listing", |connection, number| {
        let found = events::find(connection, "shop", &number.to_string()).unwrap();
        events::runs_of(connection, found.unwrap().0.no).unwrap();
        let filter = Filter {
            event_type: (number % 2 == 0).then(|| format!("order.t{number}")),
            before: (number % 3 == 0).then_some(15_000),
        };
        assert_eq!(events::list(connection, &filter, 20).unwrap().len(), 20);
        rule_runs::is_withdrawn(connection, "shop", &(number * 50).to_string()).unwrap();
    });
    must_walk_nothing(connection, "the audit log", |connection, number| {
        let object = ("order".to_owned(), number.to_string());
        let filter = audit::Filter {
            object: (number % 2 == 0).then_some(object),
            before: (number % 3 == 0).then_some(10_000),
        };
        audit::list(connection, &filter, 20).unwrap();
    });
}

#[test]
fn no_query_of_what_follows_walks_a_big_table() {
    let connection = &mut full();
    must_walk_nothing(connection, "telling", |connection, number| {
        let event = |no: i64, undoes: Option<i64>| NewEvent {
            source: "shop".to_owned(),
            id: no.to_string(),
            event_type: "order.t1".to_owned(),
            module: Some("m".to_owned()),
            actor: Some(UserNo(1)),
            subject: Some(("order".to_owned(), "1".to_owned())),
            at: Utc::now(),
            undoes: undoes.map(|no| no.to_string()),
            fingerprint: 0,
            data: json!({}),
            concerns: vec![UserNo(2)],
            keep: TimeDelta::days(400),
            followed: true,
        };
        let both = [
            event(30_000 + number, None),
            event(40_000 + number, Some(number)),
            event(number, None),
        ];
        let accepted = accept(connection, &both, Utc::now()).unwrap();
        let new = Acceptance::Accepted;
        assert_eq!(accepted, [new, new, Acceptance::Known]);
    });
    must_walk_nothing(connection, "handling in turn", |connection, number| {
        let minute = Duration::from_secs(60);
        let claimed = jobs::claim(connection, Lane::Events, 1, minute).unwrap();
        let lease = claimed[0].lease;
        match may_handle(connection, lease, 10_000 + number, minute).unwrap() {
            Turn::Now(event) => {
                rule_runs::plan(connection, event.no, &[noted()]).unwrap();
                for run in rule_runs::pending(connection, event.no).unwrap() {
                    let advanced = rule_runs::advance(connection, &run).unwrap();
                    assert_eq!(advanced, Progress::Advanced);
                }
                finish(connection, lease, &event).unwrap();
            }
            other => panic!("{other:?}"),
        }
    });
    must_walk_nothing(connection, "finding rooms", |connection, number| {
        let subject = Subject {
            kind: "order".to_owned(),
            id: number.to_string(),
        };
        for room in [Some("order".to_owned()), None] {
            let of = Rooms {
                subject: subject.clone(),
                room,
            };
            assert_eq!(rule_rooms::open_rooms(connection, &of).unwrap().len(), 1);
        }
    });
    must_walk_nothing(connection, "forgetting", |connection, _| {
        expire(connection).unwrap();
    });
}
