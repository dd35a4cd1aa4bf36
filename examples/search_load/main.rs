//! Measures search on a database that it fills with as many messages as is said: how fast they are indexed, how large the index is, how long
//! searches of a reader, of a seller and of staff take.
//!
//! `cargo run --profile dist --example search_load -- --database-url postgres://…/postgres --messages 1000000` needs a cluster in which it may
//! create a database, and about 1 GB for each million messages; it drops the database afterwards, unless `--keep` is given.
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

mod filling;
mod searching;

use clap::Parser;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Double};
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};
use stoa::config::Config;
use stoa::domain::tokens::{Language, Tokenizer};
use stoa::feed::{Bounds, Found, SearchIndex, pass};
use stoa::store::feed_consumers::register;
use stoa::store::pool::Pool;
use stoa::telemetry::metrics::Metrics;

/// The name of the database that is made.
const NAME: &str = "stoa_search_load";

type Outcome = Result<(), Box<dyn Error>>;

/// Measures search on a database that it fills.
#[derive(Parser)]
struct Options {
    /// A database of a cluster in which databases may be created
    #[arg(long)]
    database_url: String,
    /// Messages; 50 in each conversation
    #[arg(long, default_value_t = 1_000_000)]
    messages: i64,
    /// Searches of each kind
    #[arg(long, default_value_t = 400)]
    searches: usize,
    /// Use a database that an earlier run with `--keep` filled, and index what is not indexed
    #[arg(long)]
    again: bool,
    /// Keep the database
    #[arg(long)]
    keep: bool,
}

/// The options of a server, for their defaults.
#[derive(Parser)]
struct Server {
    #[command(flatten)]
    config: Config,
}

fn main() -> Outcome {
    let options = Options::parse();
    let mut maker = PgConnection::establish(&options.database_url)?;
    let drop_it = format!("drop database if exists {NAME} with (force)");
    let (server, _) = options
        .database_url
        .rsplit_once('/')
        .ok_or("the URL names no database")?;
    let url = format!("{server}/{NAME}");
    let tokenizer = Arc::new(Tokenizer::new(&[Language::English]));
    if !options.again {
        maker.batch_execute(&drop_it)?;
        maker.batch_execute(&format!("create database {NAME}"))?;
        let mut connection = PgConnection::establish(&url)?;
        stoa::store::opening::migrate(&mut connection)?;
        let begun = Instant::now();
        connection.batch_execute(&filling::sql(options.messages))?;
        connection.batch_execute("vacuum analyze")?;
        println!(
            "{} messages were sent in {:.0} s.",
            options.messages,
            begun.elapsed().as_secs_f64()
        );
    }
    let config = Server::parse_from(["stoa", "--database-url", &url]).config;
    let pool = Pool::new(&url, &config.database)?;
    let mut connection = PgConnection::establish(&url)?;
    index(&pool, &tokenizer, &mut connection)?;
    connection.batch_execute("vacuum analyze")?;
    tell_size(&mut connection)?;
    searching::measure(&pool, &tokenizer, options.searches)?;
    if !options.keep {
        drop(connection);
        drop(pool);
        maker.batch_execute(&drop_it)?;
    }
    Ok(())
}

/// How often in a row a pass may fail because the database does not answer in time, as while it writes a checkpoint.
const REPEATS: u32 = 60;

/// Lets the consumer of the feed write the index, as fast as it can. A pass that fails for a moment is repeated, as in a server.
fn index(pool: &Pool, tokenizer: &Arc<Tokenizer>, connection: &mut PgConnection) -> Outcome {
    let mut follower = pool.follower();
    let consumer = Arc::new(SearchIndex::new(
        Arc::clone(tokenizer),
        Arc::new(Metrics::new()?),
    ));
    let (name, server) = (tokenizer.name(), uuid::Uuid::now_v7());
    follower.run(move |connection| register(connection, &[&name]))?;
    let (before, begun, mut failed) = (documents(connection)?, Instant::now(), 0);
    loop {
        let consumer = Arc::clone(&consumer);
        let passed =
            follower.run(move |connection| pass(connection, &*consumer, server, Bounds::default()));
        match passed {
            Ok(Found::More) => failed = 0,
            Ok(_) => break,
            Err(failure) if failed == REPEATS => return Err(failure.into()),
            Err(failure) => {
                failed += 1;
                println!("A pass is repeated: {failure}");
                std::thread::sleep(Duration::from_secs(1));
            }
        }
    }
    let (seconds, written) = (
        begun.elapsed().as_secs_f64(),
        documents(connection)? - before,
    );
    println!(
        "{written} were indexed in {seconds:.0} s: {:.0} a second.",
        written as f64 / seconds
    );
    Ok(())
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

fn documents(connection: &mut PgConnection) -> Result<i64, Box<dyn Error>> {
    let count: Count =
        diesel::sql_query("select count(*) as n from search_docs").get_result(connection)?;
    Ok(count.n)
}

#[derive(QueryableByName)]
struct Size {
    #[diesel(sql_type = BigInt)]
    documents: i64,
    #[diesel(sql_type = Double)]
    table_bytes: f64,
    #[diesel(sql_type = Double)]
    key: f64,
    #[diesel(sql_type = Double)]
    time: f64,
    #[diesel(sql_type = Double)]
    words: f64,
}

fn tell_size(connection: &mut PgConnection) -> Outcome {
    let sql = "select n as documents, pg_table_size('search_docs') / n::float8 as table_bytes, pg_relation_size('search_docs_pkey') / n::float8 as key,
            pg_relation_size('search_docs_at') / n::float8 as time, pg_relation_size('search_docs_words') / n::float8 as words
        from (select count(*) as n from search_docs) d";
    let Size {
        documents,
        table_bytes,
        key,
        time,
        words,
    } = diesel::sql_query(sql).get_result(connection)?;
    let all = table_bytes + key + time + words;
    println!(
        "{documents} documents of {all:.0} bytes: the table {table_bytes:.0}, its key {key:.0}, the index of times {time:.0}, of words {words:.0}."
    );
    Ok(())
}
