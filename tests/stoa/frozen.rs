//! A database that takes connections and does not answer: everybody is told within seconds, nothing is lost or doubled, and all goes on
//! by itself.

use serde_json::{Value, json};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::child::Process;
use crate::client::{Answer, PATIENCE, Person, Socket};
use crate::deals::Deal;
use crate::postgres::TestCluster;
use crate::proxy::Proxy;
use crate::servers::Alone;
use crate::test_app::TestApp;

/// How long a caller may wait to be told, machine load included. Nothing is heard for 3 s, which is looked for twice a second.
const TOLD_WITHIN: Duration = Duration::from_secs(6);

async fn cluster() -> TestCluster {
    let made = tokio::task::spawn_blocking(|| {
        let cluster = TestCluster::start().expect("a cluster");
        cluster.create_database("alone").expect("a database");
        cluster
    });
    made.await.expect("a thread")
}

async fn told_in_time(what: &str, asked: impl Future<Output = Answer>) {
    let begun = Instant::now();
    let answer = asked.await;
    assert!(
        begun.elapsed() < TOLD_WITHIN,
        "{what}: {:?}",
        begun.elapsed()
    );
    assert_eq!(answer.status, 503, "{what}: {}", answer.body);
    assert!(answer.headers.contains_key("retry-after"), "{what}");
}

impl TestCluster {
    /// Stops all of its processes where they are, as a hung disk or a paused machine does: the kernel still takes connections.
    fn freeze(&self) -> Result<(), Box<dyn std::error::Error>> {
        self.signal_all("-STOP")
    }

    /// Lets it go on.
    fn thaw(&self) -> Result<(), Box<dyn std::error::Error>> {
        self.signal_all("-CONT")
    }

    /// Ends all of its processes at once, frozen or not.
    fn kill_all(&self) -> Result<(), Box<dyn std::error::Error>> {
        self.signal_all("-KILL")
    }

    /// The main process first: it makes no others then.
    fn signal_all(&self, signal: &str) -> Result<(), Box<dyn std::error::Error>> {
        let file = std::fs::read_to_string(self.folder().join("data/postmaster.pid"))?;
        let main = file.lines().next().ok_or("postmaster.pid is empty")?;
        let children = Command::new("pgrep").args(["-P", main]).output()?;
        Command::new("kill").args([signal, main]).status()?;
        let later = Command::new("pgrep").args(["-P", main]).output()?;
        for process in String::from_utf8([children.stdout, later.stdout].concat())?.lines() {
            // One that has ended meanwhile is as still as the others.
            let _ended = Command::new("kill")
                .args([signal, process])
                .stderr(Stdio::null())
                .status()?;
        }
        Ok(())
    }
}

struct Talk {
    alice: Person,
    bob: Person,
    id: String,
    path: String,
    from: Socket,
    to: Socket,
}

impl Talk {
    async fn begin(app: &TestApp) -> Self {
        let (alice, bob) = (app.person("alice").await, app.person("bob").await);
        let id = app.direct(&alice, &bob).await;
        let path = format!("/api/v1/conversations/{id}/messages");
        alice.say(&id, "before").await;
        let (from, to) = (alice.joined(&id).await, bob.joined(&id).await);
        Self {
            alice,
            bob,
            id,
            path,
            from,
            to,
        }
    }

    fn said(&self, body: &str) -> Value {
        json!({ "conversation_id": self.id, "body": body, "client_id": body.replace(' ', "-") })
    }

    /// Everything that people do is refused in time, the first time and when the server knows already.
    async fn assert_all_told(&mut self) {
        let (by_socket, by_rest) = (self.said("by socket"), self.said("by REST"));
        let send = async {
            let begun = Instant::now();
            let refused = self.from.call("send_message", by_socket).await;
            let refused = refused.expect_err("the database does not answer");
            assert_eq!(refused["error_code"], "UNAVAILABLE");
            assert!(begun.elapsed() < TOLD_WITHIN, "{:?}", begun.elapsed());
        };
        tokio::join!(
            send,
            told_in_time("readyz", self.alice.get("/readyz")),
            told_in_time("messages", self.bob.get(&self.path)),
            told_in_time("list", self.bob.get("/api/v1/conversations")),
            told_in_time("post", self.alice.post(&self.path, by_rest)),
        );
        let many = (0..40).map(|_| told_in_time("unread", self.bob.get("/api/v1/unread")));
        futures_util::future::join_all(many).await;
        self.bob.get("/healthz").await.expect_status(200);
    }

    /// What was not acknowledged is sent again, and stands there once and was told once.
    async fn assert_all_goes_on(&mut self) {
        self.alice.until_ready().await;
        for body in ["by socket", "by REST"] {
            let mut seqs = Vec::new();
            for _ in 0..2 {
                let sent = self.from.call("send_message", self.said(body)).await;
                seqs.push(sent.expect("it is there now")["seq"].clone());
            }
            assert_eq!(seqs[0], seqs[1], "{body}");
        }
        let stored = self.bob.bodies(&self.id).await;
        let mut sorted = stored.clone();
        sorted.sort();
        assert_eq!(sorted, ["before", "by REST", "by socket"]);
        for body in stored.iter().skip(1) {
            let told = self.to.event("new_message").await;
            assert_eq!(told["message"]["body"], body.as_str());
        }
        let more = self.to.drain().await;
        assert!(
            more.iter().all(|frame| frame["event"] != "new_message"),
            "{more:?}"
        );
    }
}

