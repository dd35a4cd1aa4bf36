//! Rules that notify: whom, of what, and once.

use serde_json::json;

use super::{Fixture, RulesFile, order, shipped};
use crate::notifications::{counts, titles};

#[tokio::test]
async fn an_orders_life_notifies_those_whom_it_concerns() {
    let fixture = Fixture::with(&shipped("pharmago"), &["ada", "rob", "corner"]).await;
    let (ada, rob) = (
        fixture.app.person("ada").await,
        fixture.app.person("rob").await,
    );
    let mut socket = ada.socket().await;
    fixture
        .told(order(
            "1",
            "order.placed",
            "42",
            Some("ada"),
            json!({ "pharmacy": "corner" }),
        ))
        .await;
    fixture
        .told(order("2", "order.accepted", "42", None, json!({})))
        .await;
    let heard = socket.event("notification").await;
    let told = (&heard["type"], &heard["subject"]["id"], &heard["title"]);
    assert_eq!(
        told,
        (
            &json!("order_update"),
            &json!("42"),
            &json!("Order #42: accepted")
        )
    );
    fixture
        .told(order(
            "3",
            "order.assigned",
            "42",
            None,
            json!({ "rider": "rob" }),
        ))
        .await;
    fixture
        .told(order("4", "order.delivered", "42", Some("rob"), json!({})))
        .await;
    fixture.until_handled().await;
    assert_eq!(titles(&ada, "").await, ["Order #42: delivered"]);
    assert_eq!(counts(&ada).await, (1, 1));
    assert_eq!(titles(&rob, "").await, ["A delivery for you"]);
}

const RULES: &str = r#"
name = "n"
version = 1
[modules]
m = "M"
[events."thing.touched"]
module = "m"
subject = "thing"
data = { by = "user" }
[[rules]]
name = "room"
on = "thing.touched"
converse = { type = "thing", people = { keeper = "data.by", guest = "actor" } }
[[rules]]
name = "noted"
on = "thing.touched"
notify = { to = ["participants", "actor"], type = "system", title = "{event.id}", message = "Touched." }
"#;

#[tokio::test]
async fn each_is_notified_once_however_often_its_server_is_lost() {
    let rules = RulesFile::with(RULES);
    let fixture = Fixture::with(&rules.path(), &["ada", "rob"]).await;
    fixture.run_sql(super::crashing::FORGETFUL);
    let events: Vec<_> = (0..30)
        .map(|n| json!({ "source": "s", "id": n.to_string(), "type": "thing.touched", "actor": "ada", "subject": format!("thing/{n}"), "data": { "by": "rob" } }))
        .collect();
    fixture.told(json!(events)).await;
    fixture.until_handled().await;
    let made = "select count(*) as n from notifications where state = 'shown'";
    assert_eq!(fixture.app.count(made), 60);
    let distinct = "select count(distinct (user_no, title)) as n from notifications";
    assert_eq!(fixture.app.count(distinct), 60);
}

#[tokio::test]
async fn a_type_that_is_not_there_ends_the_start() {
    let rules = RulesFile::with(RULES.replace("\"system\"", "\"sistem\""));
    let serve = ["serve", "--print-config", "--rules", &rules.path()];
    let (output, _, complained) = crate::child::outcome(&serve, &[]);
    assert!(!output.status.success());
    let why = "the rule n/noted names the notification type `sistem`, which there is not; did you mean `system`?";
    assert!(complained.contains(why), "{complained}");
}
