//! Every client over every transport gets through each balancer at its first try, and its polls reach the node that its session id names.

use serde_json::{Value, json};
use std::collections::BTreeSet;

use super::town::{Recovery, Town};
use crate::browser::window::Window;
use crate::client::Person;
use crate::clients::Client;
use crate::clients::commands::said_in;
use crate::files::upload;
use crate::fleet::TAGS;
use crate::fleet::balancer::Kind;
use crate::metrics::figure;

const TRANSPORTS: [&[&str]; 3] = [&["polling", "websocket"], &["polling"], &["websocket"]];
/// How many of a kind are connected over each transport at the same time: so many that none of the nodes has fewer connections than the
/// others, which would get all new ones. A browser has six connections to a host, of which one sends.
const TIMES: usize = 5;
/// Bytes of a large file.
const LARGE: usize = 5_000_000;

/// Connects, sends, hears, and stays; answers the tag of the node that it came to.
async fn pass(
    town: &Town,
    client: &mut Client,
    (person, place): (&Person, &str),
    transports: &[&str],
) -> String {
    town.connect(client, (person, Recovery::Off), transports, None)
        .await;
    let last = json!({ "name": person.id, "transport": transports.last() });
    let state = client.tell("uses", last).await;
    client
        .call(&person.id, "join_conversation", json!(place))
        .await;
    let said = json!({ "conversationId": place, "message": "hello" });
    client.call(&person.id, "send_message", said).await;
    let heard = client.take(&person.id, "new_message", 1).await;
    assert_eq!(said_in(&heard, place), [json!("hello")]);
    let sid = state["sid"].as_str().expect("a sid");
    let (tag, _) = sid.split_once('.').unwrap_or_else(|| panic!("{state}"));
    tag.to_owned()
}

async fn a_native_client_passes(town: &Town, (person, place): (&Person, &str)) {
    let mut socket = person.joined(place).await;
    let send = json!({ "conversation_id": place, "body": "native" });
    socket.call("send_message", send).await.expect("sent");
    let heard = socket.event("new_message").await;
    assert_eq!(heard["message"]["body"], "native");
    let path = format!("/api/v1/conversations/{place}/messages");
    let listed = person.get(&path).await.expect_status(200);
    let items: &Vec<Value> = listed.body["items"].as_array().expect("messages");
    assert!(!items.is_empty(), "{}", town.address);
}

/// A body that is larger than balancers take by default.
async fn a_large_file_passes(person: &Person) {
    let bytes: Vec<u8> = (0..LARGE).map(|number| (number % 251) as u8).collect();
    let name = "?name=large.bin";
    let sent = upload(person, name, "application/octet-stream", &bytes).await;
    let file = sent.expect_status(201).json();
    assert_eq!(file["size"], LARGE);
}

async fn all_pass(kind: Kind) {
    let town = tokio::task::block_in_place(|| Town::open(kind));
    let window = Window::open().await;
    window.go_to(&format!("{}healthz", town.url())).await;
    let mut clients = [Client::node(), Client::python(), Client::page(window).await];
    let mut tags = BTreeSet::new();
    for (number, client) in clients.iter_mut().enumerate() {
        for (at, transports) in TRANSPORTS.into_iter().enumerate() {
            let names = (0..TIMES).map(|time| format!("visitor-{number}-{at}-{time}"));
            for name in names.clone() {
                let person = town.person(&name);
                let place = town.group(std::slice::from_ref(&person)).await;
                tags.insert(pass(&town, client, (&person, &place), transports).await);
                a_native_client_passes(&town, (&person, &place)).await;
            }
            for name in names {
                client.tell("disconnect", json!({ "name": name })).await;
            }
        }
    }
    a_large_file_passes(&town.person("uploader")).await;
    assert_eq!(tags, BTreeSet::from(TAGS.map(str::to_owned)));
    for node in &town.fleet.nodes {
        let address = node.address.parse().expect("an address");
        let misrouted = figure(address, "stoa_misrouted_sessions_total").await;
        assert_eq!(misrouted, 0.0, "at node {}", node.tag);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "make real: it needs HAProxy"]
async fn every_client_passes_haproxy() {
    all_pass(Kind::Haproxy).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "make real: it needs nginx"]
async fn every_client_passes_nginx() {
    all_pass(Kind::Nginx).await;
}
