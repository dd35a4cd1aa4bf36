//! Businesses: the platform makes them known, their staff are rows, and their customers write to them.

mod staff;

use serde_json::{Value, json};

use crate::client::{Answer, Person};
use crate::participants::{ask, creation, id_of, path};
use crate::servers::Alone;
use crate::test_app::TestApp;

pub async fn business(platform: &Person, id: &str) {
    let body = json!({ "name": format!("{id} by name") });
    let made = platform
        .put(&format!("/api/v1/businesses/{id}"), body)
        .await;
    made.expect_status(200);
}

pub async fn employ(by: &Person, business: &str, whom: &str, role: &str) -> Answer {
    let path = format!("/api/v1/businesses/{business}/staff/{whom}");
    let body = json!({ "role": role, "display_name": format!("{whom} on show") });
    by.put(&path, body).await
}

/// A customer's conversation with a business.
pub async fn support(customer: &Person, business: &str) -> String {
    let mut body = creation("support", &[], None);
    body["business_id"] = json!(business);
    id_of(ask(customer, body).await, 201)
}

fn ids(page: &Value) -> Vec<&str> {
    let items = page["items"].as_array().expect("items").iter();
    items
        .map(|item| item["id"].as_str().expect("an id"))
        .collect()
}

#[tokio::test]
async fn the_platform_makes_a_business_known() {
    let app = TestApp::start().await;
    let platform = app.person_with("platform", &["service"]).await;
    let ann = app.person("ann").await;
    let unknown = ann.get("/api/v1/businesses/salon").await;
    unknown.expect_status(404).expect_code("BUSINESS_NOT_FOUND");
    let body = json!({ "name": "Salon", "zone": "Europe/Berlin", "locale": "de", "settings": { "tone": "warm" } });
    let at = "/api/v1/businesses/salon";
    let made = platform.put(at, body.clone()).await.expect_status(200).body;
    assert_eq!(
        (&made["id"], &made["settings_version"]),
        (&json!("salon"), &json!(1))
    );
    let same = platform.put(at, body).await.body;
    assert_eq!(same["settings_version"], 1);
    let other = json!({ "name": "Salon Two", "settings": { "tone": "cool" } });
    let changed = platform.put(at, other).await.body;
    assert_eq!(
        (&changed["settings_version"], &changed["zone"]),
        (&json!(2), &json!("Europe/Berlin"))
    );
    let shown = ann.get(at).await.expect_status(200).body;
    assert_eq!(
        (&shown["name"], &shown["my_role"]),
        (&json!("Salon Two"), &Value::Null)
    );
    assert!(shown.get("settings").is_none(), "only its staff read them");
    for wrong in [
        json!({}),
        json!({ "name": "" }),
        json!({ "name": "x", "zone": "no zone" }),
        json!({ "name": "x", "locale": "" }),
        json!({ "name": "x", "settings": [] }),
    ] {
        platform.put(at, wrong).await.expect_status(400);
    }
    let refused = ann.put(at, json!({ "name": "Mine" })).await;
    refused.expect_status(403).expect_code("FORBIDDEN");
    let wrong = platform.put("/api/v1/businesses/no%20id", json!({ "name": "x" }));
    wrong.await.expect_status(400);
}

#[tokio::test]
async fn a_customer_writes_to_a_business_without_naming_anybody() {
    let app = TestApp::start().await;
    let platform = app.person_with("platform", &["service"]).await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    business(&platform, "salon").await;
    let id = support(&ann, "salon").await;
    let shown = ann.get(&path(&id, "")).await.body;
    assert_eq!(
        (&shown["business_id"], &shown["my_role"]),
        (&json!("salon"), &json!("customer"))
    );
    ann.say(&id, "When do you open?").await;
    let manage = json!({ "title": "Mine" });
    ann.patch(&path(&id, ""), manage).await.expect_status(403);
    let with = |kind: &str, business: &str| {
        let mut body = creation(kind, &["bob"], None);
        body["business_id"] = json!(business);
        body
    };
    ask(&ann, with("direct", "salon")).await.expect_status(422);
    ask(&ann, with("group", "salon")).await.expect_status(403);
    ask(&ann, with("support", "nobody"))
        .await
        .expect_status(404);
    ask(&platform, with("group", "salon"))
        .await
        .expect_status(201);
    // A subject with the same people has one conversation with each business.
    business(&platform, "other").await;
    let about = |business: &str| {
        let mut body = creation("support", &[], Some("7"));
        body["business_id"] = json!(business);
        body
    };
    let first = id_of(ask(&bob, about("salon")).await, 201);
    assert_eq!(id_of(ask(&bob, about("salon")).await, 200), first);
    assert_ne!(id_of(ask(&bob, about("other")).await, 201), first);
}

