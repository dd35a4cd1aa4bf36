//! What people say about messages without saying another: reactions and pins.

mod pins;
mod plans;
mod receipts;
mod recovering;
mod who;

use serde_json::{Value, json};

use crate::client::{Answer, Person};
use crate::participants::path;
use crate::test_app::TestApp;

/// Ann, Bob and Cara in a group of Ann's in which Ann has said something; answers its id too.
pub async fn three() -> (TestApp, [Person; 3], String, String) {
    let app = TestApp::start().await;
    let people = [
        app.person("ann").await,
        app.person("bob").await,
        app.person("cara").await,
    ];
    let group = app.group(&people[0], &[&people[1], &people[2]]).await;
    let message = id_of(&people[0].say(&group, "one").await);
    (app, people, group, message)
}

pub fn id_of(message: &Value) -> String {
    message["id"].as_str().expect("an id").to_owned()
}

/// The path of a reaction. The emoji is escaped as a browser does.
pub fn reaction(message: &str, emoji: &str) -> String {
    let escaped: String = emoji.bytes().map(|byte| format!("%{byte:02X}")).collect();
    format!("/api/v1/messages/{message}/reactions/{escaped}")
}

pub async fn react(person: &Person, message: &str, emoji: &str) -> Answer {
    person.put(&reaction(message, emoji), json!({})).await
}

pub async fn unreact(person: &Person, message: &str, emoji: &str) -> Answer {
    person.delete(&reaction(message, emoji)).await
}

/// What a page shows of a message.
pub async fn shown(person: &Person, conversation: &str, message: &str) -> Value {
    let page = person.get(&path(conversation, "/messages?limit=100")).await;
    let page = page.expect_status(200).body;
    let mut items = page["items"].as_array().expect("items").iter();
    let found = items.find(|item| item["id"] == message);
    found.cloned().unwrap_or_else(|| panic!("{page}"))
}

#[tokio::test]
async fn a_reaction_is_told_counted_and_read_again() {
    let (_app, [ann, bob, cara], group, message) = three().await;
    let mut heard = cara.joined(&group).await;
    let first = react(&bob, &message, "👍").await.expect_status(200).body;
    let expected = json!({
        "conversation_id": group, "seq": 2, "message_id": message, "user_id": "bob", "emoji": "👍", "added": true,
        "count": 1, "users": ["bob"],
    });
    assert_eq!(first, expected);
    assert_eq!(heard.event("reaction_changed").await, expected);
    // The same again takes no seq and is told to nobody, in whatever way the emoji is spelled.
    let again = react(&bob, &message, "👍\u{FE0F}").await.expect_status(200);
    assert_eq!(again.body, expected);
    react(&ann, &message, "👍").await.expect_status(200);
    react(&ann, &message, "❤").await.expect_status(200);
    let told = heard.event("reaction_changed").await;
    assert_eq!((&told["seq"], &told["count"]), (&json!(3), &json!(2)));
    assert_eq!(told["users"], json!(["bob", "ann"]));
    assert_eq!(heard.event("reaction_changed").await["emoji"], "❤️");
    let seen = shown(&bob, &group, &message).await;
    let reactions = json!([
        { "emoji": "👍", "count": 2, "users": ["bob", "ann"], "mine": true },
        { "emoji": "❤️", "count": 1, "users": ["ann"], "mine": false },
    ]);
    assert_eq!(seen["reactions"], reactions);
    let join = json!({ "conversation_id": group });
    let mut socket = bob.socket().await;
    let joined = socket.call("join_conversation", join).await.unwrap();
    assert_eq!(joined["messages"][0]["reactions"], reactions);
    assert_eq!(joined["last_seq"], 4);
    let gone = unreact(&bob, &message, "👍").await.expect_status(200).body;
    assert_eq!(
        (&gone["added"], &gone["count"], &gone["users"]),
        (&json!(false), &json!(1), &json!(["ann"]))
    );
    let again = unreact(&bob, &message, "👍").await.expect_status(200).body;
    assert_eq!(again["seq"], gone["seq"]);
    let never = unreact(&bob, &message, "🎉").await.expect_status(200).body;
    assert_eq!((&never["seq"], &never["count"]), (&json!(0), &json!(0)));
}

#[tokio::test]
async fn a_reaction_is_nothing_to_read_and_moves_no_list() {
    let (_app, [ann, bob, cara], group, message) = three().await;
    let mut elsewhere = cara.socket().await;
    let seen = json!({ "seq": 1 });
    cara.post(&path(&group, "/seen"), seen)
        .await
        .expect_status(200);
    elsewhere.event("unread_changed").await;
    let before = cara.get(&path(&group, "")).await.body;
    for person in [&ann, &bob] {
        react(person, &message, "🎉").await.expect_status(200);
    }
    let after = cara.get(&path(&group, "")).await.body;
    assert_eq!(before["updated_at"], after["updated_at"]);
    assert_eq!(after["last_seq"], 3);
    assert_eq!(after["unread"], 0);
    assert_eq!(elsewhere.told().await, Vec::<Value>::new());
}

