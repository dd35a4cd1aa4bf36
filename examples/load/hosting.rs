//! The server under load: a running one, or a new and empty one that is removed afterwards.

use std::fs::{DirBuilder, Permissions, remove_dir_all, remove_file, set_permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::Options;
use crate::drive::Failure;
use crate::drive::client::{SECRET, Target};
use crate::drive::process::{ServerProcess, free_address};

const START_LIMIT: Duration = Duration::from_secs(30);
const END_LIMIT: Duration = Duration::from_secs(30);
/// The `postgres` account can enter this folder, unlike root's home or a `mktemp -d` folder.
pub const PARENT: &str = "/var/tmp";

/// A server to send load to.
pub enum Host {
    /// A server that was already running.
    Theirs {
        address: String,
        secret: String,
        process: Option<u32>,
    },
    /// A server that was started for a scenario.
    Ours(OwnServer),
}

/// A server on a folder of its own.
pub struct OwnServer {
    process: ServerProcess,
    address: String,
    folder: PathBuf,
}

impl Host {
    /// The server that the options name, or a new one.
    pub fn of(options: &Options) -> Result<Self, Failure> {
        if let (Some(address), Some(secret)) = (&options.addr, &options.secret) {
            return Ok(Self::Theirs {
                address: address.clone(),
                secret: secret.clone(),
                process: options.pid,
            });
        }
        OwnServer::start(&program(options)?).map(Self::Ours)
    }

    /// The address for clients.
    pub fn target(&self) -> Result<Target, Failure> {
        match self {
            Self::Theirs {
                address, secret, ..
            } => Target::new(address, secret),
            Self::Ours(own) => Target::new(&own.address, SECRET),
        }
    }

    /// The process id, if it is known.
    pub fn process(&self) -> Option<u32> {
        match self {
            Self::Theirs { process, .. } => *process,
            Self::Ours(own) => Some(own.process.id()),
        }
    }

    /// Stops a server of our own and removes its folder; the log is kept if the server failed.
    pub fn end(self) -> Result<(), Failure> {
        let Self::Ours(own) = self else { return Ok(()) };
        let log = log_of(&own.folder);
        own.process
            .end(END_LIMIT)
            .map_err(|failure| format!("{failure}; see {}", log.display()))?;
        remove_dir_all(&own.folder)?;
        Ok(remove_file(log)?)
    }
}

impl OwnServer {
    fn start(binary: &Path) -> Result<Self, Failure> {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let folder = Path::new(PARENT).join(format!("stoa-load-{}-{number}", std::process::id()));
        DirBuilder::new().create(&folder)?;
        set_permissions(&folder, Permissions::from_mode(0o755))?;
        let (address, log) = (free_address()?, log_of(&folder));
        let mut process = ServerProcess::start(binary, &address, &log, |command| {
            command
                .env_remove("DATABASE_URL")
                .arg("--data-dir")
                .arg(&folder);
        })?;
        process
            .wait_until_ready(START_LIMIT)
            .map_err(|failure| format!("{failure}; see {}", log.display()))?;
        Ok(Self {
            process,
            address,
            folder,
        })
    }
}

fn log_of(folder: &Path) -> PathBuf {
    folder.with_extension("log")
}

/// The server program to start.
pub fn program(options: &Options) -> Result<PathBuf, Failure> {
    let given = options.server.clone();
    given.map_or_else(beside_this_program, Ok)
}

/// `target/dist/stoa` for `target/dist/examples/load`.
fn beside_this_program() -> Result<PathBuf, Failure> {
    let program = std::env::current_exe()?;
    let folder = program
        .parent()
        .and_then(Path::parent)
        .ok_or("this program has no folder above its own")?;
    Ok(folder.join("stoa"))
}
