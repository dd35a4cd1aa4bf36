//! Two servers with a Redis between them: what happens at one is heard at the other at once.

mod absent;
mod faults;
mod notifications;
mod people;
mod presence;
mod signals;
mod talking;
mod work;

use serde_json::Value;
use std::ops::Deref;
use std::time::{Duration, Instant};

use super::{Pair, on};
use crate::client::{Answer, Person, Socket};
use crate::fleet::redis::Redis;
use crate::polling::until;
use crate::test_app::{TestApp, shared_cluster};

/// Without the wire it takes a second or more; the rest is for a busy machine.
pub const AT_ONCE: Duration = Duration::from_millis(800);

/// Two servers that hear each other over a Redis of their own.
pub struct Wired {
    pub pair: Pair,
    pub redis: Redis,
}

impl Deref for Wired {
    type Target = Pair;

    fn deref(&self) -> &Pair {
        &self.pair
    }
}

/// A Redis of a test's own.
pub async fn own_redis() -> Redis {
    let start = || {
        let folder = shared_cluster().folder();
        let folder = folder.join(format!("redis-{}", uuid::Uuid::now_v7()));
        std::fs::create_dir(&folder).expect("a folder");
        Redis::start(&folder).expect("Redis")
    };
    let started = tokio::task::spawn_blocking(start);
    started.await.expect("a thread")
}

impl Wired {
    pub async fn new() -> Self {
        Self::with(&[]).await
    }

    /// Both with these options.
    pub async fn with(options: &[&str]) -> Self {
        Self::with_others(options, &[]).await
    }

    /// Both with these options, and the other one with more.
    pub async fn with_others(both: &[&str], other: &[&str]) -> Self {
        let redis = own_redis().await;
        let url = format!("redis://{}", redis.address);
        let both = [&["--redis", &url], both].concat();
        let wired = Self {
            pair: Pair::with_others(&both, other).await,
            redis,
        };
        wired.until_whole().await;
        wired
    }

    /// Waits until each hears the other.
    pub async fn until_whole(&self) {
        for app in [&self.pair.one, &self.pair.other] {
            until_whole(app).await;
        }
    }

    /// Somebody at the first server, and somebody at the other one.
    pub async fn two(&self) -> (Person, Person) {
        let (ann, bob) = (on(&self.one, "ann"), on(&self.other, "bob"));
        for person in [&ann, &bob] {
            person.get("/api/v1/me").await.expect_status(200);
        }
        (ann, bob)
    }
}

/// Waits until a server hears its one peer.
pub async fn until_whole(app: &TestApp) {
    let person = on(app, "somebody");
    let look = async || {
        let heard = crate::metrics::figure(app.address, "stoa_peers{state=\"heard\"}").await;
        (
            person.get("/readyz").await,
            person.get("/readyz/node").await,
            heard,
        )
    };
    let is_whole = |(ready, node, heard): &(Answer, Answer, f64)| {
        let checks = &ready.body["checks"];
        let hears = checks["wire"] == "whole" && checks["peers"] == 1;
        hears && node.status == 200 && *heard == 1.0
    };
    until("a server that hears its peer", look, is_whole).await;
}

/// The next event of this name, which must come at once after `begun`.
pub async fn at_once(socket: &mut Socket, name: &str, begun: Instant) -> Value {
    let event = socket.event(name).await;
    let took = begun.elapsed();
    assert!(took < AT_ONCE, "{name} after {took:?}");
    event
}
