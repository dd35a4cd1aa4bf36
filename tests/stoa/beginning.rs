//! Who may begin a conversation with whom: the platform's options, each user's own choice, and how many new people a day.

use diesel::connection::SimpleConnection;
use serde_json::{Value, json};

use crate::client::{Answer, Person};
use crate::participants::path;
use crate::test_app::TestApp;

async fn begin(person: &Person, kind: &str, others: &[&str]) -> Answer {
    let others: Vec<Value> = others.iter().map(|id| json!({ "user_id": id })).collect();
    let wanted = json!({ "kind": kind, "participants": others });
    person.post("/api/v1/conversations", wanted).await
}

async fn accept(person: &Person, from: &str) {
    let wanted = json!({ "accept": from });
    let set = person.put("/api/v1/me/privacy", wanted.clone()).await;
    assert_eq!(set.expect_status(200).body, wanted);
    assert_eq!(person.get("/api/v1/me/privacy").await.body, wanted);
}

#[tokio::test]
async fn an_option_says_which_people_may_begin_which_kind() {
    let app = TestApp::with(&["--may-start", "group=platform,direct=met"]).await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let staff = app.person_with("staff", &["support"]).await;
    let platform = app.person_with("platform", &["service"]).await;
    let refused = begin(&ann, "group", &["bob"]).await;
    refused.expect_status(403).expect_code("FORBIDDEN");
    let refused = begin(&ann, "direct", &["bob"]).await;
    refused.expect_status(403).expect_code("UNREACHABLE");
    begin(&ann, "support", &["bob"]).await.expect_status(201);
    begin(&ann, "direct", &["bob"]).await.expect_status(201);
    begin(&bob, "direct", &["ann"]).await.expect_status(200);
    begin(&staff, "group", &["bob"]).await.expect_status(201);
    begin(&platform, "group", &["ann", "bob"])
        .await
        .expect_status(201);
    let deal = json!({ "bid_id": "b-1", "influencer_id": "bob", "proposed_amount": 4000 });
    let begun = ann.post("/api/bids/automated/initialize", deal).await;
    begun.expect_status(200);
}

#[tokio::test]
async fn each_user_chooses_from_whom_they_accept() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let platform = app.person_with("platform", &["service"]).await;
    let unset = ann.get("/api/v1/me/privacy").await.expect_status(200);
    assert_eq!(unset.body, json!({ "accept": "everyone" }));
    for wrong in [
        json!({ "accept": "friends" }),
        json!({}),
        json!({ "accept": 1 }),
    ] {
        let refused = ann.put("/api/v1/me/privacy", wrong).await;
        refused.expect_status(400).expect_code("INVALID_REQUEST");
    }
    accept(&ann, "met").await;
    begin(&bob, "direct", &["ann"])
        .await
        .expect_code("UNREACHABLE");
    begin(&bob, "group", &["ann"])
        .await
        .expect_code("UNREACHABLE");
    let made = begin(&platform, "group", &["ann", "bob"]).await;
    let group = made.expect_status(201).body["id"]
        .as_str()
        .unwrap()
        .to_owned();
    begin(&bob, "direct", &["ann"]).await.expect_status(201);
    accept(&ann, "nobody").await;
    begin(&bob, "direct", &["ann"]).await.expect_status(200);
    begin(&bob, "group", &["ann"])
        .await
        .expect_code("UNREACHABLE");
    begin(&platform, "group", &["ann"]).await.expect_status(201);
    begin(&ann, "group", &["bob"]).await.expect_status(201);
    accept(&ann, "met").await;
    let left = bob.delete(&path(&group, "/participants/bob")).await;
    left.expect_status(204);
    begin(&bob, "group", &["ann"]).await.expect_status(201);
}

#[tokio::test]
async fn who_has_left_everything_in_common_has_not_met_any_more() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let group = app.group(&bob, &[&ann]).await;
    accept(&ann, "met").await;
    let left = ann.delete(&path(&group, "/participants/ann")).await;
    left.expect_status(204);
    begin(&bob, "direct", &["ann"])
        .await
        .expect_code("UNREACHABLE");
    let back = json!({ "user_id": "ann" });
    let refused = bob.post(&path(&group, "/participants"), back.clone()).await;
    refused.expect_code("UNREACHABLE");
    accept(&ann, "everyone").await;
    let back = bob.post(&path(&group, "/participants"), back).await;
    back.expect_status(200);
}

#[tokio::test]
async fn a_person_begins_with_few_new_people_a_day() {
    let app = TestApp::with(&["--new-contacts", "3"]).await;
    let ann = app.person("ann").await;
    for number in 1..=6 {
        app.person(&format!("user-{number}")).await;
    }
    let two = begin(&ann, "group", &["user-1", "user-2"]).await;
    let group = two.expect_status(201).body["id"]
        .as_str()
        .unwrap()
        .to_owned();
    begin(&ann, "direct", &["user-1"]).await.expect_status(201);
    let added = json!({ "user_id": "user-3" });
    let added = ann.post(&path(&group, "/participants"), added).await;
    added.expect_status(200);
    let refused = begin(&ann, "direct", &["user-4"]).await.expect_status(429);
    let refused = refused.expect_code("RATE_LIMITED");
    let wait = refused.body["details"]["retry_after_seconds"]
        .as_i64()
        .unwrap();
    assert!((86_000..=86_400).contains(&wait), "{wait}");
    let added = json!({ "user_id": "user-4" });
    let refused = ann.post(&path(&group, "/participants"), added).await;
    refused.expect_status(429).expect_code("RATE_LIMITED");
    let many = ["user-3", "user-4", "user-5", "user-6"];
    let fresh = app.person("fresh").await;
    let refused = begin(&fresh, "group", &many).await;
    refused.expect_status(422).expect_code("UNPROCESSABLE");
    assert_eq!(app.count("select count(*) as n from conversations"), 2);
    let earlier = "update new_contacts set at = at - interval '23 hours 59 minutes'
        where other_no = (select no from users where id = 'user-2')";
    app.connection().batch_execute(earlier).unwrap();
    let refused = begin(&ann, "direct", &["user-4"]).await.expect_status(429);
    let wait = refused.body["details"]["retry_after_seconds"]
        .as_i64()
        .unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    let earlier = "update new_contacts set at = at - interval '1 day'";
    app.connection().batch_execute(earlier).unwrap();
    begin(&ann, "direct", &["user-4"]).await.expect_status(201);
    assert_eq!(app.count("select count(*) as n from new_contacts"), 1);
}

#[tokio::test]
async fn many_at_once_are_counted_one_after_the_other() {
    let app = TestApp::with(&["--new-contacts", "3"]).await;
    let ann = app.person("ann").await;
    for number in 1..=8 {
        app.person(&format!("user-{number}")).await;
    }
    let ids: Vec<String> = (1..=8).map(|number| format!("user-{number}")).collect();
    let ann = &ann;
    let asked = ids
        .iter()
        .map(|id| async move { begin(ann, "direct", &[id.as_str()]).await });
    let answers = futures_util::future::join_all(asked).await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(made, 3, "{answers:?}");
}
