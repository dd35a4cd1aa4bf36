//! Two presses at once: one counts, the other is told so. And a press by keyboard alone.

use super::super::access::{ENTER, tab_to};
use super::super::window::{Window, hook};
use super::super::{player, stage};
use super::{all_arrive, arrives, available_action, bid, place, stands};

/// Presses something if it is still there.
fn click(selector: &str) -> String {
    format!("document.querySelector({selector:?})?.click()")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_who_press_at_once_one_wins() {
    let app = stage().await;
    let person = player(&app, "mira").await;
    let id = bid(&person, "bid-203").await;
    let (mira, jonas) = tokio::join!(
        Window::open_as(&app, "mira", &id),
        Window::open_as(&app, "jonas", &id)
    );
    jonas.see(&available_action("accept_price")).await;
    mira.press("[data-test=deal] [data-test=action][data-action=close_conversation]")
        .await;
    mira.see(&hook("action-sure")).await;
    let (accept, close) = (
        click(&available_action("accept_price")),
        click(&hook("action-sure")),
    );
    tokio::join!(mira.ask(&close), jonas.ask(&accept));
    let moved = format!(
        "return !document.querySelector({:?})",
        place("current", "influencer_price_response")
    );
    mira.until(&moved).await;
    let state = stands(&person, &id).await["state"].clone();
    let state = state.as_str().expect("a state");
    assert!(
        ["payment_pending", "chat_closed"].contains(&state),
        "{state}"
    );
    all_arrive(&[&mira, &jonas], state).await;
    jonas.miss(&available_action("accept_price")).await;
    mira.expect_no_faults().await;
    jonas.expect_no_faults().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_press_that_comes_too_late_says_so() {
    let app = stage().await;
    let person = player(&app, "mira").await;
    let id = bid(&person, "bid-203").await;
    let jonas = Window::open_as(&app, "jonas", &id).await;
    jonas.press(&available_action("reject_price")).await;
    jonas.see(&hook("action-sure")).await;
    let both = [available_action("accept_price"), hook("action-sure")];
    jonas.ask(&both.map(|one| click(&one)).join(";")).await;
    arrives(&jonas, "payment_pending").await;
    jonas.read(&hook("notice"), "too late").await;
    jonas.read(&hook("card-done"), "You: Accept").await;
    jonas.expect_no_faults().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_keyboard_is_enough_for_a_step() {
    let app = stage().await;
    let person = player(&app, "priya").await;
    let id = bid(&person, "bid-204").await;
    let priya = Window::open_as(&app, "priya", &id).await;
    tab_to(&priya, &hook("show-card")).await;
    priya.strike(&[ENTER]).await;
    priya
        .until("return document.activeElement.dataset.action === 'accept_connection'")
        .await;
    priya.strike(&[ENTER]).await;
    arrives(&priya, "brand_owner_details").await;
    priya
        .until("return document.activeElement.dataset.test === 'action-card'")
        .await;
    priya.expect_no_faults().await;
}
