//! Making notifications: who may, what is refused, repeats, and what takes the place of what.

use serde_json::{Value, json};

use super::{Fixture, counts, order, plain, titles};

#[tokio::test]
async fn the_platform_makes_them_and_people_do_not() {
    let fixture = Fixture::with(&["ann"]).await;
    for (id, roles, kind, status) in [
        ("bob", vec![], "system", 403),
        ("sam", vec!["support"], "system", 403),
        ("sam", vec!["support"], "support", 201),
        ("root", vec!["admin"], "system", 201),
        ("api", vec!["service"], "system", 201),
    ] {
        let person = fixture.app.person_with(id, &roles).await;
        let mut body = plain("ann", id);
        body["type"] = json!(kind);
        person
            .post("/api/v1/notifications", body)
            .await
            .expect_status(status);
    }
    assert_eq!(
        titles(&fixture.app.person("ann").await, "").await,
        ["api", "root", "sam"]
    );
}

#[tokio::test]
async fn words_are_the_types_or_ones_own() {
    let fixture = Fixture::with(&["ann"]).await;
    let made = fixture.made(order("ann", "A-77", "delivered")).await;
    assert_eq!(made["title"], "Order #A-77: delivered");
    assert_eq!(
        made["message"],
        "The status of your order is now delivered. Order number: A-77"
    );
    assert_eq!(
        (&made["action_url"], &made["action_text"]),
        (&json!("/orders/A-77"), &json!("View order"))
    );
    assert_eq!(
        (&made["module"], &made["priority"], &made["key"]),
        (&json!("orders"), &json!("normal"), &json!("order:A-77"))
    );
    let mut own = order("ann", "A-78", "lost");
    own["title"] = json!("We are sorry");
    own["subject"] = json!({ "type": "order", "id": "A-78" });
    own["metadata"] = json!({ "a": [1, 2] });
    own["action"] = json!({ "url": "https://shop.example/help", "text": "Help" });
    own["priority"] = json!("urgent");
    let made = fixture.made(own).await;
    assert_eq!(made["title"], "We are sorry");
    assert!(made["message"].as_str().unwrap().contains("is now lost"));
    assert_eq!(
        (&made["action_url"], &made["priority"]),
        (&json!("https://shop.example/help"), &json!("urgent"))
    );
    assert_eq!(
        (&made["subject"]["id"], &made["metadata"]),
        (&json!("A-78"), &json!({ "a": [1, 2] }))
    );
}

