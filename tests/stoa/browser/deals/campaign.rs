//! The whole way of a campaign, which begins with an application and is begun by the platform while both look.

use serde_json::json;

use super::super::window::{Window, hook, item, message};
use super::super::{player, stage};
use super::{all_arrive, available_action, fill, pay, problem, submit};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_campaign_from_the_application_to_free_talk() {
    let app = stage().await;
    for id in ["tomas", "lena"] {
        player(&app, id).await;
    }
    let (lena, tomas) = tokio::join!(Window::open(), Window::open());
    lena.visit(&app, "/?as=lena").await;
    tomas.visit(&app, "/?as=tomas").await;
    for window in [&lena, &tomas] {
        window.see(&hook("conversation-item")).await;
    }
    let platform = app.person_with("platform", &["service"]).await;
    let creation = json!({
        "kind": "group",
        "participants": [{ "user_id": "tomas", "role": "influencer" }, { "user_id": "lena", "role": "brand_owner" }],
        "subject": { "type": "campaign", "id": "winter", "title": "Winter rides" },
        "flow": { "name": "campaign", "context": { "campaign_title": "Winter rides" } },
    });
    let made = platform.post("/api/v1/conversations", creation).await;
    let made = made.expect_status(201).body;
    let id = made["id"].as_str().expect("an id");
    let chip = format!("{} [data-test=turn-chip]", item(id));
    tomas.read(&chip, "Your turn").await;
    lena.read(&chip, "Waiting for Tomás").await;
    for window in [&lena, &tomas] {
        window.press(&item(id)).await;
    }
    applies(&lena, &tomas).await;
    agrees_and_pays(&lena, &tomas).await;
    for window in [&lena, &tomas] {
        window.expect_no_faults().await;
    }
}

async fn applies(lena: &Window, tomas: &Window) {
    fill(tomas, "application", "I ride in every weather").await;
    fill(tomas, "portfolio", "http://example.com/rides").await;
    tomas.press(&submit("submit_application")).await;
    tomas.read(&problem("portfolio"), "https://").await;
    fill(tomas, "portfolio", "https://example.com/rides").await;
    tomas.press(&submit("submit_application")).await;
    all_arrive(&[lena, tomas], "brand_owner_reviewing").await;
    lena.read(
        "[data-test=action-card][data-state=open]",
        "I ride in every weather",
    )
    .await;
}

async fn agrees_and_pays(lena: &Window, tomas: &Window) {
    lena.press(&available_action("accept_application")).await;
    all_arrive(&[lena, tomas], "brand_owner_pricing").await;
    fill(lena, "price", "₹ 3,000").await;
    lena.press(&submit("send_price_offer")).await;
    all_arrive(&[lena, tomas], "influencer_price_response").await;
    tomas.press(&available_action("accept_price")).await;
    all_arrive(&[lena, tomas], "payment_pending").await;
    pay(lena).await;
    all_arrive(&[lena, tomas], "payment_completed").await;
    tomas.press(&available_action("start_work")).await;
    fill(tomas, "deliverables", "https://example.com/rides/film").await;
    fill(tomas, "description", "A film of a snowy ride").await;
    tomas.press(&submit("submit_work")).await;
    all_arrive(&[lena, tomas], "work_submitted").await;
    lena.press(&available_action("approve_work")).await;
    lena.press(&submit("approve_work")).await;
    all_arrive(&[lena, tomas], "real_time").await;
    tomas.say("Thank you, Lena").await;
    lena.see(&message("Thank you, Lena")).await;
}
