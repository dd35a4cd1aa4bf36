//! The page sends over REST and then over its socket: the second is recognised and stores nothing. A page that only speaks over its socket
//! is served too.

use diesel::connection::SimpleConnection;
use serde_json::{Value, json};

use super::{Site, id};

fn send(site: &Site, text: &str) -> Value {
    json!({ "conversationId": site.place, "content": text, "messageType": "text" })
}

#[actix_rt::test]
async fn a_send_after_the_rest_send_is_that_message() {
    let site = Site::open().await;
    let (mut ada, mut ben) = (site.page(&site.ada).await, site.page(&site.ben).await);
    let first = site.say(&site.ben, "Yes, it is").await;
    let again = ben.call("send_message", send(&site, "Yes, it is")).await;
    assert_eq!(again["messageId"], first["_id"]);
    // Said twice on purpose, each time over both ways.
    let second = site.say(&site.ben, "Yes, it is").await;
    assert_ne!(id(&second), id(&first));
    let again = ben.call("send_message", send(&site, "Yes, it is")).await;
    assert_eq!(again["messageId"], second["_id"]);
    assert_eq!(site.texts(&site.ada).await, ["Yes, it is", "Yes, it is"]);
    ada.drain().await;
    // Two were heard, and no third one came.
    let heard = site.app.count("select count(*) as n from messages");
    assert_eq!(heard, 2);
}

#[actix_rt::test]
async fn a_send_of_a_page_that_only_has_its_socket_is_stored_each_time() {
    let site = Site::open().await;
    let mut ada = site.page(&site.ada).await;
    let mut ben = site.page(&site.ben).await;
    for _ in 0..2 {
        ben.call("send_message", send(&site, "ok")).await;
        assert_eq!(ada.event("new_message").await["content"], "ok");
    }
    assert_eq!(site.texts(&site.ada).await, ["ok", "ok"]);
}

#[actix_rt::test]
async fn only_the_same_sender_place_text_and_answer_are_the_same_message() {
    let site = Site::open().await;
    site.app.person("cid").await;
    let group = json!({ "participants": ["ada", "cid"], "conversationType": "group" });
    let group = id(&super::begin(&site.ben, group).await);
    let mut ada = site.page(&site.ada).await;
    let mut ben = site.page(&site.ben).await;
    let asked = site.say(&site.ada, "Is it open?").await;
    let first = site.say(&site.ben, "Yes").await;
    let mut others = vec![ada.call("send_message", send(&site, "Yes")).await];
    let elsewhere = json!({ "conversationId": group, "content": "Yes" });
    let answer = json!({ "conversationId": site.place, "content": "Yes", "replyTo": asked["_id"] });
    for said in [send(&site, "yes"), elsewhere, answer] {
        others.push(ben.call("send_message", said).await);
    }
    for other in others {
        assert_ne!(other["messageId"], first["_id"], "{other}");
    }
    assert_eq!(site.texts(&site.ada).await.len(), 5);
}

#[actix_rt::test]
async fn a_minute_later_or_after_its_deletion_it_is_another_message() {
    let site = Site::open().await;
    let mut ben = site.page(&site.ben).await;
    let first = site.say(&site.ben, "Yes").await;
    let age = "update messages set created_at = created_at - interval '11 seconds'";
    site.app.connection().batch_execute(age).expect("aged");
    let later = ben.call("send_message", send(&site, "Yes")).await;
    assert_ne!(later["messageId"], first["_id"]);
    let deleted = site.say(&site.ben, "No").await;
    let path = format!("{}/messages/{}", super::PREFIX, id(&deleted));
    site.ben.delete(&path).await.expect_status(200);
    let again = ben.call("send_message", send(&site, "No")).await;
    assert_ne!(again["messageId"], deleted["_id"]);
}

#[actix_rt::test]
async fn what_a_page_sends_stays_in_order() {
    let site = Site::open().await;
    let mut ben = site.page(&site.ben).await;
    for number in 0..20 {
        ben.tell("send_message", send(&site, &format!("{number}")))
            .await;
    }
    ben.call("send_message", send(&site, "the last one")).await;
    let texts = site.texts(&site.ada).await;
    let wanted: Vec<String> = (0..20).map(|number| number.to_string()).collect();
    assert_eq!(texts[..20], wanted);
}
