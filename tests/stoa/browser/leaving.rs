//! Groups that people leave: their words keep their names and faces, and nobody is shut out by a slip of the finger.

use serde_json::json;

use super::window::{Window, hook, message, part};
use super::{group, player, stage};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_left_keep_their_names_and_faces() {
    let app = stage().await;
    let mira = player(&app, "mira").await;
    let others = ["jonas", "lena", "priya"];
    let id = group(&mira, &others).await;
    for person in others {
        let body = json!({ "body": format!("It is {person}") });
        let path = format!("/api/v1/conversations/{id}/messages");
        let person = player(&app, person).await;
        person.post(&path, body).await.expect_status(201);
    }
    let window = Window::open_as(&app, "mira", &id).await;
    let names = async |window: &Window| {
        let mut names = Vec::new();
        for person in others {
            let said = format!("It is {person}");
            window
                .see(&format!(
                    "{}//*[contains(@class, 'avatar')]",
                    message(&said)
                ))
                .await;
            let sender = window.see(&part(&said, "sender")).await;
            names.push(sender.text().await.expect("a name"));
        }
        names
    };
    let before = names(&window).await;
    assert!(before.iter().all(|name| name.contains(' ')), "{before:?}");
    for person in ["jonas", "lena"] {
        let path = format!("/api/v1/conversations/{id}/participants/{person}");
        let person = player(&app, person).await;
        person.delete(&path).await;
    }
    let left = "return document.querySelectorAll('[data-test=participant]').length === 2";
    window.until(left).await;
    assert_eq!(names(&window).await, before);
    window.reload().await;
    window.see(&hook("message")).await;
    assert_eq!(names(&window).await, before);
    window.expect_no_faults().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn removing_and_blocking_ask_first() {
    let app = stage().await;
    let mira = player(&app, "mira").await;
    let id = group(&mira, &["jonas", "lena"]).await;
    let window = Window::open().await;
    window.visit(&app, &format!("/?as=mira#{id}")).await;
    let tool = |person: &str, tool: &str| {
        format!("[data-test=participant][data-id={person}] [data-test={tool}]")
    };
    for (person, button) in [("jonas", "remove"), ("lena", "block")] {
        window.press(&tool(person, "participant-menu")).await;
        window.press(&tool(person, button)).await;
        window.see(&hook("confirm-dialog")).await;
        window.press(&hook("dismiss")).await;
        window.miss(&hook("confirm-dialog")).await;
    }
    let path = format!("/api/v1/conversations/{id}");
    let shown = mira.get(&path).await.expect_status(200).body;
    let people = shown["participants"].as_array().expect("people");
    assert_eq!(people.len(), 3);
    assert!(people.iter().all(|person| person["blocked"] == false));
    window.press(&tool("lena", "block")).await;
    window.press(&hook("confirm")).await;
    window
        .read("[data-test=participant][data-id=lena]", "Blocked")
        .await;
    // What gives access back needs no question.
    window.press(&tool("lena", "block")).await;
    window
        .until("return !document.querySelector('[data-test=participant][data-id=lena]').innerText.includes('Blocked')")
        .await;
    window.press(&tool("jonas", "remove")).await;
    window.press(&hook("confirm")).await;
    window.miss("[data-test=participant][data-id=jonas]").await;
    window.expect_no_faults().await;
}
