//! The platforms' front ends: the calls of each real client in its order, sent to a real server, and what the client reads checked.

mod caller;
mod events;
mod known;
mod list;
mod reads;
mod runner;
mod runner_tests;

use runner::{Outcome, run};
use std::io::Write;

const STOORY: &str = include_str!("stoory.toml");
const LOLA: &str = include_str!("lola.toml");
const QUOTEXBERT: &str = include_str!("quotexbert.toml");
const PARTTIMEPAYS: &str = include_str!("parttimepays.toml");
const PHARMAGO: &str = include_str!("pharmago.toml");
const PHARMAGO_NOTIFICATIONS: &str = include_str!("pharmago-notifications.toml");

/// The newest client that the tests install, and the oldest of version 4.
const CLIENTS: [&str; 2] = ["socket.io-client", "socket.io-client-4.0"];

/// Runs a list with this client; prints its open rows, and fails for each row that is not as it is marked.
async fn as_listed(text: &str, client: &str) {
    let list = list::List::read(text);
    let title = format!("{}, with {client}", list.platform);
    let Outcome { done, open, wrong } = run(list, client).await;
    let mut report = format!("{title}: {done} rows served, {} open\n", open.len());
    for row in &open {
        report.push_str(&format!("  open: {row}\n"));
    }
    // Past the capture of the test's output, so that the open rows are seen where everything passes.
    std::io::stderr()
        .write_all(report.as_bytes())
        .expect("written");
    assert!(wrong.is_empty(), "{title}:\n{}", wrong.join("\n"));
}

#[tokio::test]
async fn the_front_end_of_stoory() {
    for client in CLIENTS {
        as_listed(STOORY, client).await;
    }
}

#[tokio::test]
async fn the_front_ends_of_lola() {
    for client in CLIENTS {
        as_listed(LOLA, client).await;
    }
}

#[tokio::test]
async fn the_front_end_of_quotexbert() {
    as_listed(QUOTEXBERT, CLIENTS[0]).await;
}

#[tokio::test]
async fn the_front_end_of_part_time_pays() {
    as_listed(PARTTIMEPAYS, CLIENTS[0]).await;
}

#[tokio::test]
async fn a_client_of_pharmago() {
    as_listed(PHARMAGO, CLIENTS[0]).await;
    as_listed(PHARMAGO_NOTIFICATIONS, CLIENTS[0]).await;
}
