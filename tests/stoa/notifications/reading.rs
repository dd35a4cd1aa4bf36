//! Lists, counts, and what becomes of notifications.

use serde_json::{Value, json};
use stoa::store::notices;

use super::{Fixture, counts, order, plain, titles};

fn path(of: &Value) -> String {
    format!(
        "/api/v1/notifications/{}",
        of["id"].as_str().expect("an id")
    )
}

#[tokio::test]
async fn a_list_has_pages_and_filters() {
    let fixture = Fixture::with(&["ann", "bob"]).await;
    for n in 1..=5 {
        fixture.made(plain("ann", &n.to_string())).await;
    }
    let mut about = order("ann", "9", "placed");
    about["subject"] = json!({ "type": "order", "id": "9" });
    about["priority"] = json!("high");
    fixture.made(about).await;
    fixture.made(plain("bob", "of bob")).await;
    let ann = fixture.app.person("ann").await;
    let page = ann.get("/api/v1/notifications?limit=4").await.body;
    let next = page["next_cursor"].as_str().expect("a cursor");
    assert_eq!(
        titles(&ann, &format!("?limit=4&cursor={next}")).await,
        ["2", "1"]
    );
    for (query, found) in [
        ("?type=order_update", 1),
        ("?module=orders", 1),
        ("?priority=high", 1),
        ("?priority=normal", 6),
        ("?subject_type=order&subject_id=9", 1),
        ("?subject_type=order&subject_id=8", 0),
        ("?unread=true", 6),
        ("?archived=true", 0),
    ] {
        assert_eq!(titles(&ann, query).await.len(), found, "{query}");
    }
    for wrong in [
        "?limit=0",
        "?cursor=!",
        "?priority=medium",
        "?subject_id=1",
        "?unread=true&archived=true",
    ] {
        ann.get(&format!("/api/v1/notifications{wrong}"))
            .await
            .expect_status(400);
    }
    ann.get("/api/v1/notifications?user_id=bob")
        .await
        .expect_status(403);
    assert_eq!(titles(&fixture.platform, "?user_id=bob").await, ["of bob"]);
}

#[tokio::test]
async fn what_is_read_unread_seen_and_put_away_is_counted_exactly() {
    let fixture = Fixture::with(&["ann", "bob"]).await;
    let ann = fixture.app.person("ann").await;
    let one = fixture.made(plain("ann", "1")).await;
    let two = fixture.made(plain("ann", "2")).await;
    fixture.made(order("ann", "3", "placed")).await;
    assert_eq!(counts(&ann).await, (3, 3));
    let seen = ann.post("/api/v1/notifications/seen", json!({})).await;
    assert_eq!(seen.expect_status(200).body["updated"], 3);
    assert_eq!(counts(&ann).await, (3, 0));
    let read = ann
        .patch(&path(&one), json!({ "read": true }))
        .await
        .expect_status(200)
        .body;
    assert!(read["read_at"].is_string());
    let again = ann
        .patch(&path(&one), json!({ "read": true }))
        .await
        .expect_status(200)
        .body;
    assert_eq!(read["read_at"], again["read_at"]);
    ann.delete(&path(&two)).await.expect_status(204);
    assert_eq!(counts(&ann).await, (1, 0));
    assert_eq!(titles(&ann, "").await.len(), 2);
    assert_eq!(titles(&ann, "?archived=true").await, ["2"]);
    ann.patch(&path(&two), json!({ "archived": false }))
        .await
        .expect_status(200);
    ann.patch(&path(&one), json!({ "read": false }))
        .await
        .expect_status(200);
    assert_eq!(counts(&ann).await, (3, 0));
    let all = ann
        .post(
            "/api/v1/notifications/read",
            json!({ "type": "order_update" }),
        )
        .await;
    assert_eq!(all.expect_status(200).body["updated"], 1);
    let ids = json!({ "ids": [one["id"], two["id"]] });
    assert_eq!(
        ann.post("/api/v1/notifications/read", ids).await.body["updated"],
        2
    );
    assert_eq!(counts(&ann).await, (0, 0));
    ann.patch(&path(&one), json!({})).await.expect_status(400);
}

