//! A start without a usable database: a permanent error is reported at once, without the password; a database that may come up is waited for.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use std::time::{Duration, Instant};

use crate::child::{Process, outcome};
use crate::postgres::TestCluster;
use crate::proxy::Proxy;
use crate::test_app::{SECRET, fresh_database};

const PASSWORD: &str = "correct-horse-battery";

/// What a server says that ends by itself with the code 1, and how long it took.
pub fn refused(database: &str) -> (String, Duration) {
    let variables = [
        ("DATABASE_URL", database),
        ("STOA_JWT_SECRET", SECRET),
        ("STOA_LISTEN", "127.0.0.1:0"),
    ];
    let begun = Instant::now();
    let (output, _, complained) = outcome(&["serve"], &variables);
    assert_eq!(output.status.code(), Some(1), "{database}: {complained}");
    assert!(!complained.contains(PASSWORD), "{complained}");
    (complained, begun.elapsed())
}

/// What `stoa flow migrate` says when it refuses to work on a database.
pub fn not_migrated(database: &str) -> String {
    let flow = concat!(env!("CARGO_MANIFEST_DIR"), "/flows/bid.toml");
    let variables = [("DATABASE_URL", database)];
    let (output, said, complained) = outcome(&["flow", "migrate", flow], &variables);
    assert_eq!(output.status.code(), Some(1), "{said} {complained}");
    assert!(!complained.contains(PASSWORD), "{complained}");
    complained
}

/// Neither a server nor a migration of deals works on it, for the same reason.
pub fn refused_at_once(database: &str, reason: &str) {
    let (complained, took) = refused(database);
    assert!(took < Duration::from_secs(10), "{database}: {took:?}");
    for complained in [complained, not_migrated(database)] {
        assert!(complained.contains(reason), "{database}: {complained}");
        assert!(
            complained.contains("--database-url (DATABASE_URL)"),
            "{complained}"
        );
    }
}

fn connection(database: &str) -> PgConnection {
    PgConnection::establish(database).expect("a connection")
}

#[test]
fn a_permanent_database_error_is_reported_at_once() {
    let cluster = TestCluster::start().expect("a cluster");
    let rules =
        "local guarded all scram-sha-256\nlocal all all trust\nhost all all 127.0.0.1/32 trust\n";
    std::fs::write(cluster.folder().join("data/pg_hba.conf"), rules).expect("rules");
    cluster.create_database("guarded").expect("a database");
    connection(&cluster.url("postgres"))
        .batch_execute("select pg_reload_conf()")
        .expect("reloaded");
    let folder = cluster.folder().display();
    let wrong = format!("postgresql://postgres:{PASSWORD}@/guarded?host={folder}");
    refused_at_once(
        &wrong,
        "password authentication failed for user \"postgres\"",
    );
    refused_at_once(&cluster.url("guarded"), "no password supplied");
    refused_at_once(&cluster.url("nosuch"), "database \"nosuch\" does not exist");
    let proxy = Proxy::start(&cluster, None);
    let encrypted = proxy.url("postgres").replace("disable", "require");
    refused_at_once(&encrypted, "server does not support SSL");
    let verified = proxy.url("postgres").replace("disable", "verify-full");
    refused_at_once(&verified, "server does not support SSL");
}

#[test]
fn an_invalid_database_url_is_refused_at_once() {
    refused_at_once("", "is empty");
    refused_at_once("garbage", "must begin with postgresql://");
    let other = format!("mysql://root:{PASSWORD}@127.0.0.1/d");
    refused_at_once(&other, "must begin with postgresql://");
    let odd = format!("postgresql://root:{PASSWORD}/%zz@127.0.0.1/d");
    refused_at_once(&odd, "The database cannot be used");
    refused_at_once(
        "postgresql://root@127.0.0.1/d?sslmod=require",
        "URI query parameter",
    );
}

