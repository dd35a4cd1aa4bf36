//! `stoa flow migrate`: moves deals that run by older versions of a flow to a new one, or prints what would happen.

use clap::Args;
use diesel::Connection;
use diesel::pg::PgConnection;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

use crate::cli::flow_files::parsed;
use flow::Definition;
use localpg::Cluster;
use stoa::app::private_database;
use stoa::config::default_data_folder;
use stoa::deal::migration::{MigratedDeal, Migration, Mode, next_batch};
use stoa::domain::ids::ConversationNo;
use stoa::store::flows::{self, Stored};
use stoa::store::opening;

/// The options of a migration.
#[derive(Args)]
pub struct MigrateOptions {
    /// The flow file with the new version and its [[migrations]]
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Migrate only deals of this version; without it, of every older version that the file has a migration from
    #[arg(long, value_name = "VERSION")]
    from: Option<i64>,
    /// Print what would happen and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Deals per commit
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..=1_000))]
    batch: i64,
    /// Milliseconds to pause between two commits, so that a busy server keeps up
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(0..=60_000))]
    pause_ms: u64,
    /// The server's PostgreSQL; without it, the private one in the data folder
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    /// The server's data folder
    #[arg(long, env = "STOA_DATA_DIR")]
    data_dir: Option<PathBuf>,
    /// Razorpay's key id, if the server uses Razorpay: orders of deals that come to wait for money are made there
    #[arg(long, env = "RAZORPAY_KEY_ID")]
    razorpay_key_id: Option<String>,
}

/// Runs the migration; returns the text to print, or what went wrong.
pub fn migrate(options: &MigrateOptions) -> Result<String, String> {
    let (new, source) = parsed(&options.file)?;
    let (mut connection, _cluster) = connect(options)?;
    if !options.dry_run {
        keep(&mut connection, &new, &source)?;
    }
    let mut told = String::new();
    for migration in &new.migrations {
        let from = migration.from_version;
        if options.from.is_none_or(|only| only == from) {
            told.push_str(&from_version(&mut connection, options, &new, from)?);
        }
    }
    match (told.is_empty(), options.from) {
        (false, _) => Ok(told.trim_end().to_owned()),
        (true, Some(from)) => Err(format!(
            "{} has no [[migrations]] from version {from}",
            options.file.display()
        )),
        (true, None) => Err(format!("{} has no [[migrations]]", options.file.display())),
    }
}

/// Opens the running private database of the server, or starts it and stops it at the end.
fn connect(options: &MigrateOptions) -> Result<(PgConnection, Option<Cluster>), String> {
    if let Some(url) = &options.database_url {
        return Ok((opening::connect(url)?, None));
    }
    let folder = options.data_dir.clone().unwrap_or_else(default_data_folder);
    let running = private_database::running_url(&folder)?;
    if PgConnection::establish(&running).is_ok() {
        return Ok((opening::connect(&running)?, None));
    }
    if !folder.is_dir() {
        return Err(format!(
            "there is no database at {}; say --data-dir or --database-url",
            folder.display()
        ));
    }
    let cluster = private_database::open(&folder)?;
    let connection = opening::connect(&cluster.url())?;
    Ok((connection, Some(cluster)))
}

fn keep(connection: &mut PgConnection, new: &Definition, source: &str) -> Result<(), String> {
    let kept = flows::keep(connection, &new.name, new.version, source);
    match kept.map_err(|error| error.to_string())? {
        Stored::Same => Ok(()),
        Stored::Different => Err(format!(
            "version {} of {} is in the database with another text: raise `version`",
            new.version, new.name
        )),
    }
}

fn from_version(
    connection: &mut PgConnection,
    options: &MigrateOptions,
    new: &Definition,
    from: i64,
) -> Result<String, String> {
    let explain = |error: stoa::error::Error| error.to_string();
    let source = flows::source(connection, &new.name, from).map_err(explain)?;
    let Some(source) = source else {
        return Ok(format!(
            "{} {from}: no deal ever ran by it here\n",
            new.name
        ));
    };
    let old = Definition::parse_stored(&source)
        .map_err(|_| format!("{} {from} in the database cannot be read", new.name))?;
    let gateway = match options.razorpay_key_id {
        Some(_) => Some("razorpay"),
        None => Some("sandbox"),
    };
    let migration = Migration {
        old: &old,
        new,
        gateway,
    };
    let (moved, left) = all_batches(connection, &migration, options)?;
    Ok(report(&migration, &moved, left, options.dry_run))
}

/// Migrates every deal of the old version; deals that changed meanwhile are tried again.
fn all_batches(
    connection: &mut PgConnection,
    migration: &Migration<'_>,
    options: &MigrateOptions,
) -> Result<(Vec<MigratedDeal>, usize), String> {
    let mode = if options.dry_run {
        Mode::DryRun
    } else {
        Mode::Write
    };
    let mut all: BTreeMap<_, MigratedDeal> = BTreeMap::new();
    let mut left = 0;
    for _ in 0..ROUNDS {
        let mut after = ConversationNo(0);
        left = 0;
        loop {
            let batch = next_batch(connection, migration, after, options.batch, mode);
            let batch = batch.map_err(|error| error.to_string())?;
            left += batch.conflicts;
            all.extend(
                batch
                    .moved
                    .into_iter()
                    .map(|moved| (moved.conversation, moved)),
            );
            let Some(last) = batch.last else { break };
            after = last;
            std::thread::sleep(Duration::from_millis(options.pause_ms));
        }
        if left == 0 {
            break;
        }
    }
    Ok((all.into_values().collect(), left))
}

/// How many times deals that changed meanwhile are tried again.
const ROUNDS: u32 = 5;

fn report(migration: &Migration<'_>, moved: &[MigratedDeal], left: usize, dry_run: bool) -> String {
    let (name, from, to) = (
        &migration.new.name,
        migration.old.version,
        migration.new.version,
    );
    let mut goes: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut stays: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for one in moved {
        match &one.to {
            Ok(state) => *goes.entry((&one.from, state)).or_default() += 1,
            Err(why) => stays
                .entry(why)
                .or_default()
                .push(one.conversation.to_string()),
        }
    }
    let verb = if dry_run { "would go" } else { "went" };
    let count: usize = goes.values().sum();
    let mut told = format!("{name} {from} → {to}: {} {verb}\n", deals(count - left));
    for ((before, after), count) in goes {
        let _ = writeln!(told, "  {before} → {after}: {}", deals(count));
    }
    for (why, conversations) in stays {
        let _ = writeln!(told, "  {} stay: {why}", deals(conversations.len()));
        for conversation in conversations {
            let _ = writeln!(told, "    {conversation}");
        }
    }
    if left > 0 {
        let _ = writeln!(told, "  {} went on meanwhile: run it again", deals(left));
    }
    told
}

fn deals(count: usize) -> String {
    match count {
        1 => "1 deal".to_owned(),
        _ => format!("{count} deals"),
    }
}
