//! Servers on one database know of each other for as long as they run.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use serde_json::json;

use crate::child::Process;
use crate::client::{Answer, Person};
use crate::fleet::redis::Redis;
use crate::metrics::until_figure;
use crate::polling::until;
use crate::test_app::fresh_database;
use crate::wire::Folder;

const AT_ONCE: [&str; 2] = ["--drain-seconds", "0"];

pub async fn until_peers(person: &Person, count: u64) {
    let what = format!("a ready server with {count} peers");
    let look = async || person.get("/readyz").await;
    let is_ready = |ready: &Answer| ready.status == 200 && ready.body["checks"]["peers"] == count;
    until(&what, look, is_ready).await;
}

async fn database() -> String {
    let made = tokio::task::spawn_blocking(fresh_database);
    made.await.expect("a database")
}

#[tokio::test]
async fn a_second_server_is_known_until_it_has_stopped() {
    let database = database().await;
    let mut one = Process::serve_on(&database, &AT_ONCE).await;
    let ann = one.person("ann");
    until_peers(&ann, 0).await;
    let mut other = Process::serve_on(&database, &AT_ONCE).await;
    let ben = other.person("ben");
    tokio::join!(until_peers(&ann, 1), until_peers(&ben, 1));
    let ready = ann.get("/readyz").await.body;
    assert_eq!(ready["checks"]["wire"], "off");
    other.signal("TERM");
    let (_, told) = other.end().await;
    until_peers(&ann, 0).await;
    let lost = one.logged("peer_lost").await;
    assert_eq!(lost["address"], other.address.to_string());
    one.signal("TERM");
    for log in [told, one.end().await.1] {
        for event in ["peer_met", "peers_without_wire", "files_not_shared"] {
            let told = log.matches(&format!("\"{event}\"")).count();
            assert_eq!(told, 1, "{event}: {log}");
        }
    }
    let left = "select count(*) as n from nodes";
    let mut connection = PgConnection::establish(&database).expect("a connection");
    assert_eq!(count(&mut connection, left), 0);
}

#[tokio::test]
async fn servers_with_the_same_tag_say_so() {
    let database = database().await;
    let tagged = async |tag: &str| {
        let options = [&["--node-tag", tag], &AT_ONCE[..]].concat();
        Process::serve_on(&database, &options).await
    };
    let namesakes = async |server: &Process, count: f64| {
        until_figure(server.address, "stoa_peers_with_same_tag", count).await;
    };
    let (one, mut other, mut third) = (tagged("a").await, tagged("a").await, tagged("b").await);
    for (server, of) in [(&one, &other), (&other, &one)] {
        let told = server.logged("node_tag_shared").await;
        assert_eq!(
            (&told["level"], &told["tag"]),
            (&json!("warn"), &json!("a"))
        );
        assert_eq!(told["address"], of.address.to_string());
        namesakes(server, 1.0).await;
    }
    // A server that was killed is a peer for a while, but not taken for another one with the tag of its successor.
    until_peers(&third.person("ann"), 2).await;
    third.signal("KILL");
    third.end().await;
    let successor = tagged("b").await;
    until_peers(&successor.person("ann"), 3).await;
    until_peers(&successor.person("ann"), 2).await;
    namesakes(&successor, 0.0).await;
    other.signal("TERM");
    other.end().await;
    namesakes(&one, 0.0).await;
    for (server, count) in [(&one, 1), (&other, 1), (&third, 0), (&successor, 0)] {
        let told = server.log().matches("node_tag_shared").count();
        assert_eq!(told, count, "{}", server.log());
    }
}

#[tokio::test]
async fn a_server_that_is_not_heard_over_redis_is_named() {
    let database = database().await;
    let folder = Folder::make();
    let redis = Redis::start(&folder.0).expect("Redis");
    let url = redis.url();
    let wired = [&["--redis", url.as_str()], &AT_ONCE[..]].concat();
    let one = Process::serve_on(&database, &wired).await;
    let heard = Process::serve_on(&database, &wired).await;
    let without = Process::serve_on(&database, &AT_ONCE).await;
    let told = one.logged("peer_not_heard").await;
    assert_eq!(told["address"], without.address.to_string());
    assert_eq!(
        (&told["level"], &told["state"]),
        (&json!("warn"), &json!("without_wire"))
    );
    heard.logged("peer_not_heard").await;
    for server in [&one, &heard, &without] {
        let told = server.log().matches("peer_not_heard").count();
        let wanted = usize::from(server.address != without.address);
        assert_eq!(told, wanted, "{}", server.log());
    }
}

#[tokio::test]
async fn a_server_that_was_killed_is_a_peer_for_five_seconds() {
    let database = database().await;
    let one = Process::serve_on(&database, &AT_ONCE).await;
    let mut other = Process::serve_on(&database, &AT_ONCE).await;
    let ann = one.person("ann");
    until_peers(&ann, 1).await;
    other.signal("KILL");
    other.end().await;
    let killed = std::time::Instant::now();
    until_peers(&ann, 0).await;
    assert!(
        killed.elapsed().as_secs_f64() > 3.5,
        "it may have been slow"
    );
}

#[tokio::test]
async fn a_server_whose_connection_is_lost_beats_again() {
    let database = database().await;
    let one = Process::serve_on(&database, &AT_ONCE).await;
    let other = Process::serve_on(&database, &AT_ONCE).await;
    let (ann, ben) = (one.person("ann"), other.person("ben"));
    until_peers(&ann, 1).await;
    let mut connection = PgConnection::establish(&database).expect("a connection");
    let lose = "select pg_terminate_backend(pid, 5000) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()";
    connection.batch_execute(lose).expect("ended");
    let beaten = "select count(*) as n from nodes where beat_at > clock_timestamp() - interval '0.9 seconds'";
    let look = async || count(&mut connection, beaten);
    until("beats of both", look, |n| *n == 2).await;
    tokio::join!(until_peers(&ann, 1), until_peers(&ben, 1));
}

fn count(connection: &mut PgConnection, query: &str) -> i64 {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        n: i64,
    }
    let count: Count = diesel::sql_query(query)
        .get_result(connection)
        .expect("a count");
    count.n
}
