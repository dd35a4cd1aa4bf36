//! The official client at a server that is killed again and again: everything that was acknowledged to whoever said it comes, in
//! order, once.

use serde_json::{Value, json};
use std::time::Duration;

use super::Client;
use super::asking::{Connecting, said_in};
use super::proxy::Proxy;
use crate::child::Process;
use crate::client::Person;
use crate::house::fresh_database;

const KILLS: usize = 4;
const EACH: usize = 40;
const OPTIONS: [&str; 2] = ["--rate-limits", "off"];

/// A server that comes back at another address whenever it is killed; the client's way leads there.
struct Mortal {
    database: String,
    process: Process,
    proxy: Proxy,
}

impl Mortal {
    async fn begin() -> Self {
        let database = tokio::task::spawn_blocking(fresh_database)
            .await
            .expect("a database");
        let process = Process::serve_on(&database, &OPTIONS).await;
        let proxy = Proxy::open().await;
        proxy.lead_to(process.address);
        Self {
            database,
            process,
            proxy,
        }
    }

    async fn die_and_return(&mut self) {
        self.process.signal("KILL");
        self.process = Process::serve_on(&self.database, &OPTIONS).await;
        self.proxy.lead_to(self.process.address);
    }

    /// Says it until that is acknowledged. Under one client id it is said once, however often the answer was lost.
    async fn say(&mut self, who: &str, place: &str, number: usize) {
        let path = format!("/api/v1/conversations/{place}/messages");
        let said = json!({ "body": number.to_string(), "client_id": format!("n{number}") });
        loop {
            let person: Person = self.process.person(who);
            let answer = person.try_post(&path, said.clone()).await;
            match answer.map(|answer| answer.status) {
                Some(200 | 201) => return,
                _ => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }
}

async fn hears_everything(transports: &[&str]) {
    let mut server = Mortal::begin().await;
    let (ann, bob) = (server.process.person("ann"), server.process.person("bob"));
    for person in [&ann, &bob] {
        person.get("/api/v1/me").await.expect_status(200);
    }
    let made = json!({ "kind": "direct", "participants": [{ "user_id": "bob" }] });
    let made = ann.post("/api/v1/conversations", made).await;
    let place = made.expect_status(201).body["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let mut client = Client::node();
    let url = format!("http://{}/", server.proxy.address);
    let how = Connecting {
        name: "bob",
        url: &url,
        auth: json!({ "token": bob.token }),
        transports,
        with_credentials: false,
    };
    assert_eq!(client.connect(how).await["connected"], true);
    client.call("bob", "join_conversation", json!(place)).await;
    for number in 0..KILLS * EACH {
        if number % EACH == EACH / 2 {
            let dying = server.process.address;
            let person = Person::new(dying, "ann", ann.token.clone());
            let path = format!("/api/v1/conversations/{place}/messages");
            let said = json!({ "body": number.to_string(), "client_id": format!("n{number}") });
            // One is said in the moment of the kill: whether it was stored, the next attempt finds out.
            let dying_words = tokio::spawn(async move { person.try_post(&path, said).await });
            server.die_and_return().await;
            let _perhaps = dying_words.await.expect("a task");
        }
        server.say("ann", &place, number).await;
    }
    server.say("ann", &place, KILLS * EACH).await;
    let times = json!({ "name": "bob", "times": KILLS + 1 });
    let state = client.tell("connected", times).await;
    assert_eq!(state["recovered"], true, "{state}");
    let events = client.take("bob", "new_message", KILLS * EACH + 1).await;
    client.call("bob", "leave_conversation", json!(place)).await;
    let rest = client.take("bob", "new_message", 0).await;
    let heard: Vec<Value> = [said_in(&events, &place), said_in(&rest, &place)].concat();
    let wanted = (0..=KILLS * EACH).map(|number| json!(number.to_string()));
    assert_eq!(heard, wanted.collect::<Vec<Value>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_websockets_nothing_is_lost_by_a_kill() {
    hears_everything(&["websocket"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_polling_nothing_is_lost_by_a_kill() {
    hears_everything(&["polling"]).await;
}
