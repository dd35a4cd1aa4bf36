//! Real servers for one test: their own database, cloned from a template, and free ports.

use clock::Clock;
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, RunQueryDsl};
use serde_json::json;
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};
use stoa::domain::ids::ConversationId;
use stoa::identity::auth::{Claims, mint};
use stoa::store::opening::migrate;

use crate::client::Person;
use crate::polling::until;
use crate::postgres::TestCluster;
use crate::servers::{Addresses, Alone, servers, shared_redis};
use crate::test_server::TestServer;
pub use crate::test_server::{parse, try_parse};

/// What tests sign their tokens with.
pub const SECRET: &str = "a secret of the tests, long enough for HS256";
const TEMPLATE: &str = "stoa_template";
/// Nobody stops the shared cluster, so nothing depends on the disk; a thousand databases would make the disk stall for seconds.
const UNSYNCED: &str = "fsync = off\nfull_page_writes = off\n";

/// The cluster of all tests that do not stop theirs.
pub fn shared_cluster() -> &'static TestCluster {
    static CLUSTER: OnceLock<TestCluster> = OnceLock::new();
    CLUSTER.get_or_init(|| {
        let cluster = TestCluster::start_with(UNSYNCED).expect("a cluster for the tests");
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
    let url = cluster.url(&name);
    // A row of its own is made at the start, so that servers of different tests do not hear each other.
    PgConnection::establish(&url)
        .and_then(|mut fresh| {
            let forget = fresh.batch_execute("delete from installation");
            forget.map_err(diesel::ConnectionError::CouldntSetupConfiguration)
        })
        .expect("an installation of its own");
    url
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

/// A server that runs in this process, or two of them on one database, with a Redis between them (`STOA_TEST_SERVERS=2`).
pub struct TestApp {
    /// Where the first one listens.
    pub address: SocketAddr,
    /// Their database.
    pub database: String,
    addresses: Addresses,
    options: Vec<String>,
    clock: Clock,
    running: Vec<TestServer>,
}

/// How an app is started.
pub struct Starting {
    servers: usize,
}

impl Starting {
    /// With the default options, but without rate limits.
    pub async fn start(self) -> TestApp {
        self.with(&["--rate-limits", "off"]).await
    }

    /// With these options besides those that every test needs.
    pub async fn with(self, options: &[&str]) -> TestApp {
        self.on(own_database().await, options).await
    }

    /// With the default options, but without rate limits, and by this clock.
    pub async fn by(self, clock: Clock) -> TestApp {
        let options = ["--rate-limits", "off"];
        self.started(own_database().await, &options, clock).await
    }

    /// With these options, without rate limits, and by this clock.
    pub async fn by_with(self, clock: Clock, options: &[&str]) -> TestApp {
        let options = [&["--rate-limits", "off"], options].concat();
        self.started(own_database().await, &options, clock).await
    }

    /// On a database that is there already.
    pub async fn on(self, database: String, options: &[&str]) -> TestApp {
        match options.contains(&"--razorpay-key-id") {
            true => self.bare(database, options).await,
            false => {
                let options = [options, &["--sandbox"]].concat();
                self.bare(database, &options).await
            }
        }
    }

    /// Without any gateway but one that these options name.
    pub async fn bare(self, database: String, options: &[&str]) -> TestApp {
        self.started(database, options, Clock::default()).await
    }

    async fn started(self, database: String, options: &[&str], clock: Clock) -> TestApp {
        let mut options: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
        if self.servers > 1 && !options.iter().any(|option| option == "--redis") {
            let redis = tokio::task::spawn_blocking(shared_redis);
            options.extend([
                "--redis".to_owned(),
                redis.await.expect("a Redis").to_owned(),
            ]);
        }
        let mut running = Vec::new();
        for _ in 0..self.servers {
            running.push(TestServer::launch("127.0.0.1:0", &database, &options, &clock).await);
        }
        let addresses = Addresses::new(running.iter().map(|server| server.address));
        let app = TestApp {
            address: addresses.first(),
            database,
            addresses,
            options,
            clock,
            running,
        };
        app.until_acquainted().await;
        app
    }
}

async fn own_database() -> String {
    let made = tokio::task::spawn_blocking(fresh_database);
    made.await.expect("a database")
}

impl TestApp {
    /// As many servers as are asked for.
    fn usual() -> Starting {
        Starting { servers: servers() }
    }

    /// One server, for a reason.
    pub fn alone(_why: Alone) -> Starting {
        Starting { servers: 1 }
    }

    /// See `Starting::start`.
    pub async fn start() -> Self {
        Self::usual().start().await
    }

    /// See `Starting::with`.
    pub async fn with(options: &[&str]) -> Self {
        Self::usual().with(options).await
    }

    /// See `Starting::by`.
    pub async fn by(clock: Clock) -> Self {
        Self::usual().by(clock).await
    }

    /// See `Starting::by_with`.
    pub async fn by_with(clock: Clock, options: &[&str]) -> Self {
        Self::usual().by_with(clock, options).await
    }

    /// See `Starting::on`.
    pub async fn on(database: String, options: &[&str]) -> Self {
        Self::usual().on(database, options).await
    }

    /// See `Starting::bare`.
    pub async fn bare(database: String, options: &[&str]) -> Self {
        Self::usual().bare(database, options).await
    }

    /// Where its servers listen, for somebody who goes to one after the other.
    pub fn addresses(&self) -> Addresses {
        self.addresses.shared()
    }

    /// Where the next connection goes.
    pub fn next_address(&self) -> SocketAddr {
        self.addresses.next()
    }

    /// Stops the servers as SIGTERM would.
    pub async fn stop(&mut self) {
        for server in self.running.drain(..) {
            server.stop().await;
        }
    }

    /// Starts them again, at the same addresses.
    pub async fn start_again(&mut self) {
        for address in self.addresses.all() {
            let (address, options) = (address.to_string(), &self.options);
            let server = TestServer::launch(&address, &self.database, options, &self.clock);
            self.running.push(server.await);
        }
        self.until_acquainted().await;
    }

    /// Waits until each server hears the others, if there are any.
    async fn until_acquainted(&self) {
        let others = self.running.len() - 1;
        for server in self.running.iter().filter(|_| others > 0) {
            server.until_peers(others).await;
        }
    }

    /// Makes a conversation's room panic.
    pub fn panic_room(&self, conversation: &str) {
        assert!(self.lose_room(conversation), "the room was not awake");
    }

    /// Makes a conversation's room panic where it is awake; says whether it was.
    pub fn lose_room(&self, conversation: &str) -> bool {
        let id = ConversationId::parse(conversation, "id").expect("an id");
        let lost = self.running.iter().filter(|server| server.rooms.panic(id));
        lost.count() > 0
    }

    /// Whether it has not been stopped.
    pub fn is_running(&self) -> bool {
        !self.running.is_empty()
    }

    /// How many rooms are awake.
    pub fn rooms_awake(&self) -> usize {
        let rooms = self.running.iter().map(|server| server.rooms.count());
        rooms.sum()
    }

    /// Somebody with an ordinary token, known to the server.
    pub async fn person(&self, id: &str) -> Person {
        self.person_with(id, &[]).await
    }

    /// Somebody whose token has these roles, known to the server.
    pub async fn person_with(&self, id: &str, roles: &[&str]) -> Person {
        let person = Person::new(self.addresses(), id, token(&claims(id, roles)));
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
