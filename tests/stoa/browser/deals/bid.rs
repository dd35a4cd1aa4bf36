//! The whole way of a bid, from the invitation to free talk, through negotiation, a payment that fails first, and a revision.

use super::super::window::{Window, hook, item, message};
use super::super::{player, stage};
use super::{
    all_arrive, answer, arrives, available_action, bid, fill, pay, place, problem, stands, submit,
};
use crate::client::Person;

const DETAILS: &str = "Three reels, <b>thirty seconds</b> each, until the 14th.";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bid_from_the_invitation_to_free_talk() {
    let app = stage().await;
    let person = player(&app, "mira").await;
    let id = bid(&person, "bid-204").await;
    let (mira, priya) = tokio::join!(Window::open(), Window::open());
    mira.visit(&app, &format!("/?as=mira#{id}")).await;
    priya.visit(&app, &format!("/?as=priya#{id}")).await;
    connects(&mira, &priya, &person, &id).await;
    describes(&mira, &priya).await;
    negotiates(&mira, &priya).await;
    pays(&mira, &priya, &person, &id).await;
    works(&mira, &priya).await;
    talks(&mira, &priya).await;
    mira.expect_no_faults().await;
    priya.expect_no_faults().await;
}

/// Whose turn it is, and until when, stands in the composer's place and in the list.
async fn connects(mira: &Window, priya: &Window, person: &Person, id: &str) {
    let chip = format!("{} [data-test=turn-chip]", item(id));
    mira.read(&hook("turn-line"), "Waiting for Priya, until ")
        .await;
    mira.read(&chip, "Waiting for Priya").await;
    priya.read(&hook("turn-line"), "Your turn, until ").await;
    priya.read(&chip, "Your turn").await;
    let deadline = stands(person, id).await["deadline"].clone();
    let weekday =
        format!("return new Date({deadline}).toLocaleDateString(undefined, {{ weekday: 'long' }})");
    let weekday = mira.ask(&weekday).await;
    let weekday = weekday.as_str().expect("a weekday");
    mira.read(&hook("turn-words"), weekday).await;
    assert_eq!(mira.count(&hook("composer")).await, 0);
    priya.press(&available_action("accept_connection")).await;
    all_arrive(&[mira, priya], "brand_owner_details").await;
    priya.read(&hook("card-done"), "You: Accept").await;
    mira.read(&chip, "Your turn").await;
    priya.read(&chip, "Waiting for Mira").await;
}

/// A problem of a form is shown beside its field, whether the page or the server found it; typed text is never markup.
async fn describes(mira: &Window, priya: &Window) {
    mira.press(&submit("send_project_details")).await;
    mira.read(&problem("details"), "fill this in").await;
    let bell = "const field = document.querySelector('[data-test=card-field]'); field.value = 'A\\u0007B'; \
        field.dispatchEvent(new Event('input', { bubbles: true }))";
    mira.ask(bell).await;
    mira.press(&submit("send_project_details")).await;
    mira.read(&problem("details"), "control characters").await;
    fill(mira, "details", DETAILS).await;
    mira.press(&submit("send_project_details")).await;
    all_arrive(&[mira, priya], "influencer_reviewing").await;
    let shown = "[data-test=action-card][data-state=open] [data-test=card-line]";
    priya.read(shown, DETAILS).await;
    priya.press(&available_action("accept_project")).await;
    all_arrive(&[mira, priya], "brand_owner_pricing").await;
}

/// An offer, another price, a counter offer that outlives a reload, and the last word.
async fn negotiates(mira: &Window, priya: &Window) {
    fill(mira, "price", "5,50").await;
    mira.press(&submit("send_price_offer")).await;
    mira.read(&problem("price"), "₹5,000.50").await;
    fill(mira, "price", "5,000").await;
    mira.press(&submit("send_price_offer")).await;
    all_arrive(&[mira, priya], "influencer_price_response").await;
    let open = "[data-test=action-card][data-state=open]";
    priya.read(open, "You are offered ₹5,000.00").await;
    answer(priya, "negotiate_price", "price", "4000").await;
    priya
        .read(&hook("form-error"), "Ask for more than you were offered")
        .await;
    fill(priya, "price", "8000").await;
    priya.press(&submit("negotiate_price")).await;
    all_arrive(&[mira, priya], "brand_owner_negotiation").await;
    mira.read(open, "The influencer asks for ₹8,000.00").await;
    mira.press(&available_action("make_counter_offer")).await;
    arrives(mira, "negotiation_input").await;
    fill(mira, "price", "6500").await;
    mira.reload().await;
    arrives(mira, "negotiation_input").await;
    mira.until("return document.querySelector('[data-test=card-field]')?.value === '6500'")
        .await;
    mira.see(&place("past", "brand_owner_negotiation")).await;
    mira.press(&submit("send_counter_offer")).await;
    all_arrive(&[mira, priya], "influencer_final_response").await;
    priya.press(&available_action("accept_final_offer")).await;
    all_arrive(&[mira, priya], "payment_pending").await;
}

/// Only the gateway's webhook moves the deal: first it says no, then yes.
async fn pays(mira: &Window, priya: &Window, person: &Person, id: &str) {
    priya.read(&hook("turn-line"), "Waiting for Mira").await;
    mira.press(&available_action("proceed_to_payment")).await;
    mira.read(&hook("checkout"), "No real money").await;
    mira.read(&hook("checkout-pay"), "₹6,500.00").await;
    mira.press(&hook("checkout-fail")).await;
    mira.read(
        "[data-test=checkout] [data-test=form-error]",
        "did not go through",
    )
    .await;
    assert_eq!(stands(person, id).await["state"], "payment_pending");
    mira.press(&hook("dismiss")).await;
    mira.miss(&hook("checkout")).await;
    pay(mira).await;
    all_arrive(&[mira, priya], "payment_completed").await;
    assert_eq!(stands(person, id).await["state"], "payment_completed");
}

/// The work is handed in, sent back, handed in again and approved.
async fn works(mira: &Window, priya: &Window) {
    priya.press(&available_action("start_work")).await;
    all_arrive(&[mira, priya], "work_in_progress").await;
    for round in ["first", "second"] {
        fill(priya, "deliverables", "https://example.com/reels/1").await;
        fill(priya, "description", &format!("The {round} version")).await;
        priya.press(&submit("submit_work")).await;
        all_arrive(&[mira, priya], "work_submitted").await;
        let shown = "[data-test=action-card][data-state=open] [data-test=card-line]";
        mira.read(shown, &format!("The {round} version")).await;
        if round == "first" {
            answer(mira, "request_revision", "comment", "Warmer light, please").await;
            all_arrive(&[mira, priya], "work_in_progress").await;
        }
    }
    mira.press(&available_action("approve_work")).await;
    mira.press(&submit("approve_work")).await;
    all_arrive(&[mira, priya], "real_time").await;
}

/// Then both may type; the log tells the whole way.
async fn talks(mira: &Window, priya: &Window) {
    mira.say("What a pleasure").await;
    priya.see(&message("What a pleasure")).await;
    priya.say("Until the next time").await;
    mira.see(&message("Until the next time")).await;
    mira.miss(&hook("turn-line")).await;
    mira.press(&hook("deal-log-open")).await;
    for action in [
        "accept_connection",
        "negotiate_price",
        "payment_failed",
        "paid",
        "approve_work",
    ] {
        mira.see(&format!("[data-test=log-step][data-action={action}]"))
            .await;
    }
    let own = "[data-test=log-step][data-action=request_revision]";
    mira.read(own, "Warmer light, please").await;
}
