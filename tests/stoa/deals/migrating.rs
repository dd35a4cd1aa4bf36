//! A new version of a flow: new deals run by it, running ones stay with theirs until they are taken along.

use serde_json::{Value, json};

use super::crashing::ticking;
use super::{Flows, TICKING};
use crate::child::outcome;
use crate::client::Person;
use crate::test_app::TestApp;

const MIGRATION: &str = "
[[migrations]]
from = 1
states = { waiting = \"patient\" }
";

fn first_version() -> String {
    TICKING.replace("PT2S", "PT2H").replace("PT1S", "PT1H")
}

/// The same flow, where waiting is called being patient.
fn second_version() -> String {
    let renamed = first_version()
        .replace("version = 1", "version = 2")
        .replace("states.waiting", "states.patient")
        .replace("\"waiting\"", "\"patient\"");
    renamed + MIGRATION
}

async fn begin(app: &TestApp, platform: &Person) -> String {
    let _known = (app.person("ada").await, app.person("ben").await);
    let made = platform.post("/api/v1/conversations", ticking()).await;
    made.expect_status(201).body["id"]
        .as_str()
        .unwrap()
        .to_owned()
}

async fn flow(person: &Person, id: &str) -> Value {
    let path = format!("/api/v1/conversations/{id}/flow");
    person.get(&path).await.expect_status(200).body
}

/// What the command line says of taking deals along.
pub fn migrate(app: &TestApp, flows: &Flows, more: &[&str]) -> String {
    let (file, database) = (flows.file(), &app.database);
    let mut arguments = vec![
        "flow",
        "migrate",
        &file,
        "--batch",
        "2",
        "--database-url",
        database,
    ];
    arguments.extend(more);
    let (output, said, complained) = outcome(&arguments, &[]);
    assert!(output.status.success(), "{complained}");
    said
}

/// A server with five deals of the first version, and the second one in its folder since.
pub async fn with_two_versions() -> (TestApp, Flows, Vec<String>) {
    let flows = Flows::with(&first_version());
    let path = flows.folder();
    let mut app = TestApp::with(&["--rate-limits", "off", "--flows", &path]).await;
    let platform = app.person_with("platform", &["service"]).await;
    let mut deals = Vec::new();
    for _ in 0..5 {
        deals.push(begin(&app, &platform).await);
    }
    app.stop().await;
    flows.put(&second_version());
    app.start_again().await;
    (app, flows, deals)
}

#[tokio::test]
async fn a_new_version_is_for_new_deals() {
    let (app, flows, deals) = with_two_versions().await;
    let platform = app.person_with("platform", &["service"]).await;
    let ada = app.person("ada").await;
    let fresh = begin(&app, &platform).await;
    assert_eq!(flow(&ada, &fresh).await["version"], 2);
    let would = migrate(&app, &flows, &["--dry-run"]);
    assert!(would.contains("ticking 1 → 2: 5 deals would go"), "{would}");
    assert!(would.contains("waiting → patient: 5 deals"), "{would}");
    for deal in &deals {
        assert_eq!(flow(&ada, deal).await["version"], 1, "pinned");
    }
}

#[tokio::test]
async fn running_deals_are_taken_along_when_somebody_says_so_and_are_told_live() {
    let (app, flows, deals) = with_two_versions().await;
    let ada = app.person("ada").await;
    let mut live = ada.joined(&deals[0]).await;
    let went = migrate(&app, &flows, &[]);
    assert!(went.contains("ticking 1 → 2: 5 deals went"), "{went}");
    let told = live.event("conversation_state_changed").await;
    let version = &told["flow"]["version"];
    assert_eq!(
        (&told["new_state"], version),
        (&json!("patient"), &json!(2))
    );
    for deal in &deals {
        let now = flow(&ada, deal).await;
        assert_eq!(
            (&now["version"], &now["state"]),
            (&json!(2), &json!("patient"))
        );
        let path = format!("/api/v1/conversations/{deal}/flow/actions/answer");
        let answer = ada.post(&path, json!({ "input": { "note": "on" } })).await;
        assert_eq!(answer.expect_status(200).body["state"], "patient");
    }
    let again = migrate(&app, &flows, &[]);
    assert!(again.contains("0 deals went"), "{again}");
}

#[tokio::test]
async fn a_version_that_deals_run_by_cannot_be_changed_behind_their_back() {
    let flows = Flows::with(&first_version());
    let path = flows.folder();
    let mut app = TestApp::with(&["--rate-limits", "off", "--flows", &path]).await;
    app.stop().await;
    flows.put(&first_version().replace("Ticking", "Tocking"));
    let database = app.database.clone();
    let arguments = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--database-url",
        &database,
        "--flows",
        &path,
    ];
    let (output, _, complained) =
        outcome(&arguments, &[("STOA_JWT_SECRET", crate::test_app::SECRET)]);
    assert!(
        !output.status.success() && complained.contains("Raise `version`"),
        "{complained}"
    );
}
