//! Each real client over each transport.

use super::whole_session::{Home, Life, Returns, town};
use super::{Client, Window};

/// From polling to a WebSocket, as the clients do it by themselves.
const UPGRADING: [&str; 2] = ["polling", "websocket"];
const POLLING: [&str; 1] = ["polling"];
const WEBSOCKET: [&str; 1] = ["websocket"];

async fn in_node(transports: &[&str]) {
    let (deal, proxy, _) = town().await;
    let client = Client::node();
    let life = Life::begin((deal, proxy), client, Home::Here, Returns::ByItself).await;
    life.live(transports).await;
}

async fn in_python(transports: &[&str]) {
    let (deal, proxy, _) = town().await;
    let client = Client::python();
    let life = Life::begin((deal, proxy), client, Home::Here, Returns::ByHistory).await;
    life.live(transports).await;
}

async fn in_a_browser(transports: &[&str], home: Home) {
    let (deal, proxy, elsewhere) = town().await;
    let window = Window::open().await;
    let page = match home {
        Home::Here => format!("http://{}", proxy.address),
        Home::Elsewhere => elsewhere,
    };
    window.go_to(&format!("{page}/healthz")).await;
    let client = Client::page(window).await;
    let life = Life::begin((deal, proxy), client, home, Returns::ByItself).await;
    life.live(transports).await;
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
    in_a_browser(&UPGRADING, Home::Here).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_client_in_a_page_of_another_origin_polls_first_and_upgrades() {
    in_a_browser(&UPGRADING, Home::Elsewhere).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_client_in_a_browser_polls_only() {
    in_a_browser(&POLLING, Home::Here).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_client_in_a_browser_uses_a_websocket_only() {
    in_a_browser(&WEBSOCKET, Home::Here).await;
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
