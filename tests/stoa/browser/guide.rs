//! The example page of the Stoory guide's front end: people of the demo talk and deal through it.

use std::time::Duration;

use super::window::{Window, hook};
use super::{counter, player, stage};
use crate::test_app::TestApp;

/// The page, as somebody sees it who has a conversation open.
async fn opened(app: &TestApp, person: &str, conversation: &str) -> Window {
    let window = Window::open().await;
    let path = format!("/stoory.html?as={person}");
    window.visit(app, &path).await;
    window.read(&hook("connection"), "connected").await;
    let item = format!("[data-test=conversation][data-id='{conversation}']");
    window.press(&item).await;
    window.see(&format!("{item}[aria-current=true]")).await;
    window
}

fn said(body: &str) -> String {
    format!("//*[@data-test='message'][normalize-space()='{body}']")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_guides_front_end_talks() {
    let app = stage().await;
    let mira = player(&app, "mira").await;
    let id = counter(&mira).await;
    let (one, other) = tokio::join!(opened(&app, "mira", &id), opened(&app, "jonas", &id));
    one.write(&hook("text"), "Is the counter done?").await;
    let typing = hook("typing");
    tokio::select! {
        () = other.read(&typing, "mira is typing") => {}
        () = goes_on_typing(&one) => {}
    }
    one.press(&hook("send")).await;
    one.see(&said("Is the counter done?")).await;
    other.see(&said("Is the counter done?")).await;
    other.write(&hook("text"), "<b>Tomorrow</b>").await;
    other.press(&hook("send")).await;
    one.see(&said("<b>Tomorrow</b>")).await;
    the_server_is_lost_and_found(app, &one, &other).await;
    one.expect_no_faults().await;
    other.expect_no_faults().await;
}

/// Presses keys until the other side has joined and shows it: what is typed before is told to nobody.
async fn goes_on_typing(window: &Window) {
    let press = "document.querySelector('[data-test=text]').dispatchEvent(new Event('input'));";
    loop {
        window.ask(press).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// The server is restarted, and both go on where they were.
async fn the_server_is_lost_and_found(mut app: TestApp, one: &Window, other: &Window) {
    app.stop().await;
    one.read(&hook("connection"), "disconnected").await;
    app.start_again().await;
    for window in [one, other] {
        window.read(&hook("connection"), "connected again").await;
    }
    one.write(&hook("text"), "Still there?").await;
    one.press(&hook("send")).await;
    other.see(&said("Still there?")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_guides_front_end_deals_by_buttons_and_texts() {
    let app = stage().await;
    let (_, owner, id) = beginning(&app).await;
    let (one, other) = tokio::join!(opened(&app, INFLUENCER, &id), opened(&app, &owner, &id));
    one.press(&hook("accept_connection")).await;
    answer(&other, "Three posts about bread").await;
    one.read(&hook("messages"), "Three posts about bread").await;
    one.press(&hook("accept_project")).await;
    answer(&other, "5000").await;
    one.read(&hook("messages"), "₹5,000.00").await;
    one.press(&hook("accept_price")).await;
    for window in [&one, &other] {
        window.read(&hook("context"), "payment_pending").await;
    }
    other.read(&hook("pay"), "Pay ₹5,000.00").await;
    other.picture("stoory").await;
    other.press(&hook("pay")).await;
    one.read(&hook("messages"), "has been paid").await;
    one.press(&hook("start_work")).await;
    hand_in(&one, "Three posts").await;
    revise_and_approve(&one, &other).await;
    for window in [&one, &other] {
        window.read(&hook("context"), "real_time").await;
        window.expect_no_faults().await;
    }
    other.write(&hook("text"), "Thank you!").await;
    other.press(&hook("send")).await;
    one.see(&said("Thank you!")).await;
}

/// Fills in the card that asks for a text, and waits until it is answered: the next one looks the same.
async fn answer(window: &Window, text: &str) {
    window.write(&hook("field-text"), text).await;
    window.press(&hook("submit")).await;
    window.miss(&hook("submit")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_typed_into_a_card_stays_when_messages_come() {
    let app = stage().await;
    let (influencer, owner, id) = beginning(&app).await;
    let path = format!("/api/v1/conversations/{id}/flow/actions/accept_connection");
    let influencer = player(&app, &influencer).await;
    influencer
        .post(&path, serde_json::json!({}))
        .await
        .expect_status(200);
    let window = opened(&app, &owner, &id).await;
    window.write(&hook("field-text"), "Three posts").await;
    let platform = app.person_with("platform", &["service"]).await;
    let note = serde_json::json!({ "body": "A note from the platform", "kind": "system" });
    let path = format!("/api/v1/conversations/{id}/messages");
    platform.post(&path, note).await.expect_status(201);
    window
        .read(&hook("messages"), "A note from the platform")
        .await;
    // As after a step, or a connection that was lost.
    let kept = "return document.querySelector('[data-test=field-text]').value";
    assert_eq!(window.ask(kept).await, "Three posts");
    window.write(&hook("field-text"), " about bread").await;
    window.press(&hook("submit")).await;
    window.read(&hook("context"), "influencer_reviewing").await;
    let path = format!("/api/v1/conversations/{id}/messages");
    let page = influencer.get(&path).await.expect_status(200).body;
    let items = page["items"].as_array().expect("messages");
    let said = |item: &serde_json::Value| item["body"].as_str().map(str::to_owned);
    let said: Vec<String> = items.iter().filter_map(said).collect();
    let is_whole = |body: &String| body.contains("Three posts about bread");
    assert!(said.iter().any(is_whole), "{said:?}");
    window.expect_no_faults().await;
}

/// The demo's deal at its beginning: the influencer, the brand owner, the conversation.
async fn beginning(app: &TestApp) -> (String, String, String) {
    let influencer = player(app, INFLUENCER).await;
    let path = "/api/v1/conversations?subject_type=bid";
    let found = influencer.get(path).await.expect_status(200);
    let items = found.body["items"].as_array().expect("items");
    let begun = items
        .iter()
        .find(|item| item["flow"]["state"] == "influencer_responding");
    let begun = begun.expect("a deal at its beginning");
    let people = begun["participants"].as_array().expect("people");
    let owner = people.iter().find(|person| person["role"] == "brand_owner");
    let text = |value: &serde_json::Value| value.as_str().expect("an id").to_owned();
    let owner = text(&owner.expect("a brand owner")["user_id"]);
    (INFLUENCER.to_owned(), owner, text(&begun["id"]))
}

/// A field of the form that a button ends.
fn field_of(button: &str, field: &str) -> String {
    format!("form:has([data-test={button}]) [data-test=field-{field}]")
}

async fn hand_in(window: &Window, description: &str) {
    let field = |name: &str| field_of("submit_work", name);
    let deliverables = "https://drive.example.com/posts";
    window.write(&field("deliverables"), deliverables).await;
    window.write(&field("description"), description).await;
    window.write(&field("submission_notes"), "As agreed").await;
    window.press(&hook("submit_work")).await;
}

/// The work comes back once, and is handed in again.
async fn revise_and_approve(influencer: &Window, owner: &Window) {
    owner.read(&hook("messages"), "Three posts").await;
    let asked = "Please adjust the color scheme";
    answer(owner, asked).await;
    influencer.read(&hook("messages"), asked).await;
    hand_in(influencer, "Three posts, warmer").await;
    owner.read(&hook("messages"), "Three posts, warmer").await;
    let comment = field_of("approve_work", "comment");
    owner.write(&comment, "Excellent work!").await;
    owner.press(&hook("approve_work")).await;
    influencer.read(&hook("messages"), "Excellent work!").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_leads_to_it() {
    let app = stage().await;
    let window = Window::open().await;
    window.visit(&app, "/?as=mira").await;
    window.press(&hook("stoory-link")).await;
    window.read(&hook("connection"), "connected").await;
    window.expect_no_faults().await;
}

/// Who is asked in the demo's deal at its beginning.
const INFLUENCER: &str = "priya";
