//! The server goes away and comes back, pages are closed and opened: nothing is lost, and nothing comes twice.

use super::window::{Window, hook, message, message_in, part};
use super::{counter, player, stage};
use crate::client::Person;
use serde_json::json;

/// All messages as REST tells them: id and words.
async fn history(person: &Person, conversation: &str) -> (Vec<String>, Vec<String>) {
    let path = format!("/api/v1/conversations/{conversation}/messages?limit=100");
    let answer = person.get(&path).await.expect_status(200);
    let items = answer.body["items"].as_array().expect("items");
    let all = |field: &str| {
        let words = items.iter().map(|item| item[field].as_str());
        words.map(|word| word.expect("words").to_owned()).collect()
    };
    (all("id"), all("body"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_in_the_middle_of_a_conversation() {
    let mut app = stage().await;
    let person = player(&app, "mira").await;
    let id = counter(&person).await;
    let (mira, jonas) = tokio::join!(
        Window::open_as(&app, "mira", &id),
        Window::open_as(&app, "jonas", &id)
    );
    mira.say("Before, from Mira").await;
    jonas.see(&message("Before, from Mira")).await;
    jonas.say("Before, from Jonas").await;
    mira.see(&message("Before, from Jonas")).await;
    assert_eq!(mira.count(&hook("connection-bar")).await, 0);

    app.stop().await;
    for (window, name) in [(&mira, "Mira"), (&jonas, "Jonas")] {
        window
            .read(&hook("connection-bar"), "What you write is kept")
            .await;
        for number in ["First", "Second"] {
            let body = format!("{number} offline, from {name}");
            window.say(&body).await;
            window.see(&message_in(&body, "pending")).await;
        }
    }
    app.start_again().await;
    for window in [&mira, &jonas] {
        for name in ["Mira", "Jonas"] {
            window
                .see(&message(&format!("First offline, from {name}")))
                .await;
            window
                .see(&message(&format!("Second offline, from {name}")))
                .await;
        }
        window.miss(&hook("connection-bar")).await;
        window.miss("[data-test=message][data-state=pending]").await;
    }
    mira.say("After, from Mira").await;
    jonas.see(&message("After, from Mira")).await;
    mira.see(&message_in("After, from Mira", "seen")).await;
    mira.see(&message_in("Second offline, from Mira", "seen"))
        .await;

    let (ids, bodies) = history(&person, &id).await;
    for window in [&mira, &jonas] {
        assert_eq!(window.ids().await, ids);
        assert_eq!(window.bodies().await, bodies);
        window.expect_no_faults().await;
    }
    assert_eq!(bodies.len(), 6 + 2 + 4 + 1);
    for name in ["Mira", "Jonas"] {
        let wanted = ["First", "Second"].map(|number| format!("{number} offline, from {name}"));
        let own = bodies.iter().filter(|body| wanted.contains(body));
        assert_eq!(own.collect::<Vec<_>>(), wanted.iter().collect::<Vec<_>>());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_page_keeps_what_was_written_and_comes_back_to_what_is() {
    let mut app = stage().await;
    let person = player(&app, "mira").await;
    let id = counter(&person).await;
    let mira = Window::open_as(&app, "mira", &id).await;
    mira.say("To be changed").await;
    mira.say("To be deleted").await;
    mira.see(&message_in("To be deleted", "sent")).await;
    let (ids, _) = history(&person, &id).await;

    app.stop().await;
    mira.see(&hook("connection-bar")).await;
    mira.say("Queued").await;
    mira.see(&message_in("Queued", "pending")).await;
    mira.write(&hook("composer"), "Half a thou").await;
    mira.leave().await;
    app.start_again().await;
    let changed = json!({ "body": "Changed elsewhere" });
    let path = |id: &String| format!("/api/v1/messages/{id}");
    person
        .patch(&path(&ids[6]), changed)
        .await
        .expect_status(200);
    person.delete(&path(&ids[7])).await.expect_status(200);
    player(&app, "jonas").await.say(&id, "Meanwhile").await;

    mira.visit(&app, &format!("/?as=mira#{id}")).await;
    mira.see(&message_in("Queued", "sent")).await;
    mira.see(&part("Changed elsewhere", "edited")).await;
    for _ in 0..2 {
        let content =
            "return document.querySelector('[data-test=composer]')?.value === 'Half a thou'";
        mira.until(content).await;
        mira.see(&message("Meanwhile")).await;
        mira.see(&hook("tombstone")).await;
        mira.see(&message("Queued")).await;
        let (ids, _) = history(&person, &id).await;
        assert_eq!(mira.ids().await, ids);
        mira.miss(&message("To be changed")).await;
        mira.reload().await;
    }
    let (_, bodies) = history(&person, &id).await;
    assert_eq!(bodies.iter().filter(|body| *body == "Queued").count(), 1);
    mira.expect_no_faults().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_message_says_so_and_can_be_sent_again() {
    let mut app = stage().await;
    let person = player(&app, "mira").await;
    let id = counter(&person).await;
    let mira = Window::open_as(&app, "mira", &id).await;
    app.stop().await;
    mira.see(&hook("connection-bar")).await;
    mira.say("Too late").await;
    mira.say("Not so important").await;
    mira.see(&message_in("Not so important", "pending")).await;
    mira.leave().await;
    app.start_again().await;
    let sam = player(&app, "sam").await;
    let path = format!("/api/v1/conversations/{id}");
    let closed = sam.patch(&path, json!({ "status": "closed" })).await;
    closed.expect_status(200);

    mira.visit(&app, &format!("/?as=mira#{id}")).await;
    mira.see(&message_in("Too late", "failed")).await;
    mira.see(&message_in("Not so important", "failed")).await;
    mira.read(&part("Too late", "failed-reason"), "Not sent")
        .await;
    mira.read(&hook("composer-closed"), "closed").await;
    let open = sam.patch(&path, json!({ "status": "open" })).await;
    open.expect_status(200);
    mira.see(&hook("composer")).await;
    mira.press(&part("Too late", "retry")).await;
    mira.see(&message_in("Too late", "sent")).await;
    mira.press(&part("Not so important", "discard")).await;
    mira.miss(&message("Not so important")).await;
    let bodies = person.bodies(&id).await;
    assert_eq!(bodies.last().map(String::as_str), Some("Too late"));
    mira.expect_no_faults().await;
}