#[test]
fn a_database_that_may_come_is_waited_for_and_then_given_up_with_the_reason() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = gone.local_addr().expect("an address");
    drop(gone);
    let (complained, took) = refused(&format!("postgresql://stoa:{PASSWORD}@{address}/stoa"));
    assert!(took > Duration::from_secs(29), "{took:?}: {complained}");
    assert_eq!(
        complained.matches("database_away").count(),
        1,
        "{complained}"
    );
    assert_eq!(
        complained.matches("Connection refused").count(),
        2,
        "while waiting and at the end: {complained}"
    );
    let told = not_migrated(&format!("postgresql://stoa:{PASSWORD}@{address}/stoa"));
    assert!(told.contains("Connection refused"), "{told}");
}

#[test]
fn a_schema_of_a_newer_version_is_refused() {
    let database = fresh_database();
    connection(&database)
        .batch_execute("insert into __diesel_schema_migrations (version) values ('29990101000000')")
        .expect("a migration of later");
    for complained in [refused(&database).0, not_migrated(&database)] {
        assert!(
            complained.contains("newer than this version of Stoa"),
            "{complained}"
        );
        assert!(complained.contains("29990101000000"), "{complained}");
    }
}

#[test]
fn deals_are_migrated_under_the_schema_of_this_version_alone() {
    let older = "delete from __diesel_schema_migrations where version = (select max(version) from __diesel_schema_migrations)";
    let nothing = "drop schema public cascade; create schema public";
    for change in [older, nothing] {
        let database = fresh_database();
        connection(&database)
            .batch_execute(change)
            .expect("a schema of another version");
        let told = not_migrated(&database);
        assert!(
            told.contains("schema is older than this version of Stoa"),
            "{told}"
        );
    }
}

#[test]
fn a_database_in_another_encoding_is_refused() {
    let cluster = TestCluster::start().expect("a cluster");
    let make = "create database latin encoding 'LATIN1' locale 'C' template template0";
    connection(&cluster.url("postgres"))
        .batch_execute(make)
        .expect("a database");
    refused_at_once(
        &cluster.url("latin"),
        "the encoding LATIN1, and Stoa needs UTF8",
    );
}

/// The number of the version that runs here, as Postgres says it, and another in its place.
fn version_and(instead: &'static str) -> (&'static [u8], &'static [u8]) {
    #[derive(QueryableByName)]
    struct Version {
        #[diesel(sql_type = diesel::sql_types::Text)]
        number: String,
    }
    let query = "select current_setting('server_version_num') as number";
    let version: Version = diesel::sql_query(query)
        .get_result(&mut connection(&fresh_database()))
        .expect("a version");
    // A test's own; it lives as long as the test.
    let number: i32 = version.number.parse().expect("a number");
    (
        number.to_be_bytes().to_vec().leak(),
        instead
            .parse::<i32>()
            .expect("a number")
            .to_be_bytes()
            .to_vec()
            .leak(),
    )
}

#[test]
fn an_old_postgresql_is_refused_and_one_that_was_never_tested_warned_of() {
    let cluster = TestCluster::start().expect("a cluster");
    cluster.create_database("d").expect("a database");
    let old = Proxy::start(&cluster, Some(version_and("120022")));
    refused_at_once(
        &old.url("d"),
        "Stoa needs 13 or newer (its tests ran on 15)",
    );
    let new = Proxy::start(&cluster, Some(version_and("190001")));
    let log = log_of(&new.url("d"));
    assert_eq!(log.matches("database_not_tested").count(), 1, "{log}");
    assert!(log.contains("tests ran on PostgreSQL 15"), "{log}");
    let tested = log_of(&cluster.url("d"));
    assert!(!tested.contains("database_not_tested"), "{tested}");
}

fn log_of(database: &str) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(async {
        let mut server = Process::serve_on(database, &["--drain-seconds", "0"]).await;
        server.signal("TERM");
        server.end().await.1
    })
}
