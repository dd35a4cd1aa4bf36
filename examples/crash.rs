//! The campaign of `make crash`: twenty rounds of kills under load, then a comparison of the clients' logs with
//! the database.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal"
)]

#[path = "../tests/stoa/crash/mod.rs"]
mod crash;
#[path = "../tests/drive/mod.rs"]
mod drive;
#[path = "../tests/stoa/postgres.rs"]
mod postgres;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use clap::Parser;

use drive::Failure;

/// Kills server and database at random times under load, and checks that nothing is lost.
#[derive(Parser)]
struct Options {
    /// Kills
    #[arg(long, default_value_t = 20)]
    rounds: usize,
    /// Repeats the random moments of an earlier run
    #[arg(long)]
    seed: Option<u64>,
    /// The server program; by default the one that was built beside this program
    #[arg(long)]
    server: Option<PathBuf>,
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
    if crash::play_role()? {
        return Ok(true);
    }
    let options = Options::parse();
    let program = std::env::current_exe()?;
    let folder = program
        .parent()
        .and_then(Path::parent)
        .ok_or("this program has no folder above its own")?;
    let server = options.server.unwrap_or_else(|| folder.join("stoa"));
    let seed = options.seed.unwrap_or_else(crash::seed);
    let role = || Command::new(&program);
    let outcome = crash::Campaign {
        server,
        rounds: options.rounds,
        seed,
        role: &role,
    }
    .run()?;
    println!("{}", outcome.summary);
    if !outcome.is_fast_enough {
        println!("WRONG: the load was too light");
    }
    Ok(outcome.is_right && outcome.is_fast_enough)
}
