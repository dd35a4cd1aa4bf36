//! The example page of quotexbert's messages: two people of the demo talk through it by polling.

use super::window::{Window, hook};
use crate::test_app::TestApp;

/// The page, as somebody sees it who has opened the thread.
async fn opened(app: &TestApp, person: &str) -> Window {
    let window = Window::open().await;
    let path = format!("/quotexbert.html?as={person}");
    window.visit(app, &path).await;
    window.press("[data-test=thread]").await;
    window.see("[data-test=thread][aria-current=true]").await;
    window
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_messages_page_polls_previews_and_switches() {
    let options = [
        "--rate-limits",
        "off",
        "--demo",
        "--demo-into-database",
        "--dialects",
        "quotexbert",
    ];
    let app = TestApp::with(&options).await;
    let (one, other) = tokio::join!(opened(&app, "mira"), opened(&app, "jonas"));
    one.read(&hook("preview"), "Jonas Weber").await;
    other.read(&hook("preview"), "On Thursday after ten").await;
    one.write(&hook("text"), "<b>Ring twice</b>").await;
    other.read(&hook("typing"), "Mira Okafor is typing").await;
    one.press(&hook("send")).await;
    other.read(&hook("messages"), "<b>Ring twice</b>").await;
    one.read(&hook("messages"), "<b>Ring twice</b> ✓✓").await;
    other.read(&hook("preview"), "<b>Ring twice</b>").await;
    one.ask("const people = document.querySelector('[data-test=people]'); people.value = 'jonas'; people.dispatchEvent(new Event('change'));").await;
    one.read(&hook("preview"), "Mira Okafor").await;
    one.expect_no_faults().await;
    other.expect_no_faults().await;
}
