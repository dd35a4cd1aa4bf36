//! Who may react and pin, and who hears of it.

use serde_json::{Value, json};

use super::{id_of, react, shown, three, unreact};
use crate::blocks::block;
use crate::participants::path;
use crate::test_app::TestApp;

#[tokio::test]
async fn those_who_may_not_speak_do_not_react() {
    let (app, [ann, bob, cara], group, message) = three().await;
    let muted = json!({ "muted": true });
    ann.patch(&path(&group, "/participants/bob"), muted)
        .await
        .expect_status(200);
    react(&bob, &message, "👍")
        .await
        .expect_status(403)
        .expect_code("MUTED");
    unreact(&bob, &message, "👍")
        .await
        .expect_status(403)
        .expect_code("MUTED");
    let stranger = app.person("stranger").await;
    react(&stranger, &message, "👍")
        .await
        .expect_status(404)
        .expect_code("MESSAGE_NOT_FOUND");
    cara.delete(&path(&group, "/participants/cara"))
        .await
        .expect_status(204);
    react(&cara, &message, "👍")
        .await
        .expect_status(403)
        .expect_code("NOT_A_PARTICIPANT");
    let staff = app.person_with("staff", &["support"]).await;
    react(&staff, &message, "👍").await.expect_status(200);
    let closed = json!({ "status": "closed" });
    ann.patch(&path(&group, ""), closed)
        .await
        .expect_status(200);
    react(&ann, &message, "👍")
        .await
        .expect_status(409)
        .expect_code("CONVERSATION_CLOSED");
}

#[tokio::test]
async fn two_of_whom_one_has_blocked_the_other_do_not_react_between_them() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let direct = app.direct(&ann, &bob).await;
    let message = id_of(&ann.say(&direct, "one").await);
    block(&ann, "bob").await;
    for person in [&ann, &bob] {
        let refused = react(person, &message, "👍").await;
        refused.expect_status(403).expect_code("UNREACHABLE");
    }
}

#[tokio::test]
async fn whoever_does_not_see_a_message_hears_nothing_about_it() {
    let (app, [ann, bob, cara], group, _) = three().await;
    let platform = app.person_with("platform", &["service"]).await;
    let whisper = json!({ "body": "for the owner", "audience_role": "owner" });
    let whispered = platform.post(&path(&group, "/messages"), whisper).await;
    let message = id_of(&whispered.expect_status(201).body);
    let (mut of_cara, mut of_ann) = (cara.joined(&group).await, ann.joined(&group).await);
    react(&bob, &message, "👍")
        .await
        .expect_status(404)
        .expect_code("MESSAGE_NOT_FOUND");
    react(&ann, &message, "👍").await.expect_status(200);
    let pin = format!("/api/v1/messages/{message}/pin");
    ann.put(&pin, json!({})).await.expect_status(200);
    of_ann.event("reaction_changed").await;
    of_ann.event("pin_changed").await;
    assert_eq!(of_cara.told().await, Vec::<Value>::new());
    let seen = shown(&ann, &group, &message).await;
    assert_eq!(seen["reactions"][0]["count"], 1);
    let pins = cara.get(&path(&group, "/pins")).await;
    assert_eq!(pins.expect_status(200).body["items"], json!([]));
    // Somebody who comes back misses it too.
    let after = json!({ "conversation_id": group, "after": 1 });
    let mut socket = cara.socket().await;
    let joined = socket.call("join_conversation", after).await.unwrap();
    assert_eq!(joined["messages"], json!([]));
}

#[tokio::test]
async fn whoever_came_later_hears_nothing_of_what_was_said_before() {
    let (app, [ann, bob, _], group, message) = three().await;
    let dan = app.person("dan").await;
    let add = json!({ "user_id": "dan", "history": "from_joining" });
    ann.post(&path(&group, "/participants"), add)
        .await
        .expect_status(200);
    let mut of_dan = dan.joined(&group).await;
    react(&bob, &message, "👍").await.expect_status(200);
    assert_eq!(of_dan.told().await, Vec::<Value>::new());
    react(&dan, &message, "👍")
        .await
        .expect_status(404)
        .expect_code("MESSAGE_NOT_FOUND");
    let late = id_of(&ann.say(&group, "two").await);
    react(&dan, &late, "👍").await.expect_status(200);
}
