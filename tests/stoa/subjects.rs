//! Only the platform describes its subjects, even if another user names a subject first.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::client::{Answer, Person};
use crate::participants::{ask, path};
use crate::test_app::TestApp;

/// Mira and Jonas, and the platform.
async fn fixture() -> (TestApp, [Person; 3]) {
    let app = TestApp::start().await;
    let people = [
        app.person("mira").await,
        app.person("jonas").await,
        app.person_with("platform", &["service"]).await,
    ];
    (app, people)
}

/// What Mira asks for before the platform does: the same two, and no word of hers on the subject.
fn first(roles: [&str; 2]) -> Value {
    json!({
        "kind": "group", "title": "Pay outside", "role": roles[0],
        "participants": [{ "user_id": "jonas", "role": roles[1] }],
        "subject": { "type": "bid", "id": "777" },
        "first_message": { "body": "I was first" },
    })
}

/// What the platform asks for.
fn deal() -> Value {
    json!({
        "kind": "group", "title": "Bid 777",
        "participants": [{ "user_id": "mira", "role": "brand_owner" }, { "user_id": "jonas", "role": "influencer" }],
        "subject": card("Three posts"),
        "flow": { "name": "bid" },
    })
}

fn card(title: &str) -> Value {
    json!({ "type": "bid", "id": "777", "title": title, "url": "https://platform.example/bids/777", "data": { "campaign_id": "c1" } })
}

fn id_of(answer: &Answer) -> String {
    answer.body["id"].as_str().expect("an id").to_owned()
}

/// Everybody's role, by their id.
fn roles_in(conversation: &Value) -> Vec<(String, String)> {
    let people = conversation["participants"].as_array().expect("people");
    let pair = |person: &Value| {
        let text = |name: &str| person[name].as_str().expect("a text").to_owned();
        (text("user_id"), text("role"))
    };
    let mut roles: Vec<_> = people.iter().map(pair).collect();
    roles.sort();
    roles
}

fn sides() -> Vec<(String, String)> {
    let side = |id: &str, role: &str| (id.to_owned(), role.to_owned());
    vec![side("jonas", "influencer"), side("mira", "brand_owner")]
}

#[tokio::test]
async fn nobody_but_the_platform_says_what_a_subject_is() {
    let (app, [mira, _, platform]) = fixture().await;
    let staff = app.person_with("sam", &["support", "admin"]).await;
    for (name, said) in [
        ("title", json!("FORGED")),
        ("url", json!("https://evil.example/pay")),
        ("data", json!({ "campaign_id": "FORGED" })),
    ] {
        let mut forged = first(["owner", "member"]);
        forged["subject"][name] = said;
        for person in [&mira, &staff] {
            let refused = ask(person, forged.clone()).await;
            refused.expect_status(403).expect_code("FORBIDDEN");
        }
    }
    let mut with_deal = first(["brand_owner", "influencer"]);
    with_deal["flow"] = json!({ "name": "campaign" });
    let refused = ask(&mira, with_deal).await.expect_status(403);
    refused.expect_code("FORBIDDEN");
    assert_eq!(app.count("select count(*) n from conversations"), 0);
    let made = ask(&mira, first(["owner", "member"])).await;
    let made = made.expect_status(201).body;
    let nothing = json!({ "type": "bid", "id": "777", "title": null, "url": null, "data": null });
    assert_eq!(made["subject"], nothing);
    ask(&platform, deal()).await.expect_status(200);
    let mut forged = first(["owner", "member"]);
    let again = ask(&mira, forged.clone()).await.expect_status(200);
    assert_eq!(again.body["title"], "Bid 777");
    assert_eq!(again.body["subject"], card("Three posts"));
    forged["subject"]["title"] = json!("FORGED");
    ask(&mira, forged).await.expect_status(403);
}

