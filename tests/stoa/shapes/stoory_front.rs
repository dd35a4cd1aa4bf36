//! The endpoints of Stoory's real front end, beside those that the guide prints.

use serde_json::{Value, json};
use stoa::signing::hex_signature;

use super::native::{People, id};
use super::snapshot_file::SnapshotFile;
use crate::client::Person;
use crate::deals::Deal;
use crate::test_app::SECRET;

/// The two who talk.
async fn talk(snapshots: &mut SnapshotFile) {
    let all = People::with(&[]).await;
    let place = all.app.direct(&all.ann, &all.bob).await;
    let said = json!({ "conversation_id": place, "message": "Hello" });
    for path in ["/api/messages", "/api/messages/direct-message"] {
        snapshots
            .ask(
                &all.ann,
                &format!("POST {path}"),
                &[],
                Some(said.clone()),
                "",
            )
            .await;
    }
    for prefix in ["/api/messages/conversations", "/api/conversations"] {
        let line = format!("POST {prefix}/{{id}}/messages");
        snapshots
            .ask(
                &all.ann,
                &line,
                &[&place],
                Some(json!({ "message": "Hello" })),
                "",
            )
            .await;
        snapshots
            .ask(
                &all.bob,
                &format!("PUT {prefix}/{{id}}/seen"),
                &[&place],
                None,
                "",
            )
            .await;
    }
    for line in [
        "GET /api/messages/{id}?limit=2",
        "GET /api/conversations/{id}/messages?limit=2",
    ] {
        snapshots.ask(&all.bob, line, &[&place], None, "").await;
    }
    for list in ["direct", "bids", "campaigns"] {
        let line = format!("GET /api/messages/conversations/{list}?limit=1");
        snapshots.ask(&all.bob, &line, &[], None, "").await;
    }
    let wrong = all.ann.say(&place, "wrong").await;
    snapshots
        .ask(
            &all.ann,
            "DELETE /api/messages/messages/{id}",
            &[&id(&wrong)],
            None,
            "",
        )
        .await;
}

/// A deal, its people, and the paths of its side.
struct Front<'a> {
    snapshots: &'a mut SnapshotFile,
    deal: Deal,
    /// The paths of the influencer's and the brand owner's actions.
    actions: [&'static str; 2],
    work: [&'static str; 2],
    verify: Option<&'static str>,
}

impl Front<'_> {
    async fn acts(&mut self, role: &str, action: &str, data: Value) {
        let path = match role {
            "influencer" => self.actions[0],
            _ => self.actions[1],
        };
        let body = json!({ "conversation_id": self.deal.id, "action": action, "data": data });
        let person = self.deal.role(role).clone();
        let told = self
            .snapshots
            .ask(&person, &format!("POST {path}"), &[], Some(body), action)
            .await;
        assert_eq!(told["success"], true, "{told}");
    }

    async fn asks(&mut self, role: &str, line: &str, body: Value, note: &str) {
        let person = self.deal.role(role).clone();
        let told = self
            .snapshots
            .ask(&person, line, &[&self.deal.id], Some(body), note)
            .await;
        assert_eq!(told["success"], true, "{told}");
    }

    /// From the price to the work that is approved.
    async fn pay_and_work(&mut self) {
        self.acts("brand_owner", "send_price_offer", json!({ "price": 5000 }))
            .await;
        self.acts("influencer", "accept_price", json!({})).await;
        let order = self.deal.order().await;
        self.acts("brand_owner", "pay_now", json!({})).await;
        if let Some(verify) = self.verify {
            let seed = hex_signature(SECRET.as_bytes(), b"the sandbox's webhooks");
            let signature = hex_signature(seed.as_bytes(), format!("{order}|pay_1").as_bytes());
            let report = json!({
                "razorpay_order_id": order, "razorpay_payment_id": "pay_1", "razorpay_signature": signature,
                "conversation_id": self.deal.id,
            });
            let payer = self.deal.brand_owner.clone();
            self.snapshots
                .ask(&payer, &format!("POST {verify}"), &[], Some(report), "")
                .await;
        }
        assert!(self.deal.check_out(&order, "success").await.is_success());
        self.deal.reaches("payment_completed").await;
        self.acts("influencer", "start_work", json!({})).await;
        let work = json!({ "deliverables": "https://example.com/a", "description": "Posts", "submission_notes": "Warm" });
        let [submit, review] = self.work.map(|path| format!("POST {path}"));
        self.asks("influencer", &submit, work, "").await;
        let judged = json!({ "action": "approve_work", "feedback": "Well done" });
        self.asks("brand_owner", &review, judged, "").await;
    }
}

