//! Each real client over each transport.

use super::life::{Life, Returns};
use super::{Client, Window};

/// From polling to a WebSocket, as the clients do it by themselves.
const UPGRADING: [&str; 2] = ["polling", "websocket"];
const POLLING: [&str; 1] = ["polling"];
const WEBSOCKET: [&str; 1] = ["websocket"];

async fn in_node(transports: &[&str]) {
    let life = Life::begin().await;
    life.live(Client::node(), transports, Returns::ByItself)
        .await;
}

async fn in_python(transports: &[&str]) {
    let life = Life::begin().await;
    life.live(Client::python(), transports, Returns::ByHistory)
        .await;
}

async fn in_a_browser(transports: &[&str]) {
    let life = Life::begin().await;
    let window = Window::open().await;
    window
        .go_to(&format!("http://{}/healthz", life.address()))
        .await;
    let client = Client::page(window).await;
    life.live(client, transports, Returns::ByItself).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_client_in_node_polls_first_and_upgrades() {
    in_node(&UPGRADING).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_client_in_node_polls_only() {
    in_node(&POLLING).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_client_in_node_uses_a_websocket_only() {
    in_node(&WEBSOCKET).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_client_in_a_browser_polls_first_and_upgrades() {
    in_a_browser(&UPGRADING).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_client_in_a_browser_polls_only() {
    in_a_browser(&POLLING).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_client_in_a_browser_uses_a_websocket_only() {
    in_a_browser(&WEBSOCKET).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_client_for_python_polls_first_and_upgrades() {
    in_python(&UPGRADING).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_client_for_python_polls_only() {
    in_python(&POLLING).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_client_for_python_uses_a_websocket_only() {
    in_python(&WEBSOCKET).await;
}
