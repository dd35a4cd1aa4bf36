//! Who may make whom staff, and what becomes of somebody who is staff no more.

use diesel::connection::SimpleConnection;
use serde_json::{Value, json};

use super::{business, employ, support};
use crate::client::Person;
use crate::participants::path;
use crate::polling::until;
use crate::servers::Alone;
use crate::test_app::TestApp;

async fn dismiss(by: &Person, whom: &str) -> u16 {
    let path = format!("/api/v1/businesses/salon/staff/{whom}");
    by.delete(&path).await.status
}

fn roles(listed: &Value) -> Vec<(String, String)> {
    let text = |item: &Value, name: &str| item[name].as_str().expect(name).to_owned();
    let items = listed["items"].as_array().expect("items").iter();
    items
        .map(|item| (text(item, "user_id"), text(item, "role")))
        .collect()
}

#[tokio::test]
async fn managers_employ_agents_and_owners_everybody() {
    let app = TestApp::start().await;
    let platform = app.person_with("platform", &["service"]).await;
    let (olga, mona) = (app.person("olga").await, app.person("mona").await);
    let (aron, eve) = (app.person("aron").await, app.person("eve").await);
    business(&platform, "salon").await;
    employ(&platform, "salon", "olga", "owner")
        .await
        .expect_status(200);
    employ(&olga, "salon", "mona", "manager")
        .await
        .expect_status(200);
    employ(&mona, "salon", "aron", "agent")
        .await
        .expect_status(200);
    for (by, whom, role, status) in [
        (&mona, "eve", "manager", 403),
        (&mona, "olga", "agent", 403),
        (&mona, "mona", "owner", 403),
        (&aron, "eve", "viewer", 403),
        (&aron, "aron", "manager", 403),
        (&eve, "eve", "owner", 403),
        (&olga, "nobody", "agent", 404),
        (&olga, "olga", "manager", 409),
        (&olga, "eve", "boss", 400),
    ] {
        let answer = employ(by, "salon", whom, role).await;
        assert_eq!(answer.status, status, "{} makes {whom} {role}", by.id);
    }
    let staff = "/api/v1/businesses/salon/staff";
    let listed = aron.get(staff).await.expect_status(200).body;
    let expected = [("olga", "owner"), ("mona", "manager"), ("aron", "agent")];
    let expected = expected.map(|(id, role)| (id.to_owned(), role.to_owned()));
    assert_eq!(roles(&listed), expected);
    assert_eq!(listed["items"][2]["display_name"], "aron on show");
    eve.get(staff).await.expect_code("NOT_STAFF");
    let own = aron.get("/api/v1/me/businesses").await.body;
    assert_eq!(
        (&own["items"][0]["id"], &own["items"][0]["my_role"]),
        (&json!("salon"), &json!("agent"))
    );
    // Who leaves, who is dismissed, and the last owner.
    assert_eq!(dismiss(&aron, "mona").await, 403);
    assert_eq!(dismiss(&aron, "aron").await, 204);
    assert_eq!(dismiss(&mona, "olga").await, 403);
    assert_eq!(dismiss(&olga, "olga").await, 409);
    assert_eq!(dismiss(&olga, "mona").await, 204);
    assert_eq!(dismiss(&olga, "mona").await, 404);
    employ(&olga, "salon", "eve", "owner")
        .await
        .expect_status(200);
    assert_eq!(dismiss(&olga, "olga").await, 204);
    assert_eq!(dismiss(&platform, "eve").await, 204);
    aron.get(staff).await.expect_code("NOT_STAFF");
}