#[tokio::test]
async fn the_platforms_deal_begins_in_a_conversation_that_a_user_made_first() {
    for roles in [["owner", "member"], ["brand_owner", "influencer"]] {
        let (_app, [mira, jonas, platform]) = fixture().await;
        let id = id_of(&ask(&mira, first(roles)).await.expect_status(201));
        let closed = json!({ "status": "closed" });
        let closing = mira.patch(&path(&id, ""), closed).await;
        assert_eq!(closing.status, if roles[0] == "owner" { 200 } else { 403 });
        let mut early = jonas.joined(&id).await;
        let begun = ask(&platform, deal()).await.expect_status(200).body;
        assert_eq!(begun["id"], id.as_str());
        assert_eq!(begun["title"], "Bid 777");
        assert_eq!(begun["status"], "open");
        assert_eq!(begun["subject"], card("Three posts"));
        assert_eq!(begun["flow"]["state"], "influencer_responding");
        assert_eq!(begun["created_by"], "mira");
        assert_eq!(roles_in(&begun), sides());
        assert!(jonas.bodies(&id).await.contains(&"I was first".to_owned()));
        let mut last = json!(null);
        while last["participants"] == json!(null) || roles_in(&last) != sides() {
            last = early.event("conversation_updated").await["conversation"].take();
        }
        assert_eq!(last["subject"], card("Three posts"));
        assert_eq!(last["title"], "Bid 777");
        let mut late = jonas.socket().await;
        let back = json!({ "conversation_id": id, "after": 1 });
        let back = late.call("join_conversation", back).await.unwrap();
        assert_eq!(back["recovered"], true);
        assert_eq!(back["conversation"]["subject"], card("Three posts"));
        assert_eq!(back["last_seq"], begun["last_seq"]);
        let rows = jonas.get("/api/messages/conversations").await.body;
        assert_eq!(rows["conversations"][0]["campaign_id"], "c1");
        let press = json!({});
        jonas
            .post(&path(&id, "/flow/actions/accept_connection"), press)
            .await
            .expect_status(200);
    }
}

#[tokio::test]
async fn what_the_platform_says_again_is_announced_and_what_it_leaves_out_stays() {
    let (_app, [mira, _, platform]) = fixture().await;
    let creation = |title: Value, subject: &str| json!({ "kind": "group", "title": title, "participants": [{ "user_id": "mira", "role": "owner" }, { "user_id": "jonas" }], "subject": card(subject) });
    let made = ask(&platform, creation(json!("First"), "One")).await;
    let id = id_of(&made.expect_status(201));
    let mut socket = mira.joined(&id).await;
    let told = ask(&platform, creation(json!("First"), "Two")).await;
    let seq = told.expect_status(200).body["last_seq"].clone();
    let heard = socket.event("conversation_updated").await;
    assert_eq!(heard["seq"], seq);
    assert_eq!(heard["conversation"]["subject"], card("Two"));
    let same = ask(&platform, creation(json!("First"), "Two")).await;
    assert_eq!(same.body["last_seq"], seq, "nothing new is no change");
    let renamed = json!({ "title": "Ours" });
    mira.patch(&path(&id, ""), renamed).await.expect_status(200);
    let kept = ask(&platform, creation(json!(null), "Two")).await.body;
    assert_eq!(kept["title"], "Ours", "the platform says nothing of it");
    assert_eq!(kept["subject"], card("Two"), "a new title leaves the card");
    let owner =
        |people: Value| json!({ "kind": "group", "participants": people, "subject": card("Two") });
    let unsaid = json!([{ "user_id": "mira" }, { "user_id": "jonas", "role": "guest" }]);
    let roles = roles_in(&ask(&platform, owner(unsaid)).await.body);
    let expected = [("jonas", "guest"), ("mira", "owner")];
    assert_eq!(
        roles,
        expected.map(|(id, role)| (id.to_owned(), role.to_owned()))
    );
}

#[tokio::test]
async fn a_running_deals_roles_stay_and_everybody_who_asks_at_once_gets_it() {
    let (app, [mira, _, platform]) = fixture().await;
    let id = id_of(&ask(&mira, first(["owner", "member"])).await);
    let asked = (0..10).map(|_| ask(&platform, deal()));
    for answer in join_all(asked).await {
        assert_eq!(id_of(&answer.clone().expect_status(200)), id);
        assert_eq!(answer.body["flow"]["state"], "influencer_responding");
    }
    assert_eq!(
        app.count("select count(*) n from flow_steps where from_state is null"),
        1
    );
    let mut swapped = deal();
    swapped["participants"][0]["role"] = json!("influencer");
    swapped["participants"][1]["role"] = json!("brand_owner");
    let answer = ask(&platform, swapped).await.expect_status(200);
    assert_eq!(roles_in(&answer.body), sides());
}

