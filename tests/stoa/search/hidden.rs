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

/// A group whose members stand to it in every way, where the owner has said the word.
async fn group(app: &TestApp, people: &[Person]) -> String {
    let (owner, others) = people.split_first().expect("an owner");
    let insiders: Vec<&Person> = others.iter().take(5).collect();
    let group = app.group(owner, &insiders).await;
    owner.say(&group, &format!("a {CANARY} for all")).await;
    let path = format!("/api/v1/conversations/{group}/participants");
    for (who, change) in [("muted", "muted"), ("blocked", "blocked")] {
        let path = format!("{path}/{who}");
        let changed = owner.patch(&path, json!({ change: true })).await;
        changed.expect_status(200);
    }
    let left = others.iter().find(|person| person.id == "left");
    let leaving = left.expect("one who leaves");
    leaving
        .delete(&format!("{path}/left"))
        .await
        .expect_status(204);
    owner
        .delete(&format!("{path}/removed"))
        .await
        .expect_status(204);
    group
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
    let group = group(&app, &people).await;
    let (insiders, outsiders) = people.split_at(3);
    for round in 0..2 {
        for person in outsiders {
            must_find_nothing(person).await;
        }
        for person in insiders {
            let answer = search(person, CANARY, "").await.expect_status(200);
            assert_eq!(answer.body["total"], 1, "{} {round}", person.id);
        }
        until_indexed(&app).await;
    }
    // A conversation that one may not read refuses, whatever it contains.
    let more = format!("&conversation_id={group}");
    for query in [CANARY, "nobodyeversaidthis"] {
        for (person, code) in outsiders.iter().zip([
            "BLOCKED",
            "NOT_A_PARTICIPANT",
            "NOT_A_PARTICIPANT",
            "CONVERSATION_NOT_FOUND",
        ]) {
            search(person, query, &more).await.expect_code(code);
        }
    }
}

#[tokio::test]
async fn what_is_said_to_one_role_is_found_by_that_role() {
    let app = TestApp::start().await;
    let (owner, member) = (app.person("owner").await, app.person("member").await);
    let platform = app.person_with("platform", &["service"]).await;
    let group = app.group(&owner, &[&member]).await;
    let narrow = json!({ "body": format!("only for owners: {CANARY}"), "kind": "system", "audience_role": "owner" });
    let path = format!("/api/v1/conversations/{group}/messages");
    platform.post(&path, narrow).await.expect_status(201);
    for _ in 0..2 {
        must_find_nothing(&member).await;
        let found = search(&owner, CANARY, "").await.expect_status(200);
        assert_eq!(found.body["total"], 1);
        until_indexed(&app).await;
    }
}
