//! Somebody searches, sees where it matches, and goes to the message, far back in its conversation.

use super::window::{Window, hook, message};
use super::{counter, group, player, stage};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_finds_a_message_far_back_and_returns_to_the_end() {
    let app = stage().await;
    let person = player(&app, "mira").await;
    let (other, id) = (counter(&person).await, group(&person, &["jonas"]).await);
    for number in 1..=160 {
        let text = match number {
            20 => "The Zebrawood <b>is</b> here".to_owned(),
            number => format!("line {number}"),
        };
        person.say(&id, &text).await;
    }
    let mira = Window::open_as(&app, "mira", &other).await;
    mira.write(&hook("filter"), "zebrawood").await;
    mira.read(&hook("found-count"), "1 message").await;
    mira.read("[data-test=hit] mark", "Zebrawood").await;
    mira.read(&hook("hit"), "<b>is</b>").await;
    mira.press(&hook("hit")).await;
    mira.see(&message("The Zebrawood <b>is</b> here")).await;
    mira.see("article.message.is-shown").await;
    mira.miss(&message("line 160")).await;
    // What comes meanwhile does not stand below a part of the history.
    person.say(&id, "said meanwhile").await;
    mira.press(&hook("newer")).await;
    mira.see(&message("line 60")).await;
    mira.miss(&message("said meanwhile")).await;
    mira.press(&hook("jump-to-latest")).await;
    mira.see(&message("said meanwhile")).await;
    mira.miss(&hook("newer")).await;
    mira.expect_no_faults().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_said_is_not_found_and_a_wrong_query_is_explained() {
    let app = stage().await;
    let mira = Window::open().await;
    mira.visit(&app, "/?as=mira").await;
    mira.write(&hook("filter"), "nobodysaidthis").await;
    mira.read(&hook("found-count"), "No message was found.")
        .await;
    mira.write(&hook("filter"), " has:love").await;
    mira.read(&hook("found-count"), "has: must be").await;
}
