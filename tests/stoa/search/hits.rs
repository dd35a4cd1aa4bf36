//! The list of hits: in order, page after page, with what is shown of each, and the way to it.

use serde_json::{Value, json};

use super::{bodies, found, search, until_indexed};
use crate::client::Person;
use crate::test_app::TestApp;

/// Everything that is found, page after page.
async fn all(person: &Person, query: &str, more: &str) -> Vec<String> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = search(person, query, &format!("{more}{cursor}")).await;
        let page = page.expect_status(200).body;
        all.extend(bodies(&page));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

#[tokio::test]
async fn hits_come_newest_first_whatever_their_conversation() {
    let app = TestApp::start().await;
    let (alice, bob, cara) = (
        app.person("alice").await,
        app.person("bob").await,
        app.person("cara").await,
    );
    let places = [
        app.direct(&alice, &bob).await,
        app.direct(&alice, &cara).await,
        app.group(&alice, &[&bob, &cara]).await,
    ];
    let mut said = Vec::new();
    for number in 0..40 {
        let text = format!("invoice {number}");
        alice.say(&places[number % 3], &text).await;
        alice.say(&places[number % 3], "something else").await;
        said.insert(0, text);
        if number == 20 {
            until_indexed(&app).await;
        }
    }
    for limit in [1, 7, 40] {
        let more = format!("&limit={limit}");
        assert_eq!(
            all(&alice, "invoice", &more).await,
            said,
            "{limit} at a time"
        );
    }
    let first = search(&alice, "invoice", "&limit=5")
        .await
        .expect_status(200)
        .body;
    assert_eq!(first["total"], 40);
    assert!(first.get("behind_seconds").is_none());
    let of_bob = said
        .iter()
        .enumerate()
        .filter(|(place, _)| (39 - place) % 3 != 1);
    let of_bob: Vec<String> = of_bob.map(|(_, text)| text.clone()).collect();
    assert_eq!(all(&bob, "invoice", "&limit=100").await, of_bob);
}

#[tokio::test]
async fn a_hit_shows_where_it_matches_and_where_it_is() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let about = json!({ "kind": "group", "title": "Kitchen", "participants": [{ "user_id": "bob" }], "subject": { "type": "job", "id": "42" } });
    let made = alice.post("/api/v1/conversations", about).await;
    let id = made.expect_status(201).body["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let said = alice.say(&id, "👩‍💻 Das Café öffnet, 東京都 too").await;
    let page = search(&bob, "cafe 東京 -x", "")
        .await
        .expect_status(200)
        .body;
    let hit = &page["items"][0];
    assert_eq!(hit["message"]["id"], said["id"]);
    assert_eq!(hit["message"].get("client_id"), None, "only to its sender");
    let conversation = json!({ "id": id, "title": "Kitchen",
        "subject": { "type": "job", "id": "42", "title": null, "url": null, "data": null } });
    assert_eq!(hit["conversation"], conversation);
    let body: Vec<char> = said["body"].as_str().unwrap().chars().collect();
    let shown = |pair: &Value| -> String {
        let (start, length) = (
            pair[0].as_u64().unwrap() as usize,
            pair[1].as_u64().unwrap() as usize,
        );
        body[start..start + length].iter().collect()
    };
    let shown: Vec<String> = hit["highlights"]
        .as_array()
        .unwrap()
        .iter()
        .map(shown)
        .collect();
    assert_eq!(shown, ["Café", "東京"]);
    let mut socket = bob.socket().await;
    let told = socket
        .call("search", json!({ "q": "cafe 東京 -x", "limit": 20.0 }))
        .await
        .unwrap();
    assert_eq!(told, page, "over the socket as over REST");
}

#[tokio::test]
async fn the_best_hit_is_the_one_with_the_words_as_typed() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let conversation = app.direct(&alice, &bob).await;
    for text in [
        "pay the rent",
        "renting is dear",
        "rents went up",
        "rental cars",
    ] {
        alice.say(&conversation, text).await;
    }
    let best = [
        "pay the rent",
        "rents went up",
        "renting is dear",
        "rental cars",
    ];
    assert_eq!(all(&bob, "rent", "&sort=best").await, best);
    assert_eq!(all(&bob, "rent", "&sort=best&limit=1").await, best);
    assert_eq!(found(&bob, "rent").await[0], "rental cars");
}

#[tokio::test]
async fn a_page_around_a_hit_has_both_sides_of_it() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let id = app.direct(&alice, &bob).await;
    for number in 1..=30 {
        alice.say(&id, &format!("number {number}")).await;
    }
    let path = format!("/api/v1/conversations/{id}/messages");
    let seqs = |page: &Value| -> Vec<i64> {
        let items = page["items"].as_array().unwrap().iter();
        items.map(|item| item["seq"].as_i64().unwrap()).collect()
    };
    for (around, limit, wanted, next, newer) in [
        (15, 5, 13..=17, Some(13), Some(17)),
        (15, 4, 14..=17, Some(14), Some(17)),
        (15, 1, 15..=15, Some(15), Some(15)),
        (1, 5, 1..=3, None, Some(3)),
        (30, 6, 28..=30, Some(28), None),
        (99, 6, 28..=30, Some(28), None),
    ] {
        let page = bob
            .get(&format!("{path}?around={around}&limit={limit}"))
            .await;
        let page = page.expect_status(200).body;
        assert_eq!(
            seqs(&page),
            wanted.collect::<Vec<i64>>(),
            "{around} {limit}"
        );
        let cursors = (page["next_cursor"].as_i64(), page["newer_cursor"].as_i64());
        assert_eq!(cursors, (next, newer), "{around} {limit}");
    }
    let plain = bob
        .get(&format!("{path}?limit=5"))
        .await
        .expect_status(200)
        .body;
    assert!(plain.get("newer_cursor").is_none(), "{plain}");
    for wrong in ["around=0", "around=5&before=3", "around=5&after=3"] {
        let refused = bob.get(&format!("{path}?{wrong}")).await.expect_status(400);
        assert_eq!(refused.body["details"]["field"], "around", "{wrong}");
    }
}

#[tokio::test]
async fn who_searches_all_the_time_is_slowed_down() {
    let app = TestApp::with(&[]).await;
    let alice = app.person("alice").await;
    let mut refused = 0;
    for _ in 0..10 {
        let answer = search(&alice, "x", "").await;
        if answer.status == 429 {
            let answer = answer.expect_code("RATE_LIMITED");
            assert!(answer.headers.contains_key("retry-after"));
            refused += 1;
        }
    }
    assert!(refused > 0, "ten searches at once");
}
