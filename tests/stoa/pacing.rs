//! Rate limits of sessions, users and addresses, and the refusals beyond them.

use serde_json::{Value, json};
use std::time::Duration;

use crate::client::{Answer, Person, Socket};
use crate::servers::Alone;
use crate::test_app::{TestApp, claims, token};

/// Options under which only the one that is tested is strict.
fn strict(option: &'static str, rate: &'static str) -> Vec<&'static str> {
    let mut options = Vec::new();
    for other in ["--session-rate", "--user-rate", "--address-rate"] {
        options.extend([other, if other == option { rate } else { "100000" }]);
    }
    options
}

/// Sends so many frames without waiting, and then takes their answers.
async fn burst(socket: &mut Socket, frames: u64) -> Vec<Value> {
    for id in 1_000..1_000 + frames {
        let frame = json!({ "event": "user_status", "id": id, "data": { "status": "online" } });
        socket.send_text(&frame.to_string()).await;
    }
    let mut answers = Vec::new();
    for _ in 0..frames {
        answers.push(socket.next().await.expect("an answer"));
    }
    answers
}

fn refused(answers: &[Value]) -> Vec<&Value> {
    answers
        .iter()
        .filter_map(|answer| answer.get("error"))
        .collect()
}

#[tokio::test]
async fn a_session_that_is_too_fast_is_told_and_recovers() {
    let app = TestApp::alone(Alone::Limits)
        .with(&strict("--session-rate", "2"))
        .await;
    let alice = app.person("alice").await;
    let (mut fast, mut slow) = (alice.socket().await, alice.socket().await);
    let answers = burst(&mut fast, 30).await;
    let told = refused(&answers);
    assert!(
        told.len() >= 15 && told.len() <= 26,
        "a burst of four passes: {} refused",
        told.len()
    );
    for error in &told {
        assert_eq!(
            (error["error_code"].as_str(), error["temporary"].as_bool()),
            (Some("RATE_LIMITED"), Some(true))
        );
    }
    let wait = told[0]["details"]["retry_after_seconds"]
        .as_u64()
        .expect("how long");
    assert!((1..=5).contains(&wait), "{wait}");
    assert!(
        slow.drain().await.is_empty(),
        "another session has its own pace"
    );
    tokio::time::sleep(Duration::from_secs(wait)).await;
    assert!(
        fast.drain().await.is_empty(),
        "after the pause that was asked for, it goes on"
    );
}

#[tokio::test]
async fn a_session_that_does_not_listen_is_closed() {
    let app = TestApp::alone(Alone::Limits)
        .with(&strict("--session-rate", "1"))
        .await;
    let mut socket = app.person("alice").await.socket().await;
    for id in 0..400 {
        let frame = json!({ "event": "user_status", "id": id, "data": { "status": "online" } });
        let sent = socket.send_raw(frame.to_string().into()).await;
        if sent.is_err() {
            break;
        }
    }
    assert_eq!(socket.closed().await, Some(4429));
}

async fn ask_often(person: &Person, path: &str, times: usize) -> Vec<Answer> {
    let mut answers = Vec::new();
    for _ in 0..times {
        answers.push(person.get(path).await);
    }
    answers
}

fn assert_told(answers: &[Answer]) {
    let told: Vec<&Answer> = answers
        .iter()
        .filter(|answer| answer.status == 429)
        .collect();
    assert!(!told.is_empty(), "nobody was too fast");
    for answer in told {
        assert_eq!(
            (
                answer.body["error_code"].as_str(),
                answer.body["temporary"].as_bool()
            ),
            (Some("RATE_LIMITED"), Some(true))
        );
        let header: u64 = answer.headers["retry-after"]
            .to_str()
            .expect("text")
            .parse()
            .expect("seconds");
        assert!(header >= 1);
        assert_eq!(answer.body["details"]["retry_after_seconds"], header);
    }
}

#[tokio::test]
async fn a_user_has_one_pace_over_rest_and_all_sockets() {
    let app = TestApp::alone(Alone::Limits)
        .with(&strict("--user-rate", "1"))
        .await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    assert_told(&ask_often(&alice, "/api/v1/me", 12).await);
    bob.get("/api/v1/me").await.expect_status(200);
    let mut socket = alice.socket().await;
    let answers = burst(&mut socket, 10).await;
    assert!(
        refused(&answers).len() >= 5,
        "REST has used up what the socket would have had: {answers:?}"
    );
}

