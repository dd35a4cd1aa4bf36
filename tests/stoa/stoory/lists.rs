//! Pages by number: their totals, their ends, and what is not a page.

use serde_json::{Value, json};

use super::two;
use crate::client::Person;
use crate::deals::Deal;

async fn page(person: &Person, list: &str, query: &str) -> (Vec<Value>, Value) {
    let name = list
        .rsplit('/')
        .next()
        .unwrap()
        .replace("direct-connections", "conversations");
    let answer = person.get(&format!("/api/messages/{list}{query}")).await;
    let body = answer.expect_status(200).body;
    assert_eq!(body["success"], true);
    (
        body[name].as_array().unwrap().clone(),
        body["pagination"].clone(),
    )
}

#[tokio::test]
async fn conversations_come_by_pages_newest_activity_first() {
    let (app, alice, _) = two().await;
    let mut made = Vec::new();
    for number in 0..12 {
        let other = app.person(&format!("other-{number}")).await;
        made.push(app.direct(&alice, &other).await);
    }
    alice.say(&made[0], "back to the top").await;
    made.rotate_left(1);
    made.reverse();
    let ids = |rows: &[Value]| -> Vec<String> {
        rows.iter()
            .map(|row| row["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let (first, pagination) = page(&alice, "conversations", "").await;
    assert_eq!(ids(&first), made[..10]);
    assert_eq!(
        pagination,
        json!({ "page": 1, "limit": 10, "total": 12, "has_more": true })
    );
    let (second, pagination) = page(&alice, "conversations", "?page=2&limit=10").await;
    assert_eq!(ids(&second), made[10..]);
    assert_eq!(
        pagination,
        json!({ "page": 2, "limit": 10, "total": 12, "has_more": false })
    );
    let (beyond, pagination) = page(&alice, "conversations", "?page=9&limit=100").await;
    assert_eq!((beyond.len(), &pagination["has_more"]), (0, &json!(false)));
    let (exact, pagination) = page(&alice, "conversations", "?page=3&limit=4").await;
    assert_eq!((exact.len(), &pagination["has_more"]), (4, &json!(false)));
}

#[tokio::test]
async fn messages_come_by_pages_the_newest_on_the_first() {
    let (app, alice, bob) = two().await;
    let id = app.direct(&alice, &bob).await;
    for number in 1..=7 {
        alice.say(&id, &format!("message {number}")).await;
    }
    let said = |rows: &[Value]| -> Vec<String> {
        rows.iter()
            .map(|row| row["message"].as_str().unwrap().to_owned())
            .collect()
    };
    let list = format!("conversations/{id}/messages");
    let (first, pagination) = page(&bob, &list, "?page=1&limit=3").await;
    assert_eq!(said(&first), ["message 5", "message 6", "message 7"]);
    assert_eq!(
        pagination,
        json!({ "page": 1, "limit": 3, "total": 7, "has_more": true })
    );
    let (last, pagination) = page(&bob, &list, "?page=3&limit=3").await;
    assert_eq!(said(&last), ["message 1"]);
    assert_eq!(pagination["has_more"], false);
    let (all, pagination) = page(&bob, &list, "").await;
    assert_eq!((all.len(), &pagination["limit"]), (7, &json!(50)));
}

#[tokio::test]
async fn totals_count_what_the_reader_may_see() {
    let deal = Deal::begin().await;
    // From here on each of them has a message of their own.
    deal.connect().await;
    let list = format!("conversations/{}/messages", deal.id);
    for role in ["influencer", "brand_owner"] {
        let (rows, pagination) = page(deal.role(role), &list, "?limit=100").await;
        assert!(!rows.is_empty(), "{role}");
        assert_eq!(pagination["total"], rows.len());
    }
    let (rows, _) = page(&deal.brand_owner, &list, "").await;
    assert!(
        rows.iter().all(|row| row["receiver_id"] != "ines"),
        "{rows:?}"
    );
}

#[tokio::test]
async fn direct_connections_are_those_about_nothing() {
    let deal = Deal::begin().await;
    let id = deal.app.direct(&deal.influencer, &deal.brand_owner).await;
    let about = json!({ "kind": "direct", "participants": [{ "user_id": "bela" }], "subject": { "type": "job", "id": "1" } });
    deal.influencer
        .post("/api/v1/conversations", about)
        .await
        .expect_status(201);
    let (rows, pagination) = page(&deal.influencer, "direct-connections", "").await;
    assert_eq!(
        (rows.len(), &rows[0]["id"], &pagination["total"]),
        (1, &json!(id), &json!(1))
    );
    let (rows, pagination) = page(&deal.influencer, "conversations", "").await;
    assert_eq!((rows.len(), &pagination["total"]), (3, &json!(3)));
    let stranger = deal.app.person("otto").await;
    let (rows, pagination) = page(&stranger, "conversations", "").await;
    assert_eq!((rows.len(), &pagination["total"]), (0, &json!(0)));
}

#[tokio::test]
async fn what_is_no_page_is_refused_by_name() {
    let (app, alice, bob) = two().await;
    let id = app.direct(&alice, &bob).await;
    let messages = format!("conversations/{id}/messages");
    for list in ["conversations", "direct-connections", &messages] {
        for (query, field) in [
            ("page=0", "page"),
            ("page=-1", "page"),
            ("page=x", "page"),
            ("page=9223372036854775807", "page"),
            ("page=99999999999999999999", "page"),
            ("limit=0", "limit"),
            ("limit=101", "limit"),
            ("limit=1.5", "limit"),
        ] {
            let told = alice.get(&format!("/api/messages/{list}?{query}")).await;
            let told = told.expect_status(400).expect_code("INVALID_REQUEST").body;
            assert_eq!(told["details"]["field"], field, "{list} {query}");
        }
        let far = alice
            .get(&format!("/api/messages/{list}?page=1000000&limit=100"))
            .await;
        far.expect_status(200);
    }
}
