//! Who may see what is known of a file, and get links to it.

use serde_json::json;

use super::{app, id, picture, send};
use crate::client::Person;

/// The status and the code of a file for somebody.
async fn seen(person: &Person, id: &str) -> (u16, Option<String>) {
    let answer = person.get(&format!("/api/v1/files/{id}")).await;
    (
        answer.status,
        answer.body["error_code"].as_str().map(str::to_owned),
    )
}

fn hidden() -> (u16, Option<String>) {
    (404, Some("FILE_NOT_FOUND".to_owned()))
}

#[tokio::test]
async fn a_file_is_its_owners_until_a_message_shows_it() {
    let (app, _folder) = app(&[]).await;
    let (ann, bob, eve) = (
        app.person("ann").await,
        app.person("bob").await,
        app.person("eve").await,
    );
    let staff = app.person_with("staff", &["support"]).await;
    let group = app.group(&ann, &[&bob]).await;
    let file = id(&picture(&ann).await);
    assert_eq!(seen(&ann, &file).await, (200, None));
    assert_eq!(seen(&bob, &file).await, hidden());
    assert_eq!(seen(&staff, &file).await, (200, None));
    let message = send(&ann, &group, &[&file]).await.expect_status(201).body;
    assert_eq!(seen(&bob, &file).await, (200, None));
    assert_eq!(seen(&eve, &file).await, hidden());
    let path = format!(
        "/api/v1/messages/{}",
        message["id"].as_str().expect("an id")
    );
    ann.delete(&path).await.expect_status(200);
    assert_eq!(seen(&bob, &file).await, hidden());
    assert_eq!(seen(&ann, &file).await, (200, None));
}

#[tokio::test]
async fn who_may_not_read_the_message_does_not_see_its_file() {
    let (app, _folder) = app(&[]).await;
    let names = ["ann", "bob", "blocked", "left", "removed"];
    let mut people = Vec::new();
    for name in names {
        people.push(app.person(name).await);
    }
    let [ann, bob, blocked, left, removed] = <[Person; 5]>::try_from(people).ok().expect("five");
    let group = app.group(&ann, &[&bob, &blocked, &left, &removed]).await;
    let file = id(&picture(&ann).await);
    send(&ann, &group, &[&file]).await.expect_status(201);
    let people = format!("/api/v1/conversations/{group}/participants");
    for person in [&blocked, &left, &removed] {
        assert_eq!(seen(person, &file).await, (200, None), "{}", person.id);
    }
    ann.patch(&format!("{people}/blocked"), json!({ "blocked": true }))
        .await
        .expect_status(200);
    left.delete(&format!("{people}/left"))
        .await
        .expect_status(204);
    ann.delete(&format!("{people}/removed"))
        .await
        .expect_status(204);
    for person in [&blocked, &left, &removed] {
        assert_eq!(seen(person, &file).await, hidden(), "{}", person.id);
        let asked = json!({ "ids": [file] });
        let links = person
            .post("/api/v1/files/links", asked)
            .await
            .expect_status(200)
            .body;
        assert_eq!(links["items"], json!([]), "{}", person.id);
    }
    assert_eq!(seen(&bob, &file).await, (200, None));
}

#[tokio::test]
async fn a_file_for_one_role_is_hidden_from_the_others() {
    let (app, _folder) = app(&[]).await;
    let platform = app.person_with("platform", &["service"]).await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let wanted = json!({ "kind": "group", "participants": [{ "user_id": "ann", "role": "seller" }, { "user_id": "bob", "role": "buyer" }] });
    let group = platform
        .post("/api/v1/conversations", wanted)
        .await
        .expect_status(201)
        .body;
    let group = group["id"].as_str().expect("an id");
    let file = id(&picture(&platform).await);
    let said = json!({ "kind": "system", "audience_role": "seller", "attachments": [{ "file_id": file }] });
    let path = format!("/api/v1/conversations/{group}/messages");
    platform.post(&path, said).await.expect_status(201);
    assert_eq!(seen(&ann, &file).await, (200, None));
    assert_eq!(seen(&bob, &file).await, hidden());
}
