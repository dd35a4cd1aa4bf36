//! What a deal is told as: to both sides, over native sockets and in both dialects, step by step.

use serde_json::{Value, json};

use super::json::Json;
use super::recording_client::{ClientDialect, DIALECTS, RecordingClient};
use super::snapshot_file::SnapshotFile;
use crate::deals::{Deal, rupees};
use crate::test_app::TestApp;

const SIDES: [&str; 2] = ["influencer", "brand_owner"];

/// A deal, and a client of each side in each dialect.
struct Watched {
    deal: Deal,
    ears: Vec<(RecordingClient, &'static str)>,
    snapshot_files: Vec<SnapshotFile>,
}

/// The event that tells of a step, and the field that names the new state.
fn state_event(dialect: ClientDialect) -> (&'static str, &'static str) {
    match dialect {
        ClientDialect::Lola => ("chat:state-changed", "newState"),
        ClientDialect::Native | ClientDialect::Stoory => {
            ("conversation_state_changed", "new_state")
        }
        ClientDialect::PartTimePays => panic!("its page knows no deals"),
    }
}

impl Watched {
    async fn begin() -> Self {
        let deal = Deal::begin_on(TestApp::start().await).await;
        let names = [
            "native_deal_events",
            "stoory_deal_events",
            "lola_deal_events",
        ];
        let mut snapshot_files: Vec<SnapshotFile> =
            names.into_iter().map(SnapshotFile::new).collect();
        let mut ears = Vec::new();
        for (dialect, snapshots) in DIALECTS.into_iter().zip(&mut snapshot_files) {
            for side in SIDES {
                let mut ear = RecordingClient::open(deal.role(side), dialect).await;
                let joined = ear.join(&deal.id).await;
                snapshots.keep(format!("ack of joining, to the {side}"), &joined.shape);
                ears.push((ear, side));
            }
        }
        // Those who came before have heard that others came: nothing of it belongs to the deal.
        let mut watched = Self {
            deal,
            ears,
            snapshot_files,
        };
        watched.told().await;
        watched
    }

    /// Everything that each has heard since, fenced by the room's answer to one more join.
    async fn told(&mut self) -> Vec<Vec<Json>> {
        let mut all = Vec::new();
        for (ear, _) in &mut self.ears {
            ear.join(&self.deal.id).await;
            let presence = ["user_status_change", "user_offline", "chat:user-status"];
            let heard = ear.drain().into_iter();
            let kept = heard.filter(|heard| !presence.contains(&heard.name.as_str()));
            all.push(kept.map(|heard| heard.shape).collect());
        }
        all
    }

    /// Waits until each has heard that the deal stands in a state, and keeps what they heard.
    async fn keep(&mut self, step: &str, state: &str) {
        for (ear, _) in &mut self.ears {
            let (name, field) = state_event(ear.dialect);
            ear.until(name, |data| data[field] == state).await;
        }
        let told = self.told().await;
        for ((ear, side), heard) in self.ears.iter().zip(told) {
            let index = DIALECTS.iter().position(|dialect| *dialect == ear.dialect);
            let snapshots = &mut self.snapshot_files[index.expect("a language")];
            snapshots.keep(format!("{step}, as told to the {side}"), &Json::List(heard));
        }
    }

    async fn step(&mut self, role: &str, action: &str, input: Value, state: &str) {
        self.deal.step(role, action, input, state).await;
        self.keep(action, state).await;
    }
}

impl Watched {
    /// Up to the price; the first action is pressed over a socket.
    async fn bargain(&mut self) {
        let press = json!({ "conversation_id": self.deal.id, "action": "accept_connection", "state_version": 2, "request_id": "r-1" });
        let (ear, _) = &mut self.ears[0];
        ear.ask(&mut self.snapshot_files[0], "flow_action", press, "")
            .await;
        self.keep("accept_connection", "brand_owner_details").await;
        let details = json!({ "details": "Three posts" });
        for (role, action, input, state) in [
            (
                "brand_owner",
                "send_project_details",
                details,
                "influencer_reviewing",
            ),
            (
                "influencer",
                "accept_project",
                json!({}),
                "brand_owner_pricing",
            ),
            (
                "brand_owner",
                "send_price_offer",
                rupees(5_000),
                "influencer_price_response",
            ),
            (
                "influencer",
                "negotiate_price",
                rupees(6_000),
                "brand_owner_negotiation",
            ),
        ] {
            self.step(role, action, input, state).await;
        }
    }

    async fn pay(&mut self) {
        let (action, state) = ("accept_negotiation", "payment_pending");
        self.deal
            .step("brand_owner", action, json!({}), state)
            .await;
        let order = self.deal.order().await;
        self.keep("accept_negotiation and the gateway's order", state)
            .await;
        let (action, nothing) = ("proceed_to_payment", json!({}));
        self.step("brand_owner", action, nothing, state).await;
        assert!(self.deal.check_out(&order, "success").await.is_success());
        self.deal.reaches("payment_completed").await;
        self.keep("the payment", "payment_completed").await;
    }

    async fn work(&mut self) {
        let work = json!({ "deliverables": "https://example.com/a", "description": "Posts", "submission_notes": "Warm" });
        let comment = json!({ "comment": "Well done" });
        for (role, action, input, state) in [
            ("influencer", "start_work", json!({}), "work_in_progress"),
            ("influencer", "submit_work", work, "work_submitted"),
            ("brand_owner", "approve_work", comment, "real_time"),
        ] {
            self.step(role, action, input, state).await;
        }
    }
}

#[tokio::test]
async fn from_the_beginning_to_free_chat() {
    let mut watched = Watched::begin().await;
    watched.bargain().await;
    watched.pay().await;
    watched.work().await;
    for snapshots in watched.snapshot_files {
        snapshots.close();
    }
}
