//! The audit log: who sees it, in pages, and narrowed to one thing.

use serde_json::{Value, json};

use super::{Fixture, order, shipped};

fn texts(page: &Value) -> Vec<&str> {
    let items = page["items"].as_array().expect("items").iter();
    items
        .map(|item| item["data"]["text"].as_str().expect("a text"))
        .collect()
}

/// Five orders are cancelled, each with another reason.
async fn five_lines() -> Fixture {
    let fixture = Fixture::with(&shipped("pharmago"), &["ada", "corner"]).await;
    for n in 1..=5 {
        let data = json!({ "reason": format!("reason {n}") });
        let about = (n % 2).to_string();
        fixture
            .told(order(
                &n.to_string(),
                "order.cancelled",
                &about,
                Some("ada"),
                data,
            ))
            .await;
        fixture.until_handled().await;
    }
    fixture
}

#[tokio::test]
async fn lines_come_newest_first_in_pages_and_of_one_thing() {
    let fixture = five_lines().await;
    let admin = fixture.app.person_with("root", &["admin"]).await;
    let first = admin
        .get("/api/v1/audit?limit=3")
        .await
        .expect_status(200)
        .body;
    assert_eq!(texts(&first), ["reason 5", "reason 4", "reason 3"]);
    let line = &first["items"][0];
    let told = (
        &line["actor_id"],
        &line["action"],
        &line["object_type"],
        &line["object_id"],
    );
    assert_eq!(
        told,
        (
            &json!("ada"),
            &json!("order.cancelled"),
            &json!("order"),
            &json!("1")
        )
    );
    assert_eq!(line["data"]["rule"], "pharmago/cancelled");
    let next = first["next_cursor"].as_str().expect("a cursor");
    let rest = admin
        .get(&format!("/api/v1/audit?limit=3&cursor={next}"))
        .await
        .body;
    assert_eq!(
        (texts(&rest), &rest["next_cursor"]),
        (vec!["reason 2", "reason 1"], &Value::Null)
    );
    let one = admin
        .get("/api/v1/audit?object_type=order&object_id=0")
        .await
        .body;
    assert_eq!(texts(&one), ["reason 4", "reason 2"]);
    for wrong in ["object_type=order", "object_id=0", "cursor=!", "limit=0"] {
        admin
            .get(&format!("/api/v1/audit?{wrong}"))
            .await
            .expect_status(400);
    }
    for (id, roles) in [("ada", vec![]), ("sam", vec!["support"])] {
        let person = fixture.app.person_with(id, &roles).await;
        person.get("/api/v1/audit").await.expect_status(403);
    }
}
