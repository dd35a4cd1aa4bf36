//! What the platform's staff read in conversations of others is written down; what people read in their own is not.

use crate::businesses::{business, employ, support};
use crate::test_app::TestApp;

const LINES: &str = "select count(*) as n from audit_log a join users u on u.no = a.actor_no
    join conversations c on c.no = a.conversation_no
    where u.id = 'sue' and a.action = 'read' and a.object_type = 'conversation' and a.object_id = c.id::text";
const ALL: &str = "select count(*) as n from audit_log";

#[tokio::test]
async fn a_page_that_staff_read_is_noted_once_in_ten_minutes() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let sue = app.person_with("sue", &["support"]).await;
    let (one, other) = (app.direct(&ann, &bob).await, app.group(&ann, &[&bob]).await);
    ann.say(&one, "hello").await;
    for _ in 0..2 {
        assert_eq!(sue.bodies(&one).await, ["hello"]);
    }
    assert_eq!((app.count(LINES), app.count(ALL)), (1, 1));
    sue.bodies(&other).await;
    assert_eq!(app.count(LINES), 2);
    app.count("with set as (update audit_log set at = at - interval '11 minutes' returning 1) select count(*) as n from set");
    sue.bodies(&one).await;
    assert_eq!((app.count(LINES), app.count(ALL)), (3, 3));
}

#[tokio::test]
async fn a_join_of_staff_is_noted() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let sue = app.person_with("sue", &["admin"]).await;
    let place = app.direct(&ann, &bob).await;
    let _socket = sue.joined(&place).await;
    assert_eq!((app.count(LINES), app.count(ALL)), (1, 1));
}

#[tokio::test]
async fn who_takes_part_the_back_end_and_staff_of_the_business_are_not_noted() {
    let app = TestApp::start().await;
    let ann = app.person("ann").await;
    let sue = app.person_with("sue", &["support"]).await;
    let platform = app.person_with("platform", &["service"]).await;
    let place = app.direct(&ann, &sue).await;
    for reader in [&ann, &sue, &platform] {
        reader.bodies(&place).await;
    }
    let _sockets = (
        ann.joined(&place).await,
        sue.joined(&place).await,
        platform.joined(&place).await,
    );
    business(&platform, "salon").await;
    let agent = app.person("agent").await;
    employ(&platform, "salon", "agent", "agent")
        .await
        .expect_status(200);
    let asked = support(&ann, "salon").await;
    agent.bodies(&asked).await;
    let nowhere = "/api/v1/conversations/00000000-0000-4000-8000-000000000000/messages";
    sue.get(nowhere).await.expect_status(404);
    assert_eq!(app.count(ALL), 0);
}
