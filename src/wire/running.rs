//! Starts and stops the wire.

use clock::Clock;
use std::fmt;
use std::sync::Arc;
use tokio::runtime;
use tokio::sync::{oneshot, watch};
use uuid::Uuid;

use super::frames::Frames;
use super::inbox::Inbox;
use super::listening::Listening;
use super::outgoing::Outgoing;
use super::redis::Redis;
use super::seal::{Opener, Sealer, WireKey};
use super::section::NodeId;
use super::state_report::StateReport;
use super::task::Task;
use crate::config::RedisOptions;
use crate::telemetry::wire_metrics::WireMetrics;

pub use super::inbox::{Heard, Incoming};

/// What a wire needs.
pub struct Wire {
    /// The id of the installation. Its servers share a channel.
    pub installation: Uuid,
    /// What the servers of the installation seal their frames with.
    pub key: WireKey,
    /// The id of this start of this server. No other start may have it.
    pub node: NodeId,
    /// The clock.
    pub clock: Clock,
    /// What is counted.
    pub metrics: WireMetrics,
}

/// A wire that was started.
pub struct StartedWire {
    /// Where this server says something.
    pub outgoing: Outgoing,
    /// What is heard.
    pub heard: Heard,
    /// The running wire.
    pub running: RunningWire,
}

/// A running wire. Dropping it ends it without last words.
pub struct RunningWire {
    stopping: watch::Sender<bool>,
    ended: oneshot::Receiver<()>,
}

/// Reads the options and the certificates that they name, without connecting. An error is a sentence that says what to do.
pub fn check(options: &RedisOptions) -> Result<(), String> {
    let Some(servers) = options.servers()? else {
        return Ok(());
    };
    Redis::new(servers, options.redis_ca.as_deref(), String::new()).map(drop)
}

impl Wire {
    /// Starts the wire on a thread of its own; `None` without `--redis`. Does not wait for Redis. An error is a sentence that says what
    /// to do.
    pub fn start(self, options: &RedisOptions) -> Result<Option<StartedWire>, String> {
        let Some(servers) = options.servers()? else {
            return Ok(None);
        };
        let channel = format!("stoa:{}", self.installation);
        let redis = Redis::new(servers, options.redis_ca.as_deref(), channel)?;
        let sealer = Sealer::new(&self.key, self.node).map_err(not_started)?;
        let (outgoing, gathered) = Outgoing::open(self.clock.clone());
        let (inbox, heard) = Inbox::open();
        let listening = Listening::new(
            self.node,
            self.clock,
            Arc::clone(&inbox),
            Opener::new(self.key),
            self.metrics.clone(),
        );
        let task = Task {
            redis,
            frames: Frames::new(gathered, sealer),
            dropped: 0,
            listening: Arc::new(listening),
            told: StateReport::new(inbox),
            metrics: self.metrics,
        };
        let running = RunningWire::begin(task).map_err(not_started)?;
        Ok(Some(StartedWire {
            outgoing,
            heard,
            running,
        }))
    }
}

fn not_started(error: impl fmt::Display) -> String {
    format!("The wire to other servers cannot start: {error}.")
}

impl RunningWire {
    fn begin(task: Task) -> std::io::Result<Self> {
        let (stopping, stopped) = watch::channel(false);
        let (ends, ended) = oneshot::channel();
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let wire = std::thread::Builder::new().name("wire".to_owned());
        wire.spawn(move || {
            runtime.block_on(task.run(stopped));
            // A name that is still being looked up is not waited for.
            runtime.shutdown_background();
            drop(ends);
        })?;
        Ok(Self { stopping, ended })
    }

    /// Publishes what waits, for at most 500 ms, and ends.
    pub async fn stop(self) {
        self.stopping.send_replace(true);
        let _ended_is_an_end_too = self.ended.await;
    }
}
