//! The Stoory dialect over REST: every endpoint, for a conversation and for a deal.

use serde_json::{Value, json};

use super::native::{People, id};
use super::snapshot_file::SnapshotFile;
use crate::deals::Deal;

const AT: &str = "/api/messages/conversations/{id}";

#[tokio::test]
async fn conversations() {
    let all = People::with(&[]).await;
    let mut snapshots = SnapshotFile::new("stoory_rest");
    let connect = "POST /api/messages/direct-connect";
    let hello = json!({ "target_user_id": "bob", "initial_message": "Hello!" });
    snapshots
        .ask(&all.ann, connect, &[], Some(hello), "new")
        .await;
    let again = json!({ "target_user_id": "bob" });
    let met = snapshots
        .ask(&all.ann, connect, &[], Some(again), "there already")
        .await;
    let conversation = id(&met["conversation"]);
    let send = "POST /api/messages/send";
    let said = json!({ "conversation_id": conversation, "message": "Look", "media_url": "https://example.com/a.png", "receiver_id": "bob" });
    snapshots.ask(&all.ann, send, &[], Some(said), "").await;
    let new = json!({ "receiver_id": "cara", "message": "Nice to meet you" });
    snapshots
        .ask(&all.bob, send, &[], Some(new), "to somebody new")
        .await;
    snapshots
        .ask(&all.bob, "GET /api/messages/unread-count", &[], None, "")
        .await;
    for list in ["conversations", "direct-connections"] {
        let line = format!("GET /api/messages/{list}?page=1&limit=1");
        snapshots.ask(&all.bob, &line, &[], None, "").await;
    }
    let messages = format!("GET {AT}/messages?page=1&limit=50");
    snapshots
        .ask(&all.bob, &messages, &[&conversation], None, "")
        .await;
    let seen = format!("POST {AT}/seen");
    snapshots
        .ask(&all.bob, &seen, &[&conversation], None, "")
        .await;
    snapshots
        .ask(&all.ann, &messages, &[&conversation], None, "seen")
        .await;
    snapshots
        .ask(
            &all.bob,
            &format!("GET {AT}/context"),
            &[&conversation],
            None,
            "",
        )
        .await;
    snapshots.close();
}

/// A deal and the snapshots of what it is told as.
struct Shown {
    deal: Deal,
    snapshots: SnapshotFile,
}

impl Shown {
    async fn click(&mut self, role: &str, button: &str, form: Value) {
        let body = json!({ "button_id": button, "additional_data": form });
        let line = format!("POST {AT}/button-click");
        let person = self.deal.role(role).clone();
        let told = self
            .snapshots
            .ask(&person, &line, &[&self.deal.id], Some(body), button)
            .await;
        assert_eq!(told["success"], true, "{told}");
    }

    async fn write(&mut self, role: &str, text: &str, input_type: &str) {
        let body = json!({ "text": text, "input_type": input_type });
        let line = format!("POST {AT}/text-input");
        let person = self.deal.role(role).clone();
        let told = self
            .snapshots
            .ask(&person, &line, &[&self.deal.id], Some(body), input_type)
            .await;
        assert_eq!(told["success"], true, "{told}");
    }

    async fn look(&mut self, note: &str) {
        for role in ["influencer", "brand_owner"] {
            let person = self.deal.role(role).clone();
            for (what, query) in [("context", ""), ("messages", "?limit=100")] {
                let line = format!("GET {AT}/{what}{query}");
                let note = format!("{note}, to the {role}");
                self.snapshots
                    .ask(&person, &line, &[&self.deal.id], None, &note)
                    .await;
            }
        }
    }
}

#[tokio::test]
async fn deals() {
    let (deal, snapshots) = (Deal::begin().await, SnapshotFile::new("stoory_deal_rest"));
    let mut shown = Shown { deal, snapshots };
    shown.look("at the beginning").await;
    shown
        .click("influencer", "accept_connection", json!({}))
        .await;
    shown.write("brand_owner", "Three posts", "details").await;
    shown.click("influencer", "accept_project", json!({})).await;
    shown.write("brand_owner", "₹5,000", "price").await;
    shown.look("with a price to answer").await;
    shown
        .click("influencer", "accept_price", json!({ "price": 5000 }))
        .await;
    let order = shown.deal.order().await;
    shown.look("with money to pay").await;
    assert!(shown.deal.check_out(&order, "success").await.is_success());
    shown.deal.reaches("payment_completed").await;
    shown.click("influencer", "start_work", json!({})).await;
    let work = json!({ "deliverables": "https://example.com/a", "description": "Posts", "submission_notes": "Warm" });
    shown.click("influencer", "submit_work", work).await;
    shown.look("with work to approve").await;
    let comment = json!({ "comment": "Well done" });
    shown.click("brand_owner", "approve_work", comment).await;
    shown.look("at its end").await;
    shown.snapshots.close();
}