/// A key, a value that is wrong there, and the field that is named.
const WRONG: [(&str, &str, &str); 13] = [
    ("to", "{}", "to"),
    ("to", r#"{"user_ids":[]}"#, "to.user_ids"),
    ("data", r#"{"order_id":"1"}"#, "data.order_number"),
    (
        "data",
        r#"{"order_id":"1","order_number":"1","status":"x","phone":"7"}"#,
        "data.phone",
    ),
    (
        "data",
        r#"{"order_id":1,"order_number":"1","status":"x"}"#,
        "data.order_id",
    ),
    ("title", "\"\"", "title"),
    ("message", "\"\"", "message"),
    ("priority", "\"medium\"", "priority"),
    (
        "action",
        r#"{"url":"javascript:alert(1)","text":"x"}"#,
        "action.url",
    ),
    (
        "action",
        r#"{"url":"//evil.example","text":"x"}"#,
        "action.url",
    ),
    ("subject", r#"{"type":"order","id":""}"#, "subject_id"),
    ("metadata", "[1]", "metadata"),
    ("expires_at", "\"2020-01-01T00:00:00Z\"", "expires_at"),
];

type Case = (Value, u16, &'static str, Option<&'static str>);

/// Bodies, and how each is refused.
fn wrong() -> Vec<Case> {
    let with = |key: &str, value: Value| {
        let mut body = order("ann", "1", "new");
        body[key] = value;
        body
    };
    let mut cases: Vec<Case> = Vec::new();
    for (key, value, field) in WRONG {
        let value = serde_json::from_str(value).expect("JSON");
        cases.push((with(key, value), 400, "INVALID_REQUEST", Some(field)));
    }
    for (key, value) in [
        ("title", json!("x".repeat(256))),
        ("message", json!("x".repeat(4_001))),
        ("metadata", json!({ "x": "y".repeat(9_000) })),
    ] {
        let field = ["title", "message", "metadata"]
            .into_iter()
            .find(|field| *field == key);
        cases.push((with(key, value), 400, "INVALID_REQUEST", field));
    }
    let stranger = with("to", json!({ "user_id": "stranger" }));
    cases.push((stranger, 404, "USER_NOT_FOUND", None));
    let unknown = with("type", json!("order_updat"));
    cases.push((unknown, 404, "NOTIFICATION_TYPE_NOT_FOUND", None));
    let no_message = json!({ "to": { "user_id": "ann" }, "type": "system", "title": "only" });
    cases.push((no_message, 400, "INVALID_REQUEST", Some("message")));
    cases
}

#[tokio::test]
async fn what_is_wrong_is_refused_by_name_and_makes_nothing() {
    let fixture = Fixture::with(&["ann"]).await;
    for (body, status, code, field) in wrong() {
        let answer = fixture.make(body.clone()).await.expect_status(status);
        assert_eq!(answer.body["error_code"], code, "{body}");
        if let Some(field) = field {
            assert_eq!(
                answer.body["details"]["field"], field,
                "{body}: {}",
                answer.body
            );
        }
    }
    assert_eq!(
        fixture.app.count("select count(*) as n from notifications"),
        0
    );
}

#[tokio::test]
async fn a_repeat_makes_nothing_and_another_one_under_its_id_is_refused() {
    let fixture = Fixture::with(&["ann", "bob"]).await;
    let mut body = order("ann", "1", "new");
    body["client_id"] = json!("mail-1");
    let first = fixture.made(body.clone()).await;
    let again = fixture.make(body.clone()).await.expect_status(200).body;
    assert_eq!(first["id"], again["id"]);
    let mut other = body.clone();
    other["data"]["status"] = json!("old");
    fixture
        .make(other)
        .await
        .expect_status(409)
        .expect_code("CONFLICT");
    // One of two recipients has it already.
    body["to"] = json!({ "user_ids": ["ann", "bob", "ann"] });
    let both = fixture.make(body).await.expect_status(201).body;
    assert_eq!(both["items"].as_array().map(Vec::len), Some(2));
    assert_eq!(both["items"][0]["notification"]["id"], first["id"]);
    assert_eq!(
        fixture.app.count("select count(*) as n from notifications"),
        2
    );
}

#[tokio::test]
async fn a_newer_one_with_the_same_key_takes_the_place_of_an_unread_older_one() {
    let fixture = Fixture::with(&["ann", "bob"]).await;
    let ann = fixture.app.person("ann").await;
    let first = fixture.made(order("ann", "1", "placed")).await;
    fixture.made(order("ann", "2", "placed")).await;
    fixture.made(order("bob", "1", "placed")).await;
    fixture.made(order("ann", "1", "shipped")).await;
    assert_eq!(
        titles(&ann, "").await,
        ["Order #1: shipped", "Order #2: placed"]
    );
    let path = format!("/api/v1/notifications/{}", first["id"].as_str().unwrap());
    let gone = ann.get(&path).await.expect_status(200).body;
    assert_eq!(
        (&gone["status"], &gone["reason"]),
        (&json!("withdrawn"), &json!("replaced"))
    );
    // What was read stays.
    ann.post("/api/v1/notifications/read", json!({}))
        .await
        .expect_status(200);
    fixture.made(order("ann", "1", "delivered")).await;
    assert_eq!(
        titles(&ann, "").await,
        [
            "Order #1: delivered",
            "Order #1: shipped",
            "Order #2: placed"
        ]
    );
    assert_eq!(counts(&ann).await, (1, 1));
}

#[tokio::test]
async fn many_that_come_at_once_with_one_key_leave_one() {
    let fixture = Fixture::with(&["ann"]).await;
    let making = (0..40).map(|n| fixture.make(order("ann", "1", &format!("step {n}"))));
    for answer in futures_util::future::join_all(making).await {
        answer.expect_status(201);
    }
    let ann = fixture.app.person("ann").await;
    assert_eq!(titles(&ann, "").await.len(), 1);
    assert_eq!(counts(&ann).await, (1, 1));
    let ended = "select count(*) as n from notifications where state = 'withdrawn' and end_reason = 'replaced'";
    assert_eq!(fixture.app.count(ended), 39);
}
