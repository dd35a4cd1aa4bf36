//! Events about one subject wait for each other. What waits has not failed, and is not put off for longer and longer.

use serde_json::json;

use super::{Fixture, order, shipped};

/// What rules make of events cannot be stored, until this is taken away.
const BROKEN: &str = "
create function break() returns trigger language plpgsql as $$ begin raise exception 'broken'; end $$;
create trigger broken before insert on rule_runs for each row execute function break();";

const JOBS: &str = "
select (e.id || ': ' || case when j.failures > 0 then 'failed' else 'waits' end) as line
from jobs j join events e on e.no = (j.payload ->> 'event_no')::bigint where j.kind = 'handle_event' order by e.no";

#[tokio::test]
async fn those_that_wait_for_an_earlier_event_have_not_failed() {
    let fixture = Fixture::with(&shipped("pharmago"), &["ada", "corner"]).await;
    fixture.run_sql(BROKEN);
    let placed = json!({ "pharmacy": "corner" });
    let events: Vec<_> = (1..=4)
        .map(|n| match n {
            1 => order("1", "order.placed", "7", Some("ada"), placed.clone()),
            n => order(
                &n.to_string(),
                "order.delayed",
                "7",
                None,
                json!({ "minutes": 10 * n }),
            ),
        })
        .collect();
    fixture.told(json!(events)).await;
    let failed = "select count(*) as n from jobs where kind = 'handle_event' and failures > 3";
    fixture.app.until_count(failed, 1).await;
    // Those that wait look for their turn again and again, as after the ends of others.
    for round in 1..=5 {
        let claimed = format!(
            "select count(*) as n from jobs where kind = 'handle_event' and failures = 0 and attempts > {round}"
        );
        fixture
            .run_sql("update jobs set due_at = now() where failures = 0 and claimed_until is null");
        fixture.app.until_count(&claimed, 3).await;
    }
    assert_eq!(
        fixture.lines(JOBS),
        ["1: failed", "2: waits", "3: waits", "4: waits"]
    );
    fixture.run_sql("drop trigger broken on rule_runs");
    fixture.until_handled().await;
    let ada = fixture.app.person("ada").await;
    let id = super::rooms_of(&ada).await[0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let bodies = ada.bodies(&id).await;
    let minutes: Vec<bool> = [20, 30, 40]
        .iter()
        .zip(bodies.iter().skip(1))
        .map(|(minutes, body)| body.contains(&format!("{minutes} minutes later")))
        .collect();
    assert_eq!((bodies.len(), minutes), (4, vec![true; 3]), "{bodies:#?}");
}
