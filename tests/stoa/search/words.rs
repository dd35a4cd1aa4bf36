//! What words, phrases and filters find, before the index has it and after.

use serde_json::json;

use super::{file, found, search, send, until_indexed};
use crate::servers::Alone;
use crate::test_app::TestApp;

/// What was said, and who searches for it: a query, and which of the messages it finds, newest first.
const SAID: [&str; 12] = [
    "The invoice ORD-2024-0017 is late",
    "Deliveries were shipped to the café",
    "write to ann@example.com or call +49 151 2345678",
    "私は東京都に住んでいます",
    "서울에서 만나요",
    "सामान कल मिलेगा",
    "พรุ่งนี้เจอกัน",
    "سيصل الطلب غدا",
    "Die Straße ist gesperrt",
    "see https://example.com/a_b?x=1",
    "great 👍🏽 e-mail me",
    "late rent for May",
];
const QUERIES: &[(&str, &[usize])] = &[
    ("late", &[11, 0]),
    ("late -rent", &[0]),
    ("\"late rent\"", &[11]),
    ("\"rent late\"", &[]),
    ("ord-2024-0017", &[0]),
    ("0017", &[0]),
    ("delivery ", &[1]),
    ("cafe", &[1]),
    ("\"cafe\"", &[1]),
    ("deliver", &[1]),
    ("example.com", &[9, 2]),
    ("+491512345678", &[2]),
    ("東京", &[3]),
    ("京東", &[]),
    ("서울", &[4]),
    ("सामान", &[5]),
    ("เจอกัน", &[6]),
    ("الطلب", &[7]),
    ("strasse", &[8]),
    ("👍", &[10]),
    ("email", &[10]),
    ("has:link", &[9]),
    ("from:bob late", &[11]),
    ("from:me late", &[0]),
    ("from:nobody late", &[]),
    ("from:alice from:bob late", &[11, 0]),
    ("before:2020-01-01 late", &[]),
    ("after:2020-01-01 late", &[11, 0]),
];

#[tokio::test]
async fn every_query_finds_the_same_before_the_index_has_it_and_after() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let conversation = app.direct(&alice, &bob).await;
    for (number, text) in SAID.iter().enumerate() {
        let speaker = if number == 11 { &bob } else { &alice };
        speaker.say(&conversation, text).await;
    }
    for round in ["said just now", "indexed"] {
        for (query, wanted) in QUERIES {
            let wanted: Vec<&str> = wanted.iter().map(|number| SAID[*number]).collect();
            assert_eq!(found(&alice, query).await, wanted, "{query}, {round}");
        }
        until_indexed(&app).await;
    }
    assert_eq!(app.count("select count(*) as n from search_docs"), 12);
}

#[tokio::test]
async fn files_subjects_and_what_is_unread_are_found() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let about = json!({ "kind": "group", "participants": [{ "user_id": "bob" }], "subject": { "type": "job", "id": "4/2 x" } });
    let made = alice.post("/api/v1/conversations", about).await;
    let conversation = made.expect_status(201).body["id"]
        .as_str()
        .unwrap()
        .to_owned();
    send(
        &alice,
        &conversation,
        file("the plan", "kitchen-plan.pdf", "application/pdf"),
    )
    .await;
    let seen = send(&alice, &conversation, file("", "sunset.jpg", "image/jpeg")).await;
    let path = format!("/api/v1/conversations/{conversation}/seen");
    bob.post(&path, json!({ "seq": seen["seq"] }))
        .await
        .expect_status(200);
    send(
        &alice,
        &conversation,
        file("listen", "memo.m4a", "audio/mp4"),
    )
    .await;
    bob.say(&conversation, "my own words").await;
    let other = app.direct(&alice, &bob).await;
    alice.say(&other, "elsewhere").await;
    for round in ["said just now", "indexed"] {
        for (query, wanted) in [
            ("kitchen", &["the plan"][..]),
            ("plan pdf", &["the plan"]),
            ("sunset", &[""]),
            ("has:file", &["listen", "", "the plan"]),
            ("has:image", &[""]),
            ("has:voice", &["listen"]),
            ("is:unread", &["elsewhere", "listen"]),
            (
                "subject:\"job/4/2 x\"",
                &["my own words", "listen", "", "the plan"],
            ),
            ("subject:job/9", &[]),
        ] {
            assert_eq!(found(&bob, query).await, wanted, "{query}, {round}");
        }
        let here = search(&bob, "", &format!("&conversation_id={other}")).await;
        here.expect_status(400).expect_code("INVALID_REQUEST");
        let here = search(&bob, "else", &format!("&conversation_id={other}")).await;
        assert_eq!(here.expect_status(200).body["total"], 1);
        let more = format!("&conversation_id={other}");
        let elsewhere = search(&bob, "subject:job/9 else", &more);
        assert_eq!(elsewhere.await.expect_status(200).body["total"], 0);
        until_indexed(&app).await;
    }
}

