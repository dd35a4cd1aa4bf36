//! The lists of the platform's real front end: three at once, each conversation in one of them.

use serde_json::{Value, json};
use std::collections::BTreeSet;

use crate::client::Person;
use crate::deals::Deal;
use crate::test_app::TestApp;

const LISTS: [(&str, &str); 3] = [
    ("direct", "direct"),
    ("bids", "bid"),
    ("campaigns", "campaign"),
];

async fn listed(person: &Person, list: &str) -> Value {
    let path = format!("/api/messages/conversations/{list}?page=1&limit=10");
    let answer = person.get(&path).await.expect_status(200).body;
    assert_eq!(answer["success"], true);
    answer
}

async fn about(deal: &Deal, kind: &str, id: &str, data: Value) -> String {
    let wish = json!({
        "kind": "group",
        "participants": [{ "user_id": "ines", "role": "influencer" }, { "user_id": "bela", "role": "brand_owner" }],
        "subject": { "type": kind, "id": id, "title": "Bread", "data": data },
    });
    let made = deal.platform.post("/api/v1/conversations", wish).await;
    made.expect_status(201).body["id"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn the_three_lists_are_answered_with_the_rows_that_the_front_end_reads() {
    let deal = Deal::begin().await;
    let direct = deal.app.direct(&deal.influencer, &deal.brand_owner).await;
    deal.influencer.say(&direct, "Hello!").await;
    for (list, kind) in LISTS {
        let answer = listed(&deal.brand_owner, list).await;
        assert_eq!(answer["conversation_type"], kind);
        assert!(answer["message"].is_string() && answer["pagination"]["total"].is_number());
    }
    let row = listed(&deal.brand_owner, "direct").await["conversations"][0].clone();
    assert_eq!(row["id"], direct);
    assert_eq!(
        row["other_user"],
        json!({ "id": "ines", "name": "ines by name", "role": "brand_owner" })
    );
    assert_eq!(row["last_message"]["message"], "Hello!");
    assert_eq!(row["last_message"]["sender_id"], "ines");
    assert!(row["last_message"]["created_at"].is_string());
    assert_eq!(
        [
            "conversation_type",
            "conversation_title",
            "is_brand_owner",
            "unread_count"
        ]
        .map(|name| row[name].clone()),
        [
            json!("direct"),
            json!("Direct Chat"),
            json!(false),
            json!(1)
        ]
    );
    let row = listed(&deal.influencer, "bids").await["conversations"][0].clone();
    assert_eq!(row["id"], deal.id);
    assert_eq!(
        row["other_user"],
        json!({ "id": "bela", "name": "bela by name", "role": "brand_owner" })
    );
    assert_eq!(row["conversation_title"], "Three posts about bread");
    assert_eq!(
        row["bid"],
        json!({ "id": "bid-1", "title": "Three posts about bread" })
    );
    assert_eq!(
        (&row["source_data"], &row["bids"]),
        (&row["bid"], &row["bid"])
    );
    assert_eq!(row["is_brand_owner"], false);
    let row = listed(&deal.brand_owner, "bids").await["conversations"][0].clone();
    assert_eq!(
        (&row["is_brand_owner"], &row["campaigns"]),
        (&json!(true), &Value::Null)
    );
}

#[tokio::test]
async fn each_conversation_is_in_exactly_one_of_the_three_lists() {
    let deal = Deal::begin().await;
    deal.app.direct(&deal.influencer, &deal.brand_owner).await;
    about(&deal, "campaign", "c-1", json!({ "bid_id": "b-9" })).await;
    about(&deal, "bid", "b-2", json!({ "campaign_id": "c-9" })).await;
    about(
        &deal,
        "request",
        "r-1",
        json!({ "bid_id": "b-3", "campaign_id": "c-3" }),
    )
    .await;
    about(&deal, "request", "r-2", json!({ "bid_id": "b-4" })).await;
    about(&deal, "request", "r-3", json!({ "bid_id": 4 })).await;
    about(&deal, "job", "j-1", json!({})).await;
    deal.app.group(&deal.influencer, &[&deal.brand_owner]).await;
    let ids = |answer: &Value| -> Vec<String> {
        let rows = answer["conversations"].as_array().unwrap().iter();
        rows.map(|row| row["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let mut found = Vec::new();
    for (list, kind) in LISTS {
        let answer = listed(&deal.influencer, list).await;
        for row in answer["conversations"].as_array().unwrap() {
            assert_eq!(row["conversation_type"], kind, "{row}");
        }
        let own = ids(&answer);
        assert_eq!(answer["pagination"]["total"], own.len());
        found.extend(own);
    }
    let all = deal
        .influencer
        .get("/api/messages/conversations?limit=100")
        .await
        .body;
    assert_eq!(
        all["user_role"], "brand_owner",
        "the influencer began the newest, which has no roles"
    );
    assert!(all["query_description"].is_string());
    let (all, once): (BTreeSet<String>, BTreeSet<String>) = (
        ids(&all).into_iter().collect(),
        found.iter().cloned().collect(),
    );
    assert_eq!((found.len(), once), (9, all));
}

#[tokio::test]
async fn connections_have_the_other_user() {
    let deal = Deal::begin().await;
    let direct = deal.app.direct(&deal.influencer, &deal.brand_owner).await;
    let answer = deal
        .brand_owner
        .get("/api/messages/direct-connections?page=1&limit=10")
        .await;
    let answer = answer.expect_status(200).body;
    let [row] = answer["connections"].as_array().unwrap().as_slice() else {
        panic!("{answer}");
    };
    assert_eq!(row["id"], direct);
    assert_eq!(row["other_user"]["name"], "ines by name");
    assert_eq!(
        (
            &row["brand_owner_id"],
            &row["influencer_id"],
            &row["is_brand_owner"]
        ),
        (&json!("ines"), &json!("bela"), &json!(false)),
        "of two without roles the one who began is the brand owner"
    );
    assert!(row["created_at"].is_string() && row["updated_at"].is_string());
    assert_eq!(
        answer["conversations"][0]["id"], direct,
        "the whole rows are there as well"
    );
}

#[tokio::test]
async fn what_opens_a_conversation_says_what_it_is_about_and_what_can_be_done() {
    let deal = Deal::begin().await;
    let answer = deal
        .influencer
        .get(&deal.path("context"))
        .await
        .expect_status(200)
        .body;
    let context = &answer["context"];
    assert_eq!(context["conversation"]["id"], deal.id);
    assert_eq!(context["conversation"]["chat_status"], "automated");
    assert_eq!(context["source"]["type"], "bid");
    assert_eq!(context["source"]["data"]["id"], "bid-1");
    assert_eq!(
        context["users"]["current"],
        json!({ "id": "ines", "name": "ines by name", "role": "influencer" })
    );
    assert_eq!(context["users"]["other"]["id"], "bela");
    let prompts = &context["prompts"];
    assert_eq!(prompts["title"], "A brand owner wants to work with you");
    assert_eq!(prompts["details"], json!(["Three posts about bread"]));
    assert_eq!(
        prompts["actions"][0],
        json!({ "id": "accept_connection", "text": "Accept", "style": "success", "description": "" })
    );
    let state = &context["state"];
    assert_eq!(
        (&state["can_act"], &state["awaiting_role"]),
        (&json!(true), &json!("influencer"))
    );
    assert!(state["last_message"]["message"].is_string(), "{state}");
    let shown = answer["conversation_context"]["conversation_type"].clone();
    assert_eq!(shown, "bid", "the context of events has the type as well");
    let direct = deal.app.direct(&deal.influencer, &deal.brand_owner).await;
    let path = format!("/api/messages/conversations/{direct}/context");
    let context = deal.influencer.get(&path).await.expect_status(200).body["context"].clone();
    assert_eq!(context["source"], json!({ "type": "direct", "data": null }));
    assert_eq!(
        context["state"],
        json!({ "can_act": false, "awaiting_role": null, "last_message": null })
    );
    assert_eq!(context["prompts"]["actions"], json!([]));
}

#[tokio::test]
async fn who_is_alone_in_a_conversation_has_a_list_that_can_be_read() {
    let app = TestApp::start().await;
    let ann = app.person("ann").await;
    let alone = json!({ "kind": "group", "participants": [], "title": "Notes" });
    let made = ann.post("/api/v1/conversations", alone).await;
    let made = made.expect_status(201).body;
    let row = listed(&ann, "direct").await["conversations"][0].clone();
    assert_eq!(row["id"], made["id"]);
    for name in ["id", "name", "role"] {
        assert!(row["other_user"][name].is_string(), "{name}: {row}");
    }
    assert_eq!(row["other_user"]["id"], "ann", "nobody else is there");
    let id = made["id"].as_str().unwrap();
    let path = format!("/api/messages/conversations/{id}/context");
    let context = ann.get(&path).await.expect_status(200).body["context"].clone();
    assert_eq!(context["users"]["other"]["id"], "ann");
}
