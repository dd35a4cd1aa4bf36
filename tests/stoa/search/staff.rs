//! Staff search where they do not take part, and it is written down.

use diesel::prelude::*;
use diesel::sql_types::{Jsonb, Nullable, Text};
use serde_json::{Value, json};

use super::{bodies, search, until_indexed};
use crate::test_app::TestApp;

#[derive(Debug, QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    actor: String,
    #[diesel(sql_type = Text)]
    action: String,
    #[diesel(sql_type = Text)]
    object_type: String,
    #[diesel(sql_type = Nullable<Text>)]
    conversation: Option<String>,
    #[diesel(sql_type = Jsonb)]
    data: Value,
}

fn audited(app: &TestApp) -> Vec<Line> {
    let lines = "select u.id as actor, a.action, a.object_type, c.id::text as conversation, a.data
        from audit_log a join users u on u.no = a.actor_no left join conversations c on c.no = a.conversation_no order by a.no";
    diesel::sql_query(lines)
        .load(&mut app.connection())
        .unwrap()
}

#[tokio::test]
async fn staff_find_everything_and_it_is_written_down() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let staff = app.person_with("sue", &["support"]).await;
    let (one, other) = (
        app.direct(&alice, &bob).await,
        app.group(&staff, &[&bob]).await,
    );
    alice.say(&one, "a wombat in private").await;
    staff.say(&other, "a wombat among us").await;
    until_indexed(&app).await;
    let own = search(&staff, "wombat", "").await.expect_status(200).body;
    assert_eq!(bodies(&own), ["a wombat among us"]);
    assert!(own["behind_seconds"].is_number(), "{own}");
    assert!(audited(&app).is_empty(), "where they take part");
    let all = search(&staff, "wombat", "&scope=all")
        .await
        .expect_status(200)
        .body;
    assert_eq!(bodies(&all), ["a wombat among us", "a wombat in private"]);
    assert_eq!(all["total"], 2);
    let page = search(&staff, "wombat", "&scope=all&limit=1")
        .await
        .expect_status(200)
        .body;
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = search(&staff, "wombat", &format!("&scope=all&cursor={cursor}")).await;
    assert_eq!(
        bodies(&rest.expect_status(200).body),
        ["a wombat in private"]
    );
    let within = search(&staff, "wombat", &format!("&conversation_id={one}")).await;
    assert_eq!(
        bodies(&within.expect_status(200).body),
        ["a wombat in private"]
    );
    let within = search(&staff, &format!("wombat in:{other}"), "").await;
    assert_eq!(
        bodies(&within.expect_status(200).body),
        ["a wombat among us"]
    );
    let lines = audited(&app);
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert!(
        lines
            .iter()
            .all(|line| line.actor == "sue" && line.action == "search")
    );
    assert!(
        lines
            .iter()
            .all(|line| line.data == json!({ "q": "wombat" }))
    );
    assert_eq!(
        (lines[0].object_type.as_str(), &lines[0].conversation),
        ("installation", &None)
    );
    assert_eq!(
        (lines[3].object_type.as_str(), &lines[3].conversation),
        ("conversation", &Some(one))
    );
    for query in ["is:unread", "subject:job/42"] {
        let refused = search(&staff, query, "&scope=all").await.expect_status(400);
        assert!(
            refused.body["message"]
                .as_str()
                .unwrap()
                .contains("scope=all")
        );
    }
}
