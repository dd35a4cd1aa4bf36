//! To whom a message was delivered, and who has read it.

use diesel::connection::SimpleConnection;
use serde_json::{Value, json};

use super::{id_of, three};
use crate::blocks::block;
use crate::client::Person;
use crate::participants::path;
use crate::test_app::TestApp;

async fn receipts(person: &Person, message: &str) -> Value {
    let path = format!("/api/v1/messages/{message}/receipts");
    person.get(&path).await.expect_status(200).body
}

async fn mark(person: &Person, conversation: &str, mark: &str, seq: i64) {
    let moved = person
        .post(&path(conversation, mark), json!({ "seq": seq }))
        .await;
    moved.expect_status(200);
}

fn users(receipts: &Value) -> Vec<&str> {
    let all = receipts.as_array().expect("a list").iter();
    all.map(|one| one["user_id"].as_str().expect("an id"))
        .collect()
}

#[tokio::test]
async fn it_is_known_whom_a_message_has_reached_and_when() {
    let (_app, [ann, bob, cara], group, message) = three().await;
    assert_eq!(
        receipts(&ann, &message).await,
        json!({ "status": "sent", "delivered": [], "read": [] })
    );
    mark(&bob, &group, "/delivered", 1).await;
    let told = receipts(&ann, &message).await;
    assert_eq!(
        (&told["status"], &told["read"]),
        (&json!("sent"), &json!([]))
    );
    assert_eq!(users(&told["delivered"]), ["bob"]);
    let at = told["delivered"][0]["at"].clone();
    assert!(at.is_string());
    mark(&cara, &group, "/seen", 1).await;
    let told = receipts(&bob, &message).await;
    assert_eq!(told["status"], "delivered");
    assert_eq!(users(&told["delivered"]), ["bob", "cara"]);
    assert_eq!(users(&told["read"]), ["cara"]);
    // Later moves do not change when an earlier message was reached.
    let later = id_of(&ann.say(&group, "two").await);
    mark(&bob, &group, "/seen", 2).await;
    let told = receipts(&ann, &message).await;
    assert_eq!(told["status"], "read");
    assert_eq!(told["delivered"][0]["at"], at);
    let told = receipts(&ann, &later).await;
    assert_eq!(
        (&told["status"], users(&told["read"])),
        (&json!("sent"), vec!["bob"])
    );
}

#[tokio::test]
async fn only_those_count_who_may_see_the_message() {
    let (app, [ann, bob, cara], group, _) = three().await;
    let platform = app.person_with("platform", &["service"]).await;
    let role = json!({ "role": "seller" });
    ann.patch(&path(&group, "/participants/bob"), role)
        .await
        .expect_status(200);
    let whisper = json!({ "body": "for the seller", "audience_role": "seller" });
    let said = platform
        .post(&path(&group, "/messages"), whisper)
        .await
        .expect_status(201)
        .body;
    let (message, seq) = (id_of(&said), said["seq"].as_i64().unwrap());
    for person in [&bob, &cara] {
        mark(person, &group, "/seen", seq).await;
    }
    let told = receipts(&bob, &message).await;
    assert_eq!(
        (&told["status"], users(&told["read"])),
        (&json!("read"), vec!["bob"])
    );
    let refused = cara
        .get(&format!("/api/v1/messages/{message}/receipts"))
        .await;
    refused.expect_status(404).expect_code("MESSAGE_NOT_FOUND");
    let open = id_of(&ann.say(&group, "for all").await);
    mark(&bob, &group, "/seen", seq + 1).await;
    block(&bob, "ann").await;
    assert_eq!(
        users(&receipts(&ann, &open).await["read"]),
        Vec::<&str>::new()
    );
    assert_eq!(users(&receipts(&cara, &open).await["read"]), ["bob"]);
}

#[tokio::test]
async fn moves_are_kept_for_ninety_days() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let direct = app.direct(&ann, &bob).await;
    let message = id_of(&ann.say(&direct, "one").await);
    mark(&bob, &direct, "/seen", 1).await;
    app.connection()
        .batch_execute("update receipt_moves set at = now() - interval '91 days'")
        .unwrap();
    let told = async || receipts(&ann, &message).await;
    let told = crate::polling::until("the moves to be deleted", told, |told| {
        told["read"][0]["at"].is_null()
    });
    assert_eq!(told.await["status"], "read");
}
