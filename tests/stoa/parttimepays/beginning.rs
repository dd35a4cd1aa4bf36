//! Conversations are begun once for the same people and the same thing, as each of the page's components asks for them.

use serde_json::json;

use super::{PREFIX, begin, id, people, serving};

#[tokio::test]
async fn two_people_have_one_direct_conversation() {
    let app = serving().await;
    let (ada, ben) = (app.person("ada").await, app.person("ben").await);
    let wanted = json!({ "participants": ["ben"], "conversationType": "direct" });
    let first = begin(&ada, wanted).await;
    assert_eq!(first["conversationType"], "direct");
    assert_eq!(people(&first), ["ada", "ben"]);
    assert_eq!(first["participants"][1]["fullName"], "ben by name");
    let back = json!({ "participants": ["ada", "ben"] });
    assert_eq!(id(&begin(&ben, back).await), id(&first));
    // What is about nothing is direct between two, whatever the component calls it.
    let about_nothing = json!({ "participants": ["ben"], "conversationType": "job_related" });
    assert_eq!(id(&begin(&ada, about_nothing).await), id(&first));
}

#[tokio::test]
async fn a_thing_gives_a_conversation_of_its_own_and_its_type() {
    let app = serving().await;
    let ada = app.person("ada").await;
    app.person("ben").await;
    let platform = app.person_with("platform", &["service"]).await;
    let card = json!({ "title": "Barista", "data": { "company": "Cafe" } });
    let path = "/api/v1/subjects/job/job-1";
    platform.put(path, card).await.expect_status(200);
    let mut seen = Vec::new();
    for (kind, field, value) in [
        ("job_related", "job", "job-1"),
        ("community_related", "communityPost", "post-1"),
        ("gang_related", "gangId", "gang_group"),
    ] {
        let wanted = json!({ "participants": ["ben"], "conversationType": kind, field: value });
        let made = begin(&ada, wanted.clone()).await;
        assert_eq!(made["conversationType"], kind);
        assert_eq!(id(&begin(&ada, wanted).await), id(&made), "{kind}");
        seen.push(made);
    }
    let job = json!({ "_id": "job-1", "title": "Barista", "company": "Cafe" });
    assert_eq!(seen[0]["job"], job);
    assert_eq!(seen[1]["communityPost"]["_id"], "post-1");
    assert_eq!(seen[2]["gangId"], "gang_group");
    let mut ids: Vec<String> = seen.iter().map(id).collect();
    ids.dedup();
    assert_eq!(ids.len(), 3);
}

#[tokio::test]
async fn the_same_people_have_one_group_about_nothing() {
    let app = serving().await;
    let (ada, ben) = (app.person("ada").await, app.person("ben").await);
    app.person("cid").await;
    let group = |people: &[&str]| json!({ "participants": people, "conversationType": "group", "title": "All of us" });
    let first = begin(&ada, group(&["ben", "cid"])).await;
    assert_eq!(first["conversationType"], "group");
    assert_eq!(first["title"], "All of us");
    assert_eq!(id(&begin(&ben, group(&["cid", "ada"])).await), id(&first));
    let of_two = begin(&ada, group(&["ben"])).await;
    assert_ne!(id(&of_two), id(&first));
    assert_eq!(of_two["conversationType"], "group");
    let gang = json!({ "participants": ["ben", "cid"], "conversationType": "gang_related" });
    assert_eq!(
        id(&begin(&ada, gang).await),
        id(&first),
        "without a gang's id"
    );
}

#[tokio::test]
async fn what_cannot_be_begun_is_said_in_a_sentence() {
    let app = serving().await;
    let ada = app.person("ada").await;
    app.person("ben").await;
    app.person("cid").await;
    let path = format!("{PREFIX}/conversations");
    for (wanted, status, message) in [
        (json!({}), 400, "At least 2 participants are required"),
        (
            json!({ "participants": ["ada"] }),
            400,
            "At least 2 participants are required",
        ),
        (
            json!({ "participants": ["ben", "cid"], "conversationType": "direct" }),
            400,
            "A direct conversation has exactly two people",
        ),
        (json!({ "participants": ["nobody"] }), 404, "User not found"),
        (json!({ "participants": ["b n"] }), 400, "Validation failed"),
        (
            json!({ "participants": ["ben"], "title": "x".repeat(1_000) }),
            400,
            "Validation failed",
        ),
        (
            json!({ "participants": ["ben"], "job": "x".repeat(129) }),
            400,
            "Validation failed",
        ),
    ] {
        let refused = ada.post(&path, wanted.clone()).await.expect_status(status);
        assert_eq!(refused.body["success"], false);
        assert_eq!(refused.body["message"], message, "{wanted}");
        assert_eq!(
            refused.body["errors"].is_array(),
            message == "Validation failed"
        );
    }
}

#[tokio::test]
async fn the_same_request_again_begins_nothing() {
    let app = serving().await;
    let ada = app.person("ada").await;
    app.person("ben").await;
    let wanted = json!({ "participants": ["ben"] }).to_string();
    let headers = [("idempotency-key", "k")];
    let path = format!("{PREFIX}/conversations");
    let first = ada
        .request("POST", &path, Some(wanted.clone()), &headers)
        .await;
    let again = ada.request("POST", &path, Some(wanted), &headers).await;
    assert_eq!((first.status, &first.body), (201, &again.body));
}
