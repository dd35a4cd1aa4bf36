//! Users with a second id: it is accepted wherever their id is, and is nobody else's.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::client::Person;
use crate::test_app::{SECRET, TestApp, claims};

fn token(id: &str, alias: Option<&str>) -> String {
    let claims = json!({ "sub": id, "db": alias, "exp": claims("", &[]).exp });
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).expect("a token")
}

fn bearer(app: &TestApp, id: &str, alias: Option<&str>) -> Person {
    Person::new(app.addresses(), id, token(id, alias))
}

async fn app() -> TestApp {
    TestApp::with(&["--alias-claim", "db"]).await
}

async fn me(who: &Person) -> Value {
    who.get("/api/v1/me").await.expect_status(200).body
}

#[tokio::test]
async fn a_token_says_the_other_id_and_either_is_the_same_user() {
    let app = app().await;
    let ann = bearer(&app, "user_ann", Some("42"));
    let seen = me(&ann).await;
    assert_eq!(
        (&seen["user_id"], &seen["alias"]),
        (&json!("user_ann"), &json!("42"))
    );
    let by_alias = bearer(&app, "42", None);
    assert_eq!(me(&by_alias).await["user_id"], "user_ann");
    let users = app.count("select count(*) as n from users where id in ('user_ann', '42')");
    assert_eq!(users, 1);
    let service = app.person_with("platform", &["service"]).await;
    let out = service.post("/api/v1/users/42/sign-out", json!({})).await;
    assert_eq!(out.expect_status(200).body["user_id"], "user_ann");
    for signed_out in [&ann, &by_alias] {
        signed_out.get("/api/v1/me").await.expect_status(401);
    }
}

#[tokio::test]
async fn an_alias_is_nobody_elses_id_or_alias() {
    let app = app().await;
    let service = app.person_with("platform", &["service"]).await;
    app.person("bob").await;
    let put = async |id: &str, alias: &str| {
        let path = format!("/api/v1/users/{id}");
        service.put(&path, json!({ "alias": alias })).await
    };
    assert_eq!(
        put("ann", "42").await.expect_status(200).body["alias"],
        "42"
    );
    for taken in ["bob", "42"] {
        put("cara", taken)
            .await
            .expect_status(409)
            .expect_code("CONFLICT");
        let cara = bearer(&app, "cara", Some(taken));
        cara.get("/api/v1/me").await.expect_status(401);
    }
    put("ann", "ann").await.expect_status(200);
    put("ann", "no id").await.expect_status(400);
    assert_eq!(
        put("42", "43").await.expect_status(200).body["user_id"],
        "ann"
    );
    assert_eq!(
        put("cara", "42").await.expect_status(200).body["alias"],
        "42"
    );
}

#[tokio::test]
async fn the_same_alias_at_once_goes_to_one_user() {
    let app = app().await;
    let users: Vec<Person> = (0..8)
        .map(|n| bearer(&app, &format!("user-{n}"), Some("7")))
        .collect();
    let asked = users.iter().map(|user| user.get("/api/v1/me"));
    let answers = futures_util::future::join_all(asked).await;
    let given = answers.iter().filter(|answer| answer.status == 200);
    assert_eq!(given.count(), 1);
    assert_eq!(
        app.count("select count(*) as n from users where alias = '7'"),
        1
    );
}

/// Ann and Bob, who have an alias each.
async fn two(app: &TestApp) -> (Person, Person) {
    let ann = bearer(app, "user_ann", Some("42"));
    let bob = bearer(app, "user_bob", Some("43"));
    me(&ann).await;
    me(&bob).await;
    (ann, bob)
}

/// A group of both, as its path; Bob comes in under his alias.
async fn group(ann: &Person) -> String {
    let group = json!({ "kind": "group", "participants": [] });
    let group = ann.post("/api/v1/conversations", group).await;
    let group = group.expect_status(201).body["id"].clone();
    let path = format!("/api/v1/conversations/{}", group.as_str().expect("an id"));
    let bob = json!({ "user_id": "43" });
    let added = ann.post(&format!("{path}/participants"), bob).await;
    added.expect_status(200);
    path
}

#[tokio::test]
async fn a_conversation_is_begun_with_the_other_id_and_with_oneself_under_neither() {
    let app = app().await;
    let (ann, bob) = two(&app).await;
    let with = |id: &str| json!({ "kind": "direct", "participants": [{ "user_id": id }] });
    let path = "/api/v1/conversations";
    let made = ann.post(path, with("43")).await;
    let direct = made.expect_status(201).body["id"].clone();
    let there = ann.post(path, with("user_bob")).await;
    assert_eq!(there.expect_status(200).body["id"], direct);
    for (path, own) in [
        (path, with("42")),
        (
            "/api/messages/direct-connect",
            json!({ "target_user_id": "42" }),
        ),
        (
            "/api/bids/automated/initialize",
            json!({ "bid_id": "b-1", "influencer_id": "42" }),
        ),
    ] {
        ann.post(path, own).await.expect_status(422);
    }
    let shown = bob.get("/api/v1/users/42").await;
    assert_eq!(shown.expect_status(200).body["user_id"], "user_ann");
}

#[tokio::test]
async fn a_message_names_its_sender_and_whom_it_mentions_by_either_id() {
    let app = app().await;
    let (ann, _) = two(&app).await;
    let path = group(&ann).await;
    let said = json!({ "body": "You", "sender_id": "42", "mentions": ["43", "user_bob"] });
    let said = ann.post(&format!("{path}/messages"), said).await;
    let said = said.expect_status(201).body;
    assert_eq!(said["mentions"], json!(["user_bob"]));
    let found = ann.get("/api/v1/search?q=from:42").await;
    let found = found.expect_status(200).body;
    assert_eq!(found["items"][0]["message"]["id"], said["id"]);
    let conversation = path.rsplit('/').next().expect("an id");
    let mut socket = ann.joined(conversation).await;
    let again = json!({ "conversation_id": conversation, "body": "You", "mentions": ["43"] });
    let again = socket.call("send_message", again).await.expect("sent");
    let id = &again["id"];
    let seen = ann
        .get(&format!("{path}/messages"))
        .await
        .expect_status(200);
    let items = seen.body["items"].as_array().expect("a list").clone();
    let stored = items.iter().find(|message| message["id"] == *id);
    assert_eq!(stored.expect("stored")["mentions"], json!(["user_bob"]));
}

#[tokio::test]
async fn a_participant_and_a_reader_are_named_by_the_other_id() {
    let app = app().await;
    let (ann, bob) = two(&app).await;
    let path = group(&ann).await;
    let bobs = format!("{path}/participants/43");
    let muted = ann.patch(&bobs, json!({ "muted": true })).await;
    muted.expect_status(200);
    let seen = format!("{path}/seen");
    for (id, status) in [("43", 200), ("42", 403)] {
        let mark = json!({ "seq": 1, "user_id": id });
        bob.post(&seen, mark).await.expect_status(status);
    }
    let blocked = ann.put("/api/v1/blocks/43", json!({})).await;
    blocked.expect_status(204);
    bob.delete(&bobs).await.expect_status(204);
}