#[tokio::test]
async fn nobody_changes_what_others_got() {
    let fixture = Fixture::with(&["ann", "bob"]).await;
    let of_ann = fixture.made(plain("ann", "1")).await;
    let bob = fixture.app.person("bob").await;
    for answer in [
        bob.get(&path(&of_ann)).await,
        bob.patch(&path(&of_ann), json!({ "read": true })).await,
        bob.delete(&path(&of_ann)).await,
        fixture
            .platform
            .patch(&path(&of_ann), json!({ "read": true }))
            .await,
    ] {
        answer
            .expect_status(404)
            .expect_code("NOTIFICATION_NOT_FOUND");
    }
    let ids = json!({ "ids": [of_ann["id"]] });
    assert_eq!(
        bob.post("/api/v1/notifications/read", ids).await.body["updated"],
        0
    );
    fixture
        .platform
        .get(&path(&of_ann))
        .await
        .expect_status(200);
    assert_eq!(counts(&fixture.app.person("ann").await).await, (1, 1));
}

#[tokio::test]
async fn what_has_become_pointless_is_withdrawn() {
    let fixture = Fixture::with(&["ann", "bob"]).await;
    let (ann, bob) = (
        fixture.app.person("ann").await,
        fixture.app.person("bob").await,
    );
    for user in ["ann", "bob"] {
        let mut about = plain(user, "Answer the offer");
        about["subject"] = json!({ "type": "bid", "id": "7" });
        fixture.made(about).await;
        fixture.made(order(user, "1", "placed")).await;
    }
    let one = fixture.made(plain("ann", "one")).await;
    let withdraw = async |body: Value| {
        let answer = fixture
            .platform
            .post("/api/v1/notifications/withdraw", body)
            .await;
        answer.expect_status(200).body["updated"]
            .as_i64()
            .expect("a number")
    };
    assert_eq!(
        withdraw(json!({ "subject_type": "bid", "subject_id": "7" })).await,
        2
    );
    assert_eq!(
        withdraw(json!({ "key": "order:1", "user_id": "bob" })).await,
        1
    );
    assert_eq!(withdraw(json!({ "id": one["id"] })).await, 1);
    assert_eq!(withdraw(json!({ "id": one["id"] })).await, 0);
    assert_eq!(titles(&ann, "").await, ["Order #1: placed"]);
    assert_eq!(counts(&bob).await, (0, 0));
    let wrong = fixture
        .platform
        .post("/api/v1/notifications/withdraw", json!({}))
        .await;
    wrong.expect_status(400);
    ann.post("/api/v1/notifications/withdraw", json!({ "id": one["id"] }))
        .await
        .expect_status(403);
}

#[tokio::test]
async fn what_has_been_shown_for_its_time_is_gone() {
    let fixture = Fixture::with(&["ann"]).await;
    let ann = fixture.app.person("ann").await;
    fixture.made(plain("ann", "short")).await;
    fixture.made(plain("ann", "long")).await;
    let mut connection = fixture.app.connection();
    let over =
        "update notifications set expires_at = now() - interval '1 second' where title = 'short'";
    diesel::connection::SimpleConnection::batch_execute(&mut connection, over).unwrap();
    assert_eq!(
        (titles(&ann, "").await, counts(&ann).await),
        (vec!["long".to_owned()], (1, 1))
    );
    let gone = notices::expire(&mut connection).unwrap();
    assert_eq!(
        gone.iter()
            .map(|notice| notice.title.as_str())
            .collect::<Vec<_>>(),
        ["short"]
    );
    assert_eq!(notices::expire(&mut connection).unwrap(), []);
    assert_eq!(notices::forget(&mut connection).unwrap(), 0);
    let old = "update notifications set created_at = now() - interval '401 days'";
    diesel::connection::SimpleConnection::batch_execute(&mut connection, old).unwrap();
    assert_eq!(notices::forget(&mut connection).unwrap(), 2);
}
