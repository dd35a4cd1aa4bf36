//! A server whose own clock is wrong: what is due and how old something is, it says by the database's clock.

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use serde_json::json;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::child::Process;
use crate::client::Person;
use crate::deals::{Flows, TICKING};
use crate::polling::until;
use crate::test_app::{SECRET, claims, fresh_database, token};

/// The library that skews a clock, built once.
fn library() -> &'static PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stoa/skewed_clock.c");
        let built = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("skewed_clock.so");
        let compiler = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .arg(&built)
            .args([source, "-ldl"])
            .output()
            .expect("a C compiler");
        assert!(compiler.status.success(), "{compiler:?}");
        built
    })
}

/// A server on a database whose clock is ahead of the database's by so many seconds, or behind it.
async fn serve(database: &str, seconds: i64, arguments: &[&str]) -> Process {
    let seconds = seconds.to_string();
    let variables = [
        ("DATABASE_URL", database),
        ("STOA_JWT_SECRET", SECRET),
        ("STOA_LISTEN", "127.0.0.1:0"),
        ("LD_PRELOAD", library().to_str().expect("a path")),
        ("STOA_TEST_SKEW_SECONDS", &seconds),
    ];
    let all = [&["serve", "--workers", "1"], arguments].concat();
    Process::launch(&all, &variables).await
}

/// Somebody whose token is good by both clocks.
fn person(server: &Process, id: &str, roles: &[&str]) -> Person {
    let mut claims = claims(id, roles);
    claims.exp += 100_000;
    Person::new(server.address, id, token(&claims))
}

fn connect(database: &str) -> PgConnection {
    PgConnection::establish(database).expect("a connection")
}

#[tokio::test]
async fn a_request_that_is_under_way_is_not_taken_for_lost() {
    let database = fresh_database();
    let server = serve(&database, 600, &[]).await;
    let ann = person(&server, "ann", &[]);
    ann.get("/api/v1/me").await.expect_status(200);
    person(&server, "bob", &[])
        .get("/api/v1/me")
        .await
        .expect_status(200);
    let creation = json!({ "kind": "group", "title": "t", "participants": [{ "user_id": "bob" }] });
    let key = [("idempotency-key", "the-same")];
    let (path, creation) = ("/api/v1/conversations", creation.to_string());
    let first = ann
        .request("POST", path, Some(creation.clone()), &key)
        .await;
    first.expect_status(201);
    // As another server leaves it while it works on the request.
    connect(&database)
        .batch_execute("update idempotency_keys set status = null, answer = null")
        .expect("a request under way");
    let again = ann.request("POST", path, Some(creation), &key).await;
    again.expect_status(503).expect_code("UNAVAILABLE");
    assert_eq!(
        count(&database, "select count(*) as n from conversations"),
        1
    );
}

#[tokio::test]
async fn a_clients_place_is_not_forgotten_by_a_clock_that_is_days_ahead() {
    let database = fresh_database();
    let clients = "insert into recoveries (pid, user_no, form, holder, list, touched_at)
        select gen_random_uuid(), 0, 'stoory', gen_random_uuid(), 1, now() - age
        from unnest(array[interval '0', interval '2 hours']) age";
    connect(&database).batch_execute(clients).expect("clients");
    let server = serve(&database, 90_000, &["--recovery-hours", "1"]).await;
    person(&server, "ann", &[])
        .get("/api/v1/me")
        .await
        .expect_status(200);
    let old = "select count(*) as n from recoveries where touched_at < now() - interval '1 hour'";
    let look = async || count(&database, old);
    until("the sweeper to delete the old client", look, |n| *n == 0).await;
    let left = count(&database, "select count(*) as n from recoveries");
    assert_eq!(left, 1);
}

fn count(database: &str, query: &str) -> i64 {
    #[derive(diesel::QueryableByName)]
    struct Counted {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        n: i64,
    }
    let counted: Counted =
        diesel::RunQueryDsl::get_result(diesel::sql_query(query), &mut connect(database))
            .expect("a count");
    counted.n
}

#[tokio::test]
async fn a_deadline_comes_in_its_time_whatever_the_servers_clock_says() {
    let folder = Flows::with(TICKING);
    for skew in [-3_000, 3_000] {
        let database = fresh_database();
        let server = serve(&database, skew, &["--flows", &folder.folder()]).await;
        let platform = person(&server, "platform", &["service"]);
        for id in ["platform", "ann", "bob"] {
            person(&server, id, &[])
                .get("/api/v1/me")
                .await
                .expect_status(200);
        }
        let creation = json!({ "kind": "group", "flow": { "name": "ticking" }, "participants": [
            { "user_id": "ann", "role": "one" }, { "user_id": "bob", "role": "other" }] });
        let begun = Instant::now();
        let made = platform.post("/api/v1/conversations", creation).await;
        let id = made.expect_status(201).body["id"]
            .as_str()
            .expect("an id")
            .to_owned();
        let path = format!("/api/v1/conversations/{id}/flow");
        let state = || async { platform.get(&path).await.expect_status(200).body["state"].clone() };
        assert_eq!(state().await, "waiting", "{skew}");
        let what = format!("the deadline at a clock that is off by {skew}");
        until(&what, state, |state| *state != "waiting").await;
        assert!(
            begun.elapsed() >= Duration::from_millis(1_900),
            "{skew}: too early"
        );
    }
}
