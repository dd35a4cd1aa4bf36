//! The postmaster: its pid file, process and socket; starting and shutting down.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use crate::account::Account;
use crate::address::{Address, PORT};
use crate::binaries::Binaries;
use crate::error::ClusterError;
use crate::folder::MIN_WAL;
use crate::name::Name;

/// The time limit of a start. After a power cut it may have to replay all of `max_wal_size`.
const PATIENCE: Duration = Duration::from_secs(300);
const STOP_SECONDS: &str = "60";
const PAUSE: Duration = Duration::from_millis(20);
/// The size above which a start moves the old log aside.
const LOG_BYTES: u64 = 50 * 1024 * 1024;
const SAID_BYTES: u64 = 2000;

/// Settings for a machine shared with the server. None affects durability. For other settings, use a PostgreSQL
/// of your own.
const SETTINGS: [&str; 7] = [
    "listen_addresses=",
    "logging_collector=off",
    "max_connections=250",
    "shared_buffers=256MB",
    MIN_WAL,
    "max_wal_size=2GB",
    "wal_compression=on",
];

/// A running postmaster; it may not accept connections yet or any more.
#[derive(Debug)]
pub(crate) struct Running {
    /// Its process id.
    pub(crate) pid: u32,
    /// Its socket.
    pub(crate) address: Address,
    /// Whether it accepts connections.
    ready: bool,
}

/// The parameters of a start.
#[derive(Debug)]
pub(crate) struct Launch {
    /// The cluster's folder.
    pub(crate) home: PathBuf,
    /// The path of the log.
    pub(crate) log: PathBuf,
    /// The socket to create.
    pub(crate) address: Address,
    /// The programs to run.
    pub(crate) binaries: Binaries,
    /// The account to run them as.
    pub(crate) account: Account,
    /// The name of the superuser, the database and the cluster.
    pub(crate) name: Name,
}

/// The running postmaster of the cluster in `home`.
pub(crate) fn find(home: &Path) -> Option<Running> {
    let text = fs::read(home.join("postmaster.pid")).ok()?;
    let running = read_pid_file(&text)?;
    is_postmaster(running.pid, home).then_some(running)
}

/// Waits while a postmaster starts or stops; returns it if it accepts connections, and `None` if none is
/// running.
pub(crate) fn settle(home: &Path) -> Result<Option<Running>, ClusterError> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match find(home) {
            Some(running) if !running.ready && Instant::now() > deadline => {
                return Err(too_slow(home));
            }
            Some(running) if !running.ready => thread::sleep(PAUSE),
            settled => return Ok(settled),
        }
    }
}

fn too_slow(home: &Path) -> ClusterError {
    let said =
        "it neither gets ready nor ends; if it is replaying its log, start again later".to_owned();
    ClusterError::NotStarted {
        log: home.with_extension("log"),
        said,
    }
}

/// Its lines: process, folder, start time, port, socket folder, listen address, shared memory, status.
fn read_pid_file(text: &[u8]) -> Option<Running> {
    let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    let word = |at: usize| {
        lines
            .get(at)
            .and_then(|line| std::str::from_utf8(line).ok())
            .map(str::trim)
    };
    Some(Running {
        pid: word(0)?.parse().ok()?,
        address: Address {
            folder: PathBuf::from(OsStr::from_bytes(lines.get(4).copied().unwrap_or_default())),
            port: word(3).and_then(|port| port.parse().ok()).unwrap_or(PORT),
        },
        ready: word(7) == Some("ready"),
    })
}

/// Whether a process is a postgres that was started on `home`; after a power cut any process may have the id. A
/// zombie has no arguments, so it is not one.
fn is_postmaster(pid: u32, home: &Path) -> bool {
    let process = Path::new("/proc").join(pid.to_string());
    let Ok(arguments) = fs::read(process.join("cmdline")) else {
        return false;
    };
    let mut arguments = arguments.split(|byte| *byte == 0).map(OsStr::from_bytes);
    let program = arguments
        .next()
        .and_then(|program| Path::new(program).file_name());
    program.is_some_and(|name| name == "postgres" || name == "postmaster")
        && (arguments.any(|argument| argument == home.as_os_str())
            || fs::read_link(process.join("cwd")).is_ok_and(|folder| folder == home))
}

impl Launch {
    /// Starts a postmaster and waits until it accepts connections.
    pub(crate) fn run(&self) -> Result<(Child, Running), ClusterError> {
        self.account.private_folder(&self.address.folder)?;
        self.clear_stale(&self.home.join("postmaster.pid"))?;
        self.clear_stale(&self.address.socket(".lock"))?;
        let (log, start) = self
            .open_log()
            .map_err(|cause| ClusterError::folder(&self.log, cause))?;
        let mut child = self.spawn(log)?;
        let running = self.await_ready(&mut child, start)?;
        Ok((child, running))
    }

