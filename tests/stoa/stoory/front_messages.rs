//! Sending, reading and deleting by the paths of the platform's real front end.

use serde_json::{Value, json};

use super::two;

#[tokio::test]
async fn a_message_is_sent_by_each_path_and_answered_with_its_conversation() {
    let (app, alice, bob) = two().await;
    let id = app.direct(&alice, &bob).await;
    let sends = [
        ("/api/messages".to_owned(), 200),
        (format!("/api/messages/conversations/{id}/messages"), 200),
        (format!("/api/conversations/{id}/messages"), 200),
        ("/api/messages/send".to_owned(), 201),
        ("/api/messages/direct-message".to_owned(), 201),
    ];
    for (path, status) in &sends {
        let said = json!({ "conversation_id": id, "receiver_id": "bob", "message": path, "message_type": "user_input", "media_url": null });
        let sent = alice.post(path, said).await.expect_status(*status).body;
        assert_eq!(
            (&sent["success"], &sent["conversation_id"]),
            (&json!(true), &json!(id)),
            "{path}"
        );
        assert_eq!(sent["message"]["message"], *path);
        assert_eq!(sent["message"]["receiver_id"], "bob");
        assert_eq!(sent.get("conversation"), None);
    }
    let said: Vec<Value> = sends.iter().map(|(path, _)| json!(path)).collect();
    for path in [
        format!("/api/messages/{id}?page=1&limit=50"),
        format!("/api/messages/conversations/{id}/messages?page=1&limit=50"),
        format!("/api/conversations/{id}/messages?page=1&limit=50"),
    ] {
        let page = bob.get(&path).await.expect_status(200).body;
        let rows = page["messages"].as_array().unwrap().iter();
        assert_eq!(
            rows.map(|row| row["message"].clone()).collect::<Vec<_>>(),
            said,
            "{path}"
        );
        assert_eq!(page["pagination"]["total"], 5);
    }
    let new = json!({ "receiver_id": "alice", "message": "there already" });
    let sent = bob.post("/api/messages", new).await.expect_status(200).body;
    assert_eq!(
        (&sent["conversation_id"], &sent["conversation"]["id"]),
        (&json!(id), &json!(id))
    );
}

#[tokio::test]
async fn names_of_their_own_are_no_conversations() {
    let (_app, alice, _) = two().await;
    for name in ["unread-count", "direct-connections", "conversations"] {
        let answer = alice.get(&format!("/api/messages/{name}")).await;
        assert_eq!(answer.expect_status(200).body["success"], true, "{name}");
    }
    let unknown = alice.get("/api/messages/nonsense").await;
    unknown.expect_status(400).expect_code("INVALID_REQUEST");
    let nowhere = alice
        .get("/api/messages/0192f0c0-0000-7000-8000-000000000001")
        .await;
    nowhere
        .expect_status(404)
        .expect_code("CONVERSATION_NOT_FOUND");
}

#[tokio::test]
async fn the_path_and_the_body_name_the_same_conversation() {
    let (app, alice, bob) = two().await;
    let id = app.direct(&alice, &bob).await;
    let other = app.group(&alice, &[&bob]).await;
    let path = format!("/api/messages/conversations/{id}/messages");
    let bare = json!({ "message": "without its id" });
    alice.post(&path, bare).await.expect_status(200);
    let wrong = json!({ "message": "elsewhere", "conversation_id": other });
    let told = alice.post(&path, wrong).await.expect_status(400).body;
    assert_eq!(told["details"]["field"], "conversation_id");
    assert_eq!(alice.bodies(&id).await, ["without its id"]);
}

#[tokio::test]
async fn a_message_has_at_most_a_thousand_characters() {
    let (app, alice, bob) = two().await;
    let id = app.direct(&alice, &bob).await;
    let here = format!("/api/conversations/{id}/messages");
    for path in ["/api/messages", "/api/messages/send", &here] {
        let of = |count: usize| json!({ "conversation_id": id, "message": "ж".repeat(count) });
        let sent = alice.post(path, of(1_000)).await;
        assert!([200, 201].contains(&sent.status), "{path}: {:?}", sent.body);
        for count in [0, 1_001] {
            let told = alice.post(path, of(count)).await.expect_status(400).body;
            assert_eq!(told["details"]["field"], "message", "{path}");
        }
    }
    assert_eq!(alice.bodies(&id).await.len(), 3);
}

