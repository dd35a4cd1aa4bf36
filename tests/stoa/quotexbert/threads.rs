//! Threads: one for each lead, with the people whom the platform names.

use serde_json::json;

use super::Site;

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
