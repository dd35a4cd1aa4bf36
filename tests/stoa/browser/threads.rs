//! Two people, each in a browser, talk in a thread beside their conversation: by mouse, by keyboard, on a phone.

use super::access::{ENTER, ESCAPE, PHONE, expect_narrow, expect_no_violations};
use super::window::{Scheme, Window, hook, message_in, part};
use super::{counter, player, stage};

const ASKED: &str = "Shall we meet?";
const BACKSPACE: char = '\u{E003}';
const DOWN: char = '\u{E015}';

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thread_is_read_and_written_beside_the_conversation() {
    let app = stage().await;
    let person = player(&app, "mira").await;
    let id = counter(&person).await;
    let mira = Window::open_as(&app, "mira", &id).await;
    let jonas = Window::open_as(&app, "jonas", &id).await;
    mira.say(ASKED).await;
    jonas.see(&message_in(ASKED, "received")).await;

    jonas.use_tool(ASKED, "reply-in-thread").await;
    jonas.see(&hook("no-replies")).await;
    jonas.write(&hook("thread-composer"), "At noon?\n").await;
    let thread = part(ASKED, "thread");
    mira.read(&thread, "1 reply").await;
    mira.read(&part(ASKED, "thread-unread"), "1").await;
    mira.press(&thread).await;
    let reply = message_in("At noon?", "received");
    let replies = format!("//*[@data-test='thread-column']{reply}");
    mira.see(&replies).await;
    mira.miss(&part(ASKED, "thread-unread")).await;
    mira.write(&hook("thread-composer"), "Noon is fine\n").await;
    jonas.read(&thread, "2 replies").await;

    // What is also shown outside stands in both places.
    jonas.press(&hook("thread-also")).await;
    jonas.write(&hook("thread-composer"), "Noon it is\n").await;
    mira.read(&thread, "3 replies").await;
    assert_eq!(mira.count(&message_in("Noon it is", "received")).await, 2);
    assert_eq!(mira.count(&message_in("At noon?", "received")).await, 1);

    // Escape closes the thread; the focus is back at its message.
    mira.strike(&[ESCAPE]).await;
    mira.miss(&hook("thread-column")).await;
    let focused = "return document.activeElement.dataset.test";
    assert_eq!(mira.ask(focused).await, "message");
    mira.reload().await;
    mira.read(&thread, "3 replies").await;
    for window in [mira, jonas] {
        window.expect_no_faults().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn axe_finds_nothing_wrong_with_what_is_said_about_messages() {
    let app = stage().await;
    let person = player(&app, "mira").await;
    let id = counter(&person).await;
    let jonas = Window::open_as(&app, "jonas", &id).await;
    let mira = Window::open_as(&app, "mira", &id).await;
    mira.say(ASKED).await;
    jonas.see(&message_in(ASKED, "received")).await;
    jonas.use_tool(ASKED, "react").await;
    jonas.press(&hook("offered-reaction")).await;
    jonas.use_tool(ASKED, "toggle-pin").await;
    jonas.use_tool(ASKED, "reply-in-thread").await;
    jonas.write(&hook("thread-composer"), "At noon?\n").await;
    let thread = part(ASKED, "thread");
    mira.read(&thread, "1 reply").await;
    mira.see(&hook("pin")).await;
    for (scheme, name) in [(Scheme::Light, "light"), (Scheme::Dark, "dark")] {
        mira.tint(scheme).await;
        for (width, height) in [(1280, 800), PHONE] {
            mira.resize(width, height).await;
            mira.write(&hook("composer"), "@J").await;
            mira.see(&hook("mention-option")).await;
            expect_no_violations(&mira, &format!("annotations-{width}-{name}")).await;
            mira.strike(&[ESCAPE]).await;
            mira.miss(&hook("mention-option")).await;
            mira.strike(&[BACKSPACE, BACKSPACE]).await;
            mira.press(&thread).await;
            mira.see(&hook("thread-composer")).await;
            expect_no_violations(&mira, &format!("thread-{width}-{name}")).await;
            if width == PHONE.0 {
                expect_narrow(&mira).await;
            }
            mira.press(&hook("thread-close")).await;
            mira.miss(&hook("thread-column")).await;
        }
    }
    for window in [mira, jonas] {
        window.expect_no_faults().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mention_is_completed_by_keys() {
    let app = stage().await;
    let person = player(&app, "mira").await;
    let id = counter(&person).await;
    let mira = Window::open_as(&app, "mira", &id).await;
    mira.write(&hook("composer"), "Ask @").await;
    mira.see(&hook("mention-option")).await;
    mira.strike(&[DOWN]).await;
    mira.strike(&[ENTER]).await;
    mira.miss(&hook("mention-option")).await;
    let text = mira
        .ask("return document.querySelector('[data-test=composer]').value")
        .await;
    let text = text.as_str().expect("a text").to_owned();
    assert!(text.starts_with("Ask @") && text.len() > 6, "{text}");
    mira.strike(&[ENTER]).await;
    mira.see(&message_in(text.trim_end(), "sent")).await;
    mira.expect_no_faults().await;
}
