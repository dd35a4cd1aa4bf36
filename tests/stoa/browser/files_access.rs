//! Files in the demo for everybody: wide and on a phone, in the light and in the dark.

use super::access::{ESCAPE, PHONE, expect_narrow, expect_no_violations};
use super::files::source;
use super::window::{Scheme, Window, hook};
use super::{group, player, stage};
use crate::files::measures::{WAVEFORM, silence};
use crate::files::previews::picture_of;
use crate::files::{id, send, upload};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn axe_finds_nothing_wrong_with_files() {
    let app = stage().await;
    let person = player(&app, "mira").await;
    let room = group(&person, &["jonas"]).await;
    let picture = picture_of(2_000, 1_500, image::ImageFormat::Jpeg);
    let recording = format!("?name=voice.wav&purpose=voice&waveform={WAVEFORM}");
    for (query, kind, bytes) in [
        ("?name=photo.jpg", "image/jpeg", picture.clone()),
        (&recording, "audio/wav", silence(8_000, 24_000)),
        ("?name=notes.pdf", "application/pdf", b"%PDF-1.7".to_vec()),
    ] {
        let file = upload(&person, query, kind, &bytes).await;
        let file = id(&file.expect_status(201).json());
        send(&person, &room, &[&file]).await.expect_status(201);
    }
    let window = Window::open_as(&app, "mira", &room).await;
    let photo = source("another.jpg", &picture);
    window.choose_file(&hook("file-input"), &photo).await;
    let refused = source("empty.txt", b"");
    window.choose_file(&hook("file-input"), &refused).await;
    window
        .see("[data-test=attachment-chip][data-state=ready]")
        .await;
    window
        .see("[data-test=attachment-chip][data-state=failed]")
        .await;
    let loaded = "return [...document.querySelectorAll('[data-test=image]')].every((one) => one.complete && one.naturalWidth === 360)";
    for (scheme, name) in [(Scheme::Light, "light"), (Scheme::Dark, "dark")] {
        window.tint(scheme).await;
        for (width, height) in [(1_280, 800), PHONE] {
            window.resize(width, height).await;
            window.see(&hook("waveform")).await;
            window.until(loaded).await;
            expect_no_violations(&window, &format!("files-{width}-{name}")).await;
            if width == PHONE.0 {
                expect_narrow(&window).await;
            }
            window.press(&hook("image")).await;
            window.see(&hook("lightbox-image")).await;
            expect_no_violations(&window, &format!("lightbox-{width}-{name}")).await;
            window.strike(&[ESCAPE]).await;
            window.miss(&hook("lightbox-image")).await;
        }
    }
    window.expect_no_faults().await;
    for file in [photo, refused] {
        std::fs::remove_dir_all(file.parent().expect("a folder")).expect("removed");
    }
}
