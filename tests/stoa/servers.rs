//! How many servers stand behind each app of the tests, where they listen, and the Redis between them.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::drive::polling::poll_blocking;
use crate::drive::process::free_address;
use crate::fleet::process::program;
use crate::fleet::redis::tell;

/// The number of servers of each app that does not stand alone.
const SERVERS: &str = "STOA_TEST_SERVERS";
/// A Redis to use; without it one is started.
const REDIS: &str = "STOA_TEST_REDIS";
/// Runs Redis until the end of its input, which comes when this process ends in whatever way.
const JANITOR: &str = r#"
trap '' INT TERM HUP
"$@" > /dev/null 2>&1 &
cat > /dev/null
kill -KILL "$!"
"#;

/// Why an app stands alone, however many servers others have.
#[derive(Clone, Copy, Debug)]
pub enum Alone {
    /// Metrics are each server's own.
    Metrics,
    /// The log is each server's own.
    Log,
    /// Rates and limits of connections are each server's own.
    Limits,
    /// The memory of rooms, feeds and queues is each server's own.
    Memory,
    /// What happens while one server stops, starts, panics or cannot reach the database.
    Failures,
    /// Bytes on one connection, whatever server it leads to: a second server is only slower.
    Bytes,
    /// The test starts its own second server.
    Pair,
    /// The answers say which address was asked.
    Address,
}

/// The number of servers of each app that does not stand alone: 1 or 2.
pub fn servers() -> usize {
    match std::env::var(SERVERS).as_deref() {
        Ok("2") => 2,
        Ok("1") | Err(_) => 1,
        Ok(other) => panic!("{SERVERS} is 1 or 2, not {other}"),
    }
}

/// Where servers on one database listen. Whoever connects goes to the next one.
#[derive(Clone, Debug)]
pub struct Addresses {
    all: Arc<[SocketAddr]>,
    turn: Arc<AtomicUsize>,
}

impl Addresses {
    pub fn new(all: impl IntoIterator<Item = SocketAddr>) -> Self {
        Self {
            all: all.into_iter().collect(),
            turn: Arc::default(),
        }
    }

    /// The first one.
    pub fn first(&self) -> SocketAddr {
        self.all[0]
    }

    /// All of them.
    pub fn all(&self) -> Vec<SocketAddr> {
        self.all.to_vec()
    }

    /// The next one.
    pub fn next(&self) -> SocketAddr {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        self.all[turn % self.all.len()]
    }

    /// The same ones for somebody else, who begins at the next one.
    pub fn shared(&self) -> Self {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        Self {
            all: Arc::clone(&self.all),
            turn: Arc::new(AtomicUsize::new(turn)),
        }
    }
}

impl From<SocketAddr> for Addresses {
    fn from(address: SocketAddr) -> Self {
        Self::new([address])
    }
}

/// The URL of the Redis of all tests in this process.
pub fn shared_redis() -> &'static str {
    static URL: OnceLock<String> = OnceLock::new();
    URL.get_or_init(|| match std::env::var(REDIS) {
        Ok(url) => url,
        Err(_) => start_redis(),
    })
}

fn start_redis() -> String {
    // Kept open until this process ends.
    static RUNNING: OnceLock<Child> = OnceLock::new();
    let address = free_address().expect("a free address");
    let (host, port) = address.split_once(':').expect("a port");
    let mut janitor = Command::new("sh");
    janitor.args(["-c", JANITOR, "janitor"]);
    janitor.arg(program("redis-server").expect("Redis"));
    janitor.args(["--bind", host, "--port", port, "--save", ""]);
    janitor.args(["--appendonly", "no"]);
    let janitor = janitor.stdin(Stdio::piped()).spawn().expect("a process");
    RUNNING.set(janitor).expect("it is started once");
    let answers = || tell(&address, "PING");
    poll_blocking("Redis to answer", Duration::from_secs(20), answers).expect("a Redis");
    format!("redis://{address}")
}
