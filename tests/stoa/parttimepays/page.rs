//! The page about the dialect, compared with the endpoints that there are, the members that they answer, and the events.

use serde_json::{Value, json};
use std::collections::BTreeSet;

use super::{PREFIX, Site, begin, id};

const PAGE: &str = include_str!("../../../docs/parttimepays.md");

#[tokio::test]
async fn every_call_has_a_line_in_the_page_and_no_other_line_is_there() {
    let site = Site::open().await;
    let document = site.ada.get("/api/openapi.json").await.expect_status(200);
    let mut calls = BTreeSet::new();
    for (path, methods) in document.body["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            if operation["tags"][0] == "parttimepays" && !path.starts_with("/api/v1/v1/") {
                let path = path.strip_prefix(PREFIX).expect("below the prefix");
                calls.insert(format!("{} {path}", method.to_uppercase()));
            }
        }
    }
    let methods = ["GET", "POST", "PUT", "DELETE", "PATCH"];
    let cells = PAGE.lines().filter_map(|line| line.strip_prefix("| `"));
    let cells = cells.filter_map(|line| line.split('`').next());
    let cells = cells.filter(|cell| methods.iter().any(|method| cell.starts_with(method)));
    let told: BTreeSet<String> = cells
        .map(|cell| cell.split('?').next().expect("a call").to_owned())
        .collect();
    assert_eq!(told, calls);
}

/// The names of an object's members, and of those of the objects in it.
fn names(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                into.insert(name.clone());
                names(member, into);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| names(item, into)),
        _ => {}
    }
}

#[tokio::test]
async fn the_page_names_every_member_that_is_answered() {
    let site = Site::open().await;
    let platform = site.app.person_with("platform", &["service"]).await;
    for (kind, data) in [
        ("job", json!({ "company": "Cafe" })),
        ("post", json!({ "content": "x" })),
    ] {
        let card = json!({ "title": "A title", "data": data });
        let path = format!("/api/v1/subjects/{kind}/1");
        platform.put(&path, card).await.expect_status(200);
    }
    let mut found = BTreeSet::new();
    for about in [
        json!({ "job": "1" }),
        json!({ "communityPost": "1" }),
        json!({ "gangId": "1" }),
    ] {
        let mut wanted = about;
        wanted["participants"] = json!(["ben"]);
        let made = begin(&site.ada, wanted).await;
        names(&made, &mut found);
        let asked =
            json!({ "content": "x", "attachments": [{ "url": "https://example.com/a.png" }] });
        let path = super::messages(&id(&made));
        let asked = site.ada.post(&path, asked).await.expect_status(201).body;
        let said = json!({ "content": "x", "replyTo": asked["data"]["message"]["_id"],
            "context": { "jobId": "1", "communityPostId": "1", "connectionId": "1", "applicationId": "1" } });
        let said = site.ben.post(&path, said).await.expect_status(201).body;
        names(&said, &mut found);
        let reaction = format!(
            "{PREFIX}/messages/{}/reactions",
            id(&asked["data"]["message"])
        );
        let reacted = site
            .ben
            .post(&reaction, json!({ "reactionType": "like" }))
            .await;
        names(&reacted.expect_status(200).body, &mut found);
        names(&site.ben.get(&path).await.body, &mut found);
    }
    for path in ["conversations", "unread-count", "search?q=x"] {
        let answer = site.ada.get(&format!("{PREFIX}/{path}")).await;
        names(&answer.expect_status(200).body, &mut found);
    }
    // The key of the reader's own count.
    found.remove("ada");
    assert!(found.len() > 45, "{found:?}");
    for name in found {
        let is_told = PAGE
            .split(|c: char| !(c.is_alphanumeric() || c == '_'))
            .any(|word| word == name);
        assert!(is_told, "{name}");
    }
}
