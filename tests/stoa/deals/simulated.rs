//! One table of flows with their scripts: what `stoa flow simulate` accepts is what a server does.

use diesel::RunQueryDsl;
use flow::Definition;
use flow::simulate::{Script, play};
use serde_json::json;
use std::collections::BTreeSet;

use super::Flows;
use super::branches::gateway::{self, SECRET};
use super::branches::playing::Play;
use crate::test_app::TestApp;

/// Flows that differ from those that ship: what the platform does, what events carry, what cannot be computed, what is said then.
const TABLE: [(&str, &str); 2] = [
    (
        include_str!("simulated/claim.toml"),
        include_str!("simulated/claim-script.toml"),
    ),
    (
        include_str!("simulated/paid.toml"),
        include_str!("simulated/paid-script.toml"),
    ),
];

#[tokio::test]
async fn a_script_holds_in_the_simulation_and_on_a_server() {
    for (source, steps) in TABLE {
        let definition = Definition::parse(source).unwrap_or_else(|told| panic!("{told:?}"));
        let mut script = Script::default();
        script.add("script", steps).unwrap();
        for played in play(&definition, &script) {
            assert_eq!(played.failure, None, "{}: {}", definition.name, played.name);
        }
        on_a_server(source, &definition, &script).await;
    }
}

/// Plays every run twice: what is pressed over REST the first time is pressed over a socket the second time.
async fn on_a_server(source: &str, definition: &Definition, script: &Script) {
    let flows = Flows::with(source);
    let folder = flows.folder();
    let options = [
        "--rate-limits",
        "off",
        "--sandbox-webhook-secret",
        SECRET,
        "--flows",
        &folder,
    ];
    let app = TestApp::with(&options).await;
    gateway::hold_orders_and_refunds(&app);
    for role in &definition.roles {
        app.person(role).await;
    }
    let mut names = BTreeSet::new();
    for run in &script.runs {
        assert!(run.after.is_none() && names.insert(&run.name));
        for turn in [0, 1] {
            let mut play = Play::begin(&app, definition, run).await;
            play.turn = turn;
            play.run(run).await;
        }
    }
}

#[tokio::test]
async fn nobody_takes_part_as_staff_or_as_the_platform() {
    let source = TABLE[0].0;
    let flows = Flows::with(source);
    let folder = flows.folder();
    let app = TestApp::with(&["--rate-limits", "off", "--flows", &folder]).await;
    let (renter, owner) = (app.person("renter").await, app.person("owner").await);
    let third = app.person("third").await;
    let creation = |role: &str| {
        json!({
            "kind": "group", "role": "renter", "flow": { "name": "claim" },
            "participants": [{ "user_id": owner.id, "role": "owner" }, { "user_id": third.id, "role": role }],
        })
    };
    for role in ["staff", "system", "timer", "payment"] {
        let made = renter.post("/api/v1/conversations", creation(role)).await;
        assert_eq!(
            made.expect_status(400).body["details"]["field"],
            "participants[1].role"
        );
    }
    // One who has such a role from before can do nothing with it.
    let made = renter
        .post("/api/v1/conversations", creation("guest"))
        .await;
    let id = made.expect_status(201).body["id"].clone();
    let id = id.as_str().unwrap();
    for role in ["staff", "system"] {
        let change = format!(
            "update participants set role = '{role}' where role <> 'renter' and role <> 'owner'"
        );
        diesel::sql_query(change)
            .execute(&mut app.connection())
            .unwrap();
        let path = format!("/api/v1/conversations/{id}/flow");
        let shown = third.get(&path).await.expect_status(200).body;
        assert_eq!(shown["available_actions"], json!([]), "{role}");
        let press = third
            .post(&format!("{path}/actions/decide"), json!({}))
            .await;
        press.expect_status(403);
    }
    let platform = app.person_with("platform", &["service"]).await;
    let path = format!("/api/v1/conversations/{id}/flow/actions/waive");
    // For somebody else, the platform may do what they may.
    let press = json!({ "user_id": "renter" });
    platform.post(&path, press).await.expect_status(403);
    let press = json!({ "request_id": "once" });
    let first = platform.post(&path, press.clone()).await.expect_status(200);
    let again = platform.post(&path, press).await.expect_status(200);
    assert_eq!(first.body, again.body);
    let told = "select count(*) as n from webhook_events where event = 'deal.waived'";
    assert_eq!(app.count(told), 1);
}
