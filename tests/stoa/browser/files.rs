//! Somebody attaches files: by the button, by pasting, by dropping; sees how far they are, and what they look like to others.

use serde_json::json;

use super::window::{Window, hook, message, part};
use super::{group, player, stage};
use crate::files::PNG;

/// A file of this machine for the browser to choose.
pub(super) fn source(name: &str, bytes: &[u8]) -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("stoa-browser-{}", uuid::Uuid::now_v7()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join(name);
    std::fs::write(&path, bytes).expect("a file");
    path
}

/// Gives the composer a file as pasting or dropping would.
fn given(event: &str, transfer: &str) -> String {
    format!(
        "const given = new DataTransfer();
        given.items.add(new File(['notes of somebody'], '{event}.txt', {{ type: 'text/plain' }}));
        const happened = new Event('{event}', {{ bubbles: true, cancelable: true }});
        happened.{transfer} = given;
        document.querySelector('.composer textarea').dispatchEvent(happened);"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_is_uploaded_sent_and_shown_to_both() {
    let app = stage().await;
    let person = player(&app, "mira").await;
    let id = group(&person, &["jonas"]).await;
    person.say(&id, "Welcome").await;
    let (mira, jonas) = (
        Window::open_as(&app, "mira", &id).await,
        Window::open_as(&app, "jonas", &id).await,
    );
    let photo = source("photo.png", PNG);
    mira.choose_file(&hook("file-input"), &photo).await;
    mira.see("[data-test=attachment-chip][data-state=ready]")
        .await;
    mira.write(&hook("composer"), "Look at this").await;
    mira.press(&hook("send")).await;
    for window in [&mira, &jonas] {
        window.see(&message("Look at this")).await;
        window.see(&part("Look at this", "image")).await;
        let loaded = "return [...document.querySelectorAll('[data-test=image]')].every((one) => one.complete && one.naturalWidth === 1)";
        window.until(loaded).await;
    }
    jonas.press(&part("Look at this", "attachment")).await;
    jonas.see(&hook("lightbox-image")).await;
    jonas
        .press("[data-test=lightbox] [data-test=dismiss]")
        .await;
    jonas.miss(&hook("lightbox-image")).await;
    for window in [mira, jonas] {
        window.expect_no_faults().await;
    }
    std::fs::remove_dir_all(photo.parent().expect("a folder")).expect("removed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_are_pasted_dropped_and_taken_back() {
    let app = stage().await;
    let person = player(&app, "mira").await;
    let id = group(&person, &["jonas"]).await;
    person.say(&id, "Welcome").await;
    let mira = Window::open_as(&app, "mira", &id).await;
    mira.see(&hook("composer")).await;
    mira.ask(&given("paste", "clipboardData")).await;
    mira.ask(&given("drop", "dataTransfer")).await;
    mira.read(&hook("attachment-chip"), "paste.txt").await;
    let ready = "return document.querySelectorAll('[data-test=attachment-chip][data-state=ready]').length === 2";
    mira.until(ready).await;
    mira.press(&hook("upload-cancel")).await;
    mira.read(&hook("attachment-chip"), "drop.txt").await;
    mira.press(&hook("send")).await;
    mira.read(&hook("attachment"), "drop.txt").await;
    app.until_count("select count(*) as n from files where state = 'gone'", 1)
        .await;
    let stored = app.count("select count(*) as n from files where state = 'ready'");
    assert_eq!(json!(stored), 1);
    mira.expect_no_faults().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_voice_message_is_recorded_sent_and_played() {
    let app = stage().await;
    let person = player(&app, "mira").await;
    let id = group(&person, &["jonas"]).await;
    person.say(&id, "Welcome").await;
    let (mira, jonas) = (
        Window::open_as(&app, "mira", &id).await,
        Window::open_as(&app, "jonas", &id).await,
    );
    mira.press(&hook("record")).await;
    mira.read(&hook("recording"), "0:03").await;
    mira.press(&hook("record-finish")).await;
    mira.see("[data-test=attachment-chip][data-state=ready]")
        .await;
    mira.press(&hook("send")).await;
    for window in [&mira, &jonas] {
        window.see(&hook("waveform")).await;
        window.read(&hook("duration"), "0:0").await;
        let plays = "const sound = document.querySelector('[data-test=audio]'); return sound.readyState >= 1 && sound.error === null";
        window.until(plays).await;
    }
    let path = format!("/api/v1/conversations/{id}/messages");
    let page = person.get(&path).await.expect_status(200).body;
    let sound = &page["items"][1]["attachments"][0];
    let played = sound["duration_ms"].as_u64().expect("a duration");
    assert!((2_500..6_000).contains(&played), "{sound}");
    let numbers = sound["waveform"].as_array().map_or(0, Vec::len);
    assert!((16..=48).contains(&numbers), "{sound}");
    for window in [mira, jonas] {
        window.expect_no_faults().await;
    }
}