#[tokio::test]
async fn staff_read_and_answer_by_their_role() {
    let app = TestApp::alone(Alone::Memory).start().await;
    let platform = app.person_with("platform", &["service"]).await;
    let ann = app.person("ann").await;
    business(&platform, "salon").await;
    let id = support(&ann, "salon").await;
    ann.say(&id, "hello").await;
    for (role, reads, says, manages) in [
        ("viewer", 200, 403, 403),
        ("agent", 200, 201, 403),
        ("manager", 200, 201, 200),
        ("owner", 200, 201, 200),
    ] {
        let one = app.person(role).await;
        employ(&platform, "salon", role, role)
            .await
            .expect_status(200);
        let page = one.get(&path(&id, "/messages")).await;
        page.expect_status(reads);
        one.get(&path(&id, "")).await.expect_status(reads);
        let (messages, itself) = (path(&id, "/messages"), path(&id, ""));
        let said = one.post(&messages, json!({ "body": role }));
        said.await.expect_status(says);
        let renamed = one.patch(&itself, json!({ "title": role }));
        renamed.await.expect_status(manages);
        let mut socket = one.joined(&id).await;
        ann.say(&id, "to all of them").await;
        assert_eq!(
            socket.event("new_message").await["message"]["body"],
            "to all of them"
        );
        let search = format!("/api/v1/search?q=hello&conversation_id={id}");
        let found = one.get(&search);
        assert_eq!(found.await.body["items"].as_array().unwrap().len(), 1);
        let seen = one.post(&path(&id, "/seen"), json!({ "seq": 1 })).await;
        seen.expect_code("NOT_A_PARTICIPANT");
        let listed = one.get("/api/v1/businesses/salon/conversations").await;
        let listed = listed.expect_status(200).body;
        assert_eq!(ids(&listed), [id.as_str()]);
        assert_eq!(listed["items"][0]["last_message"]["body"], "to all of them");
        assert_eq!(
            one.get("/api/v1/conversations").await.body["items"],
            json!([])
        );
    }
}

#[tokio::test]
async fn staff_of_another_business_are_strangers() {
    let app = TestApp::start().await;
    let platform = app.person_with("platform", &["service"]).await;
    let (ann, eve) = (app.person("ann").await, app.person("eve").await);
    business(&platform, "salon").await;
    business(&platform, "other").await;
    let id = support(&ann, "salon").await;
    employ(&platform, "other", "eve", "owner")
        .await
        .expect_status(200);
    for refused in [
        path(&id, ""),
        path(&id, "/messages"),
        path(&id, "/participants"),
    ] {
        eve.get(&refused)
            .await
            .expect_code("CONVERSATION_NOT_FOUND");
    }
    let refused = eve.get("/api/v1/businesses/salon/conversations").await;
    refused.expect_status(403).expect_code("NOT_STAFF");
    let none = eve.get("/api/v1/businesses/other/conversations").await;
    assert_eq!(none.body["items"], json!([]));
    let mut socket = eve.socket().await;
    let join = json!({ "conversation_id": id });
    let refused = socket.call("join_conversation", join).await.unwrap_err();
    assert_eq!(refused["error_code"], "CONVERSATION_NOT_FOUND");
}

#[tokio::test]
async fn a_word_of_one_business_shows_up_in_no_other() {
    let app = TestApp::start().await;
    let platform = app.person_with("platform", &["service"]).await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let (sam, tess) = (app.person("sam").await, app.person("tess").await);
    for (id, staff) in [("salon", "sam"), ("tailor", "tess")] {
        business(&platform, id).await;
        employ(&platform, id, staff, "owner")
            .await
            .expect_status(200);
    }
    let canary = "zanzibarcanary";
    let (salon, tailor) = (support(&ann, "salon").await, support(&bob, "tailor").await);
    ann.say(&salon, canary).await;
    bob.say(&tailor, "harmless").await;
    let group = app.group(&sam, &[&tess]).await;
    tess.say(&group, "between colleagues").await;
    for (person, place) in [(&tess, &salon), (&bob, &salon)] {
        for asked in [
            "/api/v1/conversations".to_owned(),
            "/api/v1/unread".to_owned(),
            "/api/v1/businesses/tailor/conversations".to_owned(),
            "/api/v1/businesses/salon/conversations".to_owned(),
            format!("/api/v1/search?q={canary}"),
            "/api/v1/search?q=zanzi*".to_owned(),
            format!("/api/v1/search?q={canary}&conversation_id={place}"),
            format!("/api/v1/search?q={canary}&scope=all"),
            "/api/messages/conversations".to_owned(),
            "/chat/rooms".to_owned(),
            format!("/chat/rooms/{place}/messages"),
            format!("/api/messages/conversations/{place}/messages"),
            path(place, ""),
            path(place, "/messages"),
            "/api/v1/users/ann".to_owned(),
        ] {
            let answer = person.get(&asked).await;
            assert!(!answer.text.contains(canary), "{asked}: {}", answer.text);
            assert!(
                !answer.text.contains(place.as_str()),
                "{asked}: {}",
                answer.text
            );
        }
    }
    let search = format!("/api/v1/search?q={canary}&conversation_id={salon}");
    let found = sam.get(&search);
    assert_eq!(found.await.body["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_business_has_pages_of_conversations() {
    let app = TestApp::start().await;
    let platform = app.person_with("platform", &["service"]).await;
    let ann = app.person("ann").await;
    let sam = app.person("sam").await;
    business(&platform, "salon").await;
    employ(&platform, "salon", "sam", "viewer")
        .await
        .expect_status(200);
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(support(&ann, "salon").await);
    }
    let closed = json!({ "status": "closed" });
    platform
        .patch(&path(&made[0], ""), closed)
        .await
        .expect_status(200);
    let mut listed = Vec::new();
    let mut asked = "/api/v1/businesses/salon/conversations?limit=2".to_owned();
    loop {
        let page = sam.get(&asked).await.expect_status(200).body;
        listed.extend(ids(&page).into_iter().map(str::to_owned));
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        asked = format!("/api/v1/businesses/salon/conversations?limit=2&cursor={cursor}");
    }
    let newest_first: Vec<String> = [0, 4, 3, 2, 1].map(|place| made[place].clone()).into();
    assert_eq!(listed, newest_first);
    let open = sam
        .get("/api/v1/businesses/salon/conversations?status=open")
        .await;
    assert_eq!(ids(&open.body).len(), 4);
}
