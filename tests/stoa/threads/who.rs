//! Who replies in which thread, and who sees it.

use serde_json::{Value, json};

use super::{bodies, id_of, reply, send, thread, three};
use crate::participants::path;

#[tokio::test]
async fn a_reply_to_what_some_see_is_for_them() {
    let (app, [ann, bob, cara], group, _) = three().await;
    let platform = app.person_with("platform", &["service"]).await;
    let whisper = json!({ "body": "for the owner", "audience_role": "owner" });
    let root = send(&platform, &group, whisper)
        .await
        .expect_status(201)
        .body;
    let root = id_of(&root);
    let mut of_cara = cara.joined(&group).await;
    let answered = id_of(&reply(&ann, &group, &root, "I see").await);
    assert_eq!(of_cara.told().await, Vec::<Value>::new());
    assert_eq!(bodies(&cara, &group, "all").await, ["one"]);
    assert_eq!(bodies(&cara, &group, &root).await, Vec::<String>::new());
    assert_eq!(thread(&ann, &group, &root).await["replies"], 1);
    for hidden in [&root, &answered] {
        let body = json!({ "body": "x", "thread_id": hidden });
        let refused = send(&bob, &group, body).await;
        refused.expect_status(404).expect_code("MESSAGE_NOT_FOUND");
        let follow = format!("/api/v1/messages/{hidden}/thread/follow");
        let refused = bob.put(&follow, json!({})).await;
        refused.expect_status(404).expect_code("MESSAGE_NOT_FOUND");
    }
    let after = json!({ "conversation_id": group, "after": 1 });
    let mut socket = cara.socket().await;
    let joined = socket.call("join_conversation", after).await.unwrap();
    assert_eq!(joined["messages"], json!([]));
    // The platform takes part, sees what is for its role, and may not answer that for another one.
    let joining = json!({ "user_id": "platform" });
    ann.post(&path(&group, "/participants"), joining)
        .await
        .expect_status(200);
    let aside = json!({ "body": "for members", "audience_role": "member" });
    let aside = send(&platform, &group, aside).await.expect_status(201).body;
    let other = json!({ "body": "x", "thread_id": aside["id"], "audience_role": "owner" });
    let refused = send(&platform, &group, other).await;
    refused.expect_status(422).expect_code("UNPROCESSABLE");
}

#[tokio::test]
async fn those_who_may_not_speak_do_not_reply() {
    let (app, [ann, bob, cara], group, root) = three().await;
    let body = json!({ "body": "x", "thread_id": root });
    let muted = json!({ "muted": true });
    ann.patch(&path(&group, "/participants/bob"), muted)
        .await
        .expect_status(200);
    let refused = send(&bob, &group, body.clone()).await;
    refused.expect_status(403).expect_code("MUTED");
    let elsewhere = app.direct(&ann, &cara).await;
    let refused = send(&cara, &elsewhere, body.clone()).await;
    refused.expect_status(404).expect_code("MESSAGE_NOT_FOUND");
    let staff = app.person_with("staff", &["support"]).await;
    let follow = format!("/api/v1/messages/{root}/thread/follow");
    let refused = staff.put(&follow, json!({})).await;
    refused.expect_status(403).expect_code("NOT_A_PARTICIPANT");
    ann.delete(&format!("/api/v1/messages/{root}"))
        .await
        .expect_status(200);
    let refused = send(&cara, &group, body).await;
    refused.expect_status(409).expect_code("CONFLICT");
}

#[tokio::test]
async fn a_search_finds_replies_and_says_where_they_are() {
    let (_app, [ann, bob, _], group, root) = three().await;
    let found = reply(&bob, &group, &root, "a heron in the thread").await;
    let answer = ann
        .get("/api/v1/search?q=heron")
        .await
        .expect_status(200)
        .body;
    let hit = &answer["items"][0]["message"];
    assert_eq!(
        (&hit["id"], &hit["thread_id"]),
        (&found["id"], &json!(root))
    );
}

#[tokio::test]
async fn a_reply_may_be_forwarded_and_forward() {
    let (app, [ann, bob, _], group, root) = three().await;
    let direct = app.direct(&ann, &bob).await;
    let answered = id_of(&reply(&bob, &group, &root, "first").await);
    let onward = json!({ "forward_of": answered });
    let forwarded = send(&ann, &direct, onward).await.expect_status(201).body;
    assert_eq!(forwarded["body"], "first");
    assert!(forwarded.get("thread_id").is_none());
    let back = json!({ "forward_of": forwarded["id"], "thread_id": root });
    let back = send(&ann, &group, back).await.expect_status(201).body;
    assert_eq!(
        (&back["thread_id"], &back["body"]),
        (&json!(root), &json!("first"))
    );
}
