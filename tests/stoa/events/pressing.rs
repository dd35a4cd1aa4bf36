//! Rules that take actions of deals, as the platform.

use serde_json::json;

use super::{Fixture, RulesFile, order};
use crate::deals::Flows;

const FLOW: &str = r#"
name = "delivery"
version = 1
title = "Delivery"
roles = ["customer", "rider"]
initial = "under_way"

[states.under_way]
title = "Under way"
awaiting = "rider"
deadline = { after = "P3D", to = "over" }
chat = "free"
[states.under_way.prompt.rider]
title = "Deliver it"

[states.over]
title = "Over"
terminal = true
chat = "free"

[actions.arrived]
from = ["under_way"]
by = ["rider", "system"]
to = "over"
label = "Arrived"
say = "It has arrived."
"#;

const RULES: &str = r#"
name = "shop"
version = 1
[modules]
orders = "Orders"
[events."order.arrived"]
module = "orders"
subject = "order"
[[rules]]
name = "arrives"
on = "order.arrived"
press = "arrived"
"#;

#[tokio::test]
async fn a_press_of_a_rule_is_made_once_and_skipped_where_the_state_does_not_allow_it() {
    let (flows, rules) = (Flows::with(FLOW), RulesFile::with(RULES));
    let options = ["--flows", &flows.folder()];
    let fixture = Fixture::with_options(&rules.path(), &["ada", "rob"], &options).await;
    let made = json!({ "kind": "group", "subject": { "type": "order", "id": "1" }, "flow": { "name": "delivery" },
        "participants": [{ "user_id": "ada", "role": "customer" }, { "user_id": "rob", "role": "rider" }] });
    let made = fixture.platform.post("/api/v1/conversations", made).await;
    let id = made.expect_status(201).body["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let arrived = |no: &str| order(no, "order.arrived", "1", None, json!({}));
    fixture.told(json!([arrived("1"), arrived("1")])).await;
    fixture.until_handled().await;
    assert_eq!(fixture.rules_of("shop", "1").await[0]["status"], "done");
    let ada = fixture.app.person("ada").await;
    let deal = ada
        .get(&format!("/api/v1/conversations/{id}/flow"))
        .await
        .expect_status(200);
    assert_eq!(deal.body["state"], "over");
    fixture.told(arrived("2")).await;
    fixture.until_handled().await;
    let second = fixture.rules_of("shop", "2").await;
    assert_eq!(second[0]["status"], "skipped", "{second}");
    assert_eq!(
        second[0]["detail"],
        json!({ "action": "arrived", "state": "over" })
    );
    let said = ada.bodies(&id).await;
    assert_eq!(
        said.iter()
            .filter(|body| *body == "It has arrived.")
            .count(),
        1
    );
}
