//! Reactions by the page's names: one of each person, told once.

use serde_json::{Value, json};

use super::{PREFIX, Site, id};

async fn reactions(site: &Site) -> Value {
    let listed = site.ada.get(&site.messages()).await.expect_status(200).body;
    listed["data"]["messages"][0]["reactions"].clone()
}

#[actix_rt::test]
async fn a_reaction_is_told_once_and_replaces_the_earlier_one() {
    let site = Site::open().await;
    let said = site.say(&site.ada, "Is it open?").await;
    let path = format!("{PREFIX}/messages/{}/reactions", id(&said));
    let (mut ada, mut ben) = (site.page(&site.ada).await, site.page(&site.ben).await);
    let react = async |kind: &str| {
        let wanted = json!({ "reactionType": kind });
        site.ben.post(&path, wanted).await
    };
    let one = |kind: &str| json!([{ "reactionType": kind, "count": 1, "users": ["ben"] }]);
    let reacted = react("thumbs_up").await.expect_status(200).body;
    assert_eq!(reacted["data"]["reactions"], one("thumbs_up"));
    let heard = ada.event("message_reaction").await;
    let wanted = json!({ "messageId": said["_id"], "conversationId": site.place, "reactionType": "thumbs_up", "userId": "ben", "count": 1 });
    assert_eq!(heard, wanted);
    // The page says it over its socket too.
    let again = json!({ "messageId": said["_id"], "reactionType": "thumbs_up" });
    ben.call("add_reaction", again).await;
    ada.drain().await;
    assert_eq!(ada.come("message_reaction"), [Value::Null; 0]);
    let refused = react("thumbs_up").await.expect_status(400).body;
    assert_eq!(
        refused["message"],
        "You have already reacted with this type"
    );
    let reacted = react("like").await.expect_status(200).body;
    assert_eq!(reacted["data"]["reactions"], one("like"));
    assert_eq!(ada.event("message_reaction").await["reactionType"], "like");
    let ended = ada.event("message_reaction_removed").await;
    assert_eq!(ended["reactionType"], "thumbs_up");
    assert_eq!(reactions(&site).await, one("like"));
}

#[actix_rt::test]
async fn a_page_that_only_speaks_over_its_socket_reacts_too() {
    let site = Site::open().await;
    let said = site.say(&site.ada, "Is it open?").await;
    let mut ben = site.page(&site.ben).await;
    for kind in ["wow", "sad"] {
        let wanted = json!({ "messageId": said["_id"], "reactionType": kind });
        ben.call("add_reaction", wanted).await;
    }
    let wanted = json!([{ "reactionType": "sad", "count": 1, "users": ["ben"] }]);
    assert_eq!(reactions(&site).await, wanted);
}

#[tokio::test]
async fn native_reactions_beside_the_names_stay() {
    let site = Site::open().await;
    let said = site.say(&site.ada, "Is it open?").await;
    let native = format!("/api/v1/messages/{}/reactions/%F0%9F%9A%80", id(&said));
    site.ben.put(&native, json!({})).await.expect_status(200);
    let path = format!("{PREFIX}/messages/{}/reactions", id(&said));
    for kind in ["like", "love"] {
        let wanted = json!({ "reactionType": kind });
        site.ben.post(&path, wanted).await.expect_status(200);
    }
    let found = reactions(&site).await;
    let kinds: Vec<&str> = found
        .as_array()
        .expect("a list")
        .iter()
        .map(|it| it["reactionType"].as_str().expect("a name"))
        .collect();
    assert_eq!(kinds, ["🚀", "love"]);
    for wrong in [json!({}), json!({ "reactionType": "🚀" })] {
        let refused = site.ben.post(&path, wrong).await.expect_status(400);
        assert_eq!(refused.body["message"], "Validation failed");
    }
}
