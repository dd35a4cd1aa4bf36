//! Search by numbered pages.

use serde_json::{Value, json};

use super::{PREFIX, Site, begin, id};
use crate::polling::until;

#[tokio::test]
async fn what_was_said_is_found_newest_first_and_by_pages() {
    let site = Site::open().await;
    for number in 1..=3 {
        site.say(&site.ada, &format!("a job, number {number}"))
            .await;
    }
    site.app.person("cid").await;
    let group = json!({ "participants": ["cid", "ben"], "conversationType": "group" });
    let group = id(&begin(&site.ada, group).await);
    let said = json!({ "content": "another job" });
    let there = super::messages(&group);
    site.ada.post(&there, said).await.expect_status(201);
    let search = async |query: &str| {
        let path = format!("{PREFIX}/search?{query}");
        site.ada.get(&path).await.expect_status(200).body["data"].clone()
    };
    let all = async || search("q=job").await;
    let has_all = |data: &Value| data["pagination"]["totalMessages"] == 4;
    let found = until("all to be found", all, has_all).await;
    assert_eq!(found["messages"][0]["content"], "another job");
    assert_eq!(found["messages"][0]["conversation"], group.as_str());
    assert_eq!(found["messages"][0]["sender"]["fullName"], "ada by name");
    let second = search("q=job&page=2&limit=3").await;
    assert_eq!(second["messages"].as_array().expect("a list").len(), 1);
    assert_eq!(second["messages"][0]["content"], "a job, number 1");
    let pages = &second["pagination"];
    assert_eq!(
        (&pages["hasNext"], &pages["hasPrev"]),
        (&json!(false), &json!(true))
    );
    let here = search(&format!("q=job&conversationId={}", site.place)).await;
    assert_eq!(here["pagination"]["totalMessages"], 3);
    let beyond = search("q=job&page=3&limit=3").await;
    assert_eq!(beyond["messages"], json!([]));
    for (wrong, message) in [
        ("", "Search query is required"),
        ("q=job&page=6&limit=100", "Validation failed"),
        ("q=job&conversationId=x", "Validation failed"),
    ] {
        let path = format!("{PREFIX}/search?{wrong}");
        let refused = site.ada.get(&path).await.expect_status(400);
        assert_eq!(refused.body["message"], message, "{wrong}");
    }
    let eve = site.app.person("eve").await;
    let path = format!("{PREFIX}/search?q=job");
    let none = eve.get(&path).await.expect_status(200).body;
    assert_eq!(
        none["data"]["messages"],
        json!([]),
        "nobody finds what others say"
    );
}
