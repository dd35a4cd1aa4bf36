//! Steps while the database fails: refused and made once later, or committed although the connection was lost.

use diesel::connection::SimpleConnection;
use serde_json::json;

use super::Deal;
use crate::client::Answer;
use crate::polling::until;
use crate::postgres::TestCluster;
use crate::servers::Alone;
use crate::test_app::TestApp;

async fn own_cluster() -> (TestCluster, TestApp) {
    let made = tokio::task::spawn_blocking(|| {
        let cluster = TestCluster::start().expect("a cluster");
        let url = cluster.create_database("alone").expect("a database");
        (cluster, url)
    });
    let (cluster, url) = made.await.unwrap();
    let app = TestApp::alone(Alone::Failures)
        .on(url, &["--rate-limits", "off", "--jobs", "off"])
        .await;
    (cluster, app)
}

#[tokio::test]
async fn a_press_while_the_database_is_away_is_refused_and_made_once_when_it_is_back() {
    let (cluster, app) = own_cluster().await;
    let deal = Deal::begin_on(app).await;
    let version = deal.stands(&deal.influencer).await["state_version"].clone();
    let press = json!({ "state_version": version, "request_id": "r-1" });
    cluster.stop_immediate().unwrap();
    let away = deal.press(&deal.influencer, "accept_connection", press.clone());
    let away = away.await.expect_status(503).expect_code("UNAVAILABLE");
    assert_eq!(away.body["temporary"], true);
    cluster.start_again().unwrap();
    let press_again = async || {
        let pressed = deal.press(&deal.influencer, "accept_connection", press.clone());
        let answer = pressed.await;
        assert!([200, 503].contains(&answer.status), "{answer:?}");
        answer
    };
    let is_taken = |answer: &Answer| answer.status == 200;
    let first = until("the press to be taken", press_again, is_taken)
        .await
        .body;
    assert_eq!(first["state"], "brand_owner_details");
    let again = deal.press(&deal.influencer, "accept_connection", press);
    assert_eq!(again.await.expect_status(200).body, first);
    assert_eq!(deal.history(&deal.platform).await.len(), 3);
}

fn run(app: &TestApp, statements: &[&str]) {
    let mut connection = app.connection();
    for statement in statements {
        connection.batch_execute(statement).unwrap();
    }
}

/// The step's connection is lost after it was committed and before anybody heard: commits wait for a standby that is not there,
/// and the one that writes steps is sent away while it waits.
#[tokio::test]
async fn a_step_that_was_written_although_its_connection_was_lost_is_told_to_everybody() {
    let (_cluster, app) = own_cluster().await;
    let deal = Deal::begin_on(app).await;
    let mut listening = deal.brand_owner.joined(&deal.id).await;
    run(
        &deal.app,
        &[
            "alter system set synchronous_standby_names = 'nobody'",
            "select pg_reload_conf()",
        ],
    );
    let pressing = deal.press(
        &deal.influencer,
        "accept_connection",
        json!({ "request_id": "r-1" }),
    );
    let losing = async {
        let waiting = "select count(*) as n from pg_stat_activity where wait_event = 'SyncRep' and query like '%prompts_from bigint%'";
        let commits = async || deal.app.count(waiting);
        until("a commit that waits", commits, |n| *n > 0).await;
        run(
            &deal.app,
            &[
                "alter system reset synchronous_standby_names",
                "select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'SyncRep' and query like '%prompts_from bigint%'",
                "select pg_reload_conf()",
            ],
        );
    };
    let (answer, ()) = tokio::join!(pressing, losing);
    assert_eq!(
        answer.expect_status(200).body["state"],
        "brand_owner_details"
    );
    let told = listening.event("conversation_state_changed").await;
    assert_eq!(told["new_state"], "brand_owner_details");
    assert_eq!(deal.history(&deal.platform).await.len(), 3);
}
