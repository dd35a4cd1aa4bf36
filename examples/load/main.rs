//! The load driver of `make bench`: starts a server, runs each scenario against it, checks every seq, and
//! prints a table. With `--nodes` it compares several servers with one.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal"
)]

mod deals;
mod fleet;
mod hosting;
mod idle;
mod ledger;
mod meter;
mod nodes;
mod reading;
mod report;
mod sending;
mod sends;
mod stepping;
mod traffic;

#[path = "../../tests/drive/mod.rs"]
mod drive;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::builder::RangedU64ValueParser;
use clap::{Parser, ValueEnum};
use tokio::task::LocalSet;

use drive::Failure;
use drive::client::Target;
use hosting::Host;
use report::Row;
use sends::Sends;

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
    #[arg(long, alias = "secs", default_value_t = 8.0)]
    seconds: f64,
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
    /// Several nodes with Redis instead of the scenarios: ratios to one node, and a table of 1 to so many nodes, at least 4
    #[arg(long, value_parser = RangedU64ValueParser::<usize>::new().range(2..=nodes::MOST as u64),
          conflicts_with_all = ["addr", "scenario"])]
    nodes: Option<usize>,
    /// How often everything is measured with several nodes
    #[arg(long, default_value_t = 3, value_parser = RangedU64ValueParser::<usize>::new().range(1..=100), requires = "nodes")]
    rounds: usize,
    /// One short round with several nodes, and a table of no more than --nodes: shows that everything works, not how fast it is
    #[arg(long, requires = "nodes", conflicts_with_all = ["rounds", "seconds"])]
    brief: bool,
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
    if let Some(nodes) = options.nodes {
        return several(&options, nodes).await;
    }
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

/// Measures several nodes, and says why if that is not possible.
async fn several(options: &Options, nodes: usize) -> ExitCode {
    let outcome = async {
        let plan = plan(options, nodes)?;
        tokio::select! {
            ran = nodes::run(&plan) => ran,
            _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
        }
    };
    match outcome.await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn plan(options: &Options, nodes: usize) -> Result<nodes::Plan, Failure> {
    let plan = nodes::Plan {
        server: hosting::program(options)?,
        nodes: nodes.max(4),
        rounds: options.rounds,
        seconds: options.seconds,
        warm_up: Duration::from_secs(2),
    };
    Ok(match options.brief {
        false => plan,
        true => nodes::Plan {
            nodes,
            rounds: 1,
            seconds: 1.0,
            warm_up: Duration::from_millis(300),
            ..plan
        },
    })
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
    let sends = |conversations, window, listeners, asked| Sends {
        name: name(scenario),
        conversations,
        window,
        listeners,
        seconds: options.seconds,
        asked,
    };
    match scenario {
        Scenario::Durable => {
            sends(options.pairs, options.window, 1, "ack p99 < 10 ms")
                .run(target)
                .await
        }
        Scenario::Light => sends(10, 1, 1, "").run(target).await,
        Scenario::FanOut => {
            sends(1, options.window, options.listeners, "")
                .run(target)
                .await
        }
        Scenario::Idle => idle::run(target, options.idle, host.process()).await,
        Scenario::History => reading::history(target, options.seconds).await,
        Scenario::Join => reading::join(target, options.seconds).await,
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
