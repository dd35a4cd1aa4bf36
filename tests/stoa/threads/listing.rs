//! The threads that somebody follows.

use serde_json::{Value, json};

use super::{id_of, reply, three};
use crate::client::Person;
use crate::participants::path;

async fn listed(person: &Person, query: &str) -> (Vec<(Value, Value)>, Value) {
    let answer = person.get(&format!("/api/v1/threads{query}")).await;
    let answer = answer.expect_status(200).body;
    let items = answer["items"].as_array().expect("items").iter();
    let of = |item: &Value| {
        let message = &item["message"];
        (message["body"].clone(), message["thread"]["unread"].clone())
    };
    (items.map(of).collect(), answer["next_cursor"].clone())
}

#[tokio::test]
async fn those_with_the_newest_replies_are_first() {
    let (app, [ann, bob, cara], group, one) = three().await;
    let direct = app.direct(&ann, &bob).await;
    let two = id_of(&ann.say(&direct, "two").await);
    let three = id_of(&ann.say(&group, "three").await);
    for (conversation, root) in [
        (&group, &one),
        (&direct, &two),
        (&group, &three),
        (&group, &one),
    ] {
        reply(&bob, conversation, root, "reply").await;
    }
    let all = [
        (json!("one"), json!(2)),
        (json!("three"), json!(1)),
        (json!("two"), json!(1)),
    ];
    assert_eq!(listed(&ann, "").await, (all.to_vec(), Value::Null));
    let (first, cursor) = listed(&ann, "?limit=2").await;
    assert_eq!(first, all[..2]);
    let next = format!("?limit=2&cursor={}", cursor.as_str().expect("a cursor"));
    assert_eq!(listed(&ann, &next).await, (all[2..].to_vec(), Value::Null));
    let seen = json!({ "seq": 99, "thread": one });
    ann.post(&path(&group, "/seen"), seen)
        .await
        .expect_status(200);
    assert_eq!(listed(&ann, "?unread=true").await.0, all[1..]);
    assert!(listed(&cara, "").await.0.is_empty());
    // What somebody may not read any more is not listed.
    ann.delete(&path(&group, "/participants/bob"))
        .await
        .expect_status(204);
    let of_bob = [(json!("two"), json!(0))];
    assert_eq!(listed(&bob, "").await.0, of_bob);
    let wrong = ann.get("/api/v1/threads?cursor=x").await;
    wrong.expect_status(400).expect_code("INVALID_REQUEST");
}
