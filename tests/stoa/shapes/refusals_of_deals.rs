//! The body of each refusal that only a deal knows.

use serde_json::json;

use super::refusals::refused;
use super::snapshot_file::SnapshotFile;
use crate::deals::{Deal, rupees};

const AT_THE_BEGINNING: &str = r#"
influencer | CHAT_NOT_ALLOWED | | POST /api/v1/conversations/$/messages | {"body":"Hello"}
influencer | FLOW_DEFINITION_NOT_FOUND | | GET /api/v1/flows/nothing |
influencer | ACTION_NOT_FOUND | | POST /api/v1/conversations/$/flow/actions/dance | {}
brand_owner | FORBIDDEN | not theirs to press | POST /api/v1/conversations/$/flow/actions/accept_connection | {}
influencer | FLOW_STATE_INVALID | begins in one state | POST /api/v1/conversations/$/flow/actions/start_work | {}
influencer | FLOW_STATE_INVALID | begins in several states | POST /api/v1/conversations/$/flow/actions/close_conversation | {"state_version":1}
"#;

const WITHOUT_A_PRICE: &str = r#"
brand_owner | INVALID_REQUEST | a form | POST /api/v1/conversations/$/flow/actions/send_price_offer | {"input":{"price":{"amount":1,"currency":"INR"}}}
"#;

const WITH_A_PRICE: &str = r#"
influencer | ACTION_NOT_ALLOWED | | POST /api/v1/conversations/$/flow/actions/negotiate_price | {"input":{"price":{"amount":5000000,"currency":"INR"}}}
influencer | FLOW_STATE_INVALID | a click of the Stoory dialect | POST /api/messages/conversations/$/button-click | {"button_id":"start_work"}
"#;

#[tokio::test]
async fn by_code() {
    let deal = Deal::begin().await;
    let mut snapshots = SnapshotFile::new("refusals_of_deals");
    let who = |role: &str| deal.role(role).clone();
    refused(&mut snapshots, who, &deal.id, AT_THE_BEGINNING).await;
    deal.connect().await;
    let details = json!({ "details": "Three posts" });
    let (reviewing, pricing) = ("influencer_reviewing", "brand_owner_pricing");
    deal.steps([
        ("brand_owner", "send_project_details", details, reviewing),
        ("influencer", "accept_project", json!({}), pricing),
    ])
    .await;
    refused(&mut snapshots, who, &deal.id, WITHOUT_A_PRICE).await;
    let (offer, state) = (rupees(5_000), "influencer_price_response");
    deal.step("brand_owner", "send_price_offer", offer, state)
        .await;
    refused(&mut snapshots, who, &deal.id, WITH_A_PRICE).await;
    snapshots.close();
}
