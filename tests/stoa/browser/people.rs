//! What people can do about each other: mute, give a role, remove, bring back and block; and what the others see of it.

use serde_json::json;

use super::window::{Window, hook, item, message, message_in, part};
use super::{direct, group, player, stage};

/// A part of the line of somebody who takes part.
fn of(person: &str, name: &str) -> String {
    format!("[data-test=participant][data-id={person}] [data-test={name}]")
}

/// The same of somebody who took part.
fn of_former(person: &str, name: &str) -> String {
    format!("[data-test=former-participant][data-id={person}] [data-test={name}]")
}

async fn confirm(window: &Window) {
    window.press(&hook("confirm")).await;
    window.miss(&hook("confirm-dialog")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_mutes_somebody_and_shares_the_managing() {
    let app = stage().await;
    let person = player(&app, "mira").await;
    let id = group(&person, &["jonas", "lena"]).await;
    person.say(&id, "Welcome").await;
    let mira = Window::open_as(&app, "mira", &id).await;
    let jonas = Window::open_as(&app, "jonas", &id).await;

    // A member can block others for themselves, and nothing else.
    jonas.press(&of("lena", "participant-menu")).await;
    jonas.see(&of("lena", "block-person")).await;
    for name in ["mute", "role-select", "block", "remove"] {
        assert_eq!(jonas.count(&of("lena", name)).await, 0, "{name}");
    }
    assert_eq!(jonas.count(&of("jonas", "participant-menu")).await, 0);

    mira.press(&of("jonas", "participant-menu")).await;
    mira.press(&of("jonas", "mute")).await;
    mira.read(&of("jonas", "standing"), "Muted here").await;
    jonas.read(&hook("composer-closed"), "You are muted").await;
    mira.read(&of("jonas", "mute"), "Unmute").await;
    mira.press(&of("jonas", "mute")).await;
    jonas.say("I may again").await;
    mira.see(&message_in("I may again", "received")).await;

    mira.choose(&of("jonas", "role-select"), "admin").await;
    mira.read(&of("jonas", "participant-role"), "Admin").await;
    jonas.see(&of("lena", "remove")).await;
    for window in [mira, jonas] {
        window.expect_no_faults().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_are_gone_are_brought_back_as_far_as_the_server_allows() {
    let app = stage().await;
    let (person, leaver) = (player(&app, "mira").await, player(&app, "lena").await);
    let id = group(&person, &["lena", "jonas"]).await;
    person.say(&id, "Welcome").await;
    let mira = Window::open_as(&app, "mira", &id).await;
    let lena = Window::open_as(&app, "lena", &id).await;
    let own = format!("/api/v1/conversations/{id}/participants/lena");

    leaver.delete(&own).await.expect_status(204);
    lena.miss(&item(&id)).await;
    mira.press(&hook("former-people")).await;
    mira.press(&of_former("lena", "bring-back")).await;
    mira.see(&of("lena", "standing")).await;
    lena.see(&item(&id)).await;

    // Who leaves again is left alone: the server's words stand beside the button.
    leaver.delete(&own).await.expect_status(204);
    mira.press(&hook("former-people")).await;
    mira.press(&of_former("lena", "bring-back")).await;
    mira.see(&of_former("lena", "form-error")).await;
    lena.miss(&item(&id)).await;
    for window in [mira, lena] {
        window.expect_no_faults().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_block_ends_what_two_people_say_to_each_other_until_it_is_taken_back() {
    let app = stage().await;
    let person = player(&app, "mira").await;
    let id = direct(&person, "jonas").await;
    person.say(&id, "Good morning").await;
    let mira = Window::open_as(&app, "mira", &id).await;
    let jonas = Window::open_as(&app, "jonas", &id).await;
    mira.read(&of("jonas", "standing"), "Online").await;

    mira.press(&of("jonas", "participant-menu")).await;
    mira.press(&of("jonas", "block-person")).await;
    confirm(&mira).await;
    mira.read(&hook("blocked-line"), "You blocked Jonas Weber")
        .await;
    mira.read(&of("jonas", "standing"), "Blocked by you").await;
    jonas.say("Can you read this?").await;
    let refused = part("Can you read this?", "failed-reason");
    jonas.read(&refused, "cannot be reached").await;
    jonas.press(&part("Can you read this?", "discard")).await;

    // The list of those who are blocked, where it ends.
    mira.press(&hook("privacy")).await;
    mira.read("[data-test=blocked-person][data-id=jonas]", "Jonas Weber")
        .await;
    mira.choose(&hook("accept"), "met").await;
    mira.press("[data-test=blocked-person] [data-test=unblock]")
        .await;
    mira.see(&hook("nobody-blocked")).await;
    mira.press("[data-test=privacy-dialog] [data-test=dismiss]")
        .await;
    mira.miss(&hook("blocked-line")).await;
    mira.read(&of("jonas", "standing"), "Online").await;
    let privacy = person.get("/api/v1/me/privacy").await.expect_status(200);
    assert_eq!(privacy.body["accept"], "met");
    jonas.say("And this?").await;
    mira.see(&message_in("And this?", "received")).await;
    for window in [mira, jonas] {
        window.expect_no_faults().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_group_the_words_of_somebody_blocked_are_folded_away() {
    let app = stage().await;
    let person = player(&app, "mira").await;
    let (sender, elsewhere) = (player(&app, "jonas").await, direct(&person, "lena").await);
    let id = group(&person, &["jonas", "lena"]).await;
    person.say(&elsewhere, "Good morning").await;
    person.say(&id, "Welcome").await;
    let blocked = person.put("/api/v1/blocks/jonas", json!({})).await;
    blocked.expect_status(204);
    let mira = Window::open_as(&app, "mira", &elsewhere).await;
    let lena = Window::open_as(&app, "lena", &id).await;
    mira.see(&item(&id)).await;
    sender.say(&id, "Words <b>nobody</b> asked for").await;
    lena.see(&message("Words <b>nobody</b> asked for")).await;
    lena.say("Never mind").await;
    let badge = format!("{} [data-test=unread-badge]", item(&id));
    mira.read(&badge, "1").await;
    mira.press(&item(&id)).await;
    mira.read(&hook("folded"), "whom you blocked").await;
    mira.miss(&message("Words <b>nobody</b> asked for")).await;
    mira.press(&hook("fold")).await;
    mira.read(&hook("folded-words"), "Words <b>nobody</b> asked for")
        .await;
    for window in [mira, lena] {
        window.expect_no_faults().await;
    }
}
