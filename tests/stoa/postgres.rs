//! A real Postgres cluster that belongs to one test, or to all that do not stop it.

use std::fs::{DirBuilder, Permissions, read_dir, read_to_string, set_permissions};
use std::io::Error;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::drive::polling::poll_blocking;
use diesel::{Connection, PgConnection, RunQueryDsl};

type Failure = Box<dyn std::error::Error>;

/// Not below a root's home or a `mktemp -d` folder: the `postgres` account must get there.
const PARENT: &str = "/var/tmp";
const SETTINGS: &str = "listen_addresses = ''\nmax_connections = 200\n";
const START_LIMIT: Duration = Duration::from_secs(20);
/// Waits until the end of its input, which comes when this process ends in whatever way; then stops and removes all.
const JANITOR: &str = r#"
trap '' INT TERM HUP
cat > /dev/null
if read -r process < "$1/data/postmaster.pid"; then
    kill -QUIT "$process"
    kill -CONT "$process"
    for turn in $(seq 200); do kill -0 "$process" || break; sleep 0.05; done
fi
rm -rf "$1"
"#;

/// A cluster in a folder of its own, reached through a socket in that folder. Dropping it stops and removes it.
pub struct TestCluster {
    folder: PathBuf,
    programs: PathBuf,
    owner: Option<Owner>,
    janitor: Child,
}

/// The account that Postgres runs as when we are root.
#[derive(Clone, Copy)]
struct Owner {
    user: u32,
    group: u32,
}

impl TestCluster {
    /// Makes a cluster and starts it, durable as by default.
    pub fn start() -> Result<Self, Failure> {
        Self::start_with("")
    }

    /// Makes a cluster with these lines of its configuration and starts it.
    pub fn start_with(lines: &str) -> Result<Self, Failure> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let folder = Path::new(PARENT).join(format!("stoa-test-{}-{number}", std::process::id()));
        let (programs, owner) = (programs()?, owner()?);
        DirBuilder::new().create(&folder)?;
        set_permissions(&folder, Permissions::from_mode(0o755))?;
        if let Some(owner) = owner {
            chown(&folder, Some(owner.user), Some(owner.group))?;
        }
        // As ourselves: tests may put files of their own into the folder.
        let mut janitor = command(Path::new("sh"), Path::new("/"), None);
        janitor.args(["-c", JANITOR, "janitor"]).arg(&folder);
        let janitor = janitor.stdin(Stdio::piped()).process_group(0).spawn()?;
        let cluster = Self {
            folder,
            programs,
            owner,
            janitor,
        };
        let data = cluster.folder.join("data");
        cluster.run(
            "initdb",
            &[
                "-U",
                "postgres",
                "--auth=trust",
                "--encoding=UTF8",
                "--no-sync",
                "-D",
            ],
            &data,
        )?;
        let settings = format!(
            "{SETTINGS}{lines}unix_socket_directories = '{}'\n",
            cluster.folder.display()
        );
        std::fs::write(cluster.folder.join("data/postgresql.auto.conf"), settings)?;
        cluster.start_again()?;
        Ok(cluster)
    }

    /// How to connect to one of its databases.
    pub fn url(&self, database: &str) -> String {
        format!(
            "postgresql://postgres@/{database}?host={}",
            self.folder.display()
        )
    }

    /// Its folder: readable by everybody, and removed with the cluster.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Makes an empty database; answers how to connect to it.
    pub fn create_database(&self, database: &str) -> Result<String, Failure> {
        let mut connection = PgConnection::establish(&self.url("postgres"))?;
        diesel::sql_query(format!("create database \"{database}\"")).execute(&mut connection)?;
        Ok(self.url(database))
    }

    /// Stops it at once, as a crash would: `pg_ctl stop -m immediate`.
    pub fn stop_immediate(&self) -> Result<(), Failure> {
        self.run(
            "pg_ctl",
            &["stop", "-w", "-m", "immediate", "-D"],
            &self.folder.join("data"),
        )
    }

    /// `kill -9` of the main process.
    pub fn kill(&self) -> Result<(), Failure> {
        let file = read_to_string(self.folder.join("data/postmaster.pid"))?;
        let process = file.lines().next().ok_or("postmaster.pid is empty")?;
        Command::new("kill").args(["-9", process]).status()?;
        Ok(())
    }

    /// Starts it after a stop. What a killed one left behind may take a moment to go away.
    pub fn start_again(&self) -> Result<(), Failure> {
        let (data, log) = (self.folder.join("data"), self.folder.join("postgres.log"));
        let log = log.to_string_lossy();
        let start = || self.run("pg_ctl", &["start", "-w", "-l", &log, "-D"], &data);
        Ok(poll_blocking("Postgres to start", START_LIMIT, start)?)
    }

    /// Runs one of Postgres's programs; the data folder is its last argument.
    fn run(&self, program: &str, arguments: &[&str], data: &Path) -> Result<(), Failure> {
        let mut command = command(&self.programs.join(program), &self.folder, self.owner);
        let status = command
            .args(arguments)
            .arg(data)
            .stdin(Stdio::null())
            .status()?;
        if status.success() {
            Ok(())
        } else {
            Err(format!("{program} {arguments:?} ended with {status}").into())
        }
    }
}

impl Drop for TestCluster {
    fn drop(&mut self) {
        drop(self.janitor.stdin.take());
        let _ = self.janitor.wait();
    }
}

fn command(program: &Path, folder: &Path, owner: Option<Owner>) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .env_remove("DATABASE_URL");
    if let Some(owner) = owner {
        command.uid(owner.user).gid(owner.group);
    }
    command
}

/// The folder that holds `initdb` and `pg_ctl`: on the path, or where the packages put the newest.
fn programs() -> Result<PathBuf, Failure> {
    let on_path = std::env::var_os("PATH")
        .map(|path| std::env::split_paths(&path).collect())
        .unwrap_or_default();
    let versions = read_dir("/usr/lib/postgresql")
        .map(|folders| folders.flatten().map(|folder| folder.path().join("bin")));
    let mut packaged: Vec<PathBuf> = versions.map(Iterator::collect).unwrap_or_default();
    packaged.sort();
    packaged.reverse();
    let all: Vec<PathBuf> = [on_path, packaged].concat();
    let has_all = |folder: &PathBuf| {
        ["initdb", "pg_ctl"]
            .iter()
            .all(|program| folder.join(program).is_file())
    };
    Ok(all.into_iter().find(has_all).ok_or(
        "PostgreSQL's initdb and pg_ctl are neither on the path nor below /usr/lib/postgresql",
    )?)
}

/// Postgres refuses to run as root: then it is the account `postgres` that runs it.
fn owner() -> Result<Option<Owner>, Failure> {
    if std::fs::metadata("/proc/self")?.uid() != 0 {
        return Ok(None);
    }
    let accounts = read_to_string("/etc/passwd")?;
    let fields = accounts
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>());
    let numbers = fields
        .filter(|fields| fields.first() == Some(&"postgres"))
        .find_map(|fields| {
            Some(Owner {
                user: fields.get(2)?.parse().ok()?,
                group: fields.get(3)?.parse().ok()?,
            })
        });
    Ok(Some(numbers.ok_or_else(|| {
        Error::other("there is no account postgres, and Postgres does not run as root")
    })?))
}
