//! One real server in a thread of this process.

use clock::Clock;
use std::net::SocketAddr;
use std::thread::JoinHandle;
use std::time::Duration;
use stoa::config::Config;
use stoa::nodes::{Nodes, Wire};
use stoa::registry::Rooms;

use crate::polling::until;
use crate::test_app::SECRET;

const DEFAULTS: [&str; 10] = [
    "--drain-seconds",
    "0",
    "--drain-notice-seconds",
    "0",
    "--workers",
    "1",
    "--database-connections",
    "4",
    "--data-dir",
    concat!(env!("CARGO_TARGET_TMPDIR"), "/data"),
];

/// A running server.
pub struct TestServer {
    /// Where it listens.
    pub address: SocketAddr,
    pub rooms: Rooms,
    nodes: Nodes,
    stop: tokio::sync::oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

impl TestServer {
    /// Starts it with these options besides those that every test needs.
    pub async fn launch(listen: &str, database: &str, options: &[String], clock: &Clock) -> Self {
        let mut arguments = vec!["stoa", "--listen", listen, "--database-url", database];
        let has_key = |option: &String| option == "--jwt-public-key" || option == "--jwks";
        if !options.iter().any(has_key) {
            arguments.extend(["--jwt-secret", SECRET]);
        }
        // Else it would be this program, which is the tests.
        if !options.iter().any(|option| option == "--previews") {
            arguments.extend(["--previews", env!("CARGO_BIN_EXE_stoa")]);
        }
        arguments.extend(DEFAULTS);
        arguments.extend(options.iter().map(String::as_str));
        let (config, clock) = (parse(&arguments), clock.clone());
        let (ready, readied) = tokio::sync::oneshot::channel();
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let ended = std::thread::spawn(move || {
            let system = actix::System::new();
            system.block_on(async move {
                let running = stoa::app::start(config, clock).await.expect("a server");
                let deps = &running.server().deps;
                let _ = ready.send((running.address, deps.rooms.clone(), deps.nodes.clone()));
                let _ = stopped.await;
                running.stop().await;
                // Its rooms and its journal end too, and give their connections back.
                actix::System::current().stop();
            });
            system.run().expect("a clean end");
        });
        let started = tokio::time::timeout(Duration::from_secs(30), readied);
        let (address, rooms, nodes) = started.await.expect("in time").expect("a server");
        Self {
            address,
            rooms,
            nodes,
            stop,
            ended,
        }
    }

    /// Stops it as SIGTERM would.
    pub async fn stop(self) {
        self.stop.send(()).expect("the server's thread listens");
        let ended = tokio::task::spawn_blocking(move || self.ended.join());
        ended.await.expect("a thread").expect("no panic");
    }

    /// Waits until it hears at least so many others over Redis.
    pub async fn until_peers(&self, count: usize) {
        let what = format!("{count} other servers");
        let nodes = &self.nodes;
        let look = async || (nodes.peers(), nodes.wire(), nodes.are_met());
        let are_heard = |seen: &_| matches!(seen, (peers, Wire::Whole, true) if *peers >= count);
        until(&what, look, are_heard).await;
    }
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
