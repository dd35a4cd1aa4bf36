//! Queries of money and jobs go by index: on a full database none of them walks a big table.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use std::time::Duration;
use stoa::domain::flow::{Money, RefundRequest};
use stoa::domain::ids::ConversationNo;
use stoa::domain::job::Lane;
use stoa::domain::payment::{PaymentStatus, Report};
use stoa::store::webhook_events::{self, Attempt, Filter};
use stoa::store::{jobs, orders, payment_events, payments, refunds, timers};

use crate::test_app::fresh_database;

/// 20,000 deals, each with an order, a payment, an event, a timer, and jobs that wait or were given up.
const FILL: &str = "
insert into conversations (id, kind, created_by, last_seq) select md5(i::text)::uuid, 'group', 0, 0 from generate_series(1, 20000) i;
insert into payment_orders (id, conversation_no, requested_version, gateway, gateway_order_id, amount, currency, description, status)
    select md5('o' || i)::uuid, no, 1, 'razorpay', 'order_' || no, 5000, 'INR', 'x', 'created' from conversations, lateral (select no as i) x;
insert into payments (gateway, id, order_no, amount, currency, status, verdict)
    select 'razorpay', 'old_' || no, no, 5000, 'INR', 'captured', 'wrong_amount' from payment_orders;
insert into payment_events (gateway, event_id, body) select 'razorpay', 'evt_' || i, '{}' from generate_series(1, 20000) i;
insert into refunds (id, gateway, payment_id, amount, currency, reason) select md5('r' || id)::uuid, gateway, id, 1, 'INR', 'late' from payments where order_no % 2 = 0;
insert into flow_timers (conversation_no, name, due_at) select no, 'deadline', now() + no * interval '1 second' - interval '30 seconds' from conversations;
insert into jobs (kind, conversation_no, payload, due_at, given_up_at)
    select 'tell_deal', i, '{}', now() + i * interval '1 second' - interval '30 seconds', case when i % 3 = 0 then now() end from generate_series(1, 20000) i;
insert into jobs (kind, lane, payload, due_at) select 'deliver_event', 'delivery', '{}', now() + i * interval '1 second' from generate_series(1, 20000) i;
insert into webhook_events (id, event, body) select 'evt_' || i, 'deal.paid', '{}' from generate_series(1, 20000) i;
insert into webhook_event_attempts (event_no, attempt, took_ms) select no, 1, 1 from webhook_events;
analyze";

const BIG: &str = "conversations,payment_orders,payments,payment_events,refunds,flow_timers,jobs,webhook_events,webhook_event_attempts";

#[derive(QueryableByName)]
struct Walks {
    #[diesel(sql_type = diesel::sql_types::Text)]
    walked: String,
}

/// How often each big table was walked so far, as a text to compare.
fn walks(connection: &mut PgConnection) -> String {
    connection
        .batch_execute("select pg_stat_force_next_flush()")
        .expect("a flush");
    let counters = format!(
        "select string_agg(relname || ' ' || seq_scan, ', ' order by relname) as walked from pg_stat_user_tables where relname = any(string_to_array('{BIG}', ','))"
    );
    let found: Walks = diesel::sql_query(counters)
        .get_result(connection)
        .expect("counters");
    found.walked
}

