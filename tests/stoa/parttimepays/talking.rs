//! Messages: sent, paged, answered, edited and deleted over REST, and what the open page hears of it.

use serde_json::{Value, json};

use super::{PREFIX, Site, id};

#[actix_rt::test]
async fn what_is_sent_over_rest_is_heard_once_by_everybody_who_has_it_open() {
    let site = Site::open().await;
    let (mut ada, mut ben) = (site.page(&site.ada).await, site.page(&site.ben).await);
    let sent = site.say(&site.ada, "Is the job still open?").await;
    for page in [&mut ada, &mut ben] {
        let heard = page.event("new_message").await;
        assert_eq!(heard["_id"], sent["_id"]);
        assert_eq!(heard["conversation"], site.place.as_str());
        assert_eq!(heard["sender"]["_id"], "ada");
        assert_eq!(heard["content"], "Is the job still open?");
        assert_eq!(heard["reactions"], json!([]));
        page.drain().await;
        assert_eq!(page.come("new_message"), [Value::Null; 0]);
    }
}

#[actix_rt::test]
async fn who_has_it_not_open_is_notified() {
    let site = Site::open().await;
    let mut ben = crate::socketio_chat::client::SocketIoClient::parttimepays(&site.ben).await;
    let sent = site.say(&site.ada, "Hello?").await;
    let heard = ben.event("new_notification").await;
    assert_eq!(heard["id"], sent["_id"]);
    assert_eq!(heard["conversationId"], site.place.as_str());
    assert_eq!(
        (&heard["title"], &heard["message"]),
        (&json!("ada by name"), &json!("Hello?"))
    );
    assert_eq!(
        (&heard["module"], &heard["unreadCount"]),
        (&json!("messaging"), &json!(1))
    );
}

#[tokio::test]
async fn pages_begin_with_the_newest_and_have_their_oldest_first() {
    let site = Site::open().await;
    for number in 1..=5 {
        site.say(&site.ada, &format!("{number}")).await;
    }
    let page = async |query: &str| {
        let path = format!("{}{query}", site.messages());
        let body = site.ben.get(&path).await.expect_status(200).body;
        let messages = body["data"]["messages"].as_array().expect("a list");
        let texts = messages
            .iter()
            .map(|it| it["content"].as_str().expect("a text").to_owned());
        (
            texts.collect::<Vec<_>>(),
            body["data"]["pagination"].clone(),
        )
    };
    assert_eq!(page("?page=1&limit=2").await.0, ["4", "5"]);
    let (texts, pages) = page("?page=3&limit=2").await;
    assert_eq!(texts, ["1"]);
    let wanted = json!({ "currentPage": 3, "totalPages": 3, "totalMessages": 5, "hasNext": false, "hasPrev": true });
    assert_eq!(pages, wanted);
    assert_eq!(page("").await.0.len(), 5);
    let stranger = site.app.person("eve").await;
    let refused = stranger.get(&site.messages()).await;
    assert_eq!(
        refused.expect_status(403).body["message"],
        "Access denied to this conversation"
    );
}

#[tokio::test]
async fn an_answer_shows_what_it_answers_until_that_is_deleted() {
    let site = Site::open().await;
    let asked = site.say(&site.ada, "Is it open?").await;
    let said = json!({ "content": "Yes", "messageType": "text", "replyTo": asked["_id"] });
    let sent = site
        .ben
        .post(&site.messages(), said)
        .await
        .expect_status(201);
    let sent = &sent.body["data"]["message"];
    assert_eq!(sent["replyTo"]["content"], "Is it open?");
    assert_eq!(sent["replyTo"]["sender"]["fullName"], "ada by name");
    assert_eq!(sent["replyToId"], asked["_id"]);
    let path = format!("{PREFIX}/messages/{}", id(&asked));
    let done = site.ada.delete(&path).await.expect_status(200).body;
    assert_eq!(done["success"], true);
    let listed = site.ben.get(&site.messages()).await.expect_status(200).body;
    let messages = listed["data"]["messages"].as_array().expect("a list");
    assert_eq!(messages.len(), 1, "what was deleted is not shown");
    assert_eq!(messages[0]["replyTo"], Value::Null);
}

#[actix_rt::test]
async fn edits_and_deletions_are_heard_and_repeating_them_over_the_socket_changes_nothing() {
    let site = Site::open().await;
    let said = site.say(&site.ada, "Is it open?").await;
    let (mut ada, mut ben) = (site.page(&site.ada).await, site.page(&site.ben).await);
    let path = format!("{PREFIX}/messages/{}", id(&said));
    let edit = json!({ "content": "Is it free?" });
    let edited = site.ada.put(&path, edit).await.expect_status(200).body;
    assert_eq!(edited["data"]["message"]["content"], "Is it free?");
    assert_eq!(edited["data"]["message"]["isEdited"], true);
    let heard = ben.event("message_edited").await;
    assert_eq!(
        (&heard["messageId"], &heard["content"]),
        (&said["_id"], &json!("Is it free?"))
    );
    assert!(heard["editedAt"].is_string());
    let again = json!({ "messageId": said["_id"], "content": "Is it free?" });
    ada.call("edit_message", again).await;
    ben.drain().await;
    assert_eq!(ben.come("message_edited"), [Value::Null; 0]);
    let of_another = json!({ "messageId": said["_id"], "content": "x" });
    let refused = ben.ask("edit_message", of_another).await;
    assert_eq!(refused["error_code"], "FORBIDDEN");
    site.ada.delete(&path).await.expect_status(200);
    let heard = ben.event("message_deleted").await;
    assert_eq!(heard["messageId"], said["_id"]);
}

#[actix_rt::test]
async fn typing_and_coming_are_heard() {
    let site = Site::open().await;
    let mut ben = site.page(&site.ben).await;
    let mut ada = site.page(&site.ada).await;
    let here = ben.event("user_online").await;
    assert_eq!(here["userId"], "ada");
    for (event, is_typing) in [("typing_start", true), ("typing_stop", false)] {
        ada.tell(event, json!(site.place)).await;
        let heard = ben.event("user_typing").await;
        let wanted =
            json!({ "userId": "ada", "isTyping": is_typing, "conversationId": site.place });
        assert_eq!(heard, wanted);
    }
}

#[tokio::test]
async fn a_message_says_what_it_is_about() {
    let site = Site::open().await;
    let said = json!({ "content": "About the job", "messageType": "job_context", "context": { "jobId": "job-1", "applicationId": "app-1" } });
    let sent = site
        .ada
        .post(&site.messages(), said)
        .await
        .expect_status(201);
    let sent = &sent.body["data"]["message"];
    assert_eq!(sent["messageType"], "job_context");
    assert_eq!(sent["context"]["jobId"]["_id"], "job-1");
    assert_eq!(sent["context"]["applicationId"]["_id"], "app-1");
    let plain = site.say(&site.ada, "plain").await;
    assert_eq!(plain["context"], Value::Null);
    let native = format!("/api/v1/messages/{}/receipts", id(sent));
    site.ada.get(&native).await.expect_status(200);
    for wrong in [
        json!({ "content": "x", "messageType": "system" }),
        json!({ "content": "x", "context": { "jobId": "x".repeat(129) } }),
        json!({ "content": "" }),
        json!({ "content": "x", "replyTo": "nonsense" }),
        json!({ "content": "x".repeat(100_000) }),
    ] {
        let refused = site.ada.post(&site.messages(), wrong).await;
        assert_eq!(
            refused.expect_status(400).body["message"],
            "Validation failed"
        );
    }
}
