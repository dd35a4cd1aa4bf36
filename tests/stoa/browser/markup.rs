//! Words stay words, whatever they look like; and the API's documentation renders from this server alone.

use serde_json::json;

use super::window::{Window, hook};
use super::{counter, player, stage};

const IMAGE: &str = r#"<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>"#;
const LINK: &str = "javascript:window.hacked=1 data:text/html,<script>window.hacked=1</script> [x](javascript:window.hacked=1)";
const INNOCENT: &str = "const own = [...document.querySelectorAll('[data-test=conversation], [data-test=conversation-list], [data-test=context]')]; \
    return window.hacked === undefined && own.length === 3 && own.every((place) => !place.querySelector('script, img, a[href^=javascript], a[href^=data]'))";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_is_typed_is_ever_markup() {
    let app = stage().await;
    let (person, sam) = (player(&app, "mira").await, player(&app, "sam").await);
    let id = counter(&person).await;
    let renamed = json!({ "title": IMAGE });
    let renamed = sam
        .patch(&format!("/api/v1/conversations/{id}"), renamed)
        .await;
    renamed.expect_status(200);
    let (mira, jonas) = tokio::join!(
        Window::open_as(&app, "mira", &id),
        Window::open_as(&app, "jonas", &id)
    );
    mira.say(IMAGE).await;
    mira.say(LINK).await;
    mira.say("See https://example.com/?q=1\"onclick=\"window.hacked=1 for more")
        .await;
    for window in [&mira, &jonas] {
        let shown = format!(
            "const bodies = [...document.querySelectorAll('[data-test=message-body]')].map((body) => body.textContent); \
            return bodies.includes({}) && bodies.includes({}) && bodies.some((body) => body.startsWith('See '))",
            json!(IMAGE),
            json!(LINK)
        );
        window.until(&shown).await;
        window.read(&hook("conversation-title"), IMAGE).await;
        let last = "return [...document.querySelectorAll('[data-test=message-body] a')].map(({ href, rel, target }) => [href, rel, target])";
        let link = json!([["https://example.com/?q=1", "noopener noreferrer", "_blank"]]);
        assert_eq!(window.ask(last).await, link);
        assert_eq!(window.ask(INNOCENT).await, true);
        window.expect_no_faults().await;
    }
    the_policy_would_stop_it(&mira).await;
}

/// The last line of defence, and the proof that a break of it would have been noticed above.
async fn the_policy_would_stop_it(window: &Window) {
    let inline = "const script = document.createElement('script'); script.textContent = 'window.hacked = 1'; document.body.append(script)";
    window.ask(inline).await;
    window
        .until("return JSON.parse(sessionStorage.getItem('faults') ?? '[]').some((fault) => fault.startsWith('script-src'))")
        .await;
    assert_eq!(window.ask("return window.hacked === undefined").await, true);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_documentation_renders_without_any_other_server() {
    let app = stage().await;
    let window = Window::open().await;
    window.visit(&app, "/docs").await;
    for path in [
        "/api/v1/conversations",
        "/api/v1/conversations/{id}/messages",
    ] {
        window
            .see(&format!(".opblock-summary-path[data-path={:?}]", path))
            .await;
    }
    let own = "return performance.getEntriesByType('resource').every(({ name }) => name.startsWith(location.origin) || name.startsWith('data:'))";
    assert_eq!(window.ask(own).await, true);
    window.expect_no_faults().await;
}
