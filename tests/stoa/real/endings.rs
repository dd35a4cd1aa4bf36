//! Nodes end in every way while people write through a balancer: everything acknowledged is stored once, and every listener hears it
//! once and in order.

use serde_json::{Value, json};
use std::time::Duration;

use super::talking::Talk;
use super::town::{End, Recovery, Town};
use crate::browser::window::Window;
use crate::clients::Client;
use crate::clients::commands::said_in;
use crate::drive::client::{SECRET, Target};
use crate::fleet::balancer::Kind;
use crate::fleet::crowd::{Cast, Crowd, locked};
use crate::fleet::judge::{judge, stored, wait_for_all};

/// What happens to which node; the last three are a rolling restart.
const ENDINGS: [(usize, End); 6] = [
    (0, End::Killed),
    (1, End::Frozen),
    (2, End::Killed),
    (0, End::Stopped),
    (1, End::Stopped),
    (2, End::Stopped),
];
const LISTENERS: [(&str, &[&str]); 3] = [
    ("bob", &["polling", "websocket"]),
    ("cat", &["polling"]),
    ("dan", &["websocket"]),
];
const IN_A_PAGE: (&str, &[&str]) = ("fay", &["polling", "websocket"]);
/// How long the last listeners may take, on a machine that does much besides.
const QUIET_LIMIT: Duration = Duration::from_secs(90);

/// Native clients through the balancer: three senders and three listeners in each of two conversations.
fn crowd(town: &Town) -> Crowd {
    let target = Target::new(&town.address.to_string(), SECRET).expect("a target");
    let cast = Cast {
        targets: vec![target; 3],
        conversations: 2,
        pause: Duration::from_millis(30),
    };
    Crowd::start(cast).unwrap_or_else(|failure| panic!("{failure}"))
}

/// Ends the crowd once all its listeners have what is stored, and compares.
fn judge_crowd(crowd: Crowd, database: &str) {
    let progress = std::sync::Arc::clone(&crowd.progress);
    let logs = crowd.end(|logs| wait_for_all(database, logs, QUIET_LIMIT));
    let logs = logs.unwrap_or_else(|failure| panic!("{failure}"));
    let acknowledged = locked(&progress.acknowledged).clone();
    let verdict = judge(database, &logs, &acknowledged).expect("a verdict");
    let wrong = [verdict.wrong, locked(&progress.wrong).clone()].concat();
    assert_eq!(wrong, [""; 0]);
    assert!(verdict.messages > 200, "{}", verdict.messages);
}

/// Connects somebody who listens with recovery.
async fn listen(
    town: &Town,
    client: &mut Client,
    (name, transports): (&str, &[&str]),
    place: &str,
) {
    let person = town.person(name);
    let who = (&person, Recovery::On);
    town.connect(client, who, transports, Some(place)).await;
    client.call(name, "join_conversation", json!(place)).await;
}

/// Nobody was away for so long that others were told of it.
fn nobody_was_offline(name: &str, events: &[Value]) {
    let offline: Vec<_> = events
        .iter()
        .filter(|event| event[0] == "user_offline")
        .collect();
    assert!(offline.is_empty(), "{name} was told {offline:?}");
}

/// Whether all of these are among the others, in their order and each at most as often.
fn is_part_of(some: &[Value], all: &[Value]) -> bool {
    let mut rest = all.iter();
    some.iter().all(|one| rest.any(|other| other == one))
}

/// The client for Python knows no recovery: it hears nothing twice, and goes on after each loss.
async fn goes_on_in_python(python: &mut Client, place: &str, wanted: Vec<Value>) {
    let (count, name) = (wanted.len(), "eve");
    let told = json!({ "name": name, "times": 1 });
    python.tell("connected", told).await;
    python.call(name, "join_conversation", json!(place)).await;
    let last = json!({ "conversationId": place, "message": "the last" });
    python.call(name, "send_message", last).await;
    let hear = json!({ "name": name, "last": "the last" });
    let events = python.tell("hear", hear).await;
    let events = events.as_array().expect("events").clone();
    let heard = said_in(&events, place);
    let all = [wanted, vec![json!("the last")]].concat();
    assert!(is_part_of(&heard, &all), "{heard:?} of {all:?}");
    assert!(heard.len() > count / 3, "{} of {count}", heard.len());
    nobody_was_offline(name, &events);
}

async fn nothing_is_lost(kind: Kind) {
    let mut town = tokio::task::block_in_place(|| Town::open(kind));
    let people = ["ann", "gus", "eve", "bob", "cat", "dan", "fay"].map(|id| town.person(id));
    let place = town.group(&people).await;
    let mut hearing = Client::node();
    for listener in LISTENERS {
        listen(&town, &mut hearing, listener, &place).await;
    }
    let window = Window::open().await;
    window.go_to(&format!("{}healthz", town.url())).await;
    let mut page = Client::page(window).await;
    listen(&town, &mut page, IN_A_PAGE, &place).await;
    let mut gus = Client::node();
    let who = (&people[1], Recovery::On);
    town.connect(&mut gus, who, &["polling"], None).await;
    let mut python = Client::python();
    let who = (&people[2], Recovery::Off);
    town.connect(&mut python, who, &["polling"], Some(&place))
        .await;
    python.call("eve", "join_conversation", json!(place)).await;
    let crowd = tokio::task::block_in_place(|| crowd(&town));
    let talk = Talk::default();
    let endings = tokio::task::spawn_blocking(move || {
        for (node, end) in ENDINGS {
            town.end(node, end);
        }
        town
    });
    let end = async {
        let town = endings.await;
        talk.end();
        town.expect("nodes that come back")
    };
    let (town, by_rest, by_socketio) = tokio::join!(
        end,
        talk.clone().over_rest(people[0].clone(), place.clone()),
        talk.clone()
            .over_socketio(gus, "gus".to_owned(), place.clone()),
    );
    let count = by_rest + by_socketio;
    let messages = stored(&town.fleet.database, &place).expect("messages");
    assert_eq!(
        messages.len(),
        count,
        "what was acknowledged is stored once"
    );
    let wanted: Vec<Value> = messages.iter().map(|message| json!(message.body)).collect();
    for (name, _) in LISTENERS {
        let events = hearing.take(name, "new_message", count).await;
        assert_eq!(said_in(&events, &place), wanted, "{name}");
        nobody_was_offline(name, &events);
    }
    let (name, _) = IN_A_PAGE;
    let events = page.take(name, "new_message", count).await;
    assert_eq!(said_in(&events, &place), wanted, "{name}");
    nobody_was_offline(name, &events);
    goes_on_in_python(&mut python, &place, wanted).await;
    tokio::task::block_in_place(|| judge_crowd(crowd, &town.fleet.database));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "make real: it needs HAProxy"]
async fn behind_haproxy_nothing_is_lost_or_doubled() {
    nothing_is_lost(Kind::Haproxy).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "make real: it needs nginx"]
async fn behind_nginx_nothing_is_lost_or_doubled() {
    nothing_is_lost(Kind::Nginx).await;
}
