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
    let users = app.count("select count(*) from users where id in ('user_ann', '42')");
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
    assert_eq!(app.count("select count(*) from users where alias = '7'"), 1);
}

#[tokio::test]
async fn the_other_id_is_accepted_wherever_an_id_is() {
    let app = app().await;
    let (ann, bob) = (
        bearer(&app, "user_ann", Some("42")),
        bearer(&app, "user_bob", Some("43")),
    );
    me(&ann).await;
    me(&bob).await;
    let wanted = json!({ "kind": "direct", "participants": [{ "user_id": "43" }] });
    let made = ann.post("/api/v1/conversations", wanted.clone()).await;
    let direct = made.expect_status(201).body["id"].clone();
    let oneself = json!({ "kind": "direct", "participants": [{ "user_id": "42" }] });
    ann.post("/api/v1/conversations", oneself)
        .await
        .expect_status(422);
    let there = ann.post("/api/v1/conversations", wanted).await;
    assert_eq!(there.expect_status(200).body["id"], direct);
    let group = json!({ "kind": "group", "participants": [] });
    let group = ann.post("/api/v1/conversations", group).await;
    let group = group.expect_status(201).body["id"].clone();
    let path = format!("/api/v1/conversations/{}", group.as_str().expect("an id"));
    let people = format!("{path}/participants");
    let added = ann.post(&people, json!({ "user_id": "43" })).await;
    added.expect_status(200);
    let said = json!({ "body": "You", "sender_id": "42", "mentions": ["43", "user_bob"] });
    let said = ann.post(&format!("{path}/messages"), said).await;
    let said = said.expect_status(201).body;
    assert_eq!(said["mentions"], json!(["user_bob"]));
    let found = ann
        .get("/api/v1/search?q=from:42")
        .await
        .expect_status(200)
        .body;
    assert_eq!(found["items"][0]["message"]["id"], said["id"]);
    let muted = ann
        .patch(&format!("{people}/43"), json!({ "muted": true }))
        .await;
    muted.expect_status(200);
    let seen = json!({ "seq": 1, "user_id": "43" });
    bob.post(&format!("{path}/seen"), seen)
        .await
        .expect_status(200);
    let other = json!({ "seq": 1, "user_id": "42" });
    bob.post(&format!("{path}/seen"), other)
        .await
        .expect_status(403);
    ann.put("/api/v1/blocks/43", json!({}))
        .await
        .expect_status(204);
    let left = bob.delete(&format!("{people}/43")).await;
    left.expect_status(204);
    for (path, own) in [
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
