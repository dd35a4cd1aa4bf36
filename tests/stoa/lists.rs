//! Lists of conversations and counts of what is unread: in order, complete, exact.

use diesel::connection::SimpleConnection;
use serde_json::{Value, json};
use std::collections::HashSet;

use crate::client::Person;
use crate::test_app::TestApp;

const LIST: &str = "/api/v1/conversations";

/// Ids of a list, page after page.
async fn pages(person: &Person, query: &str, limit: usize) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = person
            .get(&format!("{LIST}?limit={limit}{query}{cursor}"))
            .await;
        let page = page.expect_status(200).body;
        let items = page["items"].as_array().expect("items");
        assert!(items.len() <= limit);
        ids.extend(
            items
                .iter()
                .map(|item| item["id"].as_str().expect("an id").to_owned()),
        );
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return ids,
        }
    }
}

async fn make(person: &Person, creation: Value) -> String {
    let answer = person.post(LIST, creation).await.expect_status(201);
    answer.body["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn paging_through_120_conversations_leaves_none_out_and_gives_none_twice() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let group = |n| json!({ "kind": "group", "title": format!("group {n}"), "participants": [{ "user_id": "bob" }] });
    let mut made = Vec::new();
    for n in 0..120 {
        made.push(make(&alice, group(n)).await);
    }
    made.reverse();
    for limit in [7, 40, 50, 100] {
        assert_eq!(pages(&alice, "", limit).await, made, "{limit} at a time");
    }
    bob.say(&made[100], "news").await;
    let newest = made.remove(100);
    made.insert(0, newest);
    assert_eq!(pages(&bob, "", 33).await, made, "newest activity first");
    let at_once = "update conversations set updated_at = '2026-01-01'";
    app.connection().batch_execute(at_once).unwrap();
    let equal = pages(&alice, "", 7).await;
    assert_eq!(equal.len(), 120);
    let different: HashSet<&String> = equal.iter().collect();
    assert_eq!(different.len(), 120, "moments that are equal hide nothing");
    for (wrong, field) in [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("cursor=nonsense", "cursor"),
        ("kind=other", "kind"),
        ("limit=1&kind=group&limit=1", "limit"),
    ] {
        let told = alice
            .get(&format!("{LIST}?{wrong}"))
            .await
            .expect_status(400);
        assert_eq!(told.body["details"]["field"], field, "{wrong}");
    }
}

#[tokio::test]
async fn filters_narrow_a_list() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let with = json!([{ "user_id": "bob" }]);
    let about = |id: &str| json!({ "type": "job", "id": id });
    let direct = make(&alice, json!({ "kind": "direct", "participants": with })).await;
    let first = make(
        &alice,
        json!({ "kind": "group", "participants": with, "subject": about("1") }),
    )
    .await;
    let second = make(
        &alice,
        json!({ "kind": "support", "participants": with, "subject": about("2") }),
    )
    .await;
    alice
        .patch(&format!("{LIST}/{first}"), json!({ "status": "closed" }))
        .await
        .expect_status(200);
    bob.say(&direct, "unread").await;
    for (query, expected) in [
        ("", vec![&direct, &first, &second]),
        ("&kind=direct", vec![&direct]),
        ("&kind=support", vec![&second]),
        ("&status=closed", vec![&first]),
        ("&status=open", vec![&direct, &second]),
        ("&status=archived", vec![]),
        ("&subject_type=job", vec![&first, &second]),
        ("&subject_type=job&subject_id=2", vec![&second]),
        ("&subject_type=order", vec![]),
        ("&unread=true", vec![&direct]),
        ("&unread=true&kind=group", vec![]),
    ] {
        let found = pages(&alice, query, 50).await;
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{query}");
    }
    assert!(
        pages(&bob, "&unread=true", 50).await.is_empty(),
        "one's own is not unread"
    );
}

async fn unread(person: &Person) -> (i64, Value) {
    let answer = person.get("/api/v1/unread").await.expect_status(200).body;
    let listed = person.get(LIST).await.expect_status(200).body;
    let items = listed["items"].as_array().expect("items");
    let sum: i64 = items
        .iter()
        .map(|item| item["unread"].as_i64().expect("a number"))
        .sum();
    assert_eq!(answer["total"], sum, "the list counts as the sum does");
    (sum, answer["conversations"].clone())
}

