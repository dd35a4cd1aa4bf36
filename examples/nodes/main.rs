//! The judge of `make nodes`: three nodes, Redis and PostgreSQL under load, while one after the other is killed, frozen and cut off;
//! then each listener's history is compared with PostgreSQL.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal"
)]

#[path = "../../tests/drive/mod.rs"]
#[expect(dead_code, reason = "it drives less than others do")]
mod drive;
mod fault;
mod field;
#[path = "../../tests/fleet/mod.rs"]
#[expect(dead_code, reason = "it uses one balancer")]
mod fleet;
#[path = "../../tests/stoa/postgres.rs"]
#[expect(
    dead_code,
    reason = "it kills and freezes the cluster, and never stops it"
)]
mod postgres;
mod rounds;
mod socketio;
mod table;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

use drive::Failure;
use fault::Fault;

/// Kills, freezes and cuts off nodes, Redis and PostgreSQL under load, and compares what was heard with what is stored.
#[derive(Parser)]
struct Options {
    /// How often each fault happens
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Only these faults
    #[arg(long, value_enum)]
    fault: Vec<Fault>,
    /// Conversations, with a listener on each node; in every other one a sender on each node, in the rest a single one
    #[arg(long, default_value_t = 6)]
    conversations: usize,
    /// Messages a second of each sender
    #[arg(long, default_value_t = 10)]
    rate: u32,
    /// How many times later than asked listeners may hear, for a slow machine
    #[arg(long, default_value_t = 1.0)]
    patience: f64,
    /// A Redis with a replica and three sentinels, whose failovers are the faults, in place of a single one
    #[arg(long)]
    sentinels: bool,
    /// Without Redis: catch-up checks alone
    #[arg(long, conflicts_with = "sentinels")]
    without_redis: bool,
    /// One node without Redis, by mistake: it and the others hear each other by catch-up checks
    #[arg(long, conflicts_with_all = ["sentinels", "without_redis"])]
    one_without_redis: bool,
    /// Without Socket.IO clients, which need Node, its packages and HAProxy
    #[arg(long)]
    without_socketio: bool,
    /// The server program; by default the one that was built beside this program
    #[arg(long)]
    server: Option<PathBuf>,
    /// An older server program, which one of the nodes runs: versions are mixed
    #[arg(long)]
    previous: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<bool, Failure> {
    let mut options = Options::parse();
    let server = match options.server.take() {
        Some(server) => server,
        None => beside_this_program()?,
    };
    let report = rounds::run(&options, server)?;
    println!("{report}");
    Ok(report.is_right())
}

/// `target/dist/stoa` for `target/dist/examples/nodes`.
fn beside_this_program() -> Result<PathBuf, Failure> {
    let program = std::env::current_exe()?;
    let folder = program
        .parent()
        .and_then(Path::parent)
        .ok_or("this program has no folder above its own")?;
    Ok(folder.join("stoa"))
}
