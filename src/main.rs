//! The command line: `serve` (the default), `token`, `flow`, `rules` and `picture`.

mod cli;

use clap::{Parser, Subcommand};
use clock::Clock;
use std::io::Write;
use std::process::ExitCode;
use stoa::app;
use stoa::config::Config;
use stoa::telemetry::logging;

use cli::{flow_commands, picture_command, rules_commands, token_command};

/// One thread allocates messages and another frees them; this allocator does that without a lock.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Realtime conversations beside your own platform: one binary over PostgreSQL.
#[derive(Parser)]
#[command(name = "stoa", version, args_conflicts_with_subcommands = true)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Config,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server (the default)
    Serve(Box<Config>),
    /// Sign a token with the shared secret, for trying things out
    Token(Box<token_command::TokenOptions>),
    /// Check, draw and simulate flow files, and migrate running deals
    #[command(subcommand)]
    Flow(flow_commands::FlowCommand),
    /// Check rules files, and play events against them
    #[command(subcommand)]
    Rules(rules_commands::RulesCommand),
    /// Make the previews of the picture on the standard input, for the server that runs this
    #[command(hide = true)]
    Picture(picture_command::PictureOptions),
}

/// The exit code for options that cannot be used, which is clap's for arguments that it cannot read.
const WRONG_OPTIONS: u8 = 2;

/// Why a command ends without success, as a sentence.
enum Ending {
    /// The options of the server cannot be used.
    WrongOptions(String),
    /// Something else.
    Failed(String),
}

fn main() -> ExitCode {
    let command_line = CommandLine::parse();
    let outcome = match command_line.command {
        Some(Command::Token(options)) => told(token_command::run(*options)),
        Some(Command::Flow(command)) => told(flow_commands::run(command)),
        Some(Command::Rules(command)) => told(rules_commands::run(command)),
        Some(Command::Picture(options)) => picture_command::run(&options)
            .map(|made| picture_command::answer(&made))
            .map_err(Ending::Failed),
        Some(Command::Serve(config)) => serve(*config),
        None => serve(command_line.serve),
    };
    let (why, code) = match outcome {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Ending::WrongOptions(why)) => (why, ExitCode::from(WRONG_OPTIONS)),
        Err(Ending::Failed(why)) => (why, ExitCode::FAILURE),
    };
    drop(writeln!(std::io::stderr(), "stoa: {why}"));
    code
}

fn told(text: Result<String, String>) -> Result<(), Ending> {
    text.map(|text| say(&text)).map_err(Ending::Failed)
}

fn say(line: &str) {
    drop(writeln!(std::io::stdout(), "{line}"));
}

fn serve(config: Config) -> Result<(), Ending> {
    app::check(&config).map_err(Ending::WrongOptions)?;
    if config.print_config {
        say(&config.printed());
        return Ok(());
    }
    logging::start();
    let ran = actix::System::new().block_on(run(config));
    ran.map_err(Ending::Failed)
}

async fn run(config: Config) -> Result<(), String> {
    let demo = config.demo;
    let mut terminate = signal(tokio::signal::unix::SignalKind::terminate())?;
    let mut interrupt = signal(tokio::signal::unix::SignalKind::interrupt())?;
    let mut running = tokio::select! {
        running = app::start(config, Clock::default()) => running?,
        _ = terminate.recv() => return Ok(()),
        _ = interrupt.recv() => return Ok(()),
    };
    say(&format!("Stoa listens on http://{}", running.address));
    if demo {
        say(&format!(
            "Open http://{}/?as=mira in a browser, and http://{}/?as=jonas in another window.",
            running.address, running.address
        ));
    }
    let outcome = tokio::select! {
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
        fault = running.fault() => Err(fault),
    };
    tokio::select! {
        () = running.stop() => outcome,
        _ = terminate.recv() => Err("stopped at once by a second signal".to_owned()),
        _ = interrupt.recv() => Err("stopped at once by a second signal".to_owned()),
    }
}

fn signal(kind: tokio::signal::unix::SignalKind) -> Result<tokio::signal::unix::Signal, String> {
    tokio::signal::unix::signal(kind).map_err(|error| error.to_string())
}