#[tokio::test]
async fn who_is_staff_no_more_hears_and_says_nothing_more() {
    let app = TestApp::alone(Alone::Memory).start().await;
    let platform = app.person_with("platform", &["service"]).await;
    let (ann, sam) = (app.person("ann").await, app.person("sam").await);
    business(&platform, "salon").await;
    employ(&platform, "salon", "sam", "agent")
        .await
        .expect_status(200);
    let id = support(&ann, "salon").await;
    let mut socket = sam.joined(&id).await;
    sam.say(&id, "Good morning").await;
    employ(&platform, "salon", "sam", "viewer")
        .await
        .expect_status(200);
    let say = json!({ "conversation_id": id, "body": "no" });
    let refused = socket.call("send_message", say.clone()).await.unwrap_err();
    assert_eq!(refused["error_code"], "FORBIDDEN");
    ann.say(&id, "still heard").await;
    socket.event("new_message").await;
    assert_eq!(dismiss(&platform, "sam").await, 204);
    let refused = socket.call("send_message", say).await.unwrap_err();
    assert_eq!(refused["error_code"], "CONVERSATION_NOT_FOUND");
    let told = socket.event("conversation_updated").await;
    assert_eq!(told["conversation"]["membership"], "none");
    ann.say(&id, "zanzibarcanary").await;
    let heard = json!(socket.drain().await).to_string();
    assert!(!heard.contains("zanzibarcanary"), "{heard}");
    sam.get(&path(&id, "/messages")).await.expect_status(404);
}

#[tokio::test]
async fn at_another_server_too() {
    let app = TestApp::start().await;
    let platform = app.person_with("platform", &["service"]).await;
    let (ann, sam) = (app.person("ann").await, app.person("sam").await);
    business(&platform, "salon").await;
    let id = support(&ann, "salon").await;
    let other = TestApp::on(app.database.clone(), &["--rate-limits", "off"]).await;
    let ann_there = Person::new(other.address, "ann", ann.token.clone());
    let sam_there = Person::new(other.address, "sam", sam.token.clone());
    let _awake = ann_there.joined(&id).await;
    employ(&platform, "salon", "sam", "agent")
        .await
        .expect_status(200);
    let say = async || {
        let message = json!({ "body": "hello" });
        let sent = sam_there.post(&path(&id, "/messages"), message).await;
        sent.status
    };
    until("the other server to know", say, |status| *status == 201).await;
    let mut listening = sam_there.joined(&id).await;
    assert_eq!(dismiss(&platform, "sam").await, 204);
    let told = listening.event("conversation_updated").await;
    assert_eq!(told["conversation"]["membership"], "none");
    assert_eq!(say().await, 404);
}

#[tokio::test]
async fn customers_see_the_name_on_show() {
    let app = TestApp::start().await;
    let platform = app.person_with("platform", &["service"]).await;
    let (ann, sam) = (app.person("ann").await, app.person("sam").await);
    business(&platform, "salon").await;
    employ(&platform, "salon", "sam", "agent")
        .await
        .expect_status(200);
    let id = support(&ann, "salon").await;
    let mut elsewhere = ann.socket().await;
    sam.say(&id, "Good morning").await;
    let notified = elsewhere.event("notification").await;
    assert_eq!(notified["title"], "sam on show");
    assert!(!notified.to_string().contains("sam by name"), "{notified}");
}

#[tokio::test]
async fn staff_answer_what_only_staff_see() {
    let app = TestApp::start().await;
    let platform = app.person_with("platform", &["service"]).await;
    let (ann, sam) = (app.person("ann").await, app.person("sam").await);
    business(&platform, "salon").await;
    employ(&platform, "salon", "sam", "agent")
        .await
        .expect_status(200);
    let id = support(&ann, "salon").await;
    let note = platform.say(&id, "a note").await;
    // Only deals say something to staff alone.
    let for_staff = "update messages set audience_role = 'staff' where body = 'a note'";
    app.connection().batch_execute(for_staff).unwrap();
    let answer = json!({ "body": "noted", "reply_to": note["id"] });
    let answered = sam.post(&path(&id, "/messages"), answer.clone()).await;
    answered.expect_status(201);
    let refused = ann.post(&path(&id, "/messages"), answer).await;
    refused.expect_code("MESSAGE_NOT_FOUND");
    assert_eq!(sam.bodies(&id).await, ["a note", "noted"]);
    assert_eq!(ann.bodies(&id).await, ["noted"]);
}