#[tokio::test]
async fn an_address_has_one_pace_whoever_calls() {
    let app = TestApp::alone(Alone::Limits)
        .with(&strict("--address-rate", "1"))
        .await;
    let people: Vec<Person> = (0..12)
        .map(|number| {
            let id = format!("person-{number}");
            Person::new(app.addresses(), &id, token(&claims(&id, &[])))
        })
        .collect();
    let mut answers = Vec::new();
    for person in &people {
        answers.push(person.get("/api/v1/me").await);
    }
    assert_told(&answers);
    assert!(
        answers[0].status == 200 && answers[1].status == 200,
        "a burst of two passes"
    );
    let refused = Socket::open(app.address, Some(&people[0].token)).await;
    let refused = refused
        .err()
        .map(|error| error.to_string())
        .unwrap_or_default();
    assert!(refused.contains("429"), "connections count too: {refused}");
}

/// The last answer to requests that say that they were forwarded for these addresses.
async fn forwarded(options: &[&'static str], header: impl Fn(u32) -> String) -> u16 {
    let strict = strict("--address-rate", "1");
    let app = TestApp::alone(Alone::Limits)
        .with(&[&strict, options].concat())
        .await;
    let alice = Person::new(app.addresses(), "alice", token(&claims("alice", &[])));
    let mut last = 0;
    for number in 1..=12 {
        let from = header(number);
        let headers = [("x-forwarded-for", from.as_str())];
        let answer = alice.request("GET", "/healthz", None, &headers).await;
        last = answer.status;
    }
    last
}

#[tokio::test]
async fn only_a_trusted_proxy_speaks_for_other_addresses() {
    let own = |number| format!("203.0.113.{number}");
    assert_eq!(forwarded(&[], own).await, 429);
    for proxies in ["127.0.0.1", "127.0.0.0/8", "10.0.0.0/8,127.0.0.1/32"] {
        assert_eq!(
            forwarded(&["--trusted-proxies", proxies], own).await,
            200,
            "{proxies}"
        );
    }
    let others = ["--trusted-proxies", "10.0.0.0/8"];
    assert_eq!(
        forwarded(&others, own).await,
        429,
        "127.0.0.1 is none of them"
    );
}

#[tokio::test]
async fn a_client_cannot_forge_its_address_with_earlier_forwarded_entries() {
    let proxies = ["--trusted-proxies", "127.0.0.0/8,10.0.0.0/8"];
    for pattern in [
        "203.0.113.N, 198.51.100.1",
        "203.0.113.N, 198.51.100.1, 10.0.0.7",
        "203.0.113.N, nonsense, 10.0.0.7",
    ] {
        let made_up = |number: u32| pattern.replace('N', &number.to_string());
        assert_eq!(forwarded(&proxies, made_up).await, 429, "{pattern}");
    }
    let behind_two = |number| format!("203.0.113.{number}, 10.0.0.7");
    assert_eq!(forwarded(&proxies, behind_two).await, 200);
}

#[tokio::test]
async fn the_addresses_of_one_home_have_one_pace() {
    let proxies = ["--trusted-proxies", "127.0.0.1"];
    let home = |number| format!("2001:db8:1:1::{number}");
    assert_eq!(forwarded(&proxies, home).await, 429);
    let homes = |number| format!("2001:db8:1:{number}::1");
    assert_eq!(forwarded(&proxies, homes).await, 200);
    let mapped = |number| format!("::ffff:203.0.113.{number}");
    assert_eq!(forwarded(&proxies, mapped).await, 200);
}

#[tokio::test]
async fn switched_off_nobody_is_too_fast() {
    let app = TestApp::alone(Alone::Limits)
        .with(&[strict("--user-rate", "1"), vec!["--rate-limits", "off"]].concat())
        .await;
    let alice = app.person("alice").await;
    let answers = ask_often(&alice, "/api/v1/me", 50).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    let mut socket = alice.socket().await;
    assert!(refused(&burst(&mut socket, 300).await).is_empty());
}
