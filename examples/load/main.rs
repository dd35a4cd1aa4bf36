//! The load driver of `make bench`: starts a server, runs each scenario against it, checks every seq, and
//! prints a table.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal"
)]

mod deals;
mod hosting;
mod idle;
mod ledger;
mod meter;
mod reading;
mod report;
mod stepping;
mod traffic;

#[path = "../../tests/drive/mod.rs"]
mod drive;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use tokio::task::LocalSet;

use drive::Failure;
use drive::client::Target;
use hosting::Host;
use report::Row;
use traffic::Traffic;

/// Measures a Stoa server, and checks every message that it delivers.
#[derive(Parser, Clone)]
struct Options {
    /// A server that runs already (host:port); without it, a new one is started for each scenario
    #[arg(long, requires = "secret")]
    addr: Option<String>,
    /// The secret that signs tokens of the server at --addr
    #[arg(long)]
    secret: Option<String>,
    /// The process of the server at --addr, to read its memory
    #[arg(long)]
    pid: Option<u32>,
    /// The server program to start; by default the one that was built beside this program
    #[arg(long)]
    server: Option<PathBuf>,
    /// Run only this
    #[arg(long, value_enum)]
    scenario: Vec<Scenario>,
    /// Seconds that each scenario is measured for
    #[arg(long, default_value_t = 8.0)]
    secs: f64,
    /// Conversations of the scenario "durable"
    #[arg(long, default_value_t = 50)]
    pairs: usize,
    /// Sends in flight for each sender in "durable" and "fan-out"
    #[arg(long, default_value_t = 4)]
    window: usize,
    /// Listening sockets of the scenario "fan-out"
    #[arg(long, default_value_t = 200)]
    listeners: usize,
    /// Deals of the scenario "deals"
    #[arg(long, default_value_t = 1_000)]
    deals: usize,
    /// Connections of the scenario "idle"
    #[arg(long, default_value_t = 10_000)]
    idle: usize,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Scenario {
    Durable,
    Light,
    FanOut,
    Idle,
    History,
    Join,
    Deals,
    Step,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let options = Options::parse();
    let limit = rlimit::increase_nofile_limit(u64::MAX);
    let chosen = if options.scenario.is_empty() {
        Scenario::value_variants().to_vec()
    } else {
        options.scenario.clone()
    };
    let (mut rows, mut is_complete) = (Vec::new(), true);
    for scenario in chosen {
        match one(&options, scenario).await {
            Ok(Some(row)) => rows.push(row),
            Ok(None) => {
                is_complete = false;
                break;
            }
            Err(failure) => rows.push(Row::failed(name(scenario), &failure)),
        }
        eprintln!("{} done", name(scenario));
    }
    report::print(&rows);
    if let Err(failure) = limit {
        eprintln!("the limit of open files could not be raised: {failure}");
    }
    if is_complete && rows.iter().all(Row::is_right) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Runs a scenario on a server that is always stopped afterwards; `None` if it was interrupted.
async fn one(options: &Options, scenario: Scenario) -> Result<Option<Row>, Failure> {
    let host = Host::of(options)?;
    let target = host.target()?;
    let tasks = LocalSet::new();
    let outcome = tokio::select! {
        row = tasks.run_until(run(options, scenario, &target, &host)) => row.map(Some),
        _ = tokio::signal::ctrl_c() => Ok(None),
    };
    let ended = host.end();
    let row = outcome?;
    ended.map(|()| row)
}

async fn run(
    options: &Options,
    scenario: Scenario,
    target: &Target,
    host: &Host,
) -> Result<Row, Failure> {
    let traffic = |conversations, window, listeners, asked| Traffic {
        name: name(scenario),
        conversations,
        window,
        listeners,
        seconds: options.secs,
        asked,
    };
    match scenario {
        Scenario::Durable => {
            traffic(options.pairs, options.window, 1, "ack p99 < 10 ms")
                .run(target)
                .await
        }
        Scenario::Light => traffic(10, 1, 1, "").run(target).await,
        Scenario::FanOut => {
            traffic(1, options.window, options.listeners, "")
                .run(target)
                .await
        }
        Scenario::Idle => idle::run(target, options.idle, host.process()).await,
        Scenario::History => reading::history(target, options.secs).await,
        Scenario::Join => reading::join(target, options.secs).await,
        Scenario::Deals => deals::run(target, options.deals).await,
        Scenario::Step => stepping::run(),
    }
}

fn name(scenario: Scenario) -> &'static str {
    match scenario {
        Scenario::Durable => "durable sends",
        Scenario::Light => "light",
        Scenario::FanOut => "fan-out",
        Scenario::Idle => "idle",
        Scenario::History => "history",
        Scenario::Join => "join",
        Scenario::Deals => "deals",
        Scenario::Step => "step",
    }
}