#[tokio::test]
async fn unread_counts_what_others_said_to_one_and_nothing_else() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let platform = app.person_with("platform", &["service"]).await;
    let id = app.group(&alice, &[&bob]).await;
    let messages = format!("{LIST}/{id}/messages");
    assert_eq!(unread(&bob).await, (0, json!([])));
    let first = alice.say(&id, "one").await;
    bob.say(&id, "one's own").await;
    let gone = alice.say(&id, "gone").await;
    for (kind, role) in [
        ("system", None),
        ("audit", None),
        ("user_input", Some("member")),
        ("user_input", Some("owner")),
    ] {
        let message = json!({ "body": "by the platform", "kind": kind, "audience_role": role });
        platform.post(&messages, message).await.expect_status(201);
    }
    let here = |count: i64| json!([{ "conversation_id": id, "unread": count, "mentions": 0 }]);
    assert_eq!(
        unread(&bob).await,
        (4, here(4)),
        "one, gone, system, for members"
    );
    assert_eq!(
        unread(&alice).await,
        (3, here(3)),
        "bob's, system, for owners"
    );
    alice
        .delete(&format!(
            "/api/v1/messages/{}",
            gone["id"].as_str().unwrap()
        ))
        .await
        .expect_status(200);
    assert_eq!(unread(&bob).await, (3, here(3)));
    bob.post(&format!("{LIST}/{id}/seen"), json!({ "seq": first["seq"] }))
        .await
        .expect_status(200);
    assert_eq!(unread(&bob).await, (2, here(2)));
}

#[tokio::test]
async fn unread_is_counted_where_one_may_read_and_beyond_what_one_has_read() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let (id, other) = (
        app.group(&alice, &[&bob]).await,
        app.direct(&alice, &bob).await,
    );
    alice.say(&id, "here").await;
    alice.say(&other, "elsewhere").await;
    assert_eq!(unread(&bob).await.0, 2);
    bob.post(&format!("{LIST}/{id}/seen"), json!({ "seq": 1_000 }))
        .await
        .expect_status(200);
    let elsewhere = json!([{ "conversation_id": other, "unread": 1, "mentions": 0 }]);
    assert_eq!(
        unread(&bob).await,
        (1, elsewhere),
        "nothing is read before it exists"
    );
    alice.say(&id, "after all was read").await;
    assert_eq!(unread(&bob).await.0, 2);
    alice
        .patch(
            &format!("{LIST}/{id}/participants/bob"),
            json!({ "blocked": true }),
        )
        .await
        .expect_status(200);
    assert_eq!(
        unread(&bob).await.0,
        1,
        "what one may not read is not unread"
    );
}

#[tokio::test]
async fn a_list_shows_the_newest_message_that_one_may_see() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let platform = app.person_with("platform", &["service"]).await;
    let id = app.group(&alice, &[&bob]).await;
    let last = alice.say(&id, "for all").await;
    let whisper = json!({ "body": "for owners", "audience_role": "owner" });
    platform
        .post(&format!("{LIST}/{id}/messages"), whisper)
        .await
        .expect_status(201);
    let first = async |person: &Person| person.get(LIST).await.body["items"][0].clone();
    assert_eq!(first(&bob).await["last_message"]["id"], last["id"]);
    assert_eq!(first(&alice).await["last_message"]["body"], "for owners");
    assert_eq!(first(&alice).await["my_role"], "owner");
    assert_eq!(first(&bob).await["my_role"], "member");
}

#[actix_web::test]
async fn counting_what_is_unread_stops_at_a_thousand_and_says_so_everywhere() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let room = app.direct(&ann, &bob).await;
    let said = format!(
        "with c as (update conversations set last_seq = 1500 where id = '{room}' returning no)
        insert into messages (conversation_no, seq, sender_no, client_id, fingerprint, kind, body, created_at)
        select no, s, (select u.no from users u where u.id = 'ann'), 'm' || s, 1, 'user_input', 'said', now() from c, generate_series(1, 1500) s"
    );
    app.connection()
        .batch_execute(&said)
        .expect("1,500 messages");
    let counted = bob.get("/api/v1/unread").await.expect_status(200).body;
    assert_eq!(
        counted,
        json!({ "total": 1_000, "total_capped": true,
            "conversations": [{ "conversation_id": room, "unread": 1_000, "mentions": 0, "unread_capped": true }] })
    );
    let listed = bob
        .get("/api/v1/conversations")
        .await
        .expect_status(200)
        .body;
    let first = &listed["items"][0];
    assert_eq!(first["unread"], 1_000);
    assert_eq!(first["unread_capped"], true);
    let mut socket = bob.socket().await;
    let sent = json!({ "body": "one more" });
    let path = format!("/api/v1/conversations/{room}/messages");
    ann.post(&path, sent).await.expect_status(201);
    let told = socket.event("notification").await;
    assert_eq!(told["unread"], 1_000);
    assert_eq!(told["unread_capped"], true);
    let seen = json!({ "seq": 1_400 });
    bob.post(&format!("/api/v1/conversations/{room}/seen"), seen)
        .await
        .expect_status(200);
    let counted = bob.get("/api/v1/unread").await.expect_status(200).body;
    assert_eq!(
        counted,
        json!({ "total": 101, "conversations": [{ "conversation_id": room, "unread": 101, "mentions": 0 }] })
    );
}