#[tokio::test]
async fn over_the_socket_it_is_the_same() {
    let (_app, [_, bob, cara], group, message) = three().await;
    let (mut of_bob, mut of_cara) = (bob.joined(&group).await, cara.joined(&group).await);
    let wanted = json!({ "conversation_id": group, "message_id": message, "emoji": "👍" });
    for (event, count) in [("react", 1), ("unreact", 0)] {
        let answer = of_bob.call(event, wanted.clone()).await.unwrap();
        assert_eq!(answer["count"], count, "{answer}");
        assert_eq!(of_cara.event("reaction_changed").await, answer);
        assert_eq!(of_bob.event("reaction_changed").await, answer);
    }
    for wrong in [
        json!({ "conversation_id": group, "message_id": message }),
        json!({ "conversation_id": group, "message_id": message, "emoji": "no" }),
        json!({ "conversation_id": group, "message_id": "no", "emoji": "👍" }),
    ] {
        let refused = of_bob.call("react", wrong).await.unwrap_err();
        assert_eq!(refused["error_code"], "INVALID_REQUEST", "{refused}");
    }
}

#[tokio::test]
async fn a_tombstone_has_no_reactions() {
    let (_app, [ann, bob, _], group, message) = three().await;
    react(&bob, &message, "👍").await.expect_status(200);
    ann.delete(&format!("/api/v1/messages/{message}"))
        .await
        .expect_status(200);
    assert!(
        shown(&bob, &group, &message)
            .await
            .get("reactions")
            .is_none()
    );
    for refused in [
        react(&bob, &message, "❤").await,
        unreact(&bob, &message, "👍").await,
    ] {
        refused.expect_status(409).expect_code("CONFLICT");
    }
}

#[tokio::test]
async fn each_message_and_each_person_has_so_many() {
    let (_app, [ann, bob, cara], group, message) = three().await;
    let emoji: Vec<String> = ('\u{1F600}'..='\u{1F61F}').map(String::from).collect();
    let (of_ann, rest) = emoji.split_at(10);
    let (of_bob, of_cara) = rest.split_at(10);
    for (person, own) in [(&ann, of_ann), (&bob, of_bob)] {
        for emoji in own {
            react(person, &message, emoji).await.expect_status(200);
        }
        let one_more = react(person, &message, &of_cara[0]).await;
        one_more.expect_status(422).expect_code("UNPROCESSABLE");
    }
    let new = react(&cara, &message, &of_cara[0]).await;
    new.expect_status(422).expect_code("UNPROCESSABLE");
    react(&cara, &message, &of_ann[0]).await.expect_status(200);
    unreact(&ann, &message, &of_ann[1]).await.expect_status(200);
    react(&cara, &message, &of_cara[0]).await.expect_status(200);
    let shown = shown(&cara, &group, &message).await;
    assert_eq!(shown["reactions"].as_array().unwrap().len(), 20);
}

#[tokio::test]
async fn only_one_emoji_is_a_reaction() {
    let (_app, [ann, _, _], _, message) = three().await;
    for wrong in ["a", "👍👍", ":+1:", "<script>"] {
        let refused = react(&ann, &message, wrong).await.expect_status(400);
        assert_eq!(
            refused.expect_code("INVALID_REQUEST").body["details"]["field"],
            "emoji"
        );
    }
    let all = "👩🏻‍❤️‍💋‍👨🏽";
    assert_eq!(
        react(&ann, &message, all).await.expect_status(200).body["emoji"],
        all
    );
}

#[tokio::test]
async fn twenty_users_are_named_and_all_are_counted() {
    let app = TestApp::start().await;
    let owner = app.person("owner").await;
    let mut others = Vec::new();
    for number in 0..22 {
        others.push(app.person(&format!("p{number:02}")).await);
    }
    let group = app.group(&owner, &others.iter().collect::<Vec<_>>()).await;
    let message = id_of(&owner.say(&group, "one").await);
    for person in &others {
        react(person, &message, "👍").await.expect_status(200);
    }
    let reaction = shown(&others[21], &group, &message).await["reactions"][0].clone();
    let named: Vec<String> = (0..20).map(|number| format!("p{number:02}")).collect();
    assert_eq!(
        (&reaction["count"], &reaction["mine"]),
        (&json!(22), &json!(true))
    );
    assert_eq!(reaction["users"], json!(named));
}