/// Does something often enough that Postgres settles on a plan for whatever values come.
fn must_walk_nothing<T>(
    connection: &mut PgConnection,
    what: &str,
    mut work: impl FnMut(&mut PgConnection, i64) -> T,
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

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn no_query_of_jobs_walks_a_big_table() {
    let mut connection = full();
    let connection = &mut connection;
    must_walk_nothing(
        connection,
        "claiming and ending jobs",
        |connection, number| {
            let claimed = jobs::claim(connection, Lane::Work, 1, MINUTE).unwrap();
            match number % 3 {
                0 => drop(jobs::finish(connection, claimed[0].lease).unwrap()),
                1 => jobs::put_back(connection, claimed[0].lease, MINUTE, Some("x")).unwrap(),
                _ => jobs::give_up(connection, claimed[0].lease, "x").unwrap(),
            }
        },
    );
    must_walk_nothing(connection, "what is due next", |connection, _| {
        assert!(
            jobs::next_due(connection, Lane::Delivery)
                .unwrap()
                .is_some()
        );
        assert!(
            jobs::claim(connection, Lane::Delivery, 10, MINUTE)
                .unwrap()
                .len()
                <= 10
        );
        timers::next_due(connection).unwrap()
    });
    must_walk_nothing(connection, "a deal's turn", |connection, number| {
        let lease = jobs::Lease {
            no: 9_000_000,
            until: chrono::Utc::now(),
        };
        jobs::finish_and_wake_next(connection, lease, ConversationNo(number)).unwrap();
        jobs::discard_deliveries(connection).unwrap();
        jobs::may_deliver(connection, lease, ConversationNo(number), MINUTE).unwrap()
    });
    must_walk_nothing(connection, "timers", |connection, _| {
        let claimed = timers::claim(connection, 1, MINUTE).unwrap();
        timers::put_back(connection, &claimed[0], MINUTE, "x").unwrap();
        timers::delete(connection, &claimed[0]).unwrap();
    });
}

fn report(number: i64, payment: &str) -> Report {
    Report {
        payment: format!("{payment}_{number}"),
        order: Some(format!("order_{number}")),
        paid: Some(Money {
            amount: 5_000,
            currency: "INR".into(),
        }),
        status: PaymentStatus::Captured,
        refund: None,
    }
}

#[test]
fn no_query_of_money_walks_a_big_table() {
    let mut connection = full();
    let connection = &mut connection;
    must_walk_nothing(connection, "orders", |connection, number| {
        orders::find(connection, ConversationNo(number), 1)
            .unwrap()
            .unwrap();
        orders::by_gateway_id(connection, "razorpay", &format!("order_{number}"))
            .unwrap()
            .unwrap();
        orders::apply(connection, ConversationNo(number), 1).unwrap()
    });
    must_walk_nothing(connection, "events", |connection, number| {
        payment_events::receive(
            connection,
            "razorpay",
            Some(&format!("new_{number}")),
            b"{}",
        )
        .unwrap();
        payment_events::receive(
            connection,
            "razorpay",
            Some(&format!("evt_{number}")),
            b"{}",
        )
        .unwrap();
        payment_events::body(connection, "razorpay", &format!("evt_{number}")).unwrap();
        payment_events::set_handled(connection, "razorpay", &format!("evt_{number}")).unwrap();
    });
    must_walk_nothing(connection, "reports", |connection, number| {
        payments::apply(connection, "razorpay", &report(number, "new")).unwrap();
        let mut back = report(number, "new");
        back.order = None;
        back.refund = Some(stoa::domain::refund::RefundReport {
            id: format!("rfnd_{number}"),
            asked: None,
            amount: 5_000,
            status: stoa::domain::refund::RefundStatus::Processed,
        });
        payments::apply(connection, "razorpay", &back).unwrap()
    });
}

#[test]
fn no_query_of_refunds_and_events_walks_a_big_table() {
    let mut connection = full();
    let connection = &mut connection;
    must_walk_nothing(connection, "refunds", |connection, number| {
        let wanted = RefundRequest {
            order: 1,
            reason: "wrong_amount".into(),
        };
        refunds::request(connection, ConversationNo(number * 2 + 1), &wanted).unwrap();
        refunds::find(connection, uuid::Uuid::from_u128(7)).unwrap()
    });
    must_walk_nothing(
        connection,
        "what the platform is told",
        |connection, number| {
            let filters = [
                Filter::default(),
                Filter {
                    before: Some(number * 1_000),
                    ..Filter::default()
                },
                Filter {
                    id: Some(format!("evt_{number}")),
                    ..Filter::default()
                },
            ];
            for filter in filters {
                webhook_events::list(connection, &filter, 10).unwrap();
            }
            let attempt = Attempt {
                status: Some(200),
                problem: None,
                took: MINUTE,
            };
            webhook_events::note(connection, number, &attempt).unwrap();
            assert_eq!(
                webhook_events::attempts_of(connection, number, 0, 10)
                    .unwrap()
                    .len(),
                2
            );
            webhook_events::set_delivered(connection, number).unwrap();
            webhook_events::redeliver(connection, number).unwrap();
        },
    );
}
