//! A real server for one test: its own database, cloned from a template, and a free port.

use clock::Clock;
use diesel::{Connection, PgConnection, RunQueryDsl};
use serde_json::json;
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use stoa::config::Config;
use stoa::domain::ids::ConversationId;
use stoa::feed::Feed;
use stoa::identity::auth::{Claims, mint};
use stoa::registry::Rooms;
use stoa::store::opening::migrate;

use crate::client::Person;
use crate::polling::until;
use crate::postgres::TestCluster;

/// What tests sign their tokens with.
pub const SECRET: &str = "a secret of the tests, long enough for HS256";
const TEMPLATE: &str = "stoa_template";

/// The cluster of all tests that do not stop theirs.
pub fn shared_cluster() -> &'static TestCluster {
    static CLUSTER: OnceLock<TestCluster> = OnceLock::new();
    CLUSTER.get_or_init(|| {
        let cluster = TestCluster::start().expect("a cluster for the tests");
        let url = cluster.create_database(TEMPLATE).expect("a template");
        migrate(&mut PgConnection::establish(&url).expect("a connection")).expect("migrations");
        cluster
    })
}

/// A fresh database with Stoa's tables; answers how to connect to it.
pub fn fresh_database() -> String {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let cluster = shared_cluster();
    let name = format!("test_{}", MADE.fetch_add(1, Ordering::Relaxed));
    let mut connection = PgConnection::establish(&cluster.url("postgres")).expect("a connection");
    let create = format!("create database {name} template {TEMPLATE} strategy wal_log");
    diesel::sql_query(create)
        .execute(&mut connection)
        .expect("a clone of the template");
    cluster.url(&name)
}

/// A token with these claims.
pub fn token(claims: &Claims) -> String {
    mint(SECRET, claims).expect("a token")
}

/// Claims of somebody, good for an hour.
pub fn claims(id: &str, roles: &[&str]) -> Claims {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("a clock")
        .as_secs();
    Claims {
        sub: id.to_owned(),
        name: Some(format!("{id} by name")),
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        exp: now + 3_600,
        ..Claims::default()
    }
}

/// A server that runs in this process.
pub struct TestApp {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its database.
    pub database: String,
    options: Vec<String>,
    clock: Clock,
    running: Option<Thread>,
}

struct Thread {
    stop: tokio::sync::oneshot::Sender<()>,
    ended: std::thread::JoinHandle<()>,
    rooms: Rooms,
    feed: Feed,
}

impl TestApp {
    /// A server with the default options, but without rate limits.
    pub async fn start() -> Self {
        Self::with(&["--rate-limits", "off"]).await
    }

    /// A server with these options besides those that every test needs.
    pub async fn with(options: &[&str]) -> Self {
        let database = tokio::task::spawn_blocking(fresh_database)
            .await
            .expect("a database");
        Self::on(database, options).await
    }

    /// A server with the default options, but without rate limits, that goes by this clock.
    pub async fn by(clock: Clock) -> Self {
        let database = tokio::task::spawn_blocking(fresh_database)
            .await
            .expect("a database");
        Self::started(database, &["--rate-limits", "off"], clock).await
    }

    /// A server with these options that goes by this clock.
    pub async fn by_with(clock: Clock, options: &[&str]) -> Self {
        let database = tokio::task::spawn_blocking(fresh_database)
            .await
            .expect("a database");
        let options = [&["--rate-limits", "off"], options].concat();
        Self::started(database, &options, clock).await
    }

    /// A server on a database that is there already.
    pub async fn on(database: String, options: &[&str]) -> Self {
        match options.contains(&"--razorpay-key-id") {
            true => Self::bare(database, options).await,
            false => Self::bare(database, &[options, &["--sandbox"]].concat()).await,
        }
    }

    /// A server without any gateway but one that these options name.
    pub async fn bare(database: String, options: &[&str]) -> Self {
        Self::started(database, options, Clock::default()).await
    }

    async fn started(database: String, options: &[&str], clock: Clock) -> Self {
        let options: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
        let (address, running) = launch("127.0.0.1:0", &database, &options, &clock).await;
        Self {
            address,
            database,
            options,
            clock,
            running: Some(running),
        }
    }

