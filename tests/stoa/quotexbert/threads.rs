//! Threads: one for each lead, with the people whom the platform names.

use serde_json::json;

use super::{Site, messages};

#[tokio::test]
async fn a_lead_has_one_thread_and_its_own_fields() {
    let site = Site::open().await;
    let made = site.thread(&site.carl, "lead-1").await;
    let again = site.thread(&site.hana, "lead-1").await;
    assert_eq!(made["id"], again["id"]);
    let lead = &again["lead"];
    for (field, wanted) in [
        ("id", json!("lead-1")),
        ("title", json!("A new kitchen")),
        ("description", json!("")),
        ("budget", json!("5000")),
        ("zipCode", json!("M5V")),
        ("status", json!("open")),
        ("claimed", json!(true)),
        ("floors", json!(2)),
    ] {
        assert_eq!(lead[field], wanted, "{field}");
    }
    assert_eq!(lead["homeowner"]["id"], "hana");
    assert_eq!(lead["contractor"]["id"], "carl");
    assert_eq!(again["messages"], json!([]));
    let listed = site.list(&site.hana).await;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["leadId"], "lead-1");
}

#[tokio::test]
async fn only_whom_a_lead_concerns_begins_its_thread_and_comes_later() {
    let site = Site::open().await;
    let (eve, dan) = (site.app.person("eve").await, site.app.person("dan").await);
    let wanted = |id: &str| json!({ "leadId": "lead-1", "userId": id });
    let path = "/api/threads/create";
    let refused = eve.post(path, wanted("eve")).await.expect_status(403).body;
    assert_eq!(refused["error"], "This lead does not concern you");
    let refused = eve.post(path, wanted("carl")).await.expect_status(403).body;
    assert_eq!(refused["error"], "Forbidden");
    let unknown = json!({ "leadId": "lead-9" });
    let unknown = site.carl.post(path, unknown).await.expect_status(404).body;
    assert_eq!(unknown["error"], "Lead not found");
    let thread = site.begun().await;
    dan.get(&messages(&thread)).await.expect_status(404);
    site.describe("lead-1", &["hana", "carl", "dan"]).await;
    assert_eq!(site.thread(&dan, "lead-1").await["id"], thread.as_str());
    site.say(&dan, "hana", &thread, "I could come too").await;
    let heard = site.carl.get(&messages(&thread)).await.expect_status(200);
    assert_eq!(heard.body["messages"][0]["toUserId"], "hana");
}

#[tokio::test]
async fn the_platform_begins_a_thread_for_others_and_takes_no_part() {
    let site = Site::open().await;
    let wanted = json!({ "leadId": "lead-1" });
    let made = site.platform.post("/api/threads/create", wanted).await;
    let thread = made.expect_status(200).body["thread"].clone();
    assert_eq!(thread["lead"]["contractor"]["id"], "carl");
    assert_eq!(site.list(&site.platform).await.len(), 0);
    assert_eq!(site.list(&site.hana).await[0]["id"], thread["id"]);
}

#[tokio::test]
async fn a_thread_is_hidden_until_something_is_said_in_it() {
    let site = Site::open().await;
    let thread = site.begun().await;
    let path = format!("/api/threads/{thread}");
    let hidden = site.hana.delete(&path).await.expect_status(200).body;
    assert_eq!(hidden, json!({ "success": true }));
    assert_eq!(site.list(&site.hana).await.len(), 0);
    assert_eq!(site.list(&site.carl).await.len(), 1);
    site.say(&site.carl, "hana", &thread, "Still there?").await;
    let listed = site.list(&site.hana).await;
    assert_eq!(listed[0]["messages"][0]["body"], "Still there?");
    assert_eq!(listed[0]["unreadCount"], 1);
}

#[tokio::test]
async fn no_address_of_another_is_shown() {
    let site = Site::open().await;
    for (id, name, email) in [
        ("hana", "Hana", "hana@example.com"),
        ("carl", "Carl", "carl@example.com"),
    ] {
        let path = format!("/api/v1/users/{id}");
        let profile = json!({ "name": name, "email": email });
        site.platform.put(&path, profile).await.expect_status(200);
    }
    let thread = site.begun().await;
    site.say(&site.carl, "hana", &thread, "Hello").await;
    let seen = site.hana.get(&messages(&thread)).await.expect_status(200);
    let row = &seen.body["messages"][0];
    assert_eq!(row["toUser"]["email"], "hana@example.com");
    assert_ne!(row["fromUser"]["email"], "carl@example.com");
    let listed = site.list(&site.hana).await;
    assert!(!json!(listed).to_string().contains("carl@example.com"));
}
