//! Telling events: who may, what is accepted, what is refused, and what is never stored.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use serde_json::{Value, json};

use super::{Fixture, order, shipped};
use crate::test_app::TestApp;

const PEOPLE: [&str; 3] = ["ada", "rob", "corner"];

async fn pharmacy() -> Fixture {
    Fixture::with(&shipped("pharmago"), &PEOPLE).await
}

fn placed(id: &str, about: &str) -> Value {
    order(
        id,
        "order.placed",
        about,
        Some("ada"),
        json!({ "pharmacy": "corner" }),
    )
}

fn statuses(body: &Value) -> Vec<&str> {
    let results = body["results"].as_array().expect("results").iter();
    results
        .map(|result| result["status"].as_str().expect("a status"))
        .collect()
}

#[tokio::test]
async fn only_the_platform_tells_events_and_only_those_who_run_it_see_them() {
    let fixture = pharmacy().await;
    fixture.told(placed("1", "1")).await;
    for (id, roles, tells, sees) in [
        ("alice", vec![], 403, 403),
        ("sam", vec!["support"], 403, 403),
        ("root", vec!["admin"], 403, 200),
        ("api", vec!["service"], 200, 200),
    ] {
        let person = fixture.app.person_with(id, &roles).await;
        let told = person.post("/api/v1/events", placed("1", "1")).await;
        told.expect_status(tells);
        person.get("/api/v1/events").await.expect_status(sees);
        let shown = person.get("/api/v1/events/shop/1").await;
        shown.expect_status(sees);
    }
}

#[tokio::test]
async fn an_event_is_stored_once_and_another_one_under_its_id_is_refused() {
    let fixture = pharmacy().await;
    let first = fixture.tell(placed("1", "1")).await;
    assert_eq!(
        (&first["accepted"], statuses(&first)),
        (&json!(1), vec!["accepted"])
    );
    let again = fixture
        .tell(json!([
            placed("1", "1"),
            placed("2", "2"),
            placed("2", "2")
        ]))
        .await;
    assert_eq!(statuses(&again), ["known", "accepted", "known"]);
    let other = fixture
        .tell(json!([
            placed("1", "3"),
            placed("4", "4"),
            placed("4", "5")
        ]))
        .await;
    assert_eq!(statuses(&other), ["refused", "accepted", "refused"]);
    assert_eq!(other["results"][0]["error"]["error_code"], "EVENT_CONFLICT");
    assert_eq!(other["results"][2]["error"]["error_code"], "EVENT_CONFLICT");
    let numbers = (&other["accepted"], &other["known"], &other["refused"]);
    assert_eq!(numbers, (&json!(1), &json!(0), &json!(2)));
    // The same id of another source is another event.
    let mut elsewhere = placed("1", "1");
    elsewhere["source"] = json!("https://shop.example/two");
    assert_eq!(statuses(&fixture.tell(elsewhere).await), ["accepted"]);
    fixture.until_handled().await;
    let listed = fixture
        .platform
        .get("/api/v1/events")
        .await
        .expect_status(200)
        .body;
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(4));
    let path = "/api/v1/events/https:%2F%2Fshop.example%2Ftwo/1";
    let shown = fixture.platform.get(path).await.expect_status(200).body;
    assert_eq!(
        (&shown["status"], &shown["actor"]),
        (&json!("handled"), &json!("ada"))
    );
    let missing = fixture.platform.get("/api/v1/events/shop/9").await;
    missing.expect_status(404).expect_code("EVENT_NOT_FOUND");
}

/// A list in a list in a list.
fn nested(depth: usize) -> Value {
    (0..depth).fold(json!(1), |inner, _| json!([inner]))
}

