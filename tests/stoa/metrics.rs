//! What a server tells of itself at `/metrics`.

use std::net::SocketAddr;

use crate::polling::until;

/// A figure without labels.
pub async fn figure(server: SocketAddr, name: &str) -> f64 {
    let answer = reqwest::get(format!("http://{server}/metrics")).await;
    let answer = answer.expect("an answer");
    assert_eq!(answer.status(), 200);
    let text = answer.text().await.expect("a text");
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name} in {text}"))
        .parse()
        .expect("a number")
}

/// Waits until a figure is this.
pub async fn until_figure(server: SocketAddr, name: &str, wanted: f64) {
    let what = format!("{name} to be {wanted}");
    until(
        &what,
        async || figure(server, name).await,
        |now| *now == wanted,
    )
    .await;
}
