//! The private PostgreSQL against a real one; here is what its tests stand on: rooms, servers, questions.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a test fails by panicking"
)]

mod accidents;
mod folder;
mod life;

use std::env;
use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{self, Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use localpg::Cluster;

/// What the clusters are called.
const NAME: &str = "agora";

/// Names the data folder for [`server_process`].
const FOLDER: &str = "LOCALPG_TEST_FOLDER";

/// A data folder that goes with the test. Its parent is open, so that `postgres` may enter it where root tests.
struct Room {
    parent: PathBuf,
    /// What it was copied from, kept for others.
    pattern: Option<Arc<Room>>,
}

impl Room {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let moment = SystemTime::UNIX_EPOCH.elapsed().unwrap().subsec_nanos();
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("localpg-test-{}-{count}-{moment:x}", process::id());
        let parent = Path::new("/var/tmp").join(name);
        fs::create_dir(&parent).unwrap();
        fs::set_permissions(&parent, Permissions::from_mode(0o755)).unwrap();
        Self {
            parent,
            pattern: None,
        }
    }

    /// With a cluster in it that was started and stopped before.
    fn made() -> Self {
        let pattern = pattern();
        let mut room = Self::new();
        let copied = Command::new("cp")
            .arg("-a")
            .args([pattern.folder(), room.folder()])
            .status();
        assert!(copied.unwrap().success());
        room.pattern = Some(pattern);
        room
    }

    fn folder(&self) -> PathBuf {
        self.parent.join("data")
    }

    fn home(&self) -> PathBuf {
        self.folder().join("postgres")
    }

    fn start(&self) -> Cluster {
        Cluster::start(&self.folder(), NAME).unwrap()
    }

    fn postmaster(&self) -> u32 {
        let text = fs::read_to_string(self.home().join("postmaster.pid")).unwrap();
        text.lines().next().unwrap().parse().unwrap()
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        // A test that failed may have left a postmaster.
        if let Ok(text) = fs::read_to_string(self.home().join("postmaster.pid")) {
            let pid = text.lines().next().unwrap_or_default().parse().unwrap_or(0);
            if pid > 1 && is_postgres(pid) {
                kill("QUIT", pid);
                wait_until("the postmaster is gone", || !is_postgres(pid));
            }
        }
        let _ = fs::remove_dir_all(&self.parent);
    }
}

/// One cluster that others are copied from, since making one takes a second. It goes with the last of them.
fn pattern() -> Arc<Room> {
    static PATTERN: Mutex<Weak<Room>> = Mutex::new(Weak::new());
    let mut pattern = PATTERN.lock().unwrap();
    pattern.upgrade().unwrap_or_else(|| {
        let made = Arc::new(Room::new());
        made.start().stop().unwrap();
        *pattern = Arc::downgrade(&made);
        made
    })
}

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = Text)]
    answer: String,
}

fn connect(cluster: &Cluster) -> PgConnection {
    PgConnection::establish(&cluster.url()).unwrap()
}

fn ask(connection: &mut PgConnection, query: &str) -> String {
    let query = format!("SELECT ({query})::text AS answer");
    diesel::sql_query(query)
        .get_result::<Answer>(connection)
        .unwrap()
        .answer
}

fn remember(cluster: &Cluster) {
    let statements = "CREATE TABLE memory (word text); INSERT INTO memory VALUES ('agora')";
    connect(cluster).batch_execute(statements).unwrap();
}

fn remembers(cluster: &Cluster) -> bool {
    ask(&mut connect(cluster), "SELECT word FROM memory") == "agora"
}

fn kill(signal: &str, pid: u32) {
    let status = Command::new("kill")
        .args(["-s", signal, &pid.to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}

fn is_postgres(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "postgres")
        && fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|arguments| !arguments.is_empty())
}

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

/// This test binary again, as a server that holds the cluster until it is killed.
fn server(folder: &Path) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args([
        "--exact",
        "server_process",
        "--nocapture",
        "--test-threads=1",
    ]);
    command
        .env(FOLDER, folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    command
}

/// A server process whose cluster accepts connections.
struct Server {
    child: Child,
    output: BufReader<ChildStdout>,
    url: String,
}

impl Server {
    fn start(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut url = String::new();
        while !url.starts_with("postgresql://") {
            url.clear();
            assert_ne!(
                output.read_line(&mut url).unwrap(),
                0,
                "the server process did not start"
            );
        }
        Self { child, output, url }
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Ends it in good order.
    fn finish(mut self) {
        drop(self.child.stdin.take());
        self.output.read_to_end(&mut Vec::new()).unwrap();
        assert!(self.child.wait().unwrap().success());
    }
}

/// Not a test by itself: what [`server`] runs. Without the folder in the environment there is nothing to do.
#[test]
fn server_process() {
    let Some(folder) = env::var_os(FOLDER) else {
        return;
    };
    let cluster = Cluster::start(Path::new(&folder), NAME).unwrap();
    println!("\n{}", cluster.url());
    let _ = std::io::stdin().lines().next();
}