    /// Stops the server as SIGTERM would.
    pub async fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop.send(()).expect("the server's thread listens");
            tokio::task::spawn_blocking(move || running.ended.join())
                .await
                .expect("a thread")
                .expect("no panic");
        }
    }

    /// Starts it again, at the same address.
    pub async fn start_again(&mut self) {
        let address = self.address.to_string();
        let (_, running) = launch(&address, &self.database, &self.options, &self.clock).await;
        self.running = Some(running);
    }

    /// Makes a conversation's room panic.
    pub fn panic_room(&self, conversation: &str) {
        assert!(self.lose_room(conversation), "the room was not awake");
    }

    /// Makes a conversation's room panic if it is awake; says whether it was.
    pub fn lose_room(&self, conversation: &str) -> bool {
        let id = ConversationId::parse(conversation, "id").expect("an id");
        let rooms = &self.running.as_ref().expect("a running server").rooms;
        rooms.panic(id)
    }

    /// Whether it has not been stopped.
    pub fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// What is told in the server's memory.
    pub fn feed(&self) -> &Feed {
        &self.running.as_ref().expect("a running server").feed
    }

    /// How many rooms are awake.
    pub fn rooms_awake(&self) -> usize {
        self.running
            .as_ref()
            .expect("a running server")
            .rooms
            .count()
    }

    /// Somebody with an ordinary token, known to the server.
    pub async fn person(&self, id: &str) -> Person {
        self.person_with(id, &[]).await
    }

    /// Somebody whose token has these roles, known to the server.
    pub async fn person_with(&self, id: &str, roles: &[&str]) -> Person {
        let person = Person::new(self.address, id, token(&claims(id, roles)));
        person.get("/api/v1/me").await.expect_status(200);
        person
    }

    /// A direct conversation of two people; answers its id.
    pub async fn direct(&self, one: &Person, other: &Person) -> String {
        let wanted = json!({ "kind": "direct", "participants": [{ "user_id": other.id }] });
        let answer = one.post("/api/v1/conversations", wanted).await;
        answer.body["id"]
            .as_str()
            .unwrap_or_else(|| panic!("{answer:?}"))
            .to_owned()
    }

    /// A group that the first one owns; answers its id.
    pub async fn group(&self, owner: &Person, others: &[&Person]) -> String {
        let others: Vec<_> = others
            .iter()
            .map(|person| json!({ "user_id": person.id }))
            .collect();
        let wanted = json!({ "kind": "group", "title": "a group", "participants": others });
        let answer = owner
            .post("/api/v1/conversations", wanted)
            .await
            .expect_status(201);
        answer.body["id"]
            .as_str()
            .unwrap_or_else(|| panic!("{answer:?}"))
            .to_owned()
    }

    /// A connection to the server's database.
    pub fn connection(&self) -> PgConnection {
        PgConnection::establish(&self.database).expect("a connection")
    }

    /// What a query that counts finds; its column is called `n`.
    pub fn count(&self, query: &str) -> i64 {
        #[derive(diesel::QueryableByName)]
        struct Counted {
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            n: i64,
        }
        let counted: Counted = diesel::sql_query(query)
            .get_result(&mut self.connection())
            .expect("a count");
        counted.n
    }

    /// Waits until a query that counts finds so many.
    pub async fn until_count(&self, query: &str, wanted: i64) {
        let what = format!("{wanted} from {query}");
        until(&what, async || self.count(query), |n| *n == wanted).await;
    }

    /// Waits until every room has gone to sleep.
    pub async fn until_rooms_sleep(&self) {
        let awake = async || self.rooms_awake();
        until("all rooms to sleep", awake, |rooms| *rooms == 0).await;
    }
}

async fn launch(
    listen: &str,
    database: &str,
    options: &[String],
    clock: &Clock,
) -> (SocketAddr, Thread) {
    let folder = std::env::temp_dir().join(format!("stoa-test-data-{}", std::process::id()));
    let folder = folder.display().to_string();
    let mut arguments = vec!["stoa", "--listen", listen, "--database-url", database];
    let has_key = |option: &String| option == "--jwt-public-key" || option == "--jwks";
    if !options.iter().any(has_key) {
        arguments.extend(["--jwt-secret", SECRET]);
    }
    arguments.extend([
        "--drain-seconds",
        "0",
        "--drain-notice-seconds",
        "0",
        "--workers",
        "1",
        "--database-connections",
        "4",
    ]);
    if !options.iter().any(|option| option == "--data-dir") {
        // Made if a test stores files without naming a folder for them.
        arguments.extend(["--data-dir", &folder]);
    }
    arguments.extend(options.iter().map(String::as_str));
    let (config, clock) = (parse(&arguments), clock.clone());
    let (ready, readied) = tokio::sync::oneshot::channel();
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let ended = std::thread::spawn(move || {
        let system = actix::System::new();
        system.block_on(async move {
            let running = stoa::app::start(config, clock).await.expect("a server");
            let deps = &running.server().deps;
            let (rooms, feed) = (deps.rooms.clone(), deps.room.feed.clone());
            let _ = ready.send((running.address, rooms, feed));
            let _ = stopped.await;
            running.stop().await;
            // Its rooms and its journal end too, and give their connections back.
            actix::System::current().stop();
        });
        system.run().expect("a clean end");
    });
    let (address, rooms, feed) = tokio::time::timeout(Duration::from_secs(30), readied)
        .await
        .expect("in time")
        .expect("a server");
    let running = Thread {
        stop,
        ended,
        rooms,
        feed,
    };
    (address, running)
}

/// The options as the command line would read them.
pub fn parse(arguments: &[&str]) -> Config {
    try_parse(arguments).unwrap_or_else(|error| panic!("{error}"))
}

/// As `parse`; what the command line would say where it takes them for wrong.
pub fn try_parse(arguments: &[&str]) -> Result<Config, String> {
    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        config: Config,
    }
    let line = <Line as clap::Parser>::try_parse_from(arguments);
    line.map(|line| line.config)
        .map_err(|error| error.to_string())
}
