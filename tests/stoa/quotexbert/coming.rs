//! Who comes into a thread: those whom the platform's description of the lead names, and nobody by more than that.

use serde_json::{Map, Value, json};

use super::{Site, messages};
use crate::client::{Answer, Person};

async fn asks(who: &Person) -> Answer {
    let wanted = json!({ "leadId": "lead-1", "userId": who.id });
    who.post("/api/threads/create", wanted).await
}

/// The ids of those who take part, with their roles, as the platform sees them.
async fn people(site: &Site, thread: &str) -> Value {
    let path = format!("/api/v1/conversations/{thread}/participants");
    let seen = site.platform.get(&path).await.expect_status(200).body;
    let all = seen["items"].as_array().expect("a list").iter();
    let present = all.filter(|person| person["membership"] == "present");
    let row = |person: &Value| {
        let id = person["user_id"].as_str().expect("an id");
        (id.to_owned(), person["role"].clone())
    };
    present.map(row).collect::<Map<_, _>>().into()
}

#[tokio::test]
async fn only_whom_a_lead_concerns_begins_its_thread_and_comes_later() {
    let site = Site::open().await;
    let (eve, dan) = (site.app.person("eve").await, site.app.person("dan").await);
    let refused = asks(&eve).await.expect_status(403).body;
    assert_eq!(refused["error"], "This lead does not concern you");
    let as_carl = json!({ "leadId": "lead-1", "userId": "carl" });
    let refused = eve.post("/api/threads/create", as_carl).await;
    assert_eq!(refused.expect_status(403).body["error"], "Forbidden");
    let unknown = json!({ "leadId": "lead-9" });
    let unknown = site.carl.post("/api/threads/create", unknown).await;
    let unknown = unknown.expect_status(404).body;
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
async fn whoever_begins_a_thread_has_no_more_rights_in_it_than_the_others() {
    let site = Site::open().await;
    let thread = site.begun().await;
    let path = format!("/api/v1/conversations/{thread}");
    let person = format!("{path}/participants/hana");
    for refused in [
        site.carl.patch(&path, json!({ "title": "Mine" })).await,
        site.carl.patch(&person, json!({ "muted": true })).await,
        site.carl.delete(&person).await,
        site.carl
            .post(
                &format!("{path}/participants"),
                json!({ "user_id": "platform" }),
            )
            .await,
    ] {
        refused.expect_status(403).expect_code("FORBIDDEN");
    }
    let expected = json!({ "hana": "homeowner", "carl": "contractor" });
    assert_eq!(people(&site, &thread).await, expected);
}

#[tokio::test]
async fn a_conversation_that_somebody_began_about_the_lead_gives_them_no_rights_in_its_thread() {
    let site = Site::open().await;
    let wanted = json!({ "kind": "group", "subject": { "type": "lead", "id": "lead-1" },
        "participants": [{ "user_id": "hana" }] });
    let made = site.carl.post("/api/v1/conversations", wanted).await;
    let made = made.expect_status(201).body["id"].clone();
    let thread = site.begun().await;
    assert_eq!(made, thread.as_str());
    let expected = json!({ "hana": "homeowner", "carl": "contractor" });
    assert_eq!(people(&site, &thread).await, expected);
}

#[tokio::test]
async fn a_block_keeps_a_contractor_from_the_homeowner_but_in_no_thread_that_is_there() {
    let site = Site::open().await;
    let blocked = site.hana.put("/api/v1/blocks/carl", json!({})).await;
    blocked.expect_status(204);
    let refused = asks(&site.carl).await.expect_status(403);
    refused.expect_code("UNREACHABLE");
    let thread = site.thread(&site.hana, "lead-1").await;
    assert_eq!(thread["lead"]["contractor"], Value::Null);
    asks(&site.carl)
        .await
        .expect_status(403)
        .expect_code("UNREACHABLE");
    let free = site.hana.delete("/api/v1/blocks/carl").await;
    free.expect_status(204);
    assert_eq!(site.thread(&site.carl, "lead-1").await["id"], thread["id"]);
    let again = site.hana.put("/api/v1/blocks/carl", json!({})).await;
    again.expect_status(204);
    assert_eq!(site.thread(&site.carl, "lead-1").await["id"], thread["id"]);
}

#[tokio::test]
async fn who_left_comes_back_and_who_was_removed_or_blocked_does_not() {
    let site = Site::open().await;
    let thread = site.begun().await;
    let carl = format!("/api/v1/conversations/{thread}/participants/carl");
    site.carl.delete(&carl).await.expect_status(204);
    assert_eq!(
        site.thread(&site.carl, "lead-1").await["id"],
        thread.as_str()
    );
    let blocked = site.platform.patch(&carl, json!({ "blocked": true })).await;
    blocked.expect_status(200);
    asks(&site.carl)
        .await
        .expect_status(403)
        .expect_code("BLOCKED");
    let free = site
        .platform
        .patch(&carl, json!({ "blocked": false }))
        .await;
    free.expect_status(200);
    site.platform.delete(&carl).await.expect_status(204);
    asks(&site.carl)
        .await
        .expect_status(403)
        .expect_code("NOT_A_PARTICIPANT");
}

#[tokio::test]
async fn the_other_id_of_somebody_names_them_in_a_lead() {
    let site = Site::open().await;
    let other = json!({ "alias": "db-7" });
    let put = site.platform.put("/api/v1/users/dan", other).await;
    put.expect_status(200);
    let dan = site.app.person("dan").await;
    site.describe("lead-2", &["hana", "db-7"]).await;
    let wanted = json!({ "leadId": "lead-2", "userId": "db-7" });
    let made = dan.post("/api/threads/create", wanted).await;
    let thread = made.expect_status(200).body["thread"].clone();
    assert_eq!(thread["lead"]["contractor"]["id"], "dan");
    let id = thread["id"].as_str().expect("an id");
    let said = json!({ "fromUserId": "hana", "toUserId": "db-7", "message": "Hello" });
    let said = site.hana.post(&messages(id), said).await;
    assert_eq!(said.expect_status(200).body["message"]["toUserId"], "dan");
    let listed = dan.get("/api/threads?userId=db-7").await.expect_status(200);
    assert_eq!(listed.body["selfUserId"], "dan");
}
