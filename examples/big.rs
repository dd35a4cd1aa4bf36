//! Measures reads on a big database: fills a small database and one with 1,000,000 conversations and 10,000,000
//! messages by SQL, and sends both the same requests.
//!
//! `cargo run --profile dist --example big -- --database-url postgres://…/postgres` needs a cluster in which it
//! may create databases, and about 6 GB; it drops them afterwards.
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

#[path = "../tests/drive/mod.rs"]
#[expect(dead_code, reason = "it drives less than others do")]
mod drive;

use clap::Parser;
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use drive::Failure;
use drive::client::{SECRET, Target};
use drive::process::{ServerProcess, free_address};

/// Measures reads on a small and on a big database.
#[derive(Parser)]
struct Options {
    /// A database of a cluster in which databases may be created
    #[arg(long)]
    database_url: String,
    /// The server program; by default the one that was built beside this program
    #[arg(long)]
    server: Option<PathBuf>,
    /// Conversations of the big database; each has 10 messages
    #[arg(long, default_value_t = 1_000_000)]
    conversations: u64,
    /// Messages of its one large conversation
    #[arg(long, default_value_t = 300_000)]
    large: u64,
    /// Requests of each kind that are measured
    #[arg(long, default_value_t = 400)]
    requests: usize,
}

/// The contents of a database.
#[derive(Clone, Copy)]
struct Size {
    conversations: u64,
    /// Messages of the first conversation.
    large: u64,
}

const SMALL: Size = Size {
    conversations: 1_000,
    large: 10,
};
/// The two users: one has read the first conversation, the other has not. Both participate in three others.
const READERS: [(&str, &str); 2] = [("user-1", "all read"), ("user-2", "nothing read")];
/// Requests before the measured ones.
const WARM_UP: usize = 50;
const START_LIMIT: Duration = Duration::from_secs(120);

/// Raw SQL: each user participates in three conversations and has read half of each.
fn fill(size: Size) -> String {
    let Size {
        conversations,
        large,
    } = size;
    format!(
        "set synchronous_commit = off;
insert into users (id, name) select 'user-' || i, 'User ' || i from generate_series(1, {conversations}) i;
insert into conversations (id, kind, created_by, last_seq, updated_at)
    select md5(i::text)::uuid, 'group', i, case when i = 1 then {large} else 10 end, now() - i * interval '1 second'
    from generate_series(1, {conversations}) i;
insert into participants (conversation_no, user_no, role, read_seq)
    select c, 1 + (c * 7 + k * 331) % {conversations}, 'member', 5
    from generate_series(2, {conversations}) c, generate_series(0, 2) k on conflict do nothing;
insert into participants (conversation_no, user_no, role, read_seq) values (1, 1, 'member', {large}), (1, 2, 'member', 0);
insert into messages (conversation_no, seq, sender_no, client_id, fingerprint, kind, body, created_at)
    select c, s, 1 + (c * 7 + s % 3 * 331) % {conversations}, c || '-' || s, 1, 'user_input', 'said ' || s, now()
    from generate_series(2, {conversations}) c, generate_series(1, 10) s;
insert into messages (conversation_no, seq, sender_no, client_id, fingerprint, kind, body, created_at)
    select 1, s, 3, 'large-' || s, 1, 'user_input', 'said ' || s, now() from generate_series(1, {large}) s;"
    )
}

fn main() -> Result<(), Failure> {
    let options = Options::parse();
    let big = Size {
        conversations: options.conversations,
        large: options.large,
    };
    println!("| request | who | small p50, ms | big p50, ms | times |\n|---|---|---|---|---|");
    let small = measured(&options, "stoa_big_small", SMALL)?;
    let big = measured(&options, "stoa_big_big", big)?;
    for ((what, who, small), (_, _, big)) in small.into_iter().zip(big) {
        let (small, big) = (small.as_secs_f64() * 1e3, big.as_secs_f64() * 1e3);
        println!(
            "| {what} | {who} | {small:.2} | {big:.2} | {:.2} |",
            big / small
        );
    }
    Ok(())
}

type Measured = Vec<(&'static str, &'static str, Duration)>;

fn measured(options: &Options, name: &str, size: Size) -> Result<Measured, Failure> {
    let mut maker = PgConnection::establish(&options.database_url)?;
    let drop = format!("drop database if exists {name} with (force)");
    maker.batch_execute(&drop)?;
    maker.batch_execute(&format!("create database {name}"))?;
    let (server, _) = options
        .database_url
        .rsplit_once('/')
        .ok_or("the URL names no database")?;
    let url = format!("{server}/{name}");
    let mut connection = PgConnection::establish(&url)?;
    stoa::store::opening::migrate(&mut connection)?;
    let begun = Instant::now();
    connection.batch_execute(&fill(size))?;
    connection.batch_execute("vacuum analyze")?;
    println!("<!-- {name} is filled after {:?} -->", begun.elapsed());
    let binary = options.server.clone().map_or_else(|| beside("stoa"), Ok)?;
    let figures = ask_all(&binary, &url, options.requests)?;
    maker.batch_execute(&drop)?;
    Ok(figures)
}

fn beside(name: &str) -> Result<PathBuf, Failure> {
    let own = std::env::current_exe()?;
    let folder = own.parent().and_then(Path::parent);
    Ok(folder.ok_or("no folder")?.join(name))
}

#[tokio::main(flavor = "current_thread")]
async fn ask_all(binary: &Path, url: &str, requests: usize) -> Result<Measured, Failure> {
    let address = free_address()?;
    let log = std::env::temp_dir().join("stoa-big.log");
    let mut server = ServerProcess::start(binary, &address, &log, |command| {
        command.env("DATABASE_URL", url);
    })?;
    server.wait_until_ready(START_LIMIT)?;
    let target = Target::new(&address, SECRET)?;
    let mut figures = Vec::new();
    for (what, path) in [
        ("GET /unread", "/unread"),
        ("GET /conversations", "/conversations"),
    ] {
        for (user, who) in READERS {
            figures.push((what, who, median(&target, user, path, requests).await?));
        }
    }
    server.end(START_LIMIT)?;
    Ok(figures)
}

/// The median of sequential requests after a warm-up.
async fn median(
    target: &Target,
    user: &str,
    path: &str,
    requests: usize,
) -> Result<Duration, Failure> {
    let mut took = Vec::with_capacity(requests);
    for number in 0..requests + WARM_UP {
        let request = target.get(user, path)?;
        let begun = Instant::now();
        let answer = request.send().await?;
        answer.error_for_status()?.bytes().await?;
        if number >= WARM_UP {
            took.push(begun.elapsed());
        }
    }
    took.sort_unstable();
    Ok(took.get(took.len() / 2).copied().unwrap_or_default())
}
