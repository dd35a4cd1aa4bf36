//! Connects a server with the others on its database.

use actix_web::web;
use clock::Clock;
use std::net::SocketAddr;

use crate::config::{Config, Switch};
use crate::edge::http::AppState;
use crate::job_signal::JobSignal;
use crate::nodes::{self, Connected, JOBS, Nodes, PeerEvents, RunningNodes};
use crate::store::installation;
use crate::store::pool::Pool;
use crate::telemetry::metrics::Metrics;
use crate::wire::outgoing::Outgoing;
use crate::wire::running::{StartedWire, Wire};
use crate::wire::section::Section;

/// What a server hears of the others, and sends them.
pub(super) struct Others {
    pub(super) nodes: Nodes,
    pub(super) outgoing: Outgoing,
    /// `None` without Redis.
    pub(super) connected: Option<Connected>,
}

/// Starts the wire, if Redis is configured. It is not waited for.
pub(super) async fn connect(
    config: &Config,
    pool: &Pool,
    clock: &Clock,
    metrics: &Metrics,
) -> Result<Others, String> {
    let node = Nodes::fresh_id();
    let alone = || Others {
        nodes: Nodes::new(node, clock.clone(), nodes::Wire::Off),
        outgoing: Outgoing::off(),
        connected: None,
    };
    if config.redis.redis.is_none() {
        return Ok(alone());
    }
    let read = pool.run(installation::read).await;
    let installation = read.map_err(|error| error.to_string())?;
    let wire = Wire {
        installation: installation.id,
        key: installation.wire_key,
        node,
        clock: clock.clone(),
        metrics: metrics.wire.clone(),
    };
    let started = wire.start(&config.redis)?;
    Ok(started.map_or_else(alone, |started| {
        let StartedWire {
            outgoing,
            heard,
            running,
        } = started;
        Others {
            nodes: Nodes::new(node, clock.clone(), nodes::Wire::Apart),
            outgoing,
            connected: Some(Connected { heard, running }),
        }
    }))
}

/// Enters the server among the others.
pub(super) fn meet(
    server: &web::Data<AppState>,
    connected: Option<Connected>,
    address: SocketAddr,
) -> RunningNodes {
    let wired = connected.map(|connected| {
        let above: Box<dyn PeerEvents> = Box::new(server.clone());
        (connected, above)
    });
    let deps = &server.deps;
    let tag = deps.node.as_ref().map(ToString::to_string);
    let identity = (tag, address.to_string());
    let files = server.config.files.files.clone();
    deps.nodes
        .start(identity, files, &deps.room, &deps.rooms, wired)
}

/// Signals a job to the runner of this server, or to the servers that have a runner.
pub(super) fn job_signal(config: &Config, outgoing: &Outgoing) -> JobSignal {
    let outgoing = outgoing.clone();
    let hint = || Section::Hint {
        topic: JOBS.to_owned(),
        numbers: Vec::new(),
    };
    match config.jobs.jobs {
        Switch::On => JobSignal::default(),
        Switch::Off => JobSignal::telling(move || outgoing.say(hint)),
    }
}
