//! The official client at a server that ends again and again, killed or asked to, in the middle of a conversation: everything that was
//! acknowledged to whoever said it comes, in order, once.

use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::sync::watch;

use super::Client;
use super::commands::{Connecting, said_in};
use super::proxy::Proxy;
use crate::child::Process;
use crate::client::Person;
use crate::polling::until;
use crate::test_app::{claims, fresh_database, token};

const ENDS: usize = 4;
const EACH: usize = 60;
const OPTIONS: [&str; 2] = ["--rate-limits", "off"];
/// So slow that several messages wait for each answer.
const LATENCY: Duration = Duration::from_millis(30);

/// How a server ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Killed,
    Asked,
}

/// A server that comes back at another address whenever it has ended; the client's way leads there.
struct RestartableServer {
    database: String,
    process: Process,
    proxy: Proxy,
    address: watch::Sender<SocketAddr>,
}

impl RestartableServer {
    async fn start() -> Self {
        let database = tokio::task::spawn_blocking(fresh_database)
            .await
            .expect("a database");
        let process = Process::serve_on(&database, &OPTIONS).await;
        let proxy = Proxy::slow(LATENCY).await;
        proxy.lead_to(process.address);
        Self {
            address: watch::Sender::new(process.address),
            database,
            process,
            proxy,
        }
    }

    /// Connects Bob's client through the proxy.
    async fn connect(&self, client: &mut Client, transports: &[&str], joins: Option<&str>) {
        let url = format!("http://{}/", self.proxy.address);
        let how = Connecting {
            name: "bob",
            url: &url,
            auth: json!({ "token": self.process.person("bob").token }),
            transports,
            with_credentials: false,
            joins,
        };
        assert_eq!(client.connect(how).await["connected"], true);
    }

    async fn end_and_return(&mut self, end: End) {
        match end {
            End::Killed => self.process.signal("KILL"),
            End::Asked => self.process.signal("TERM"),
        }
        let (code, _) = self.process.end().await;
        assert_eq!(code, (end == End::Asked).then_some(0));
        self.process = Process::serve_on(&self.database, &OPTIONS).await;
        self.proxy.lead_to(self.process.address);
        self.address.send_replace(self.process.address);
    }

    async fn conversation(&self) -> String {
        let bob = self.process.person("bob").get("/api/v1/me").await;
        bob.expect_status(200);
        let made = json!({ "kind": "direct", "participants": [{ "user_id": "bob" }] });
        let ann = self.process.person("ann");
        let made = ann.post("/api/v1/conversations", made).await;
        let made = made.expect_status(201).body;
        made["id"].as_str().expect("an id").to_owned()
    }
}

/// Says one number after the other, each until it is acknowledged, and tells how far it is. Under one client id it is said once, however
/// often the answer was lost.
async fn speak(
    address: watch::Receiver<SocketAddr>,
    conversation: String,
    said: watch::Sender<usize>,
) {
    let path = format!("/api/v1/conversations/{conversation}/messages");
    let token = token(&claims("ann", &[]));
    for number in 0..=ENDS * EACH {
        let saying = json!({ "body": number.to_string(), "client_id": format!("n{number}") });
        let say = async || {
            let person = Person::new(*address.borrow(), "ann", token.clone());
            let answer = person.try_post(&path, saying.clone()).await;
            answer.map(|answer| answer.status)
        };
        let is_said = |status: &Option<u16>| matches!(status, Some(200 | 201));
        until("an acknowledgement", say, is_said).await;
        said.send_replace(number);
    }
}

async fn hears_everything(transports: &[&str], end: End) {
    let mut server = RestartableServer::start().await;
    let conversation = server.conversation().await;
    let mut client = Client::node();
    let joins = (end == End::Asked).then_some(conversation.as_str());
    server.connect(&mut client, transports, joins).await;
    client
        .call("bob", "join_conversation", json!(conversation))
        .await;
    let (said, mut is_said) = watch::channel(0);
    let speaking = speak(server.address.subscribe(), conversation.clone(), said);
    let ending = async {
        for round in 0..ENDS {
            let middle = round * EACH + EACH / 2;
            let reached = is_said.wait_for(|number| *number >= middle).await;
            drop(reached.expect("somebody speaks"));
            server.end_and_return(end).await;
            let times = json!({ "name": "bob", "times": round + 2 });
            let state = client.tell("connected", times).await;
            assert_eq!(state["recovered"], true, "{state}");
        }
    };
    tokio::join!(speaking, ending);
    let events = client.take("bob", "new_message", ENDS * EACH + 1).await;
    client
        .call("bob", "leave_conversation", json!(conversation))
        .await;
    let rest = client.take("bob", "new_message", 0).await;
    let heard: Vec<Value> = [
        said_in(&events, &conversation),
        said_in(&rest, &conversation),
    ]
    .concat();
    let wanted = (0..=ENDS * EACH).map(|number| json!(number.to_string()));
    assert_eq!(heard, wanted.collect::<Vec<Value>>());
}

/// The client for Python: a close packet would tell it to stay away for good.
async fn python_comes_back(transports: &[&str], end: End) {
    let mut server = RestartableServer::start().await;
    let mut client = Client::python();
    server.connect(&mut client, transports, None).await;
    for round in 0..2 {
        server.end_and_return(end).await;
        let times = json!({ "name": "bob", "times": round + 2 });
        let state = client.tell("connected", times).await;
        assert_eq!(state["connected"], true, "{transports:?}: {state}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_client_for_python_comes_back_after_a_kill() {
    for transports in [["websocket"], ["polling"]] {
        python_comes_back(&transports, End::Killed).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_client_for_python_comes_back_when_the_server_is_stopped() {
    for transports in [["websocket"], ["polling"]] {
        python_comes_back(&transports, End::Asked).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_a_websocket_nothing_is_lost_by_a_kill() {
    hears_everything(&["websocket"], End::Killed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_polling_nothing_is_lost_by_a_kill() {
    hears_everything(&["polling"], End::Killed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_a_websocket_nothing_comes_twice_when_the_server_is_stopped() {
    hears_everything(&["websocket"], End::Asked).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_polling_nothing_comes_twice_when_the_server_is_stopped() {
    hears_everything(&["polling"], End::Asked).await;
}
