//! Who sees whose e-mail address: the people of a thread, while both take part and neither has blocked the other.

use serde_json::{Value, json};

use super::{Site, messages};
use crate::client::Person;
use crate::polling::until;

const CARLS: &str = "carl@example.com";
/// The name in his token.
const CARL: &str = "carl by name";
const HANA: &str = "hana by name";

/// A thread in which both have an address, and Carl has spoken.
async fn talked(site: &Site) -> String {
    for (id, email) in [("hana", "hana@example.com"), ("carl", CARLS)] {
        let path = format!("/api/v1/users/{id}");
        let profile = json!({ "email": email });
        site.platform.put(&path, profile).await.expect_status(200);
    }
    let thread = site.begun().await;
    site.say(&site.carl, "hana", &thread, "Hello").await;
    thread
}

/// Who spoke first, as somebody sees them.
async fn speaker(who: &Person, thread: &str) -> Value {
    let seen = who.get(&messages(thread)).await.expect_status(200);
    seen.body["messages"][0]["fromUser"].clone()
}

#[tokio::test]
async fn people_of_a_thread_see_each_others_addresses() {
    let site = Site::open().await;
    let thread = talked(&site).await;
    let carl = speaker(&site.hana, &thread).await;
    assert_eq!(
        (&carl["email"], &carl["name"]),
        (&json!(CARLS), &json!(CARL))
    );
    let listed = site.list(&site.hana).await;
    assert_eq!(listed[0]["lead"]["contractor"]["email"], CARLS);
    assert_eq!(listed[0]["lead"]["homeowner"]["email"], "hana@example.com");
    assert_eq!(listed[0]["messages"][0]["fromUser"]["email"], CARLS);
    let started = json!({ "threadId": thread, "userId": "carl", "action": "start" });
    let typing = "/api/typing-indicators";
    site.carl.post(typing, started).await.expect_status(200);
    let seen = format!("{typing}?threadId={thread}&userId=hana");
    // Another server learns of it a moment later.
    let look = async || site.hana.get(&seen).await.expect_status(200).body;
    let typists = |seen: &Value| seen["typingUsers"][0].is_object();
    let seen = until("somebody who types", look, typists).await;
    assert_eq!(seen["typingUsers"][0]["email"], CARLS);
}

#[tokio::test]
async fn without_an_address_the_name_stands_there_and_without_a_name_the_id() {
    let site = Site::open().await;
    let thread = site.begun().await;
    site.say(&site.carl, "hana", &thread, "Hello").await;
    assert_eq!(speaker(&site.hana, &thread).await["email"], CARL);
    // Nobody has seen a token of theirs.
    site.describe("lead-2", &["hana", "zoe"]).await;
    let thread = site.thread(&site.hana, "lead-2").await;
    assert_eq!(thread["lead"]["contractor"]["email"], "zoe");
}

#[tokio::test]
async fn a_block_hides_the_addresses_of_both() {
    let site = Site::open().await;
    let thread = talked(&site).await;
    let blocked = site.hana.put("/api/v1/blocks/carl", json!({})).await;
    blocked.expect_status(204);
    assert_eq!(speaker(&site.hana, &thread).await["email"], CARL);
    let listed = site.list(&site.carl).await;
    assert_eq!(listed[0]["lead"]["homeowner"]["email"], HANA);
    assert_eq!(speaker(&site.carl, &thread).await["email"], CARLS);
}

#[tokio::test]
async fn staff_see_no_address_and_nobody_that_of_somebody_who_has_left() {
    let site = Site::open().await;
    let thread = talked(&site).await;
    let staff = site.app.person_with("sue", &["support"]).await;
    assert_eq!(speaker(&staff, &thread).await["email"], CARL);
    assert_eq!(speaker(&site.platform, &thread).await["email"], CARLS);
    let carl = format!("/api/v1/conversations/{thread}/participants/carl");
    site.carl.delete(&carl).await.expect_status(204);
    assert_eq!(speaker(&site.hana, &thread).await["email"], CARL);
    let listed = site.list(&site.hana).await;
    assert_eq!(listed[0]["lead"]["contractor"], Value::Null);
}
