//! What a conversation is for one person alone: of what it notifies, a star, unread again, hidden. The other side sees nothing of it.

use serde_json::{Value, json};

use super::window::{Window, hook, item, message, message_in};
use super::{counter, direct, player, stage};
use crate::client::Person;

/// A part of a line in the list.
fn in_list(conversation: &str, name: &str) -> String {
    format!("{} [data-test={name}]", item(conversation))
}

/// A button above the list.
fn view(name: &str) -> String {
    format!("[data-test=view][data-view={name}]")
}

async fn mine(person: &Person, id: &str) -> Value {
    let path = format!("/api/v1/conversations/{id}");
    person.get(&path).await.expect_status(200).body["mine"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_notifies_of_what_was_chosen_for_as_long_as_was_chosen() {
    let app = stage().await;
    let (person, sender) = (player(&app, "mira").await, player(&app, "jonas").await);
    let (id, other) = (direct(&person, "jonas").await, counter(&person).await);
    person.say(&id, "Good morning").await;
    let mira = Window::open_as(&app, "mira", &id).await;
    mira.choose(&hook("notify-level"), "none").await;
    mira.choose(&hook("notify-until"), "morning").await;
    mira.read(&hook("notify-until"), "Until tomorrow").await;
    mira.see(&in_list(&id, "item-quiet")).await;
    let notify = mine(&person, &id).await["notify"].clone();
    assert_eq!(notify["level"], "none");
    assert!(notify["until"].is_string(), "{notify}");

    mira.press(&item(&other)).await;
    mira.miss(&in_list(&other, "unread-badge")).await;
    let bell = "return document.querySelector('[data-test=bell]').getAttribute('aria-label')";
    let before = mira.ask(bell).await;
    sender.say(&id, "Nobody rings").await;
    mira.read(&in_list(&id, "unread-badge"), "1").await;
    assert_eq!(mira.ask(bell).await, before);

    mira.press(&item(&id)).await;
    mira.choose(&hook("notify-level"), "all").await;
    mira.miss(&hook("notify-until")).await;
    mira.miss(&in_list(&id, "item-quiet")).await;
    mira.press(&item(&other)).await;
    mira.miss(&in_list(&id, "unread-badge")).await;
    sender.say(&id, "Now it does").await;
    let rings = format!("{bell} !== {before}");
    mira.until(&rings).await;
    mira.expect_no_faults().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mention_rings_where_other_messages_do_not() {
    let app = stage().await;
    let (person, sender) = (player(&app, "mira").await, player(&app, "jonas").await);
    let (id, other) = (direct(&person, "jonas").await, counter(&person).await);
    let change = json!({ "notify": { "level": "mentions" } });
    let path = format!("/api/v1/conversations/{id}/me");
    person.patch(&path, change).await.expect_status(200);
    let mira = Window::open_as(&app, "mira", &other).await;
    mira.see(&in_list(&id, "item-quiet")).await;
    sender.say(&id, "Good morning").await;
    mira.read(&in_list(&id, "unread-badge"), "1").await;
    assert_eq!(mira.count(&in_list(&id, "mention-badge")).await, 0);
    let body = json!({ "body": "What do you say, @Mira Okafor?", "mentions": ["mira"] });
    let path = format!("/api/v1/conversations/{id}/messages");
    sender.post(&path, body).await.expect_status(201);
    mira.see(&in_list(&id, "mention-badge")).await;
    mira.read(&in_list(&id, "unread-badge"), "2").await;
    mira.press(&hook("bell")).await;
    let rung = format!("[data-test=bell-item][data-id='{id}']");
    mira.see(&rung).await;
    // After a reload it is the same; once it is read, it is gone.
    mira.reload().await;
    mira.see(&in_list(&id, "mention-badge")).await;
    mira.press(&item(&id)).await;
    mira.miss(&in_list(&id, "mention-badge")).await;
    mira.expect_no_faults().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_read_is_unread_again_until_it_is_opened() {
    let app = stage().await;
    let (person, sender) = (player(&app, "mira").await, player(&app, "jonas").await);
    let id = direct(&person, "jonas").await;
    sender.say(&id, "Remember this").await;
    let mira = Window::open_as(&app, "mira", &id).await;
    let jonas = Window::open_as(&app, "jonas", &id).await;
    let seen = message_in("Remember this", "seen");
    jonas.see(&seen).await;
    mira.miss(&in_list(&id, "unread-badge")).await;

    mira.press(&hook("mark-unread")).await;
    mira.see(&hook("no-conversation")).await;
    mira.read(&in_list(&id, "unread-badge"), "1").await;
    mira.press(&view("unread")).await;
    mira.see(&item(&id)).await;
    mira.reload().await;
    mira.read(&in_list(&id, "unread-badge"), "1").await;
    // For its sender it stays read.
    jonas.see(&seen).await;

    mira.press(&item(&id)).await;
    mira.see(&message("Remember this")).await;
    mira.see(&hook("new-line")).await;
    mira.miss(&in_list(&id, "unread-badge")).await;
    mira.reload().await;
    mira.see(&item(&id)).await;
    mira.see(&message("Remember this")).await;
    mira.miss(&in_list(&id, "unread-badge")).await;
    assert!(mine(&person, &id).await["unread_from"].is_null());
    for window in [mira, jonas] {
        window.expect_no_faults().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_starred_is_found_again_and_what_is_hidden_comes_back_with_the_next_message() {
    let app = stage().await;
    let (person, sender) = (player(&app, "mira").await, player(&app, "jonas").await);
    let (id, other) = (direct(&person, "jonas").await, counter(&person).await);
    sender.say(&id, "Good morning").await;
    let mira = Window::open_as(&app, "mira", &id).await;
    mira.press(&hook("head-star")).await;
    mira.see(&in_list(&id, "item-star")).await;
    mira.press(&view("starred")).await;
    mira.miss(&item(&other)).await;
    mira.see(&item(&id)).await;

    mira.press(&hook("hide")).await;
    mira.miss(&item(&id)).await;
    mira.read(&hook("view-empty"), "Nothing is starred").await;
    mira.press(&view("all")).await;
    mira.see(&item(&other)).await;
    assert_eq!(mira.count(&item(&id)).await, 0);
    mira.reload().await;
    mira.see(&item(&other)).await;
    mira.press(&view("hidden")).await;
    mira.see(&item(&id)).await;
    // The other side sees nothing of all that, and its next message ends it.
    let theirs = mine(&sender, &id).await;
    assert_eq!(
        (&theirs["starred"], &theirs["hidden"]),
        (&false.into(), &false.into())
    );
    sender.say(&id, "Are you still there?").await;
    mira.read(&hook("view-empty"), "Nothing is hidden").await;
    mira.press(&view("all")).await;
    mira.read(&in_list(&id, "preview"), "Are you still there?")
        .await;
    mira.expect_no_faults().await;
}