#[tokio::test]
async fn a_deal_that_cannot_begin_changes_nothing_and_says_why() {
    let (app, [mira, _, platform]) = fixture().await;
    let id = id_of(&ask(&mira, first(["owner", "member"])).await);
    let blocked = json!({ "blocked": true });
    mira.patch(&path(&id, "/participants/jonas"), blocked)
        .await
        .expect_status(200);
    let before = app.count("select last_seq n from conversations");
    let refused = ask(&platform, deal()).await.expect_status(409);
    let why = refused.expect_code("CONFLICT").body["message"].clone();
    assert!(why.as_str().unwrap().contains("blocked"), "{why}");
    assert_eq!(app.count("select last_seq n from conversations"), before);
    let allowed = json!({ "blocked": false });
    platform
        .patch(&path(&id, "/participants/jonas"), allowed)
        .await
        .expect_status(200);
    ask(&platform, deal()).await.expect_status(200);
}

#[tokio::test]
async fn the_platforms_word_on_a_subject_stands_before_and_after_a_conversation_about_it() {
    let (app, [mira, jonas, platform]) = fixture().await;
    let at = "/api/v1/subjects/bid/777";
    platform.get(at).await.expect_code("SUBJECT_NOT_FOUND");
    let words = |title: &str| json!({ "title": title, "url": "https://platform.example/777", "people": ["mira"], "data": { "n": 1 } });
    let said = platform.put(at, words("Three posts")).await;
    let said = said.expect_status(200).body;
    assert_eq!(
        (&said["type"], &said["people"]),
        (&json!("bid"), &json!(["mira"]))
    );
    let made = ask(&mira, first(["member", "member"])).await;
    let id = id_of(&made.expect_status(201));
    let card = |title: &str| json!({ "type": "bid", "id": "777", "title": title, "url": "https://platform.example/777", "data": { "n": 1 } });
    let shown = mira.get(&path(&id, "")).await.body;
    assert_eq!(
        (&shown["subject"], &shown["title"]),
        (&card("Three posts"), &json!("Pay outside"))
    );
    let mut listening = jonas.joined(&id).await;
    let closed = json!({ "status": "closed" });
    let closing = platform.patch(&path(&id, ""), closed).await;
    closing.expect_status(200);
    listening.event("conversation_updated").await;
    platform
        .put(at, words("Four posts"))
        .await
        .expect_status(200);
    let told = listening.event("conversation_updated").await;
    assert_eq!(told["conversation"]["subject"], card("Four posts"));
    assert_eq!(
        (
            &told["conversation"]["status"],
            &told["conversation"]["title"]
        ),
        (&json!("closed"), &json!("Pay outside"))
    );
    let seq = told["seq"].clone();
    platform
        .put(at, words("Four posts"))
        .await
        .expect_status(200);
    assert_eq!(
        mira.get(&path(&id, "")).await.body["last_seq"],
        seq,
        "the same changes nothing"
    );
    let stranger = app.person("stranger").await;
    for (reader, status) in [
        (&mira, 200),
        (&jonas, 200),
        (&platform, 200),
        (&stranger, 404),
    ] {
        reader.get(at).await.expect_status(status);
    }
    mira.put(at, words("Mine")).await.expect_code("FORBIDDEN");
}

#[tokio::test]
async fn a_request_does_not_win_over_the_platforms_word_on_a_subject() {
    let (app, [_mira, _jonas, platform]) = fixture().await;
    let eve = app.person("eve").await;
    let at = "/api/v1/subjects/bid/777";
    let words = json!({ "title": "Four posts" });
    platform.put(at, words).await.expect_status(200);
    let other = json!({ "kind": "group", "participants": [{ "user_id": "mira" }, { "user_id": "eve" }], "subject": self::card("Another") });
    let other = ask(&platform, other).await.expect_status(201).body;
    assert_eq!(other["subject"]["title"], "Four posts");
    assert_eq!(other["subject"]["url"], Value::Null);
    eve.get(at).await.expect_status(200);
    for wrong in [
        json!({ "url": "http://platform.example" }),
        json!({ "people": ["no id"] }),
        json!({ "people": vec!["mira"; 21] }),
        json!({ "data": [] }),
    ] {
        platform.put(at, wrong).await.expect_status(400);
    }
}