#[tokio::test]
async fn an_edited_message_is_found_by_its_new_words_and_a_deleted_one_not_at_all() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let conversation = app.direct(&alice, &bob).await;
    let first = alice.say(&conversation, "the first wording").await;
    let gone = alice.say(&conversation, "a secret wording").await;
    until_indexed(&app).await;
    let path = |message: &serde_json::Value| {
        format!("/api/v1/messages/{}", message["id"].as_str().unwrap())
    };
    alice
        .patch(&path(&first), json!({ "body": "the second" }))
        .await
        .expect_status(200);
    alice.delete(&path(&gone)).await.expect_status(200);
    let left = "select count(*) as n from search_docs where words @@ 'wording'";
    assert_eq!(app.count(left), 0, "gone with the change");
    for round in ["changed just now", "indexed"] {
        assert!(found(&bob, "wording").await.is_empty(), "{round}");
        assert!(found(&bob, "secret").await.is_empty(), "{round}");
        assert_eq!(found(&bob, "second").await, ["the second"], "{round}");
        until_indexed(&app).await;
    }
}

#[tokio::test]
async fn a_wrong_query_is_refused_with_what_is_wrong() {
    let app = TestApp::start().await;
    let alice = app.person("alice").await;
    for (query, more, told) in [
        ("", "", "q must contain a word or a filter"),
        ("has:love", "", "q has: must be file, image, voice or link"),
        ("x", "&sort=worst", "sort must be newest or best"),
        ("x", "&scope=none", "scope must be all"),
        ("x", "&limit=0", "limit must be 1–100"),
        (
            "x",
            "&cursor=x",
            "cursor is not a cursor from such a search",
        ),
        ("x", "&conversation_id=x", "conversation_id must be a UUID"),
    ] {
        let refused = search(&alice, query, more).await.expect_status(400);
        assert_eq!(refused.body["message"], told, "{query} {more}");
    }
    let everything = search(&alice, "x", "&scope=all").await;
    everything.expect_status(403).expect_code("FORBIDDEN");
    let mut socket = alice.socket().await;
    let refused = socket
        .call("search", json!({ "q": "from:a/b" }))
        .await
        .unwrap_err();
    assert_eq!(refused["message"], "q from: must be me or the id of a user");
}

#[tokio::test]
async fn where_search_is_off_it_says_so_and_writes_nothing() {
    let app = TestApp::with(&["--rate-limits", "off", "--search", "off"]).await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let conversation = app.direct(&alice, &bob).await;
    alice.say(&conversation, "hello").await;
    search(&alice, "hello", "")
        .await
        .expect_status(409)
        .expect_code("SEARCH_UNAVAILABLE");
    app.until_count("select count(*) as n from messages_per_day", 1)
        .await;
    assert_eq!(app.count("select count(*) as n from search_docs"), 0);
}

#[tokio::test]
async fn with_other_languages_everything_is_read_again() {
    let mut app = TestApp::alone(Alone::Pair).start().await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let conversation = app.direct(&alice, &bob).await;
    alice.say(&conversation, "zwei Häuser").await;
    until_indexed(&app).await;
    let nothing = found(&bob, "haus x -y").await;
    assert!(nothing.is_empty());
    app.stop().await;
    let options = ["--rate-limits", "off", "--search-languages", "en,de"];
    let app = TestApp::alone(Alone::Pair)
        .on(app.database.clone(), &options)
        .await;
    let bob = app.person("bob").await;
    let written = "select count(*) as n from search_docs where words @@ '~haus'";
    for _ in 0..2 {
        assert_eq!(found(&bob, "Hauses zwei").await, ["zwei Häuser"]);
        app.until_count(written, 1).await;
    }
}
