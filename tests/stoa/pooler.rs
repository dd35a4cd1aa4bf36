//! Behind PgBouncer: session mode serves, the modes that share connections are refused at the start.

use serde_json::json;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::database_at_start::refused_at_once;
use crate::polling::until_blocking;
use crate::postgres::TestCluster;
use crate::servers::Alone;
use crate::test_app::TestApp;

/// A PgBouncer of one test. Dropping it ends it.
struct Pooler {
    child: Child,
    port: u16,
}

impl Pooler {
    fn start(cluster: &TestCluster, mode: &str, more: &str) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        let folder = cluster.folder().display();
        let settings = format!(
            "[databases]\n* = host={folder}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
             auth_type = any\npool_mode = {mode}\n{more}\n"
        )
        .replace("* = host=", "* = user=postgres host=");
        let file = cluster.folder().join(format!("pgbouncer-{port}.ini"));
        std::fs::write(&file, settings).expect("settings");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).expect("readable");
        let mut command = Command::new(program());
        // PgBouncer refuses to run as root, and needs somebody else to become.
        command.args(["-q", "-u", "postgres"]).arg(&file);
        let quiet = command.stdout(Stdio::null()).stderr(Stdio::null());
        let pooler = Self {
            child: quiet
                .spawn()
                .expect("pgbouncer, which scripts/install.sh test installs"),
            port,
        };
        until_blocking(
            "pgbouncer to listen",
            || TcpStream::connect(("127.0.0.1", port)),
            Result::is_ok,
        )
        .expect("a connection");
        pooler
    }

    fn url(&self, database: &str) -> String {
        format!(
            "postgresql://postgres@127.0.0.1:{}/{database}?sslmode=disable",
            self.port
        )
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

/// On the path, or where the package puts it.
fn program() -> PathBuf {
    let packaged = Path::new("/usr/sbin/pgbouncer");
    match packaged.exists() {
        true => packaged.to_owned(),
        false => PathBuf::from("pgbouncer"),
    }
}

#[test]
fn poolers_that_share_connections_are_refused_at_the_start() {
    let cluster = TestCluster::start().expect("a cluster");
    cluster.create_database("d").expect("a database");
    let ways = [
        ("transaction", ""),
        ("transaction", "server_round_robin = 1"),
        ("transaction", "default_pool_size = 1"),
        ("transaction", "min_pool_size = 8\nserver_round_robin = 1"),
        ("statement", ""),
    ];
    for (mode, more) in ways {
        let pooler = Pooler::start(&cluster, mode, more);
        refused_at_once(&pooler.url("d"), "pool_mode = session");
        // Connections are there now, and are taken in turn.
        refused_at_once(&pooler.url("d"), "pool_mode = session");
    }
}

#[tokio::test]
async fn a_pooler_in_session_mode_serves() {
    let made = tokio::task::spawn_blocking(|| {
        let cluster = TestCluster::start().expect("a cluster");
        cluster.create_database("d").expect("a database");
        let pooler = Pooler::start(&cluster, "session", "default_pool_size = 50");
        (cluster, pooler)
    });
    let (_cluster, pooler) = made.await.expect("a thread");
    let app = TestApp::alone(Alone::Failures)
        .on(pooler.url("d"), &["--rate-limits", "off"])
        .await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let id = app.direct(&alice, &bob).await;
    let mut socket = alice.joined(&id).await;
    let said = json!({ "conversation_id": id, "body": "through a pooler" });
    let sent = socket.call("send_message", said).await.expect("stored");
    assert_eq!(sent["seq"], 1);
    assert_eq!(bob.bodies(&id).await, ["through a pooler"]);
}