#[tokio::test]
async fn seen_is_put_under_both_prefixes() {
    let (app, alice, bob) = two().await;
    let id = app.direct(&alice, &bob).await;
    let unread = async || bob.get("/api/messages/unread-count").await.body["unread_count"].clone();
    for path in [
        format!("/api/messages/conversations/{id}/seen"),
        format!("/api/conversations/{id}/seen"),
    ] {
        alice.say(&id, "one more").await;
        assert_eq!(unread().await, 1);
        let seen = bob
            .request("PUT", &path, None, &[])
            .await
            .expect_status(200)
            .body;
        assert_eq!(
            seen,
            json!({ "success": true, "message": "Messages marked as seen" })
        );
        assert_eq!(unread().await, 0);
    }
}

#[tokio::test]
async fn reading_a_page_marks_nothing() {
    let (app, alice, bob) = two().await;
    let id = app.direct(&alice, &bob).await;
    alice.say(&id, "one").await;
    bob.get(&format!("/api/messages/{id}"))
        .await
        .expect_status(200);
    let unread = bob.get("/api/messages/unread-count").await.body;
    assert_eq!(
        unread["unread_count"], 1,
        "a page may be fetched before anybody looks at it"
    );
}

#[tokio::test]
async fn a_message_is_deleted_by_its_author() {
    let (app, alice, bob) = two().await;
    let id = app.direct(&alice, &bob).await;
    let said = alice.say(&id, "wrong").await;
    let path = format!("/api/messages/messages/{}", said["id"].as_str().unwrap());
    bob.delete(&path)
        .await
        .expect_status(403)
        .expect_code("FORBIDDEN");
    let deleted = alice.delete(&path).await.expect_status(200).body;
    assert_eq!(
        deleted,
        json!({ "success": true, "message": "Message deleted successfully" })
    );
    let page = bob.get(&format!("/api/messages/{id}")).await.body;
    assert_eq!(
        (&page["messages"], &page["pagination"]["total"]),
        (&json!([]), &json!(0)),
        "it is gone, as if it had never been sent"
    );
    let stranger = app.person("otto").await;
    stranger
        .delete(&path)
        .await
        .expect_status(404)
        .expect_code("MESSAGE_NOT_FOUND");
}

#[tokio::test]
async fn connecting_answers_the_conversation_s_id_and_words() {
    let (_app, alice, bob) = two().await;
    let hello = json!({ "target_user_id": "bob", "initial_message": "Hello!" });
    let first = alice
        .post("/api/messages/direct-connect", hello.clone())
        .await
        .expect_status(201)
        .body;
    assert_eq!(first["conversation_id"], first["conversation"]["id"]);
    assert_eq!(first["message"], "You are connected");
    assert_eq!(first["initial_message"]["message"], "Hello!");
    let again = alice
        .post("/api/messages/direct-connect", hello)
        .await
        .expect_status(200)
        .body;
    assert_eq!(again["conversation_id"], first["conversation_id"]);
    let id = first["conversation_id"].as_str().unwrap();
    assert_eq!(bob.bodies(id).await, ["Hello!"], "it is not said twice");
    let own = json!({ "target_user_id": "alice" });
    let told = alice.post("/api/messages/direct-connect", own).await;
    told.expect_status(400).expect_code("INVALID_REQUEST");
}

#[tokio::test]
async fn deleted_messages_are_neither_on_pages_nor_the_last_one_of_a_list() {
    let (app, alice, bob) = two().await;
    let id = app.direct(&alice, &bob).await;
    let mut said = Vec::new();
    for number in 0..7 {
        said.push(alice.say(&id, &number.to_string()).await);
    }
    for number in [6, 5, 3] {
        let message = said[number]["id"].as_str().unwrap();
        let path = format!("/api/messages/messages/{message}");
        alice.delete(&path).await.expect_status(200);
    }
    let mut pages = Vec::new();
    for page in 1..=3 {
        let path = format!("/api/messages/{id}?page={page}&limit=2");
        let page = bob.get(&path).await.expect_status(200).body;
        assert_eq!(page["pagination"]["total"], 4);
        let rows = page["messages"].as_array().unwrap().iter();
        let texts: Vec<Value> = rows.map(|row| row["message"].clone()).collect();
        pages.push((texts, page["pagination"]["has_more"].clone()));
    }
    let wanted = [
        (vec![json!("2"), json!("4")], json!(true)),
        (vec![json!("0"), json!("1")], json!(false)),
        (vec![], json!(false)),
    ];
    assert_eq!(pages, wanted);
    let listed = bob.get("/api/messages/conversations/direct").await.body;
    let row = &listed["conversations"][0];
    assert_eq!(row["last_message"]["message"], "4");
    assert_eq!(row["unread_count"], 4);
    let path = format!("/api/messages/conversations/{id}/context");
    let context = bob.get(&path).await.expect_status(200).body["context"].clone();
    assert_eq!(context["state"]["last_message"]["message"], "4");
}
