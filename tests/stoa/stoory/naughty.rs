//! The naughty strings of the world through every field of the guide: never a 5xx, and what is accepted comes back as it was.

use serde_json::Value;

use crate::deals::Deal;
use crate::naughty::{encoded, strings};

/// Method, path and body; `$s` is the string, `$c` a deal, `$d` a direct conversation.
const FIELDS: [(&str, &str); 12] = [
    ("send", r#"{"conversation_id":"$d","message":"$s"}"#),
    ("send", r#"{"conversation_id":"$s","message":"x"}"#),
    (
        "send",
        r#"{"conversation_id":"$d","message":"x","media_url":"$s"}"#,
    ),
    (
        "send",
        r#"{"conversation_id":"$d","message":"x","media_url":"https://a.b/$s"}"#,
    ),
    (
        "send",
        r#"{"conversation_id":"$d","message":"x","receiver_id":"$s"}"#,
    ),
    ("send", r#"{"message":"x","receiver_id":"$s"}"#),
    (
        "send",
        r#"{"conversation_id":"$d","message":"x","sender_id":"$s"}"#,
    ),
    ("direct-connect", r#"{"target_user_id":"$s"}"#),
    ("conversations/$c/button-click", r#"{"button_id":"$s"}"#),
    (
        "conversations/$c/button-click",
        r#"{"button_id":"negotiate_price","additional_data":{"price":"$s","$s":"$s"}}"#,
    ),
    (
        "conversations/$c/text-input",
        r#"{"text":"$s","input_type":"negotiation"}"#,
    ),
    (
        "conversations/$c/text-input",
        r#"{"text":"5","input_type":"$s"}"#,
    ),
];

const PATHS: [&str; 6] = [
    "conversations?page=$s",
    "conversations?limit=$s",
    "direct-connections?$s=$s",
    "conversations/$s/messages",
    "conversations/$s/context",
    "$s",
];

#[tokio::test]
async fn naughty_strings_go_through_every_field() {
    let deal = Deal::begin().await;
    deal.clicked_to_offer().await;
    let direct = deal.app.direct(&deal.influencer, &deal.brand_owner).await;
    let person = &deal.influencer;
    for string in strings() {
        for (path, body) in FIELDS {
            let filled = |text: &str| {
                text.replace("$c", &deal.id)
                    .replace("$d", &direct)
                    .replace("$s", &string)
            };
            let path = format!("/api/messages/{}", path.replace("$c", &deal.id));
            let answer = person.request("POST", &path, Some(filled(body)), &[]).await;
            assert!(
                answer.status < 500,
                "{path} {}: {}",
                filled(body),
                answer.body
            );
            if answer.status >= 300 {
                assert_eq!(answer.body["success"], false, "{path} {}", filled(body));
                continue;
            }
            let sent: Value = serde_json::from_str(&filled(body)).unwrap();
            if path.ends_with("/send") {
                let told = &answer.body["message"];
                let url = sent["media_url"].as_str().filter(|url| !url.is_empty());
                assert_eq!(
                    (told["message"].as_str(), told["media_url"].as_str()),
                    (sent["message"].as_str(), url)
                );
            }
        }
        let string = encoded(&string);
        for path in PATHS.iter().filter(|_| string.len() < 25_000) {
            let path = format!("/api/messages/{}", path.replace("$s", &string));
            let answer = person.get(&path).await;
            assert!(answer.status < 500, "{path}: {}", answer.body);
        }
    }
    let row = deal.row("influencer").await;
    assert_eq!(
        row["flow_state"], "influencer_price_response",
        "no string is a price above the offer, and at most three times it"
    );
}

impl Deal {
    async fn clicked_to_offer(&self) {
        use serde_json::json;
        for (role, button, form) in [
            ("influencer", "accept_connection", json!({})),
            (
                "brand_owner",
                "send_project_details",
                json!({ "details": "x" }),
            ),
            ("influencer", "accept_project", json!({})),
            ("brand_owner", "send_price_offer", json!({ "price": 5000 })),
        ] {
            self.click(role, button, form).await.expect_status(200);
        }
    }
}
