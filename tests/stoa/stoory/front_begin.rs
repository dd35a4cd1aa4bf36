//! Deals that the brand owner begins.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::fields;
use crate::client::Person;
use crate::test_app::{SECRET, TestApp, claims};

/// What begins a deal about a bid.
fn wanted(influencer: &str) -> Value {
    json!({ "bid_id": "bid-7", "influencer_id": influencer, "proposed_amount": 4000 })
}

#[tokio::test]
async fn the_brand_owner_begins_a_deal_in_which_they_alone_pay() {
    let app = TestApp::start().await;
    let (bela, ines) = (app.person("bela").await, app.person("ines").await);
    let begin = "/api/bids/automated/initialize";
    let begun = bela
        .post(begin, wanted("ines"))
        .await
        .expect_status(200)
        .body;
    let row = &begun["conversation"];
    let names = [
        "bid_id",
        "brand_owner_id",
        "influencer_id",
        "conversation_type",
    ];
    assert_eq!(fields(row, names), json!(["bid-7", "bela", "ines", "bid"]));
    assert_eq!(
        (&begun["flow_state"], &begun["awaiting_role"]),
        (&json!("influencer_responding"), &json!("influencer"))
    );
    assert_eq!(row["flow_data"]["proposed_amount"]["amount"], 400_000);
    assert_eq!(
        begun["request"],
        json!({ "bid_id": "bid-7", "influencer_id": "ines", "proposed_amount": 4000 })
    );
    let again = bela
        .post(begin, wanted("ines"))
        .await
        .expect_status(200)
        .body;
    assert_eq!(again["conversation"]["id"], row["id"], "it is begun once");
    let mut other = wanted("ines");
    other["proposed_amount"] = json!(1);
    let again = bela.post(begin, other).await.expect_status(200).body;
    assert_eq!(
        again["request"]["proposed_amount"], 4000,
        "what the deal has, not what is asked for"
    );
    let turned = ines.post(begin, wanted("bela")).await;
    turned.expect_status(409).expect_code("CONFLICT");
    let listed = ines.get("/api/messages/conversations/bids").await.body;
    assert_eq!(
        listed["pagination"]["total"], 1,
        "two people have one conversation about a bid"
    );
}

#[tokio::test]
async fn sides_that_were_turned_round_are_a_conflict_whoever_came_first() {
    let app = TestApp::start().await;
    let (bela, ines) = (app.person("bela").await, app.person("ines").await);
    let begin = "/api/bids/automated/initialize";
    let first = ines.post(begin, wanted("bela")).await.expect_status(200);
    assert_eq!(first.body["conversation"]["brand_owner_id"], "ines");
    let turned = bela.post(begin, wanted("ines")).await;
    turned.expect_status(409).expect_code("CONFLICT");
    let platform = app.person_with("platform", &["service"]).await;
    let made = json!({
        "kind": "group", "subject": { "type": "bid", "id": "bid-8" },
        "participants": [{ "user_id": "ines", "role": "brand_owner" }, { "user_id": "bela", "role": "influencer" }],
    });
    let made = platform.post("/api/v1/conversations", made).await;
    let made = made.expect_status(201).body;
    let asked = json!({ "bid_id": "bid-8", "influencer_id": "ines" });
    let turned = bela.post(begin, asked).await;
    turned.expect_status(409).expect_code("CONFLICT");
    let path = format!(
        "/api/v1/conversations/{}/flow",
        made["id"].as_str().unwrap()
    );
    bela.get(&path)
        .await
        .expect_status(404)
        .expect_code("FLOW_NOT_FOUND");
}

/// Somebody whose token has the platform's own word for their side.
fn with_word(app: &TestApp, id: &str, word: &str) -> Person {
    let claims = json!({ "sub": id, "role": word, "exp": claims("", &[]).exp });
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key);
    Person::new(app.addresses(), id, token.expect("a token"))
}

#[tokio::test]
async fn who_is_an_influencer_by_their_token_begins_no_deal() {
    let app = TestApp::start().await;
    app.person("ines").await;
    app.person("bela").await;
    let begin = "/api/bids/automated/initialize";
    let ines = with_word(&app, "ines", "influencer");
    let refused = ines.post(begin, wanted("bela")).await;
    refused.expect_status(403).expect_code("FORBIDDEN");
    let bela = with_word(&app, "bela", "brand_owner");
    let begun = bela.post(begin, wanted("ines")).await.expect_status(200);
    assert_eq!(begun.body["conversation"]["influencer_id"], "ines");
}

#[tokio::test]
async fn nobody_begins_a_deal_with_themselves_or_with_terms_of_their_own() {
    let app = TestApp::start().await;
    let bela = app.person("bela").await;
    app.person("ines").await;
    let begin = "/api/bids/automated/initialize";
    for (influencer, status, code) in [
        ("bela", 422, "UNPROCESSABLE"),
        ("nobody", 404, "USER_NOT_FOUND"),
        ("", 400, "INVALID_REQUEST"),
    ] {
        bela.post(begin, wanted(influencer))
            .await
            .expect_status(status)
            .expect_code(code);
    }
    let mut wrong = wanted("ines");
    wrong["proposed_amount"] = json!("a lot");
    let told = bela.post(begin, wrong).await.expect_status(400).body;
    assert_eq!(told["details"]["field"], "proposed_amount");
    let native = json!({
        "kind": "group", "role": "brand_owner", "participants": [{ "user_id": "ines", "role": "influencer" }],
        "flow": { "name": "bid", "context": { "details": "forged" } },
    });
    let told = bela.post("/api/v1/conversations", native).await;
    told.expect_status(403).expect_code("FORBIDDEN");
}

#[tokio::test]
async fn a_campaign_is_begun_and_applied_for_in_both_generations_of_names() {
    let app = TestApp::start().await;
    let (bela, ines) = (app.person("bela").await, app.person("ines").await);
    let generations = [
        (
            "initialize-conversation",
            "handle-influencer-action",
            "handle-brand-owner-action",
        ),
        (
            "automated/initialize",
            "automated/influencer-action",
            "automated/brand-owner-action",
        ),
    ];
    for (number, (begin, influencer, brand_owner)) in generations.into_iter().enumerate() {
        let wanted = json!({ "campaign_id": format!("camp-{number}"), "influencer_id": "ines" });
        let begun = bela
            .post(&format!("/api/campaigns/{begin}"), wanted)
            .await
            .expect_status(200)
            .body;
        assert_eq!(begun["flow_state"], "influencer_applying");
        let id = begun["conversation"]["id"].clone();
        let act = async |person: &Person, path: &str, action: &str, data: Value| {
            let body = json!({ "conversation_id": id, "action": action, "data": data });
            let told = person.post(&format!("/api/campaigns/{path}"), body).await;
            told.expect_status(200).body["conversation"]["flow_state"].clone()
        };
        let form = json!({ "application": "I bake" });
        assert_eq!(
            act(&ines, influencer, "submit_application", form).await,
            "brand_owner_reviewing"
        );
        assert_eq!(
            act(&bela, brand_owner, "accept_application", json!({})).await,
            "brand_owner_pricing"
        );
    }
    let lists = bela.get("/api/messages/conversations/campaigns").await.body;
    assert_eq!(lists["conversations"].as_array().unwrap().len(), 2);
}
