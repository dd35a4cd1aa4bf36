//! What the platform allows by kind and role, how many take part, and the list of those who did.

use serde_json::{Value, json};
use std::path::PathBuf;

use crate::client::Person;
use crate::participants::{ask, creation, id_of, path};
use crate::test_app::{TestApp, try_parse};

/// A policies file, removed at the end.
struct File(PathBuf);

impl File {
    fn new(text: &str) -> Self {
        let name = format!("stoa-policies-{}.toml", uuid::Uuid::now_v7());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).expect("written");
        Self(path)
    }

    fn name(&self) -> &str {
        self.0.to_str().expect("a path")
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

async fn add(by: &Person, group: &str, whom: &str, role: &str) -> u16 {
    let body = json!({ "user_id": whom, "role": role });
    let added = by.post(&path(group, "/participants"), body).await;
    added.status
}

#[tokio::test]
async fn a_policies_file_says_what_each_kind_allows() {
    let file = File::new(
        r#"
        [kinds.group]
        maximum = 4
        [kinds.group.roles.guest]
        history = "from_joining"
        [kinds.group.roles.rider]
        history = "all"
        [kinds.support]
        may_start = "platform"
        "#,
    );
    let app = TestApp::with(&["--policies", file.name()]).await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let (rita, gus) = (app.person("rita").await, app.person("gus").await);
    let eve = app.person("eve").await;
    let group = app.group(&ann, &[&bob]).await;
    ann.say(&group, "before").await;
    assert_eq!(add(&ann, &group, "rita", "rider").await, 200);
    assert_eq!(add(&ann, &group, "gus", "guest").await, 200);
    assert_eq!(rita.bodies(&group).await, ["before"]);
    assert_eq!(gus.bodies(&group).await, [""; 0]);
    assert_eq!(add(&ann, &group, "eve", "member").await, 422, "full");
    let five = creation("group", &["bob", "rita", "gus", "eve"], None);
    ask(&ann, five).await.expect_status(400);
    let support = ask(&eve, creation("support", &["bob"], None)).await;
    support.expect_status(403);
    for text in ["[kinds.room]", "[kinds.group]\nmaximum = 0", "not toml"] {
        let file = File::new(text);
        let name = file.name();
        let config = try_parse(&["stoa", "--policies", name]).expect("an option");
        let told = config.policies().expect_err(text);
        assert!(told.starts_with(&format!("--policies {name}: ")), "{told}");
    }
    let config = try_parse(&["stoa", "--policies", "/none/such"]).expect("an option");
    assert!(config.policies().is_err());
}

#[tokio::test]
async fn a_conversation_has_a_maximum_of_its_own() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let _others = [app.person("cara").await, app.person("dan").await];
    let with = |most: Value, others: &[&str]| {
        let mut body = creation("group", others, None);
        body["max_participants"] = most;
        body
    };
    for (most, others, status) in [
        (json!(0), vec!["bob"], 400),
        (json!(257), vec!["bob"], 400),
        (json!("3"), vec!["bob"], 400),
        (json!(2), vec!["bob", "cara"], 400),
    ] {
        ask(&ann, with(most, &others)).await.expect_status(status);
    }
    let mut direct = creation("direct", &["bob"], None);
    direct["max_participants"] = json!(2);
    ask(&ann, direct).await.expect_status(422);
    let group = id_of(ask(&ann, with(json!(2), &["bob"])).await, 201);
    let shown = ann.get(&path(&group, "")).await.body;
    assert_eq!(shown["max_participants"], 2);
    assert_eq!(add(&ann, &group, "cara", "member").await, 422);
    let mut listening = bob.joined(&group).await;
    let more = json!({ "max_participants": 3 });
    let changed = ann.patch(&path(&group, ""), more.clone()).await;
    assert_eq!(changed.expect_status(200).body["max_participants"], 3);
    let told = listening.event("conversation_updated").await;
    assert_eq!(told["conversation"]["max_participants"], 3);
    assert_eq!(add(&ann, &group, "cara", "member").await, 200);
    assert_eq!(add(&ann, &group, "dan", "member").await, 422);
    let at = path(&group, "");
    let refused = bob.patch(&at, json!({ "max_participants": 9 }));
    refused.await.expect_status(403);
    // Who is there stays, and a place that was left is free again only below the maximum.
    let fewer = json!({ "max_participants": 2 });
    ann.patch(&path(&group, ""), fewer).await.expect_status(200);
    assert_eq!(bob.bodies(&group).await, [""; 0]);
    let gone = bob.delete(&path(&group, "/participants/bob")).await;
    gone.expect_status(204);
    assert_eq!(add(&ann, &group, "dan", "member").await, 422);
    let any = json!({ "max_participants": null });
    let changed = ann.patch(&path(&group, ""), any).await.expect_status(200);
    assert_eq!(changed.body["max_participants"], Value::Null);
    assert_eq!(add(&ann, &group, "dan", "member").await, 200);
}

fn listed(answer: &Value) -> Vec<(String, String)> {
    let text = |item: &Value, name: &str| item[name].as_str().expect("a text").to_owned();
    let items = answer["items"].as_array().expect("items").iter();
    let one = |item: &Value| (text(item, "user_id"), text(item, "membership"));
    items.map(one).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(id, membership): &(&str, &str)| ((*id).to_owned(), (*membership).to_owned());
    expected.iter().map(owned).collect()
}

#[tokio::test]
async fn those_who_took_part_are_listed_with_ids_that_stay() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let (cara, eve) = (app.person("cara").await, app.person("eve").await);
    let staff = app.person_with("staff", &["support"]).await;
    let group = app.group(&ann, &[&bob, &cara]).await;
    let all = path(&group, "/participants?gone=true");
    let before = ann.get(&all).await.expect_status(200).body;
    let ids: Vec<Value> = before["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|item| item["id"].clone())
        .collect();
    let shown = ann.get(&path(&group, "")).await.body;
    assert_eq!(shown["participants"][1]["id"], ids[1]);
    bob.delete(&path(&group, "/participants/bob")).await;
    ann.delete(&path(&group, "/participants/cara")).await;
    let present = ann.get(&path(&group, "/participants")).await.body;
    assert_eq!(listed(&present), pairs(&[("ann", "present")]));
    for reader in [&ann, &staff] {
        let gone = reader.get(&all).await.expect_status(200).body;
        let expected = [("ann", "present"), ("bob", "left"), ("cara", "removed")];
        assert_eq!(listed(&gone), pairs(&expected), "{}", reader.id);
        for (item, id) in gone["items"].as_array().expect("items").iter().zip(&ids) {
            assert_eq!(item["id"], *id);
        }
    }
    for (outsider, status) in [(&bob, 403), (&cara, 403), (&eve, 404)] {
        outsider.get(&all).await.expect_status(status);
    }
    assert_eq!(add(&ann, &group, "bob", "member").await, 200);
    let back = ann.get(&path(&group, "/participants")).await.body;
    assert_eq!(back["items"][1]["id"], ids[1]);
    let other = app.group(&ann, &[&bob]).await;
    let elsewhere = ann.get(&path(&other, "/participants")).await.body;
    assert_ne!(elsewhere["items"][1]["id"], ids[1]);
    // A participant's id is no message's.
    let id = ids[1].as_str().expect("an id");
    let refused = ann.get(&format!("/api/v1/messages/{id}/history")).await;
    refused.expect_status(404).expect_code("MESSAGE_NOT_FOUND");
}
