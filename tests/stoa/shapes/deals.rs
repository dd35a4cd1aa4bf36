//! Deals over the native REST API: how they begin, stand, go on, and what they remember.

use serde_json::{Value, json};

use super::snapshot_file::SnapshotFile;
use crate::client::Person;
use crate::deals::{Deal, creation, rupees};

const AT: &str = "/api/v1/conversations/{id}";

/// A deal and the snapshots of what it is told as.
struct Shown {
    deal: Deal,
    snapshots: SnapshotFile,
}

impl Shown {
    fn person(&self, who: &str) -> Person {
        match who {
            "platform" => self.deal.platform.clone(),
            role => self.deal.role(role).clone(),
        }
    }

    async fn press(&mut self, role: &str, action: &str, input: Value) {
        let line = format!("POST {AT}/flow/actions/{{action}}");
        let fill = [self.deal.id.as_str(), action];
        let person = self.deal.role(role).clone();
        let body = json!({ "input": input });
        let told = self
            .snapshots
            .ask(&person, &line, &fill, Some(body), action)
            .await;
        assert!(told["state"].is_string(), "{told}");
    }

    async fn look(&mut self, note: &str) {
        for who in ["influencer", "brand_owner", "platform"] {
            let person = self.person(who);
            for what in ["", "/flow", "/messages"] {
                let (line, note) = (format!("GET {AT}{what}"), format!("{note}, to the {who}"));
                self.snapshots
                    .ask(&person, &line, &[&self.deal.id], None, &note)
                    .await;
            }
        }
    }
}

#[tokio::test]
async fn from_the_beginning_to_the_work() {
    let (deal, snapshots) = (Deal::begin().await, SnapshotFile::new("native_deal_rest"));
    let mut shown = Shown { deal, snapshots };
    let platform = shown.deal.platform.clone();
    let line = "POST /api/v1/conversations";
    shown
        .snapshots
        .ask(&platform, line, &[], Some(creation("bid-2")), "a deal")
        .await;
    for path in ["", "/{name}", "/{name}/graph.svg"] {
        let line = format!("GET /api/v1/flows{path}");
        shown
            .snapshots
            .ask(&platform, &line, &["bid"], None, "")
            .await;
    }
    shown.look("at the beginning").await;
    shown
        .press("influencer", "accept_connection", json!({}))
        .await;
    shown
        .press(
            "brand_owner",
            "send_project_details",
            json!({ "details": "Three posts" }),
        )
        .await;
    shown.press("influencer", "accept_project", json!({})).await;
    shown
        .press("brand_owner", "send_price_offer", rupees(5_000))
        .await;
    shown.look("with a price to answer").await;
    shown.press("influencer", "accept_price", json!({})).await;
    let order = shown.deal.order().await;
    shown.look("with money to pay").await;
    assert!(shown.deal.check_out(&order, "success").await.is_success());
    shown.deal.reaches("payment_completed").await;
    shown.press("influencer", "start_work", json!({})).await;
    shown.look("with work to hand in").await;
    for who in ["influencer", "brand_owner", "platform"] {
        let (line, person) = (format!("GET {AT}/flow/history"), shown.person(who));
        let note = format!("to the {who}");
        shown
            .snapshots
            .ask(&person, &line, &[&shown.deal.id], None, &note)
            .await;
    }
    shown.snapshots.close();
}
