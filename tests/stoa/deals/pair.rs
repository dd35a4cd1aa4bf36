//! Two servers on one database: a deal is stepped through either, and what meets happens once.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::crashing::ticking;
use super::{Deal, Flows, TICKING, rupees};
use crate::client::Person;
use crate::servers::Alone;
use crate::test_app::TestApp;

const OPTIONS: [&str; 4] = ["--rate-limits", "off", "--job-retry-ms", "20"];

async fn pair() -> (Deal, TestApp) {
    let one = TestApp::alone(Alone::Pair).with(&OPTIONS).await;
    let other = TestApp::alone(Alone::Pair)
        .on(one.database.clone(), &OPTIONS)
        .await;
    (Deal::begin_on(one).await, other)
}

fn at(app: &TestApp, person: &Person) -> Person {
    Person::new(app.address, &person.id, person.token.clone())
}

fn way() -> [(&'static str, &'static str, Value); 7] {
    [
        ("influencer", "accept_connection", json!({})),
        (
            "brand_owner",
            "send_project_details",
            json!({ "details": "posts" }),
        ),
        ("influencer", "accept_project", json!({})),
        ("brand_owner", "send_price_offer", rupees(5_000)),
        ("influencer", "negotiate_price", rupees(6_000)),
        ("brand_owner", "make_counter_offer", json!({})),
        ("brand_owner", "send_counter_offer", rupees(5_500)),
    ]
}

#[tokio::test]
async fn presses_that_meet_on_two_servers_are_one_step_each() {
    let (deal, other) = pair().await;
    for (role, action, input) in way() {
        let (here, there) = (deal.role(role), at(&other, deal.role(role)));
        let version = deal.stands(here).await["state_version"].clone();
        let presses = (0..10).map(|number| {
            let press = json!({ "input": input, "state_version": version, "request_id": format!("{action}-{number}") });
            deal.press(if number % 2 == 0 { here } else { &there }, action, press)
        });
        let answers = join_all(presses).await;
        let mut won = 0;
        for answer in answers {
            match answer.status {
                200 => won += 1,
                _ => drop(answer.expect_status(409).expect_code("FLOW_STATE_INVALID")),
            }
        }
        assert_eq!(won, 1, "{action}");
    }
    let same = json!({ "request_id": "the-same" });
    let there = at(&other, &deal.influencer);
    let presses = (0..10).map(|number| {
        let person = if number % 2 == 0 {
            &deal.influencer
        } else {
            &there
        };
        deal.press(person, "accept_final_offer", same.clone())
    });
    let answers = join_all(presses).await;
    for answer in &answers {
        assert_eq!((answer.status, &answer.body), (200, &answers[0].body));
    }
    // The gateway's word that the order can be paid may be there already, or come later.
    let mut log = deal.history(&deal.platform).await;
    log.retain(|step| step["actor"] != "payment");
    assert_eq!(log.len(), 2 + 7 + 1, "{log:?}");
    let orders = "select count(*) as n from payment_orders";
    assert_eq!(deal.app.count(orders), 1);
}

#[tokio::test]
async fn a_deal_goes_on_on_the_other_server_and_is_paid_once() {
    let (deal, other) = pair().await;
    for (turn, (role, action, input)) in way().into_iter().enumerate() {
        let person = match turn % 2 {
            0 => deal.role(role).clone(),
            _ => at(&other, deal.role(role)),
        };
        let answer = deal.press(&person, action, json!({ "input": input }));
        answer.await.expect_status(200);
    }
    let there = at(&other, &deal.influencer);
    let last = deal.press(&there, "accept_final_offer", json!({}));
    last.await.expect_status(200);
    let order = deal.order().await;
    assert!(deal.check_out(&order, "success").await.is_success());
    deal.reaches("payment_completed").await;
    let path = format!("/api/v1/conversations/{}/flow", deal.id);
    let seen = there.get(&path);
    assert_eq!(seen.await.body["state"], "payment_completed");
    let paid = "select count(*) as n from flow_steps where action = 'paid'";
    assert_eq!(deal.app.count(paid), 1);
    let started = deal.press(&there, "start_work", json!({})).await;
    assert_eq!(started.expect_status(200).body["state"], "work_in_progress");
}

#[tokio::test]
async fn timers_of_two_servers_fire_once() {
    let folder = Flows::with(TICKING);
    let flows = folder.folder();
    let options = [&OPTIONS[..], &["--flows", &flows]].concat();
    let one = TestApp::alone(Alone::Pair).with(&options).await;
    let other = TestApp::alone(Alone::Pair)
        .on(one.database.clone(), &options)
        .await;
    for person in ["ada", "ben"] {
        one.person(person).await;
    }
    let platform = other.person_with("platform", &["service"]).await;
    for _ in 0..10 {
        let made = platform.post("/api/v1/conversations", ticking()).await;
        made.expect_status(201);
    }
    let over = "select count(*) as n from conversation_flows where state = 'over'";
    one.until_count(over, 10).await;
    let often = |action: &str| {
        one.count(&format!(
            "select count(*) as n from flow_steps where action = '{action}'"
        ))
    };
    assert_eq!(
        (one.count(over), often("remind_1"), often("deadline")),
        (10, 10, 20)
    );
    assert_eq!(one.count("select count(*) as n from flow_timers"), 0);
}
