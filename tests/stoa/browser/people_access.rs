//! The menu of a person, one's own settings and the privacy dialog for everybody: wide and on a phone, light and dark, by keyboard.

use serde_json::json;

use super::access::{ENTER, ESCAPE, PHONE, expect_narrow, expect_no_violations, tab_to};
use super::window::{Scheme, Window, hook, item};
use super::{direct, group, player, stage};

const MENU: &str = "[data-test=participant][data-id=jonas] [data-test=participant-menu]";
const TOOLS: &str = "[data-test=participant][data-id=jonas] [data-test=person-menu]";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn axe_finds_nothing_wrong_with_people_and_own_settings() {
    let app = stage().await;
    let (mira, jonas) = (player(&app, "mira").await, player(&app, "jonas").await);
    let (room, two) = (
        group(&mira, &["jonas", "lena", "tomas"]).await,
        direct(&mira, "lena").await,
    );
    jonas.say(&room, "Good morning").await;
    mira.say(&two, "Good morning").await;
    let gone = format!("/api/v1/conversations/{room}/participants/tomas");
    mira.delete(&gone).await.expect_status(204);
    for user in ["lena", "sam"] {
        let path = format!("/api/v1/blocks/{user}");
        mira.put(&path, json!({})).await.expect_status(204);
    }
    let own = json!({ "starred": true, "notify": { "level": "mentions", "until": "2100-01-01T08:00:00Z" } });
    let path = format!("/api/v1/conversations/{room}/me");
    mira.patch(&path, own).await.expect_status(200);

    let window = Window::open().await;
    for (scheme, name) in [(Scheme::Light, "light"), (Scheme::Dark, "dark")] {
        window.tint(scheme).await;
        for (width, height) in [(1_280, 800), PHONE] {
            let is_phone = width == PHONE.0;
            window.resize(width, height).await;
            window.visit(&app, &format!("/?as=mira#{room}")).await;
            window.see(&hook("message")).await;
            if is_phone {
                window.press(&hook("context-toggle")).await;
            }
            window.press(MENU).await;
            window.see(TOOLS).await;
            window.press(&hook("former-people")).await;
            expect_no_violations(&window, &format!("people-{width}-{name}")).await;
            window
                .ask("document.querySelector('[data-test=for-me]').scrollIntoView()")
                .await;
            expect_no_violations(&window, &format!("for-me-{width}-{name}")).await;
            if is_phone {
                expect_narrow(&window).await;
                window.press(&hook("context-close")).await;
                window.press(&hook("back")).await;
            }
            window.press(&hook("privacy")).await;
            window.see(&hook("blocked-person")).await;
            expect_no_violations(&window, &format!("privacy-{width}-{name}")).await;
            window.strike(&[ESCAPE]).await;
            window.miss(&hook("privacy-dialog")).await;
            window.press(&item(&two)).await;
            window.see(&hook("blocked-line")).await;
            expect_no_violations(&window, &format!("blocked-{width}-{name}")).await;
        }
    }
    window.expect_no_faults().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_menu_of_a_person_needs_no_mouse() {
    let app = stage().await;
    let mira = player(&app, "mira").await;
    let room = group(&mira, &["jonas"]).await;
    mira.say(&room, "Good morning").await;
    let window = Window::open_as(&app, "mira", &room).await;
    tab_to(&window, MENU).await;
    window.strike(&[ENTER]).await;
    window.see(TOOLS).await;
    tab_to(&window, &format!("{TOOLS} [data-test=mute]")).await;
    window.strike(&[ENTER]).await;
    window
        .read("[data-test=participant][data-id=jonas]", "Muted here")
        .await;
    window.strike(&[ESCAPE]).await;
    window.miss(TOOLS).await;
    let returned = format!("return document.activeElement.matches({MENU:?})");
    window.until(&returned).await;
    window.expect_no_faults().await;
}
