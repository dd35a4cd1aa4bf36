//! For everybody: by keyboard, by screen reader, on a phone, in the light and in the dark.

use serde_json::Value;
use std::path::Path;

use super::window::{Scheme, Window, hook, item, message, message_in};
use super::{counter, player, stage};

const TAB: char = '\u{E004}';
pub(super) const ENTER: char = '\u{E007}';
pub(super) const ESCAPE: char = '\u{E00C}';
const UP: char = '\u{E013}';
pub(super) const PHONE: (u32, u32) = (360, 740);
const FINDINGS: &str = "axe.run(document).then(({ violations }) => violations.map(({ id, nodes }) => \
    `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join(' | ')}`))";

/// What axe finds wrong with the page as it stands.
pub(super) async fn expect_no_violations(window: &Window, name: &str) {
    window.picture(name).await;
    if window.ask("return !window.axe").await == true {
        let file = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/node/node_modules/axe-core/axe.min.js");
        let axe = std::fs::read_to_string(&file).unwrap_or_else(|error| {
            panic!("{}: {error}; run scripts/install.sh test", file.display())
        });
        window.ask(&axe).await;
    }
    let found = window.promised(FINDINGS).await;
    assert_eq!(found, Value::Array(Vec::new()), "{name}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn axe_finds_nothing_wrong() {
    let app = stage().await;
    let person = player(&app, "mira").await;
    let id = counter(&person).await;
    let window = Window::open().await;
    window.visit(&app, "/").await;
    window.see(&hook("person-choice")).await;
    expect_no_violations(&window, "welcome").await;
    window.visit(&app, &format!("/?as=mira#{id}")).await;
    window.see(&hook("message")).await;
    for (scheme, name) in [(Scheme::Light, "light"), (Scheme::Dark, "dark")] {
        window.tint(scheme).await;
        window.resize(1280, 800).await;
        expect_no_violations(&window, &format!("wide-{name}")).await;
        window.press(&hook("new-conversation")).await;
        window.see(&hook("person-option")).await;
        expect_no_violations(&window, &format!("new-conversation-{name}")).await;
        window.strike(&[ESCAPE]).await;
        window.miss(&hook("new-conversation-dialog")).await;
        window.press(&hook("bell")).await;
        window.see(&hook("bell-panel")).await;
        expect_no_violations(&window, &format!("bell-{name}")).await;
        window.strike(&[ESCAPE]).await;
        window.miss(&hook("bell-panel")).await;
        window.resize(PHONE.0, PHONE.1).await;
        expect_no_violations(&window, &format!("phone-{name}")).await;
        window.press(&hook("context-toggle")).await;
        window.see(&hook("context-close")).await;
        expect_no_violations(&window, &format!("phone-context-{name}")).await;
        window.press(&hook("context-close")).await;
        window.press(&hook("back")).await;
        window.see(&item(&id)).await;
        expect_no_violations(&window, &format!("phone-list-{name}")).await;
        window.press(&item(&id)).await;
        window.see(&hook("message")).await;
    }
    window.expect_no_faults().await;
}

/// Nothing may be reached only by scrolling sideways.
pub(super) async fn expect_narrow(window: &Window) {
    let wide = "return [...document.querySelectorAll('html, .message-list, .items-scroll, .context-scroll')].every((one) => one.scrollWidth <= 360)";
    assert_eq!(window.ask(wide).await, true, "wider than a phone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_shows_the_list_or_a_conversation() {
    let app = stage().await;
    let person = player(&app, "mira").await;
    let id = counter(&person).await;
    person.say(&id, &"Donaudampfschiff".repeat(20)).await;
    person
        .say(&id, &format!("https://example.com/{}", "path/".repeat(40)))
        .await;
    let window = Window::open().await;
    window.resize(PHONE.0, PHONE.1).await;
    window.visit(&app, "/?as=mira").await;
    window.see(&item(&id)).await;
    expect_narrow(&window).await;
    assert!(!shows(&window, "composer").await);
    window.press(&item(&id)).await;
    window.see(&hook("composer")).await;
    assert!(!shows(&window, "conversation-item").await);
    expect_narrow(&window).await;
    window.say("From a phone").await;
    window.see(&message("From a phone")).await;
    window.use_tool("From a phone", "reply").await;
    window.see(&hook("reply-bar")).await;
    expect_narrow(&window).await;
    window.press(&hook("cancel")).await;
    window.press(&hook("context-toggle")).await;
    window.see(&hook("subject-card")).await;
    expect_narrow(&window).await;
    window.press(&hook("context-close")).await;
    window.press(&hook("back")).await;
    window.see(&item(&id)).await;
    assert!(!shows(&window, "composer").await);
    window.expect_no_faults().await;
}

/// Whether some of these are on the screen.
async fn shows(window: &Window, name: &str) -> bool {
    let script = format!(
        "return [...document.querySelectorAll('[data-test={name}]')].some((one) => one.checkVisibility() && one.getBoundingClientRect().width > 1)"
    );
    window.ask(&script).await == true
}

/// Presses Tab until the focus is there, as somebody without a mouse does.
pub(super) async fn tab_to(window: &Window, selector: &str) {
    let there = format!("return document.activeElement.matches({selector:?})");
    for _ in 0..60 {
        if window.ask(&there).await == true {
            return;
        }
        window.strike(&[TAB]).await;
    }
    panic!("sixty tabs do not lead to {selector}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_keyboard_is_enough() {
    let app = stage().await;
    let person = player(&app, "mira").await;
    let id = counter(&person).await;
    let window = Window::open().await;
    window.visit(&app, "/?as=mira").await;
    window.see(&item(&id)).await;
    tab_to(&window, &item(&id)).await;
    window.strike(&[ENTER]).await;
    window.see(&hook("message")).await;
    tab_to(&window, &hook("composer")).await;
    type_out(&window, "By keyboad").await;
    window.strike(&[ENTER]).await;
    window.see(&message_in("By keyboad", "sent")).await;
    window.strike(&[UP]).await;
    window.see(&hook("edit-bar")).await;
    window.strike(&[ESCAPE]).await;
    window.miss(&hook("edit-bar")).await;
    window.strike(&[UP]).await;
    window.see(&hook("edit-bar")).await;
    window.strike(&['\u{E003}', '\u{E003}']).await;
    type_out(&window, "ard").await;
    window.strike(&[ENTER]).await;
    window
        .see(&message("By keyboard"))
        .await
        .text()
        .await
        .expect("words");
    window.miss(&hook("edit-bar")).await;
    tab_to(&window, &hook("bell")).await;
    window.strike(&[ENTER]).await;
    window.see(&hook("bell-panel")).await;
    window.strike(&[ESCAPE]).await;
    window.miss(&hook("bell-panel")).await;
    window.expect_no_faults().await;
}

async fn type_out(window: &Window, text: &str) {
    window.strike(&text.chars().collect::<Vec<_>>()).await;
}
