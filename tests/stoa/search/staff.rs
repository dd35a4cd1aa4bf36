//! Staff search where they do not take part, and it is written down.

use diesel::prelude::*;
use diesel::sql_types::{Jsonb, Nullable, Text};
use serde_json::{Value, json};

use super::{bodies, search, until_indexed};
use crate::client::Person;
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

/// A server with staff, a conversation in which they do not take part, and one in which they do.
async fn stage() -> (TestApp, Person, String, String) {
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
    (app, staff, one, other)
}

async fn found(staff: &Person, query: &str, more: &str) -> Value {
    search(staff, query, more).await.expect_status(200).body
}

#[tokio::test]
async fn staff_find_everything() {
    let (_app, staff, one, other) = stage().await;
    let own = found(&staff, "wombat", "").await;
    assert_eq!(bodies(&own), ["a wombat among us"]);
    assert!(own["behind_seconds"].is_number(), "{own}");
    let all = found(&staff, "wombat", "&scope=all").await;
    assert_eq!(bodies(&all), ["a wombat among us", "a wombat in private"]);
    assert_eq!(all["total"], 2);
    let page = found(&staff, "wombat", "&scope=all&limit=1").await;
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = found(&staff, "wombat", &format!("&scope=all&cursor={cursor}")).await;
    assert_eq!(bodies(&rest), ["a wombat in private"]);
    let within = found(&staff, "wombat", &format!("&conversation_id={one}")).await;
    assert_eq!(bodies(&within), ["a wombat in private"]);
    let within = found(&staff, &format!("wombat in:{other}"), "").await;
    assert_eq!(bodies(&within), ["a wombat among us"]);
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

#[tokio::test]
async fn what_staff_search_where_they_do_not_take_part_is_written_down() {
    let (app, staff, one, other) = stage().await;
    for more in [String::new(), format!("&conversation_id={other}")] {
        found(&staff, "wombat", &more).await;
    }
    assert!(audited(&app).is_empty(), "where they take part");
    for more in ["&scope=all".to_owned(), format!("&conversation_id={one}")] {
        found(&staff, "wombat", &more).await;
    }
    let [all, within] = &audited(&app)[..] else {
        panic!("{:?}", audited(&app));
    };
    for line in [all, within] {
        assert_eq!(
            (line.actor.as_str(), line.action.as_str()),
            ("sue", "search")
        );
        assert_eq!(line.data, json!({ "q": "wombat" }));
    }
    assert_eq!(
        (all.object_type.as_str(), &all.conversation),
        ("installation", &None)
    );
    assert_eq!(
        (within.object_type.as_str(), &within.conversation),
        ("conversation", &Some(one))
    );
}
