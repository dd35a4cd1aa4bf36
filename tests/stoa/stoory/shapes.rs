//! The shapes: exactly the guide's columns, and a document that tells of them.

use serde_json::Value;
use std::collections::BTreeSet;

use super::two;
use crate::deals::Deal;

const MESSAGE: &str = "id conversation_id sender_id receiver_id message media_url message_type action_required action_data \
    is_automated action_completed seen created_at";
const CONVERSATION: &str = "id campaign_id bid_id brand_owner_id influencer_id request_id chat_status flow_state awaiting_role \
    conversation_type automation_enabled current_action_data flow_data work_submission work_submitted work_status submission_date created_at updated_at";
const CONTEXT: &str = "id chat_status flow_state awaiting_role conversation_type automation_enabled current_action_data flow_data work_submission \
    work_submitted work_status submission_date";
/// What a list shows of each conversation beside its row.
const LISTED: &str = "campaigns bids source_data conversation_title other_user is_brand_owner last_message unread_count";

#[track_caller]
fn must_have(row: &Value, columns: &str) {
    let found: BTreeSet<&str> = row
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(found, columns.split_whitespace().collect());
}

#[tokio::test]
async fn rows_have_the_columns_of_the_guide_and_no_others() {
    let deal = Deal::begin().await;
    deal.app.direct(&deal.influencer, &deal.brand_owner).await;
    for role in ["influencer", "brand_owner"] {
        for row in deal.rows(role).await {
            must_have(&row, MESSAGE);
        }
        let list = deal
            .role(role)
            .get("/api/messages/conversations")
            .await
            .body;
        for row in list["conversations"].as_array().unwrap() {
            let about = match &row["bid_id"] {
                Value::Null => "",
                _ => "bid",
            };
            must_have(row, &[CONVERSATION, LISTED, about].join(" "));
        }
        let context = deal.role(role).get(&deal.path("context")).await.body;
        must_have(&context["conversation"], CONVERSATION);
        must_have(&context["conversation_context"], CONTEXT);
        let listed = list["conversations"].as_array().unwrap();
        let own = listed
            .iter()
            .find(|row| row["id"] == deal.id.as_str())
            .unwrap();
        for (column, value) in context["conversation"].as_object().unwrap() {
            assert_eq!(&own[column], value, "a list and a context agree");
        }
    }
}

/// Whether a path belongs to the dialect.
fn is_own(path: &str) -> bool {
    let roots = ["messages", "conversations", "bids", "campaigns"];
    let root = path
        .strip_prefix("/api/")
        .and_then(|rest| rest.split('/').next());
    root.is_some_and(|root| roots.contains(&root))
}

#[tokio::test]
async fn the_document_tells_of_every_answer() {
    let (_app, alice, _) = two().await;
    let document = alice.get("/api/openapi.json").await.expect_status(200).body;
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let mut endpoints = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        if !is_own(path) {
            continue;
        }
        for (method, operation) in methods.as_object().unwrap() {
            endpoints += 1;
            assert_eq!(operation["tags"][0], "stoory", "{method} {path}");
            let answers = operation["responses"].as_object().unwrap();
            let good = answers
                .iter()
                .find(|(status, _)| status.starts_with('2'))
                .unwrap()
                .1;
            let schema = &good["content"]["application/json"]["schema"];
            let name = schema["$ref"]
                .as_str()
                .unwrap_or_else(|| panic!("{method} {path}: {good}"));
            let name = name.rsplit('/').next().unwrap();
            assert!(schemas.contains_key(name), "{name}");
        }
    }
    assert_eq!(endpoints, 41);
}

#[tokio::test]
async fn every_endpoint_has_a_line_in_the_page_about_the_dialect() {
    let (_app, alice, _) = two().await;
    let page = include_str!("../../../docs/stoory.md");
    let document = alice.get("/api/openapi.json").await.expect_status(200).body;
    let mut endpoints = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        if !is_own(path) {
            continue;
        }
        for method in methods.as_object().unwrap().keys() {
            endpoints += 1;
            let line = format!("| `{} {path}", method.to_uppercase());
            assert!(page.contains(&line), "{line}");
        }
    }
    assert_eq!(endpoints, 41);
}
