//! Who sees whose profile and presence: participants of a common conversation, and those who have left it.

use serde_json::{Value, json};

use crate::client::Person;
use crate::participants::path;
use crate::test_app::TestApp;

/// Olga's group with Rita, who is removed, and Boris, who is blocked; Olga is busy.
async fn fixture() -> (TestApp, String, [Person; 3]) {
    let app = TestApp::start().await;
    let (olga, rita) = (app.person("olga").await, app.person("rita").await);
    let boris = app.person("boris").await;
    let id = app.group(&olga, &[&rita, &boris]).await;
    (app, id, [olga, rita, boris])
}

async fn part(app: &TestApp, id: &str, [olga, rita, boris]: &[Person; 3]) {
    olga.delete(&path(id, "/participants/rita"))
        .await
        .expect_status(204);
    let blocked = json!({ "blocked": true });
    olga.patch(&path(id, &format!("/participants/{}", boris.id)), blocked)
        .await
        .expect_status(200);
    let platform = app.person_with("platform", &["service"]).await;
    let renamed = json!({ "name": "A new name" });
    platform
        .put("/api/v1/users/olga", renamed)
        .await
        .expect_status(200);
    assert_eq!(rita.id, "rita");
}

async fn seen(asking: &Person, other: &str) -> Option<Value> {
    let answer = asking.get(&format!("/api/v1/users/{other}")).await;
    match answer.status {
        200 => Some(answer.body),
        _ => {
            answer.expect_status(404).expect_code("USER_NOT_FOUND");
            None
        }
    }
}

#[tokio::test]
async fn who_was_removed_or_blocked_sees_no_profile_and_no_presence_any_more() {
    let (app, id, people) = fixture().await;
    let [olga, rita, boris] = &people;
    let mut socket = olga.socket().await;
    let busy = json!({ "status": "busy" });
    socket.call("user_status", busy).await.unwrap();
    for person in [rita, boris] {
        assert_eq!(seen(person, "olga").await.unwrap()["status"], "busy");
    }
    part(&app, &id, &people).await;
    for person in [rita, boris] {
        assert_eq!(seen(person, "olga").await, None, "{}", person.id);
        assert!(seen(person, &person.id).await.is_some(), "oneself");
    }
    let shared = app.direct(olga, rita).await;
    assert!(seen(rita, "olga").await.is_some(), "they share another one");
    rita.delete(&path(&shared, "/participants/rita"))
        .await
        .expect_status(204);
    assert_eq!(seen(rita, "olga").await, None, "who left is out as well");
}

#[tokio::test]
async fn those_who_stay_see_who_somebody_was_and_not_whether_they_are_here() {
    let (app, id, people) = fixture().await;
    let [olga, rita, boris] = &people;
    let (_rita, _boris) = (rita.socket().await, boris.socket().await);
    assert_eq!(seen(olga, "rita").await.unwrap()["status"], "online");
    part(&app, &id, &people).await;
    let gone = seen(olga, "rita").await.unwrap();
    assert_eq!(
        (gone["name"].as_str(), gone["status"].as_str()),
        (Some("rita by name"), Some("offline"))
    );
    let blocked = seen(olga, "boris").await.unwrap();
    assert_eq!(blocked["status"], "online", "they are listed still");
    assert_eq!(seen(rita, "boris").await, None);
}

#[tokio::test]
async fn who_was_removed_or_blocked_hears_of_no_presence_any_more() {
    let (app, id, people) = fixture().await;
    let [olga, rita, boris] = &people;
    let mut listeners = [rita.joined(&id).await, boris.joined(&id).await];
    let mut socket = olga.joined(&id).await;
    for listener in &mut listeners {
        while listener.event("user_status_change").await["user_id"] != "olga" {}
    }
    part(&app, &id, &people).await;
    for status in ["away", "busy"] {
        let chosen = json!({ "status": status });
        socket.call("user_status", chosen).await.unwrap();
    }
    // The room has told all of it once it acknowledges what is asked of it afterwards.
    let mark = json!({ "conversation_id": id, "seq": 0 });
    socket.call("mark_seen", mark).await.unwrap();
    for mut listener in listeners {
        let heard = listener.drain().await;
        let last = heard
            .iter()
            .position(|frame| frame["data"]["conversation"]["membership"].is_string());
        let after = &heard[last.expect("a last word")..];
        assert_eq!(after.len(), 1, "{after:?}");
    }
}
