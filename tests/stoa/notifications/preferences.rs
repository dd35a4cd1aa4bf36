//! What people say about the notifications that they get.

use serde_json::{Value, json};

use super::{Fixture, counts, order, plain, titles};

const PATH: &str = "/api/v1/me/notification-preferences";

fn off(kind: &str, channel: &str) -> Value {
    json!({ "preferences": [{ "type": kind, "channel": channel, "allowed": false }] })
}

/// Whether a type comes in the app, and why.
fn cell(shown: &Value, kind: &str) -> (bool, String) {
    let types = shown["types"].as_array().expect("types").iter();
    let row = types
        .into_iter()
        .find(|row| row["type"] == kind)
        .expect("the type");
    let cell = &row["channels"][0];
    (
        cell["allowed"].as_bool().unwrap(),
        cell["reason"].as_str().unwrap().to_owned(),
    )
}

#[tokio::test]
async fn what_somebody_does_not_want_is_not_shown_and_its_maker_learns_why() {
    let fixture = Fixture::with(&["ann", "bob"]).await;
    let ann = fixture.app.person("ann").await;
    let shown = ann
        .put(PATH, off("promotion", "*"))
        .await
        .expect_status(200)
        .body;
    assert_eq!(cell(&shown, "promotion"), (false, "preference".to_owned()));
    assert_eq!(cell(&shown, "order_update"), (true, "default".to_owned()));
    let mut body = plain("ann", "Buy this");
    body["type"] = json!("promotion");
    body["to"] = json!({ "user_ids": ["ann", "bob"] });
    let made = fixture.made(body).await;
    let states: Vec<&Value> = made["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["notification"]["status"])
        .collect();
    assert_eq!(states, ["skipped", "shown"]);
    assert_eq!(made["items"][0]["notification"]["reason"], "preference");
    assert_eq!(
        (titles(&ann, "").await.len(), counts(&ann).await),
        (0, (0, 0))
    );
    assert_eq!(counts(&fixture.app.person("bob").await).await, (1, 1));
}

#[tokio::test]
async fn off_at_any_level_is_off_and_what_must_be_known_comes_all_the_same() {
    let fixture = Fixture::with(&["ann"]).await;
    let ann = fixture.app.person("ann").await;
    for said in [
        off("*", "*"),
        off("*", "in_app"),
        off("orders.*", "*"),
        off("order_update", "in_app"),
    ] {
        let shown = ann.put(PATH, said.clone()).await.expect_status(200).body;
        assert_eq!(cell(&shown, "order_update").0, false, "{said}");
        assert_eq!(cell(&shown, "security"), (true, "mandatory".to_owned()));
        assert_eq!(ann.get(PATH).await.body, shown);
    }
    ann.put(PATH, off("*", "*")).await.expect_status(200);
    let mut must = plain("ann", "Somebody has signed in");
    must["type"] = json!("security");
    fixture.made(must).await;
    assert_eq!(
        fixture.made(order("ann", "1", "placed")).await["status"],
        "skipped"
    );
    assert_eq!(titles(&ann, "").await, ["Somebody has signed in"]);
    ann.put(PATH, json!({ "preferences": [] }))
        .await
        .expect_status(200);
    assert_eq!(
        fixture.made(order("ann", "1", "placed")).await["status"],
        "shown"
    );
    for wrong in [
        off("order_updat", "*"),
        off("*", "fax"),
        off("nothing.*", "*"),
    ] {
        ann.put(PATH, wrong).await.expect_status(400);
    }
}

#[tokio::test]
async fn everybody_reads_their_own_language() {
    let fixture = Fixture::with(&["ann", "bert"]).await;
    let bert = fixture.app.person("bert").await;
    let settings = "/api/v1/me/notification-settings";
    assert_eq!(
        bert.get(settings).await.expect_status(200).body,
        json!({ "locale": null })
    );
    bert.put(settings, json!({ "locale": "de-AT" }))
        .await
        .expect_status(200);
    bert.put(settings, json!({ "locale": "d!" }))
        .await
        .expect_status(400);
    let mut body = order("ann", "1", "neu");
    body["to"] = json!({ "user_ids": ["ann", "bert"] });
    let made = fixture.made(body).await;
    let words: Vec<&Value> = made["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["notification"]["title"])
        .collect();
    assert_eq!(words, ["Order #1: neu", "Bestellung 1: neu"]);
}

#[tokio::test]
async fn types_are_listed_with_their_data() {
    let fixture = Fixture::with(&["ann"]).await;
    let ann = fixture.app.person("ann").await;
    let listed = ann
        .get("/api/v1/notification-types")
        .await
        .expect_status(200)
        .body;
    let items = listed["items"].as_array().expect("items");
    let order = items
        .iter()
        .find(|of| of["name"] == "order_update")
        .expect("the type");
    assert_eq!(
        order["data"]["status"],
        json!({ "type": "text", "required": true })
    );
    assert_eq!(order["languages"], json!(["de", "en"]));
    assert_eq!(items.len(), 12);
}
