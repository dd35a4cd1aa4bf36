//! Two people, each in a browser of their own, talk: what one does shows on the other side.

use serde_json::{Value, json};

use super::window::{Window, hook, item, message, message_in, part};
use super::{counter, player, stage};

const GREETING: &str = "Are you there?";
const BETTER: &str = "Are you there, Jonas?";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_people_hold_a_conversation() {
    let app = stage().await;
    let person = player(&app, "mira").await;
    let id = counter(&person).await;
    let mira = Window::open_as(&app, "mira", &id).await;
    mira.say(GREETING).await;
    mira.see(&message_in(GREETING, "sent")).await;
    mira.see("[data-test=conversation] [data-test=presence][data-status=offline]")
        .await;

    let jonas = Window::open().await;
    jonas.visit(&app, "/?as=jonas").await;
    arrives_where_nobody_looks(&jonas, &id).await;
    mira.see(&message_in(GREETING, "delivered")).await;
    mira.see("[data-test=conversation] [data-test=presence][data-status=online]")
        .await;
    jonas.press(&item(&id)).await;
    jonas.see(&message_in(GREETING, "received")).await;
    jonas.see(&hook("new-line")).await;
    mira.see(&message_in(GREETING, "seen")).await;
    jonas
        .miss(&format!("{} [data-test=unread-badge]", item(&id)))
        .await;

    types_and_answers(&mira, &jonas).await;
    changes_what_was_said(&mira, &jonas).await;
    rings_while_elsewhere(&mira, &jonas, &id).await;

    jonas.leave().await;
    mira.see("[data-test=conversation] [data-test=presence][data-status=offline]")
        .await;
    mira.say("Until Thursday").await;
    jonas.go_back().await;
    jonas.see(&message_in("Until Thursday", "received")).await;
    mira.see(&message_in("Until Thursday", "seen")).await;
    mira.see("[data-test=conversation] [data-test=presence][data-status=online]")
        .await;
    drop(jonas);
    mira.see("[data-test=conversation] [data-test=presence][data-status=offline]")
        .await;
    mira.expect_no_faults().await;
}

/// What came while the page was closed is counted in the list and at the bell.
async fn arrives_where_nobody_looks(jonas: &Window, id: &str) {
    let line = item(id);
    jonas
        .read(&format!("{line} [data-test=preview]"), GREETING)
        .await;
    // One more was not read in the story.
    jonas
        .read(&format!("{line} [data-test=unread-badge]"), "1")
        .await;
    jonas.see(&hook("bell-count")).await;
    jonas.see(&hook("no-conversation")).await;
    jonas
        .see(&format!("{line} [data-test=presence][data-status=online]"))
        .await;
}

async fn types_and_answers(mira: &Window, jonas: &Window) {
    jonas.use_tool(GREETING, "reply").await;
    jonas.read(&hook("reply-bar"), "Replying to Mira").await;
    jonas.write(&hook("composer"), "Yes, with").await;
    mira.read(&hook("typing"), "Jonas is typing").await;
    jonas.write(&hook("composer"), " coffee\n").await;
    mira.see(&message_in("Yes, with coffee", "received")).await;
    mira.miss(&hook("typing")).await;
    jonas.miss(&hook("reply-bar")).await;
    for (window, sender) in [(mira, "You"), (jonas, "Mira")] {
        let quote = part("Yes, with coffee", "quote");
        window.read(&quote, sender).await;
        window.read(&quote, GREETING).await;
    }
    jonas.see(&message_in("Yes, with coffee", "seen")).await;
}

async fn changes_what_was_said(mira: &Window, jonas: &Window) {
    mira.use_tool(GREETING, "edit").await;
    mira.read(&hook("edit-bar"), "Editing").await;
    let composer = mira.see(&hook("composer")).await;
    composer.clear().await.expect("an empty composer");
    mira.say(BETTER).await;
    for window in [mira, jonas] {
        window.see(&part(BETTER, "edited")).await;
        window.miss(&message(GREETING)).await;
        window
            .read(&part("Yes, with coffee", "quote"), BETTER)
            .await;
        window.press(&part(BETTER, "edited")).await;
        window
            .read(&part(BETTER, "earlier-wording"), GREETING)
            .await;
        window.press(&part(BETTER, "edited")).await;
        window.miss(&hook("earlier-wordings")).await;
    }
    jonas.use_tool("Yes, with coffee", "delete").await;
    jonas.press(&hook("confirm")).await;
    for window in [mira, jonas] {
        window.read(&hook("tombstone"), "was deleted").await;
        window.miss(&message("Yes, with coffee")).await;
        assert_eq!(window.count(&hook("tombstone")).await, 1);
    }
}

/// With another conversation open, the badge and the bell say what has come, and lead there.
async fn rings_while_elsewhere(mira: &Window, jonas: &Window, id: &str) {
    let other = jonas
        .ask("return [...document.querySelectorAll('[data-test=conversation-item]')].find((item) => item.innerText.includes('Lena')).dataset.id")
        .await;
    let Value::String(other) = other else {
        panic!("{other}");
    };
    let bell = "return Number(document.querySelector('[data-test=bell-count]')?.innerText ?? 0)";
    jonas.press(&item(&other)).await;
    jonas
        .see(&format!("[data-test=conversation][data-id='{other}']"))
        .await;
    let before = jonas.ask(bell).await.as_u64().expect("a number");
    mira.say("The rolls are ready").await;
    mira.say("Come over").await;
    mira.see(&message_in("Come over", "delivered")).await;
    let line = item(id);
    jonas
        .read(&format!("{line} [data-test=unread-badge]"), "2")
        .await;
    jonas
        .read(&format!("{line} [data-test=preview]"), "Come over")
        .await;
    assert_eq!(jonas.ask(bell).await, before + 2);
    jonas.press(&hook("bell")).await;
    jonas
        .press(&format!("[data-test=bell-item][data-id='{id}']"))
        .await;
    jonas.see(&message_in("Come over", "received")).await;
    mira.see(&message_in("Come over", "seen")).await;
    jonas
        .miss(&format!("{line} [data-test=unread-badge]"))
        .await;
    jonas.expect_no_faults().await;
}

/// So far down the list that the page has not joined it, a conversation that is read on another device is counted no more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_read_elsewhere_leaves_the_bell() {
    let app = stage().await;
    let (mira, jonas) = (player(&app, "mira").await, player(&app, "jonas").await);
    let far_down = app.group(&jonas, &[&mira]).await;
    jonas.say(&far_down, "Have you seen this?").await;
    for _ in 0..31 {
        app.group(&mira, &[&jonas]).await;
    }
    let window = Window::open().await;
    window.visit(&app, "/?as=mira").await;
    let total = async || {
        let counted = mira.get("/api/v1/unread").await.expect_status(200);
        counted.body["total"].as_u64().expect("a number")
    };
    let shows = |number: u64| {
        let count = "document.querySelector('[data-test=bell-count]')?.innerText ?? 0";
        format!("return Number({count}) === {number}")
    };
    let before = total().await;
    window.until(&shows(before)).await;
    let seen = format!("/api/v1/conversations/{far_down}/seen");
    mira.post(&seen, json!({ "seq": 1 }))
        .await
        .expect_status(200);
    assert_eq!(total().await, before - 1);
    window.until(&shows(before - 1)).await;
    window.expect_no_faults().await;
}
