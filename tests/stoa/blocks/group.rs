//! What a blocked user says where both take part: marked for the blocker, and nowhere else to be seen.

use serde_json::{Value, json};

use super::{say, three, unblock};
use crate::participants::path;
use crate::polling::until;

fn marked(messages: &Value) -> Vec<(String, bool)> {
    let messages = messages.as_array().expect("messages").iter();
    let one = |message: &Value| {
        let body = message["body"].as_str().expect("a body").to_owned();
        (body, message["from_blocked"] == true)
    };
    messages.map(one).collect()
}

#[tokio::test]
async fn in_a_group_messages_of_the_blocked_user_are_marked_for_the_blocker_alone() {
    let (app, [ann, bob, cara], group) = three().await;
    let mut sockets = [
        ann.joined(&group).await,
        cara.joined(&group).await,
        bob.joined(&group).await,
    ];
    bob.say(&group, "of bob").await;
    let said = cara.say(&group, "of cara").await;
    assert!(
        said.get("from_blocked").is_none(),
        "absent where it is false"
    );
    let expected = |is_marked| {
        vec![
            ("of bob".to_owned(), is_marked),
            ("of cara".to_owned(), false),
        ]
    };
    for (socket, is_marked) in sockets.iter_mut().zip([true, false, false]) {
        let told = [
            socket.event("new_message").await["message"].clone(),
            socket.event("new_message").await["message"].clone(),
        ];
        assert_eq!(marked(&json!(told)), expected(is_marked));
    }
    for (person, is_marked) in [(&ann, true), (&cara, false), (&bob, false)] {
        let page = person.get(&path(&group, "/messages")).await.body;
        assert_eq!(marked(&page["items"]), expected(is_marked), "{}", person.id);
        let mut socket = person.socket().await;
        for join in [json!({}), json!({ "after": 0 })] {
            let mut join = join;
            join["conversation_id"] = json!(group);
            let joined = socket.call("join_conversation", join).await.unwrap();
            assert_eq!(marked(&joined["messages"]), expected(is_marked));
        }
    }
    app.panic_room(&group);
    let again = async || say(&bob, &group, "after the room was lost").await;
    until("the room to be there", again, |sent| sent.status == 201).await;
    for (socket, is_marked) in sockets.iter_mut().zip([true, false, false]) {
        let told = socket.event("new_message").await["message"].clone();
        assert_eq!(told.get("from_blocked").is_some(), is_marked);
    }
}

/// What Ann is told where she has not joined: notifications and unread counts.
fn bodies_of_notifications(heard: &[Value]) -> Vec<&str> {
    let notices = heard.iter().filter(|it| it["event"] == "notification");
    notices
        .map(|it| it["data"]["message"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn in_a_group_the_blocked_user_notifies_counts_and_shows_up_nowhere() {
    let (_app, [ann, bob, cara], group) = three().await;
    let mut elsewhere = ann.socket().await;
    let mut at_caras = cara.socket().await;
    cara.say(&group, "of cara").await;
    assert_eq!(elsewhere.event("notification").await["unread"], 1);
    let canary = "zanzibarcanary";
    let of_bob = bob.say(&group, canary).await;
    let notified = at_caras.event("notification").await;
    assert_eq!(notified["message"], canary, "others are notified");
    cara.say(&group, "more of cara").await;
    assert_eq!(elsewhere.event("notification").await["unread"], 2);
    let heard = elsewhere.drain().await;
    assert!(bodies_of_notifications(&heard).is_empty(), "{heard:?}");
    // An edit and a deletion are told to nobody either.
    let message = format!("/api/v1/messages/{}", of_bob["id"].as_str().unwrap());
    let edited = json!({ "body": format!("{canary} edited") });
    bob.patch(&message, edited).await.expect_status(200);
    for listed in [
        "/api/v1/conversations",
        "/api/v1/unread",
        "/api/messages/conversations",
        "/api/messages/unread-count",
        "/chat/rooms",
        "/chat/unread-counts",
        &format!("/api/v1/search?q={canary}"),
        "/api/v1/search?q=zanzi*",
        "/api/v1/search?q=from:bob",
        "/api/v1/search?q=is:unread",
    ] {
        let answer = ann.get(listed).await.expect_status(200);
        assert!(!answer.text.contains(canary), "{listed}: {}", answer.text);
    }
    assert_eq!(ann.get("/api/v1/unread").await.body["total"], 2);
    assert_eq!(cara.get("/api/v1/unread").await.body["total"], 1);
    let listed = ann.get("/api/v1/conversations").await.body;
    assert_eq!(listed["items"][0]["unread"], 2);
    assert_eq!(listed["items"][0]["last_message"]["body"], "more of cara");
    for query in [canary, "from:bob", "zanzi*"] {
        let found = ann.get(&format!("/api/v1/search?q={query}")).await.body;
        assert_eq!((&found["total"], &found["items"]), (&json!(0), &json!([])));
    }
    let found = cara.get(&format!("/api/v1/search?q={canary}")).await.body;
    assert_eq!(found["total"], 1);
    unblock(&ann, "bob").await;
    assert_eq!(ann.get("/api/v1/unread").await.body["total"], 3);
    let found = ann.get(&format!("/api/v1/search?q={canary}")).await.body;
    assert_eq!(found["total"], 1);
}
