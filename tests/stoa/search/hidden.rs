//! A word is found by nobody who may not read it, and its being there changes no answer.

use serde_json::json;

use super::{search, until_indexed};
use crate::client::{Answer, Person};
use crate::test_app::TestApp;

const CANARY: &str = "zanzibarcanary";

/// What somebody is answered who must find nothing.
async fn must_find_nothing(person: &Person) {
    for query in [
        CANARY.to_owned(),
        "zanzi*".to_owned(),
        format!("\"{CANARY}\""),
        format!("{CANARY} from:owner"),
    ] {
        for order in ["newest", "best"] {
            let answer = search(person, &query, &format!("&sort={order}")).await;
            assert_same(
                answer,
                search(person, "nobodyeversaidthis", "").await,
                &person.id,
            );
        }
    }
}

fn assert_same(one: Answer, other: Answer, who: &str) {
    assert_eq!((one.status, one.body), (other.status, other.body), "{who}");
}

#[tokio::test]
async fn who_may_not_read_a_word_is_answered_as_if_nobody_had_said_it() {
    let app = TestApp::start().await;
    let mut people = Vec::new();
    for name in [
        "owner", "member", "muted", "blocked", "left", "removed", "stranger",
    ] {
        people.push(app.person(name).await);
    }
    let [owner, member, muted, blocked, left, removed, stranger] = &people[..] else {
        panic!("seven people");
    };
    let platform = app.person_with("platform", &["service"]).await;
    let group = app
        .group(owner, &[member, muted, blocked, left, removed])
        .await;
    owner.say(&group, &format!("a {CANARY} for all")).await;
    let path = format!("/api/v1/conversations/{group}/participants");
    for (who, change) in [("muted", "muted"), ("blocked", "blocked")] {
        let path = format!("{path}/{who}");
        let changed = owner.patch(&path, json!({ change: true })).await;
        changed.expect_status(200);
    }
    left.delete(&format!("{path}/left"))
        .await
        .expect_status(204);
    owner
        .delete(&format!("{path}/removed"))
        .await
        .expect_status(204);
    for round in 0..2 {
        for person in [blocked, left, removed, stranger] {
            must_find_nothing(person).await;
        }
        for person in [owner, member, muted] {
            let answer = search(person, CANARY, "").await.expect_status(200);
            assert_eq!(answer.body["total"], 1, "{} {round}", person.id);
        }
        until_indexed(&app).await;
    }
    // In an audience: only who has the role.
    let narrow = json!({ "body": "only for owners: narwhalcanary", "kind": "system", "audience_role": "owner" });
    let path = format!("/api/v1/conversations/{group}/messages");
    platform.post(&path, narrow).await.expect_status(201);
    for _ in 0..2 {
        let of =
            async |person: &Person| search(person, "narwhalcanary", "").await.body["total"].clone();
        assert_eq!((of(owner).await, of(member).await), (json!(1), json!(0)));
        until_indexed(&app).await;
    }
    // A conversation that one may not read refuses, whatever it contains.
    for query in [CANARY, "nobodyeversaidthis"] {
        let more = format!("&conversation_id={group}");
        let answer = search(stranger, query, &more).await.expect_status(404);
        answer.expect_code("CONVERSATION_NOT_FOUND");
        search(left, query, &more)
            .await
            .expect_status(403)
            .expect_code("NOT_A_PARTICIPANT");
        search(blocked, query, &more)
            .await
            .expect_status(403)
            .expect_code("BLOCKED");
    }
}