#[tokio::test]
async fn every_kind_of_bad_event_in_a_full_batch_is_refused_and_the_rest_is_stored() {
    let fixture = pharmacy().await;
    let with = |key: &str, value: Value| {
        let mut event = placed(&format!("bad-{key}-{value}"), "1");
        event[key] = value;
        event
    };
    let bad = [
        (json!(7), "INVALID_REQUEST"),
        (with("id", json!(null)), "INVALID_REQUEST"),
        (with("source", json!("")), "INVALID_REQUEST"),
        (with("type", json!("order.plced")), "UNKNOWN_EVENT_TYPE"),
        (with("subject", json!("job/1")), "INVALID_REQUEST"),
        (with("actor", json!("stranger")), "USER_NOT_FOUND"),
        (
            with("data", json!({ "pharmacy": "stranger" })),
            "USER_NOT_FOUND",
        ),
        (with("data", json!({})), "INVALID_REQUEST"),
        (with("time", json!("2020-01-01T00:00:00Z")), "EVENT_TOO_OLD"),
        (
            with("time", json!("2120-01-01T00:00:00Z")),
            "EVENT_IN_FUTURE",
        ),
        (with("more", json!("x".repeat(40_000))), "TOO_LARGE"),
        (with("more", nested(200)), "INVALID_REQUEST"),
        (
            order(
                "bad-nul",
                "order.delayed",
                "1",
                None,
                json!({ "minutes": 1, "reason": "a\0b" }),
            ),
            "INVALID_REQUEST",
        ),
    ];
    let good = 500 - bad.len();
    let mut events: Vec<Value> = (0..good)
        .map(|n| placed(&n.to_string(), &format!("{n}")))
        .collect();
    for (place, (event, _)) in bad.iter().enumerate() {
        events.insert(place * 40, event.clone());
    }
    let body = fixture.tell(Value::Array(events)).await;
    let numbers = (&body["accepted"], &body["refused"]);
    assert_eq!(numbers, (&json!(good), &json!(bad.len())));
    for (place, (event, code)) in bad.iter().enumerate() {
        let result = &body["results"][place * 40];
        assert_eq!(result["error"]["error_code"], *code, "{event}: {result}");
    }
    let stored = "select count(*) as n from events";
    assert_eq!(fixture.app.count(stored), good as i64);
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_as_a_whole() {
    let fixture = pharmacy().await;
    let post = |body: String| {
        let platform = &fixture.platform;
        async move {
            platform
                .request("POST", "/api/v1/events", Some(body), &[])
                .await
        }
    };
    for body in ["", "{", "[]", "null", "[{]", "\"x\"", "[1,]"] {
        post(body.to_owned()).await.expect_status(400);
    }
    let many = vec![placed("1", "1"); 501];
    let many = post(Value::Array(many).to_string()).await;
    many.expect_status(400).expect_code("INVALID_REQUEST");
    let large = json!({ "x": "y".repeat(1_100_000) });
    post(large.to_string())
        .await
        .expect_status(413)
        .expect_code("TOO_LARGE");
    assert_eq!(fixture.app.count("select count(*) as n from events"), 0);
}

#[derive(QueryableByName)]
struct Table {
    #[diesel(sql_type = Text)]
    name: String,
}

/// The tables of the database in whose rows a text is found.
fn tables_with(app: &TestApp, text: &str) -> Vec<String> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }
    let mut connection = app.connection();
    let tables = "select quote_ident(table_name) as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'";
    let tables: Vec<Table> = diesel::sql_query(tables).load(&mut connection).unwrap();
    assert!(tables.len() > 30);
    let has = |table: &Table| {
        let rows = format!(
            "select count(*) as n from {} t where t::text like '%{text}%'",
            table.name
        );
        let found: Found = diesel::sql_query(rows).get_result(&mut connection).unwrap();
        found.n > 0
    };
    let names = tables.into_iter();
    let mut has = has;
    names
        .filter(|table| has(table))
        .map(|table| table.name)
        .collect()
}

#[tokio::test]
async fn what_a_type_does_not_declare_is_in_no_table() {
    let fixture = pharmacy().await;
    let data = json!({ "pharmacy": "corner", "phone": "canary-1", "deep": { "er": ["canary-2"] } });
    let mut event = order("1", "order.placed", "7", Some("ada"), data);
    event["traceparent"] = json!("canary-3");
    let header = [("idempotency-key", "once")];
    let told = fixture
        .platform
        .request("POST", "/api/v1/events", Some(event.to_string()), &header);
    let told = told.await.expect_status(200).body;
    assert_eq!(
        told["results"][0]["dropped"],
        json!(["data.deep", "data.phone", "traceparent"])
    );
    // Refused ones leave nothing either.
    let refused = order(
        "2",
        "order.placed",
        "7",
        Some("ada"),
        json!({ "pharmacy": "canary-4" }),
    );
    assert_eq!(fixture.tell(refused).await["refused"], 1);
    fixture.until_handled().await;
    assert_eq!(tables_with(&fixture.app, "canary"), Vec::<String>::new());
    assert!(
        tables_with(&fixture.app, "corner").contains(&"events".to_owned()),
        "the search finds what is there"
    );
}

#[tokio::test]
async fn without_rules_no_event_is_known() {
    let app = TestApp::start().await;
    let fixture = Fixture::on(app, &PEOPLE).await;
    let body = fixture.tell(placed("1", "1")).await;
    assert_eq!(
        body["results"][0]["error"]["error_code"],
        "UNKNOWN_EVENT_TYPE"
    );
}
