//! Servers that are lost between any two effects: each effect takes place, once.

use serde_json::{Value, json};
use std::time::{Duration, Instant};

use super::{Fixture, lines, order, shipped};
use crate::child::Process;
use crate::servers::Alone;
use crate::test_app::{TestApp, fresh_database};

const PEOPLE: [&str; 4] = ["ada", "rob", "sue", "corner"];
const ORDERS: usize = 12;

/// The life of some orders.
fn lives() -> Vec<Value> {
    let life = |n: usize| {
        let n = n.to_string();
        let event = |what: &str, by: Option<&str>, data: Value| {
            order(
                &format!("{n}-{what}-{data}"),
                &format!("order.{what}"),
                &n,
                by,
                data,
            )
        };
        vec![
            event("placed", Some("ada"), json!({ "pharmacy": "corner" })),
            event("assigned", None, json!({ "rider": "rob" })),
            event("assigned", None, json!({ "rider": "sue" })),
            event("delayed", None, json!({ "minutes": 20 })),
            event("delivered", Some("sue"), json!({})),
            event("cancelled", Some("ada"), json!({ "reason": "Why not." })),
        ]
    };
    (0..ORDERS).flat_map(life).collect()
}

/// What there is of an order in the end, the same for each.
const ROOMS: &str = "
select c.subject_id || ': ' || c.status
    || ' | ' || (select string_agg(u.id || ' ' || p.role || ' ' || p.membership, ', ' order by u.id) from participants p join users u on u.no = p.user_no where p.conversation_no = c.no)
    || ' | ' || (select string_agg(m.body, ' / ' order by m.seq) from messages m where m.conversation_no = c.no)
    || ' | ' || c.last_seq as line
from conversations c order by c.subject_id::integer";

const REPORTS: &str = "
select string_agg(told, ', ' order by told) as line from (
    select 'webhook ' || event || ' ' || count(*) as told from webhook_events group by event
    union all select 'audit ' || action || ' ' || count(*) from audit_log group by action
    union all select 'rooms ' || count(*) from rule_rooms
    union all select status || ' ' || count(*) from rule_runs group by status
    union all select 'late ' || count(*) from jobs where kind = 'run_rule') t";

fn must_be_right(database: &str) {
    let rooms = lines(database, ROOMS);
    assert_eq!(rooms.len(), ORDERS, "{rooms:#?}");
    for (n, room) in rooms.iter().enumerate() {
        let wanted = format!(
            "{n}: closed | ada customer present, corner pharmacy present, rob rider removed, sue rider present \
             | ada by name ordered. Questions about the order are answered here. / rob by name brings the order. / sue by name brings the order. \
             / The order comes 20 minutes later. The rider is on the way. / The order was delivered. / The order was cancelled. Why not. | 10"
        );
        assert_eq!(*room, wanted);
    }
    let reports = format!(
        "audit order.cancelled {ORDERS}, done {}, late {ORDERS}, pending {ORDERS}, rooms {ORDERS}, webhook order.room_informed {ORDERS}",
        ORDERS * 6
    );
    assert_eq!(lines(database, REPORTS), [reports]);
}

/// Every fifth attempt to store that an effect has taken place fails: so that effect is repeated as if its server had been lost in between.
pub const FORGETFUL: &str = "
create sequence losses;
create function lose() returns trigger language plpgsql as $$
begin
    if nextval('losses') % 5 = 1 then raise exception 'lost'; end if;
    return new;
end $$;
create trigger lose before update on rule_runs for each row execute function lose();";

#[tokio::test]
async fn an_effect_whose_server_is_lost_before_it_is_noted_takes_place_once() {
    let fixture = Fixture::with(&shipped("pharmago"), &PEOPLE).await;
    fixture.run_sql(FORGETFUL);
    fixture.told(Value::Array(lives())).await;
    fixture.until_handled().await;
    must_be_right(&fixture.app.database);
    let losses = fixture.app.count("select last_value as n from losses");
    assert!(losses > 10 * ORDERS as i64, "{losses}");
}

#[tokio::test]
async fn a_server_that_is_killed_again_and_again_leaves_nothing_out_and_does_nothing_twice() {
    let database = tokio::task::spawn_blocking(fresh_database).await.unwrap();
    let rules = shipped("pharmago");
    let options = [
        "--rate-limits",
        "off",
        "--rules",
        &rules,
        "--job-lease-seconds",
        "1",
        "--job-retry-ms",
        "20",
    ];
    let mut process = Process::serve_on(&database, &options).await;
    for id in PEOPLE {
        process
            .person(id)
            .get("/api/v1/me")
            .await
            .expect_status(200);
    }
    let count = |query: &str| lines(&database, query).pop().expect("a count");
    let (begun, mut kills) = (Instant::now(), 0);
    let mut events = lives().into_iter();
    loop {
        assert!(
            begun.elapsed() < Duration::from_secs(120),
            "{}",
            count(ROOMS)
        );
        let part: Vec<Value> = events.by_ref().take(6).collect();
        if !part.is_empty() {
            // The answer is lost now and then; what was accepted is known then.
            let platform = process.person_with("platform", &["service"]);
            let told = platform.try_post("/api/v1/events", Value::Array(part.clone()));
            if told.await.is_none_or(|told| told.status != 200) {
                events = [part, events.collect()].concat().into_iter();
            }
        }
        // The kills fall on different moments of the effects.
        tokio::time::sleep(Duration::from_millis(5 + 13 * (kills % 11))).await;
        if kills < 14 {
            process.signal("KILL");
            process = Process::serve_on(&database, &options).await;
            kills += 1;
        } else if events.len() == 0
            && count("select count(*)::text as line from events where handled_at is null") == "0"
        {
            break;
        }
    }
    must_be_right(&database);
}

#[actix_rt::test]
async fn two_servers_share_the_work() {
    let rules = shipped("pharmago");
    let options = [
        "--rate-limits",
        "off",
        "--rules",
        &rules,
        "--job-retry-ms",
        "20",
    ];
    let one = TestApp::alone(Alone::Pair).with(&options).await;
    let two = TestApp::alone(Alone::Pair)
        .on(one.database.clone(), &options)
        .await;
    let fixture = Fixture::on(one, &PEOPLE).await;
    let other = Fixture::on(two, &[]).await;
    // Both hear all of it, in other parts.
    for (here, there) in lives().chunks(5).zip(lives().chunks(5)) {
        fixture.told(json!(here)).await;
        other.told(json!(there)).await;
    }
    fixture.until_handled().await;
    must_be_right(&fixture.app.database);
}
