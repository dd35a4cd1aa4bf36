//! Events that are withdrawn: rules that have not run for them do not run.

use serde_json::{Value, json};

use super::{Fixture, order, shipped};

/// The event that withdraws another one.
fn undoing(id: &str, undone: &str) -> Value {
    let mut event = order(id, "order.delayed", "1", None, json!({ "minutes": 1 }));
    event["undoes"] = json!(undone);
    event
}

#[tokio::test]
async fn a_rule_that_runs_later_does_not_run_for_an_event_that_is_withdrawn_meanwhile() {
    let fixture = Fixture::with(&shipped("pharmago"), &["ada", "sue", "corner"]).await;
    let events = json!([
        order(
            "1",
            "order.placed",
            "1",
            Some("ada"),
            json!({ "pharmacy": "corner" })
        ),
        order("2", "order.delivered", "1", Some("sue"), json!({})),
    ]);
    fixture.told(events).await;
    fixture.until_handled().await;
    let of = "select count(*) as n from activities a join events e on e.no = a.event_no where e.id = '2'";
    assert_eq!(fixture.app.count(of), 1);
    fixture.told(undoing("3", "2")).await;
    fixture.until_handled().await;
    assert_eq!(fixture.app.count(of), 0, "it is no activity any more");
    fixture.run_sql("update jobs set due_at = now() where kind = 'run_rule'");
    let late = "select count(*) as n from jobs where kind = 'run_rule'";
    fixture.app.until_count(late, 0).await;
    let runs = fixture.rules_of("shop", "2").await;
    let late = runs
        .as_array()
        .expect("runs")
        .iter()
        .find(|run| run["due_at"].is_string());
    let late = late.expect("a rule that runs later");
    assert_eq!(
        (&late["status"], &late["detail"]),
        (&json!("skipped"), &json!({ "withdrawn": true }))
    );
    let open = "select count(*) as n from conversations where status = 'open'";
    assert_eq!(fixture.app.count(open), 1, "the room stays open");
}

#[tokio::test]
async fn an_event_that_is_told_after_the_one_that_withdraws_it_has_no_effect() {
    let fixture = Fixture::with(&shipped("pharmago"), &["ada", "corner"]).await;
    fixture.told(undoing("2", "1")).await;
    let placed = order(
        "1",
        "order.placed",
        "1",
        Some("ada"),
        json!({ "pharmacy": "corner" }),
    );
    fixture.told(placed).await;
    fixture.until_handled().await;
    let runs = fixture.rules_of("shop", "1").await;
    for run in runs.as_array().expect("runs") {
        assert_eq!(run["status"], "skipped", "{run}");
    }
    for table in ["conversations", "activities"] {
        let count = format!("select count(*) as n from {table}");
        assert_eq!(fixture.app.count(&count), 0, "{table}");
    }
}
