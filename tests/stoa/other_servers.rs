//! Two servers on one database: `/readyz` and the log of each name the other for as long as it runs.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use crate::child::Process;
use crate::client::Person;
use crate::polling::until;
use crate::test_app::fresh_database;

async fn until_others(person: &Person, count: u64) {
    let what = format!("{count} other servers");
    let ready = until(
        &what,
        async || person.get("/readyz").await,
        |ready| ready.body["checks"]["other_servers"] == count,
    );
    assert_eq!(ready.await.status, 200, "both serve");
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    n: i64,
}

fn holders(connection: &mut PgConnection) -> i64 {
    let held = "select count(*) as n from pg_locks l join pg_database d on d.oid = l.database where locktype = 'advisory' and mode = 'ShareLock' and datname = current_database()";
    let count: Count = diesel::sql_query(held)
        .get_result(connection)
        .expect("a count");
    count.n
}

#[tokio::test]
async fn a_second_server_on_the_same_database_is_warned_of_until_it_is_gone() {
    let database = tokio::task::spawn_blocking(fresh_database)
        .await
        .expect("a database");
    let mut one = Process::serve_on(&database, &["--drain-seconds", "0"]).await;
    let ann = one.person("ann");
    until_others(&ann, 0).await;
    let mut other = Process::serve_on(&database, &["--drain-seconds", "0"]).await;
    let ben = other.person("ben");
    tokio::join!(until_others(&ann, 1), until_others(&ben, 1));
    other.signal("TERM");
    let (_, told) = other.end().await;
    until_others(&ann, 0).await;
    one.signal("TERM");
    for log in [told, one.end().await.1] {
        assert_eq!(
            log.matches("\"another_server\"").count(),
            1,
            "once a minute: {log}"
        );
    }
}

#[tokio::test]
async fn the_connection_by_which_servers_know_of_each_other_is_made_anew() {
    let database = tokio::task::spawn_blocking(fresh_database)
        .await
        .expect("a database");
    let mut one = Process::serve_on(&database, &["--drain-seconds", "0"]).await;
    let ann = one.person("ann");
    let mut connection = PgConnection::establish(&database).expect("a connection");
    until("a lock", async || holders(&mut connection), |n| *n == 1).await;
    let lose = "select pg_terminate_backend(pid, 5000) from pg_locks l join pg_database d on d.oid = l.database where locktype = 'advisory' and datname = current_database()";
    connection.batch_execute(lose).expect("ended");
    until(
        "another lock",
        async || holders(&mut connection),
        |n| *n == 1,
    )
    .await;
    until_others(&ann, 0).await;
    one.signal("TERM");
    assert!(!one.end().await.1.contains("\"another_server\""));
}
