//! Two people, each in a browser, react to messages, pin and forward them, and mention each other.

use super::window::{Window, hook, message_in, part};
use super::{counter, player, stage};

const ASKED: &str = "Shall we meet?";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_says_about_a_message_shows_on_the_other_side() {
    let app = stage().await;
    let person = player(&app, "mira").await;
    let id = counter(&person).await;
    let mira = Window::open_as(&app, "mira", &id).await;
    let jonas = Window::open_as(&app, "jonas", &id).await;
    mira.say(ASKED).await;
    jonas.see(&message_in(ASKED, "received")).await;

    jonas.use_tool(ASKED, "react").await;
    jonas.press(&hook("offered-reaction")).await;
    let reaction = part(ASKED, "reaction");
    let pressed = format!("{reaction}[@aria-pressed='true']");
    jonas.see(&pressed).await;
    mira.read(&reaction, "1").await;
    mira.press(&reaction).await;
    jonas.read(&reaction, "2").await;
    jonas.press(&reaction).await;
    mira.read(&reaction, "1").await;

    mira.use_tool(ASKED, "toggle-pin").await;
    for window in [&mira, &jonas] {
        window.read(&hook("pin"), ASKED).await;
    }
    // After a reload it is the same.
    jonas.reload().await;
    jonas.read(&reaction, "1").await;
    jonas.read(&hook("pin"), ASKED).await;
    jonas.use_tool(ASKED, "toggle-pin").await;
    mira.miss(&hook("pins")).await;

    jonas.write(&hook("composer"), "Ask @M").await;
    jonas.press(&hook("mention-option")).await;
    jonas.write(&hook("composer"), "again\n").await;
    mira.see(&message_in("Ask @Mira Okafor again", "received"))
        .await;

    mira.use_tool("Ask @Mira Okafor again", "forward").await;
    mira.press(&hook("forward-place")).await;
    mira.read(&hook("forwarded"), "Forwarded from Jonas").await;
    for window in [mira, jonas] {
        window.expect_no_faults().await;
    }
}
