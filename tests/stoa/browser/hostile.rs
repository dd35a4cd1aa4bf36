//! What a browser does with hostile files: it runs no script from any of them, neither as a page nor in one.

use serde_json::json;

use super::window::{Window, hook};
use super::{player, stage};
use crate::files::disguises::disguises;
use crate::files::{link, upload};

/// Loads something as a script of the page; comes to whether it was loaded.
fn as_script(address: &str) -> String {
    format!(
        "new Promise((done) => {{
            const script = document.createElement('script');
            script.onload = () => done(true);
            script.onerror = () => done(false);
            script.src = '{address}';
            document.head.append(script);
        }})"
    )
}

/// Shows something in a frame of the page, and waits a little beyond its load.
fn in_frame(address: &str) -> String {
    format!(
        "new Promise((done) => {{
            const frame = document.createElement('iframe');
            frame.onload = () => setTimeout(() => done(true), 200);
            setTimeout(() => done(true), 2_000);
            frame.src = '{address}';
            document.body.append(frame);
        }})"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_script_of_a_file_runs_in_a_browser() {
    let app = stage().await;
    let person = player(&app, "mira").await;
    let window = Window::open().await;
    let ran = "return [document.title, window.ran ?? null]";
    for disguise in disguises() {
        let name = disguise.name;
        let query = format!("?name={name}");
        let file = upload(&person, &query, disguise.declared, &disguise.bytes).await;
        let address = link(&file.expect_status(201).json());
        // As a page of its own: shown as a picture, or saved, and then the window stays where it was.
        window.visit(&app, "/?as=mira").await;
        window.see(&hook("conversation-item")).await;
        let title = window.ask("return document.title").await;
        window.ask(&format!("location.href = '{address}'")).await;
        let is_shown = disguise.stored.starts_with("image/");
        if is_shown {
            window
                .until("return document.contentType.startsWith('image/')")
                .await;
        }
        let told = window.ask(ran).await;
        assert_ne!(told[0], "it ran", "{name}");
        assert_eq!(told[1], json!(null), "{name}");
        // In the page of the demo.
        window.visit(&app, "/?as=mira").await;
        window.see(&hook("conversation-item")).await;
        let loaded = window.promised(&as_script(&address)).await;
        assert_eq!(loaded, json!(false), "{name} was loaded as a script");
        window.promised(&in_frame(&address)).await;
        assert_eq!(window.ask(ran).await, json!([title, null]), "{name}");
    }
}