/// The deal that an answer to `initialize` tells of.
async fn begun(mut deal: Deal, snapshots: &mut SnapshotFile, path: &str, wanted: Value) -> Deal {
    let owner: Person = deal.brand_owner.clone();
    let told = snapshots
        .ask(&owner, &format!("POST {path}"), &[], Some(wanted), "")
        .await;
    deal.id = id(&told["conversation"]);
    deal
}

async fn bid(snapshots: &mut SnapshotFile) {
    let deal = Deal::begin().await;
    let wanted = json!({ "bid_id": "b-1", "influencer_id": "ines", "proposed_amount": 4000 });
    let deal = begun(deal, snapshots, "/api/bids/automated/initialize", wanted).await;
    let mut front = Front {
        snapshots,
        deal,
        actions: [
            "/api/bids/automated/influencer-action",
            "/api/bids/automated/brand-owner-action",
        ],
        work: ["/api/bids/{id}/submit-work", "/api/bids/{id}/review-work"],
        verify: Some("/api/bids/automated/verify-payment"),
    };
    front.acts("influencer", "accept", json!({})).await;
    front
        .acts(
            "brand_owner",
            "send_project_details",
            json!({ "details": "Three posts" }),
        )
        .await;
    front.acts("influencer", "accept_project", json!({})).await;
    let line = "GET /api/bids/automated/conversation/{id}/context";
    let owner = front.deal.brand_owner.clone();
    front
        .snapshots
        .ask(&owner, line, &[&front.deal.id], None, "")
        .await;
    front.pay_and_work().await;
}

/// The brand owner goes on to pay without naming the action.
async fn confirmation(snapshots: &mut SnapshotFile) {
    let deal = Deal::begin().await;
    deal.to_payment().await;
    deal.order().await;
    let here = json!({ "conversation_id": deal.id });
    snapshots
        .ask(
            &deal.brand_owner,
            "POST /api/bids/automated/final-confirmation",
            &[],
            Some(here),
            "",
        )
        .await;
}

async fn campaign(
    snapshots: &mut SnapshotFile,
    begin: &str,
    paths: ([&'static str; 2], [&'static str; 2]),
    verify: Option<&'static str>,
) {
    let wanted = json!({ "campaign_id": "c-1", "influencer_id": "ines" });
    let deal = begun(Deal::begin().await, snapshots, begin, wanted).await;
    let (actions, work) = paths;
    let mut front = Front {
        snapshots,
        deal,
        actions,
        work,
        verify,
    };
    front
        .acts(
            "influencer",
            "submit_application",
            json!({ "application": "I bake" }),
        )
        .await;
    front
        .acts("brand_owner", "accept_application", json!({}))
        .await;
    front.pay_and_work().await;
}

#[tokio::test]
async fn front_end() {
    let mut snapshots = SnapshotFile::new("stoory_front_rest");
    talk(&mut snapshots).await;
    bid(&mut snapshots).await;
    confirmation(&mut snapshots).await;
    let first = (
        [
            "/api/campaigns/handle-influencer-action",
            "/api/campaigns/handle-brand-owner-action",
        ],
        [
            "/api/campaigns/{id}/submit-work",
            "/api/campaigns/{id}/review-work",
        ],
    );
    campaign(
        &mut snapshots,
        "/api/campaigns/initialize-conversation",
        first,
        None,
    )
    .await;
    let second = (
        [
            "/api/campaigns/automated/influencer-action",
            "/api/campaigns/automated/brand-owner-action",
        ],
        [
            "/api/campaigns/{id}/automated/submit-work",
            "/api/campaigns/{id}/automated/review-work",
        ],
    );
    let verify = Some("/api/campaigns/automated/verify-payment");
    campaign(
        &mut snapshots,
        "/api/campaigns/automated/initialize",
        second,
        verify,
    )
    .await;
    snapshots.close();
}
