//! The page about the dialect, compared with the endpoints that there are and the members that they answer.

use serde_json::Value;

use super::{Site, messages};

const PAGE: &str = include_str!("../../../docs/quotexbert.md");

#[tokio::test]
async fn every_endpoint_has_a_line_in_the_page_and_no_other_line_is_there() {
    let site = Site::open().await;
    let document = site.hana.get("/api/openapi.json").await.expect_status(200);
    let mut lines = 0;
    for (path, methods) in document.body["paths"].as_object().expect("paths") {
        let is_own = ["/api/threads", "/api/typing-indicators"]
            .iter()
            .any(|root| path.starts_with(root));
        for (method, operation) in methods.as_object().expect("methods") {
            if !is_own {
                continue;
            }
            lines += 1;
            let line = format!("| `{} {path}", method.to_uppercase());
            assert!(PAGE.contains(&line), "{line}");
            assert_eq!(operation["tags"][0], "quotexbert");
        }
    }
    let told = PAGE
        .lines()
        .filter(|line| line.contains("| `") && line.contains(" /api/t"));
    assert_eq!((told.count(), lines), (8, 8));
}

/// The names of an object's members, and of those of the objects in it.
fn names(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                into.push(name.clone());
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
    let thread = site.begun().await;
    site.say(&site.carl, "hana", &thread, "Hello").await;
    let mut found = Vec::new();
    for path in [
        "/api/threads?userId=hana".to_owned(),
        messages(&thread),
        format!("/api/typing-indicators?threadId={thread}&userId=hana"),
    ] {
        let answer = site.hana.get(&path).await.expect_status(200);
        names(&answer.body, &mut found);
    }
    // A member of the platform's own object.
    found.retain(|name| name != "floors");
    for name in found {
        let is_told = PAGE
            .split(|c: char| !c.is_alphanumeric())
            .any(|word| word == name);
        assert!(is_told, "{name}");
    }
}
