//! Deals on a server that is killed: between any two steps, in the middle of one, and while a timer fires. They go on, once.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

use super::{Flows, TICKING, creation, rupees};
use crate::child::Process;
use crate::client::Person;
use crate::test_app::fresh_database;

/// A server that comes back whenever it is killed, and a deal on it.
struct RestartableServer {
    database: String,
    options: Vec<String>,
    process: Process,
}

impl RestartableServer {
    async fn start(options: &[&str]) -> Self {
        let database = tokio::task::spawn_blocking(fresh_database).await.unwrap();
        let process = Process::serve_on(&database, options).await;
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        Self {
            database,
            options,
            process,
        }
    }

    async fn restart(&mut self) {
        self.process.signal("KILL");
        let options: Vec<&str> = self.options.iter().map(String::as_str).collect();
        self.process = Process::serve_on(&self.database, &options).await;
    }

    fn person(&self, id: &str) -> Person {
        self.process.person(id)
    }

    /// Makes everybody known, and begins a deal. Answers its conversation.
    async fn begin(&self, people: [&str; 2], creation: Value) -> String {
        for person in people {
            let known = self.person(person).get("/api/v1/me").await;
            known.expect_status(200);
        }
        let platform = self.process.person_with("platform", &["service"]);
        let made = platform.post("/api/v1/conversations", creation).await;
        made.expect_status(201).body["id"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    fn log(&self, query: &str) -> Vec<String> {
        #[derive(QueryableByName)]
        struct Line {
            #[diesel(sql_type = Text)]
            line: String,
        }
        let mut connection = PgConnection::establish(&self.database).unwrap();
        let rows: Vec<Line> = diesel::sql_query(query).load(&mut connection).unwrap();
        rows.into_iter().map(|row| row.line).collect()
    }

    fn count(&self, query: &str) -> i64 {
        #[derive(QueryableByName)]
        struct Counted {
            #[diesel(sql_type = BigInt)]
            n: i64,
        }
        let mut connection = PgConnection::establish(&self.database).unwrap();
        let counted: Counted = diesel::sql_query(query)
            .get_result(&mut connection)
            .unwrap();
        counted.n
    }
}

const ACTIONS: &str = "select action as line from flow_steps order by seq";

#[tokio::test]
async fn a_deal_whose_server_is_killed_around_every_step_makes_each_step_once() {
    let mut server = RestartableServer::start(&["--rate-limits", "off", "--jobs", "off"]).await;
    let id = server.begin(["ines", "bela"], creation("bid-1")).await;
    let way = [
        ("ines", "accept_connection", json!({})),
        (
            "bela",
            "send_project_details",
            json!({ "details": "posts" }),
        ),
        ("ines", "accept_project", json!({})),
        ("bela", "send_price_offer", rupees(5_000)),
        ("ines", "negotiate_price", rupees(6_000)),
        ("bela", "accept_negotiation", json!({})),
    ];
    for (number, (person, action, input)) in way.iter().enumerate() {
        let path = format!("/api/v1/conversations/{id}/flow/actions/{action}");
        let press = json!({ "input": input, "request_id": format!("r-{number}") });
        let pressing = server.person(person);
        let (sent, pressed) = (press.clone(), path.clone());
        let first = tokio::spawn(async move { pressing.try_post(&pressed, sent).await });
        // A different moment of the step each time: before, during, after.
        tokio::time::sleep(Duration::from_millis(3 * number as u64)).await;
        server.restart().await;
        let first = first.await.unwrap();
        let again = server.person(person).post(&path, press).await;
        let again = again.expect_status(200).body;
        if let Some(first) = first.filter(|first| first.status == 200) {
            assert_eq!(first.body, again, "{action}");
        }
    }
    let expected: Vec<&str> = ["start", "then"]
        .into_iter()
        .chain(way.iter().map(|(_, action, _)| *action))
        .collect();
    assert_eq!(server.log(ACTIONS), expected);
    assert_eq!(server.count("select count(*) as n from payment_orders"), 1);
    assert_eq!(
        server.count("select count(*) as n from (select seq from messages union all select seq from flow_steps) s"),
        server.count("select last_seq as n from conversations"),
        "every seq is somebody's"
    );
}

/// A deal of the ticking flow.
pub fn ticking() -> Value {
    json!({
        "kind": "group",
        "participants": [{ "user_id": "ada", "role": "one" }, { "user_id": "ben", "role": "other" }],
        "flow": { "name": "ticking" },
    })
}

#[tokio::test]
async fn timers_fire_once_however_often_the_server_is_killed_while_they_do() {
    let folder = Flows::with(TICKING);
    let flows = folder.folder();
    let options = [
        "--rate-limits",
        "off",
        "--flows",
        &flows,
        "--job-lease-seconds",
        "1",
        "--job-retry-ms",
        "50",
    ];
    let mut server = RestartableServer::start(&options).await;
    server.begin(["ada", "ben"], ticking()).await;
    let begun = Instant::now();
    let is_over = |server: &RestartableServer| {
        server.count("select count(*) as n from conversation_flows where state = 'over'") == 1
    };
    let mut kills = 0;
    while !is_over(&server) {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "{:?}",
            server.log(ACTIONS)
        );
        // The kills fall on different moments of the timers; nothing is awaited here.
        tokio::time::sleep(Duration::from_millis(60 + 37 * (kills % 9))).await;
        if kills < 12 {
            server.restart().await;
            kills += 1;
        }
    }
    // The server may be away from the reminder's moment until the deadline.
    let is_reminder = |line: &String| line == "remind_1" || line == "Still there?";
    let mut steps = server.log(ACTIONS);
    assert!(steps.extract_if(.., |line| is_reminder(line)).count() <= 1);
    assert_eq!(steps, ["start", "deadline", "deadline"]);
    let mut said = server.log("select body as line from messages where card is null order by seq");
    assert!(said.extract_if(.., |line| is_reminder(line)).count() <= 1);
    assert_eq!(said, ["Nobody answered.", "It is over."]);
    let told = "select event as line from webhook_events order by no";
    assert_eq!(server.log(told), ["ticking.late", "ticking.over"]);
    assert_eq!(server.count("select count(*) as n from flow_timers"), 0);
}

const ANSWERS: usize = 12;

#[tokio::test]
async fn a_step_puts_off_what_would_have_happened_by_itself() {
    let folder = Flows::with(TICKING);
    let flows = folder.folder();
    let server = RestartableServer::start(&["--rate-limits", "off", "--flows", &flows]).await;
    let id = server.begin(["ada", "ben"], ticking()).await;
    let (ada, path) = (
        server.person("ada"),
        format!("/api/v1/conversations/{id}/flow/actions/answer"),
    );
    for _ in 0..ANSWERS {
        // Proves that nothing happens: all pauses together are longer than the timers that each answer puts off.
        tokio::time::sleep(Duration::from_millis(250)).await;
        let answer = ada
            .post(&path, json!({ "input": { "note": "here" } }))
            .await;
        assert_eq!(answer.expect_status(200).body["state"], "waiting");
    }
    let mut steps = server.log(ACTIONS);
    assert_eq!(steps.remove(0), "start");
    assert_eq!(steps, ["answer"; ANSWERS]);
}
