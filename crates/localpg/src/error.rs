//! The errors of a cluster, with texts that say what to do.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why the private cluster cannot be used. The text says what to do about it.
#[derive(Debug)]
pub enum ClusterError {
    /// A file or folder could not be created, read or written.
    Folder {
        /// Its path.
        path: PathBuf,
        /// The system's error.
        cause: io::Error,
    },
    /// The name is not valid.
    Name {
        /// The name.
        name: String,
    },
    /// Another process holds the data folder.
    Busy {
        /// The data folder.
        folder: PathBuf,
        /// The other process, if it left its id.
        holder: Option<u32>,
    },
    /// A folder belongs to another account, or is not a folder.
    Foreign {
        /// Its path.
        path: PathBuf,
    },
    /// The server is root, and the account that runs PostgreSQL cannot enter the data folder.
    Unreachable {
        /// The data folder.
        folder: PathBuf,
        /// The first folder on the path that is closed to that account.
        closed: PathBuf,
    },
    /// The server is root, and there is no `postgres` account.
    NoAccount,
    /// PostgreSQL's server programs were not found.
    NoBinaries,
    /// The cluster was made by a version of PostgreSQL that is not installed.
    WrongVersion {
        /// The cluster's folder.
        home: PathBuf,
        /// The major version that made it.
        made_by: u32,
        /// The major versions that are installed.
        found: Vec<u32>,
    },
    /// The cluster's folder contains something that is not a cluster.
    NotACluster {
        /// The folder.
        home: PathBuf,
    },
    /// A program of PostgreSQL could not be run, or failed.
    Tool {
        /// Its file name.
        program: String,
        /// Its output, or the system's error.
        said: String,
    },
    /// The postmaster ended, or was not ready in time.
    NotStarted {
        /// The path of its log.
        log: PathBuf,
        /// The end of its log.
        said: String,
    },
    /// The cluster was stopped and is not started again.
    Stopped,
}

impl ClusterError {
    pub(crate) fn folder(path: &Path, cause: io::Error) -> Self {
        Self::Folder {
            path: path.to_owned(),
            cause,
        }
    }

    pub(crate) fn tool(program: &Path, said: impl fmt::Display) -> Self {
        let program = program.file_name().unwrap_or(program.as_os_str());
        Self::Tool {
            program: program.to_string_lossy().into_owned(),
            said: said.to_string().trim().to_owned(),
        }
    }

    /// Whether the machine or the data folder is the cause, and not the cluster. Another PostgreSQL, whose
    /// address the program is given, would then work.
    pub fn is_about_the_machine(&self) -> bool {
        matches!(
            self,
            Self::Folder { .. } | Self::Unreachable { .. } | Self::NoAccount | Self::NoBinaries
        )
    }

    /// Whether processes of an earlier postmaster are still running; they end by themselves.
    pub(crate) fn is_turnover(&self) -> bool {
        matches!(self, Self::NotStarted { said, .. } if said.contains("shared memory block"))
    }
}

impl fmt::Display for ClusterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder { path, cause } => write!(
                f,
                "cannot use {}: {cause}; give this account the rights to it or choose another data folder",
                path.display()
            ),
            Self::Name { name } => write!(
                f,
                "a cluster cannot be called {name:?}: use 1 to 30 lower-case letters, and not `postgres`"
            ),
            Self::Busy { folder, holder } => write_busy(f, folder, *holder),
            Self::Foreign { path } => write!(
                f,
                "{} does not belong to the account that runs PostgreSQL here; \
                 run the server as its owner, or choose another data folder",
                path.display()
            ),
            Self::Unreachable { folder, closed } => write_unreachable(f, folder, closed),
            Self::NoAccount => write!(
                f,
                "PostgreSQL does not run as root, and there is no account `postgres` to run it; \
                 install the package postgresql or run the server as another user"
            ),
            Self::NoBinaries => write!(
                f,
                "PostgreSQL is not installed: no folder with initdb, pg_ctl and postgres on PATH, \
                 at `pg_config --bindir` or under /usr/lib/postgresql; \
                 install it (apt-get install postgresql)"
            ),
            Self::WrongVersion {
                home,
                made_by,
                found,
            } => write_versions(f, home, *made_by, found),
            Self::NotACluster { home } => write!(
                f,
                "{} is not empty and holds no PostgreSQL cluster; \
                 move it away, or choose another data folder",
                home.display()
            ),
            Self::Tool { program, said } => write!(f, "{program} failed: {said}"),
            Self::NotStarted { log, said } => {
                write!(
                    f,
                    "PostgreSQL did not start; its log is {}: {said}",
                    log.display()
                )
            }
            Self::Stopped => f.write_str("the private PostgreSQL has been stopped"),
        }
    }
}

fn write_unreachable(f: &mut fmt::Formatter<'_>, folder: &Path, closed: &Path) -> fmt::Result {
    let closed = closed.display();
    write!(
        f,
        "PostgreSQL does not run as root, and the account that runs it instead cannot enter \
         {closed} on the way to {}; open it (chmod o+x {closed}), choose another data folder, \
         such as one in /var/lib, or run the server as another user",
        folder.display(),
    )
}

fn write_busy(f: &mut fmt::Formatter<'_>, folder: &Path, holder: Option<u32>) -> fmt::Result {
    write!(
        f,
        "the data folder {} is in use by another server",
        folder.display()
    )?;
    if let Some(holder) = holder {
        write!(f, " (process {holder})")?;
    }
    f.write_str("; stop that one, or choose another data folder")
}

fn write_versions(
    f: &mut fmt::Formatter<'_>,
    home: &Path,
    made_by: u32,
    found: &[u32],
) -> fmt::Result {
    let found: Vec<String> = found.iter().map(u32::to_string).collect();
    write!(
        f,
        "{} was made by PostgreSQL {made_by}, but only {} is installed; \
         install postgresql-{made_by} beside it, or bring the folder over with pg_upgrade",
        home.display(),
        found.join(", "),
    )
}

impl Error for ClusterError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Folder { cause, .. } => Some(cause),
            _ => None,
        }
    }
}
