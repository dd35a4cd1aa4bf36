//! Two people, each in a browser of their own, walk through deals: what one presses shows on the other side.

mod bid;
mod campaign;
mod pressing;
mod showing;

use serde_json::Value;

use super::window::{Window, hook};
use crate::client::Person;

/// The id of the conversation about a bid of the demo.
async fn bid(person: &Person, bid: &str) -> String {
    let path = format!("/api/v1/conversations?subject_type=bid&subject_id={bid}");
    let found = person.get(&path).await.expect_status(200);
    let id = found.body["items"][0]["id"].as_str();
    id.expect("the demo's deal").to_owned()
}

/// How a deal stands for somebody.
async fn stands(person: &Person, id: &str) -> Value {
    let path = format!("/api/v1/conversations/{id}/flow");
    person.get(&path).await.expect_status(200).body
}

/// A button of an open card.
fn available_action(action: &str) -> String {
    format!("[data-test=action-card][data-state=open] [data-test=action][data-action={action}]")
}

/// The button that sends a form.
fn submit(action: &str) -> String {
    format!("[data-test=submit][data-action={action}]")
}

/// A field of the form that is open.
fn field(name: &str) -> String {
    format!("[data-test=card-field][data-name={name}]")
}

/// What is wrong with a field.
fn problem(name: &str) -> String {
    format!("[data-test=field-error][data-name={name}]")
}

/// A state on the map: `past`, `current` or `next`.
fn place(kind: &str, state: &str) -> String {
    format!("[data-test=map-place][data-kind={kind}][data-name={state}]")
}

/// Replaces what stands in a field.
async fn fill(window: &Window, name: &str, text: &str) {
    window.clear(&field(name)).await;
    window.write(&field(name), text).await;
}

/// Opens a form by its button, fills one field in and sends it.
async fn answer(window: &Window, action: &str, name: &str, text: &str) {
    window.press(&available_action(action)).await;
    fill(window, name, text).await;
    window.press(&submit(action)).await;
}

/// Waits until a window shows a state as the present one.
async fn arrives(window: &Window, state: &str) {
    window.see(&place("current", state)).await;
}

/// Waits until all windows show it.
async fn all_arrive(windows: &[&Window], state: &str) {
    for window in windows {
        arrives(window, state).await;
    }
}

/// Lets the sandbox's gateway say yes.
async fn pay(window: &Window) {
    window.press(&available_action("proceed_to_payment")).await;
    window.press(&hook("checkout-pay")).await;
    window.miss(&hook("checkout")).await;
}