    /// Ends connections and shuts down. Stops waiting after a minute.
    pub(crate) fn shut_down(&self) -> Result<(), ClusterError> {
        let program = self.binaries.program("pg_ctl");
        let stopped = self.account.output(
            &program,
            &[
                &"stop",
                &"-D",
                &self.home,
                &"-m",
                &"fast",
                &"-w",
                &"-t",
                &STOP_SECONDS,
            ],
        );
        match stopped {
            Err(cause) if find(&self.home).is_some() => Err(cause),
            _ => Ok(()),
        }
    }

    /// Removes a lock file that would keep PostgreSQL from starting: one that names a process that is not this
    /// cluster's, or one that a power cut left empty. PostgreSQL judges all others.
    fn clear_stale(&self, path: &Path) -> Result<(), ClusterError> {
        if !self.is_stale(path) {
            return Ok(());
        }
        // A postmaster that is just starting creates the file before it fills it.
        thread::sleep(10 * PAUSE);
        if !self.is_stale(path) {
            return Ok(());
        }
        log::warn!("removing the stale {}", path.display());
        fs::remove_file(path).map_err(|cause| ClusterError::folder(path, cause))
    }

    fn is_stale(&self, path: &Path) -> bool {
        let Ok(text) = fs::read_to_string(path) else {
            return false;
        };
        let first = text.lines().next().unwrap_or_default();
        // A single-user postgres writes its id as a negative number.
        let Ok(pid) = first
            .trim()
            .parse::<i64>()
            .map(i64::unsigned_abs)
            .map(u32::try_from)
        else {
            return true;
        };
        let Ok(pid) = pid else { return true };
        Path::new("/proc").join(pid.to_string()).exists() && !is_postmaster(pid, &self.home)
    }

    /// The log to append to, and its current length.
    fn open_log(&self) -> io::Result<(File, u64)> {
        if fs::metadata(&self.log).is_ok_and(|found| found.len() > LOG_BYTES) {
            fs::rename(&self.log, self.log.with_extension("log.old"))?;
        }
        let log = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&self.log)?;
        let start = log.metadata()?.len();
        Ok((log, start))
    }

    /// Starts it in a session of its own, so that no terminal or supervisor ends it together with the server.
    fn spawn(&self, log: File) -> Result<Child, ClusterError> {
        let program = self.binaries.program("postgres");
        let failed = |cause| ClusterError::tool(&program, cause);
        let mut command = self.account.command(Path::new("setsid"));
        command
            .arg(&program)
            .arg("-D")
            .arg(&self.home)
            .arg("-c")
            .arg(self.address.setting());
        command.arg("-c").arg(format!("port={}", self.address.port));
        command.arg("-c").arg(format!("cluster_name={}", self.name));
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        command.stdout(log.try_clone().map_err(failed)?).stderr(log);
        command.spawn().map_err(failed)
    }

    fn await_ready(&self, child: &mut Child, start: u64) -> Result<Running, ClusterError> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if !matches!(child.try_wait(), Ok(None)) {
                return Err(ClusterError::NotStarted {
                    log: self.log.clone(),
                    said: self.said_since(start),
                });
            }
            match find(&self.home) {
                Some(running) if running.ready && running.pid == child.id() => return Ok(running),
                _ if Instant::now() > deadline => return Err(too_slow(&self.home)),
                _ => thread::sleep(PAUSE),
            }
        }
    }

    /// The end of the log after `start`.
    fn said_since(&self, start: u64) -> String {
        let mut said = Vec::new();
        let read = File::open(&self.log).and_then(|mut log| {
            let length = log.metadata()?.len();
            log.seek(SeekFrom::Start(
                start.max(length.saturating_sub(SAID_BYTES)),
            ))?;
            log.read_to_end(&mut said)
        });
        match read {
            Ok(_) => String::from_utf8_lossy(&said).trim().to_owned(),
            Err(cause) => cause.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(folder: &str) -> Address {
        Address {
            folder: PathBuf::from(folder),
            port: 5432,
        }
    }

    #[test]
    fn reads_a_pid_file() {
        let text =
            b"4711\n/x/postgres\n1700000000\n5432\n/x/socket\n\n  5432001    131072\nready   \n";
        let running = read_pid_file(text).unwrap();
        assert_eq!(
            (running.pid, running.ready, running.address),
            (4711, true, address("/x/socket"))
        );
        let starting = read_pid_file(b"4711\n/x/postgres\n1700000000\n5432\n").unwrap();
        assert!(!starting.ready);
        assert!(read_pid_file(b"").is_none() && read_pid_file(b"-12\n").is_none());
    }

    #[test]
    fn only_a_postgres_of_this_folder_is_its_postmaster() {
        assert!(!is_postmaster(std::process::id(), Path::new("/x")));
        assert!(!is_postmaster(u32::MAX, Path::new("/x")));
    }
}