#[tokio::test]
async fn while_the_database_is_frozen_everybody_is_told_in_time_and_then_all_goes_on() {
    let cluster = cluster().await;
    let app = TestApp::alone(Alone::Failures)
        .on(cluster.url("alone"), &["--rate-limits", "off"])
        .await;
    let mut talk = Talk::begin(&app).await;
    for _ in 0..2 {
        cluster.freeze().expect("frozen");
        talk.assert_all_told().await;
        cluster.thaw().expect("thawed");
        let begun = Instant::now();
        talk.alice.until_ready().await;
        assert!(begun.elapsed() < TOLD_WITHIN, "{:?}", begun.elapsed());
    }
    talk.assert_all_goes_on().await;
}

#[tokio::test]
async fn a_frozen_database_that_is_killed_and_started_again_is_used_again() {
    let cluster = cluster().await;
    let app = TestApp::alone(Alone::Failures)
        .on(cluster.url("alone"), &["--rate-limits", "off"])
        .await;
    let mut talk = Talk::begin(&app).await;
    cluster.freeze().expect("frozen");
    talk.assert_all_told().await;
    cluster.kill_all().expect("killed");
    cluster.start_again().expect("started");
    talk.assert_all_goes_on().await;
}

/// As when another machine takes over the address of one that hangs: what was asked of the first is never answered.
#[tokio::test]
async fn connections_that_hang_for_ever_are_left_behind() {
    let cluster = cluster().await;
    let proxy = Proxy::start(&cluster, None);
    let app = TestApp::alone(Alone::Failures)
        .on(proxy.url("alone"), &["--rate-limits", "off"])
        .await;
    let mut talk = Talk::begin(&app).await;
    for _ in 0..3 {
        proxy.hang();
        let begun = Instant::now();
        while talk.alice.get("/readyz").await.status == 200 {
            assert!(begun.elapsed() < PATIENCE, "it does not notice");
        }
        talk.alice.until_ready().await;
        assert!(begun.elapsed() < 2 * TOLD_WITHIN, "{:?}", begun.elapsed());
    }
    talk.from
        .call("send_message", talk.said("by REST"))
        .await
        .expect("stored");
    talk.assert_all_goes_on().await;
}

#[tokio::test]
async fn a_press_while_the_database_is_frozen_is_refused_in_time_and_made_once() {
    let cluster = cluster().await;
    let options = ["--rate-limits", "off"];
    let deal = Deal::begin_on(
        TestApp::alone(Alone::Failures)
            .on(cluster.url("alone"), &options)
            .await,
    )
    .await;
    let version = deal.stands(&deal.influencer).await["state_version"].clone();
    let press = json!({ "state_version": version, "request_id": "r-1" });
    let pressed = || deal.press(&deal.influencer, "accept_connection", press.clone());
    cluster.freeze().expect("frozen");
    told_in_time("a press", pressed()).await;
    told_in_time("the same again", pressed()).await;
    cluster.thaw().expect("thawed");
    deal.influencer.until_ready().await;
    let first = pressed().await.expect_status(200).body;
    assert_eq!(first["state"], "brand_owner_details");
    assert_eq!(pressed().await.expect_status(200).body, first);
    assert_eq!(deal.history(&deal.platform).await.len(), 3);
}

#[tokio::test]
async fn a_silence_is_logged_once_and_so_is_its_end_and_a_frozen_database_keeps_no_server_from_ending()
 {
    let cluster = cluster().await;
    let options = ["--rate-limits", "off", "--drain-seconds", "0"];
    let mut server = Process::serve_on(&cluster.url("alone"), &options).await;
    let (alice, bob) = (server.person("alice"), server.person("bob"));
    bob.get("/api/v1/me").await.expect_status(200);
    let wanted = json!({ "kind": "direct", "participants": [{ "user_id": "bob" }] });
    let made = alice
        .post("/api/v1/conversations", wanted)
        .await
        .expect_status(201);
    let path = format!(
        "/api/v1/conversations/{}/messages",
        made.body["id"].as_str().expect("an id")
    );
    cluster.freeze().expect("frozen");
    for number in 0..4 {
        let said = json!({ "body": "again", "client_id": format!("c-{number}") });
        told_in_time("a message", alice.post(&path, said)).await;
    }
    cluster.thaw().expect("thawed");
    alice.until_ready().await;
    cluster.freeze().expect("frozen");
    let begun = Instant::now();
    while alice.get("/readyz").await.status == 200 {
        assert!(begun.elapsed() < PATIENCE, "it does not notice");
    }
    server.signal("TERM");
    let (code, log) = server.end().await;
    cluster.thaw().expect("thawed");
    assert_eq!(code, Some(0), "{log}");
    let warned =
        |line: &&str| line.contains("\"level\":\"warn\"") || line.contains("\"level\":\"error\"");
    let warnings: Vec<&str> = log
        .lines()
        .filter(warned)
        .filter(|line| line.contains("database"))
        .collect();
    assert_eq!(warnings.len(), 2, "{warnings:#?}");
    assert!(
        warnings.iter().all(|line| line.contains("database_silent")),
        "{warnings:#?}"
    );
    assert_eq!(log.matches("\"database_back\"").count(), 1, "{log}");
}
