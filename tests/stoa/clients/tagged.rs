//! A node with a tag: real clients live with the longer session ids, and a request that reaches another node is answered so that the
//! client comes back.

use serde_json::{Value, json};

use super::Client;
use super::commands::{Connecting, said_in};
use super::proxy::Proxy;
use crate::client::Person;
use crate::engineio_client::{EngineIoClient, UNKNOWN};
use crate::metrics::figure;
use crate::servers::Alone;
use crate::test_app::{TestApp, try_parse};

const MISROUTED: &str = "stoa_misrouted_sessions_total";
const UPGRADING: [&str; 2] = ["polling", "websocket"];

async fn tagged(database: Option<&str>, tag: &str) -> TestApp {
    let options = ["--rate-limits", "off", "--node-tag", tag];
    match database {
        Some(database) => {
            TestApp::alone(Alone::Pair)
                .on(database.to_owned(), &options)
                .await
        }
        None => TestApp::alone(Alone::Pair).with(&options).await,
    }
}

async fn connect(
    client: &mut Client,
    url: &str,
    person: &Person,
    auth: Value,
    transports: &[&str],
) -> Value {
    let how = Connecting {
        name: &person.id,
        url,
        auth,
        transports,
        with_credentials: false,
        joins: None,
    };
    client.connect(how).await
}

#[track_caller]
fn assert_tagged(state: &Value, tag: &str) {
    let sid = state["sid"].as_str().unwrap_or_default();
    assert!(sid.starts_with(&format!("{tag}.")), "{state}");
}

/// Connects over each transport, upgrades, sends and hears.
async fn lives_with_the_tag(mut client: Client) {
    let app = tagged(None, "eu").await;
    let url = format!("http://{}/", app.address);
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let place = app.direct(&ann, &bob).await;
    for transports in [&UPGRADING[..], &UPGRADING[..1], &UPGRADING[1..]] {
        // What recovery adds to an event is no argument that the client for Python expects.
        let auth = json!({ "token": bob.token, "recovery": false });
        let state = connect(&mut client, &url, &bob, auth, transports).await;
        assert_tagged(&state, "eu");
        let last = json!({ "name": "bob", "transport": transports.last() });
        let state = client.tell("uses", last).await;
        assert_tagged(&state, "eu");
        client.call("bob", "join_conversation", json!(place)).await;
        ann.say(&place, "hello").await;
        let heard = client.take("bob", "new_message", 1).await;
        assert_eq!(said_in(&heard, &place), [json!("hello")]);
        client.tell("disconnect", json!({ "name": "bob" })).await;
    }
    assert_eq!(figure(app.address, MISROUTED).await, 0.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_client_lives_with_a_tag() {
    lives_with_the_tag(Client::node()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_client_for_python_lives_with_a_tag() {
    lives_with_the_tag(Client::python()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_whose_polls_reach_another_node_comes_back_there_with_what_it_missed() {
    let one = tagged(None, "a").await;
    let other = tagged(Some(&one.database), "b").await;
    let proxy = Proxy::open().await;
    proxy.lead_to(one.address);
    let (ann, bob) = (one.person("ann").await, one.person("bob").await);
    let place = one.direct(&ann, &bob).await;
    let mut client = Client::node();
    let url = format!("http://{}/", proxy.address);
    let auth = json!({ "token": bob.token });
    let state = connect(&mut client, &url, &bob, auth, &UPGRADING[..1]).await;
    assert_tagged(&state, "a");
    client.call("bob", "join_conversation", json!(place)).await;
    ann.say(&place, "one").await;
    client.take("bob", "new_message", 1).await;
    proxy.lead_to(other.address);
    ann.say(&place, "two").await;
    let twice = json!({ "name": "bob", "times": 2 });
    let state = client.tell("connected", twice).await;
    assert_tagged(&state, "b");
    assert_eq!(state["recovered"], true, "{state}");
    let heard = client.take("bob", "new_message", 1).await;
    assert_eq!(said_in(&heard, &place), [json!("two")]);
}

#[tokio::test]
async fn a_request_for_a_session_of_another_node_is_answered_as_unknown_and_counted() {
    let app = tagged(None, "a").await;
    let plain = TestApp::alone(Alone::Pair).start().await;
    let random = "0123456789abcdef0123456789abcdef";
    let client = |app: &TestApp| EngineIoClient::new(app.address, "/socket.io/");
    let poll = |sid: &str| format!("EIO=4&transport=polling&sid={sid}");
    let own = client(&app).poller().await.sid;
    assert!(own.starts_with("a."), "{own}");
    let unknown = (400, UNKNOWN.to_owned());
    for sid in [random, "a.0123456789abcdef0123456789abcdef", "A.1", "a."] {
        assert_eq!(client(&app).get(&poll(sid)).await, unknown, "{sid}");
    }
    let stripped = own.strip_prefix("a.").expect("a tag");
    assert_eq!(client(&app).get(&poll(stripped)).await, unknown);
    assert_eq!(figure(app.address, MISROUTED).await, 0.0);
    let elsewhere = format!("b.{random}");
    for server in [&app, &plain] {
        assert_eq!(client(server).get(&poll(&elsewhere)).await, unknown);
        let posted = client(server).request("POST", &poll(&elsewhere)).body("40");
        assert_eq!(client(server).send(posted).await, unknown);
        let (visitor, query) = (client(server), format!("&sid={elsewhere}"));
        assert_eq!(visitor.try_websocket(&query).await.err(), Some(400));
        assert_eq!(figure(server.address, MISROUTED).await, 3.0);
    }
    // The session that was there all along is not disturbed.
    let (status, _) = client(&app).get("EIO=4&transport=polling").await;
    assert_eq!(status, 200);
    let posted = client(&app).request("POST", &poll(&own)).body("40{}");
    assert_eq!(client(&app).send(posted).await.0, 200);
}

#[test]
fn what_is_no_tag_is_refused_with_a_sentence() {
    for wrong in ["", "A", "abcde", "a1", "a.b", "é"] {
        let arguments = ["stoa", "--demo", "--node-tag", wrong];
        let said = try_parse(&arguments).expect_err("no tag");
        assert!(said.contains("one to 4 letters from a to z"), "{said}");
    }
    assert!(try_parse(&["stoa", "--demo", "--node-tag", "abcd"]).is_ok());
}
