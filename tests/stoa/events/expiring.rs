//! Events are forgotten: first their data and what rules made of it, later all of it.

use serde_json::{Value, json};
use stoa::store::events::expire;

use super::{Fixture, order, shipped};

#[tokio::test]
async fn data_goes_first_and_the_rest_later() {
    let fixture = Fixture::with(&shipped("pharmago"), &["ada", "corner"]).await;
    fixture
        .told(json!([
            order(
                "1",
                "order.placed",
                "1",
                Some("ada"),
                json!({ "pharmacy": "corner" })
            ),
            order("2", "order.delayed", "1", None, json!({ "minutes": 1 })),
            order("3", "order.delayed", "1", None, json!({ "minutes": 2 })),
        ]))
        .await;
    fixture.until_handled().await;
    let mut connection = fixture.app.connection();
    assert_eq!(expire(&mut connection).unwrap(), 0);
    let days = "round(extract(epoch from keep_until - accepted_at) / 86400) || ' ' || round(extract(epoch from data_until - accepted_at) / 86400)";
    let kept = fixture.lines(&format!("select {days} as line from events where id = '1'"));
    assert_eq!(kept, ["400 90"]);

    fixture.run_sql("update events set data_until = now() - interval '1 second' where id = '2'");
    assert_eq!(expire(&mut connection).unwrap(), 1);
    let shown = fixture.platform.get("/api/v1/events/shop/2").await.body;
    assert_eq!(
        (&shown["data"], &shown["rules"][0]["detail"]),
        (&Value::Null, &Value::Null)
    );
    // It is still known.
    let again = order("2", "order.delayed", "1", None, json!({ "minutes": 1 }));
    assert_eq!(fixture.tell(again).await["known"], 1);

    fixture.run_sql("update events set keep_until = now() - interval '1 second', data_until = now() - interval '1 day' where id in ('1', '2')");
    assert_eq!(
        expire(&mut connection).unwrap(),
        3,
        "one that still had data, and two rows"
    );
    let left = "select count(*) as n from events";
    assert_eq!(fixture.app.count(left), 1);
    let activities = "select count(*) as n from activities";
    assert_eq!(
        fixture.app.count(activities),
        0,
        "what is gone is no activity"
    );
    assert_eq!(
        fixture.app.count("select count(*) as n from conversations"),
        1
    );
}
