//! The command line: `serve` (the default), `token` and `flow`.

mod flow_commands;
mod flow_files;
mod flow_migration;

use clap::{Args, Parser, Subcommand};
use std::io::Write;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};
use stoa::auth::{Claims, mint};
use stoa::config::Config;
use stoa::{app, logging};

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
    /// Sign a token with the shared secret, to try things out
    Token(TokenOptions),
    /// Check, draw and play flow files; needs no database
    #[command(subcommand)]
    Flow(flow_commands::FlowCommand),
}

#[derive(Args)]
struct TokenOptions {
    /// The user's id
    #[arg(long)]
    sub: String,
    /// The name to show
    #[arg(long)]
    name: Option<String>,
    /// The e-mail address
    #[arg(long)]
    email: Option<String>,
    /// A role: admin, support or service; may be given several times
    #[arg(long = "role", value_parser = ["admin", "support", "service"])]
    roles: Vec<String>,
    /// Hours that it is good for
    #[arg(long, default_value_t = 24)]
    hours: u64,
    /// Who issues it, where the server asks for an issuer
    #[arg(long)]
    iss: Option<String>,
    /// Whom it is for, where the server asks for an audience
    #[arg(long)]
    aud: Option<String>,
    /// The shared secret; without it, the one of the demo's data folder
    #[arg(long, env = "STOA_JWT_SECRET", hide_env_values = true)]
    jwt_secret: Option<String>,
    /// Folder with the demo's secret
    #[arg(long, env = "STOA_DATA_DIR")]
    data_dir: Option<std::path::PathBuf>,
}

fn main() -> ExitCode {
    let command_line = CommandLine::parse();
    let outcome = match command_line.command {
        Some(Command::Token(options)) => token(options).map(|token| say(&token)),
        Some(Command::Flow(command)) => flow_commands::run(command).map(|told| say(&told)),
        Some(Command::Serve(config)) => serve(*config),
        None => serve(command_line.serve),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            drop(writeln!(std::io::stderr(), "stoa: {why}"));
            ExitCode::FAILURE
        }
    }
}

fn say(line: &str) {
    drop(writeln!(std::io::stdout(), "{line}"));
}

fn serve(config: Config) -> Result<(), String> {
    if config.print_config {
        say(&config.printed());
        return Ok(());
    }
    logging::start();
    actix::System::new().block_on(run(config))
}

async fn run(config: Config) -> Result<(), String> {
    let demo = config.demo;
    let mut terminate = signal(tokio::signal::unix::SignalKind::terminate())?;
    let mut interrupt = signal(tokio::signal::unix::SignalKind::interrupt())?;
    let running = tokio::select! {
        running = app::start(config) => running?,
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
    tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
    tokio::select! {
        () = running.stop() => Ok(()),
        _ = terminate.recv() => Err("stopped at once by a second signal".to_owned()),
        _ = interrupt.recv() => Err("stopped at once by a second signal".to_owned()),
    }
}

fn signal(kind: tokio::signal::unix::SignalKind) -> Result<tokio::signal::unix::Signal, String> {
    tokio::signal::unix::signal(kind).map_err(|error| error.to_string())
}

fn token(options: TokenOptions) -> Result<String, String> {
    stoa::domain::ids::UserId::parse(&options.sub, "sub").map_err(|refusal| refusal.message())?;
    let secret = match options.jwt_secret {
        Some(secret) => secret,
        None => demo_secret(options.data_dir)?,
    };
    if secret.len() < 32 {
        return Err("the secret must have at least 32 bytes".to_owned());
    }
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_err(|error| error.to_string())?
        .as_secs();
    let claims = Claims {
        sub: options.sub,
        exp: now + options.hours * 3_600,
        iat: Some(now),
        name: options.name,
        email: options.email,
        roles: options.roles,
        iss: options.iss,
        aud: options.aud,
        ..Claims::default()
    };
    mint(&secret, &claims)
}

fn demo_secret(data_dir: Option<std::path::PathBuf>) -> Result<String, String> {
    let folder = data_dir.unwrap_or_else(stoa::config::default_data_folder);
    let file = folder.join("demo-secret");
    let found = std::fs::read_to_string(&file).map(|text| text.trim().to_owned());
    found.map_err(|_| {
        format!(
            "give --jwt-secret (or STOA_JWT_SECRET); there is no demo secret at {}",
            file.display()
        )
    })
}
