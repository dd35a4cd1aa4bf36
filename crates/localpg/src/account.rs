//! The account that runs PostgreSQL: the server's own, or another one if the server is root, which PostgreSQL
//! refuses.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::ClusterError;

/// Environment variables that PostgreSQL's tools may need. All others are withheld: some hold secrets, and
/// `PGPORT` or `PGDATA` would change what the tools do.
const ENVIRONMENT: [&str; 3] = ["LD_LIBRARY_PATH", "TZ", "TMPDIR"];

/// The account that runs PostgreSQL and owns its folders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Account {
    /// The server's own account.
    Own { uid: u32 },
    /// Another account, because the server is root.
    Other { uid: u32, gid: u32 },
}

impl Account {
    /// The account for the cluster in `home`, which need not exist yet. For root it is the owner of `home`, or
    /// the account `postgres`.
    pub(crate) fn for_cluster(home: &Path) -> Result<Self, ClusterError> {
        let own = effective_user()?;
        let owner = fs::metadata(home)
            .ok()
            .map(|found| (found.uid(), found.gid()));
        match (own, owner) {
            (0, Some((uid, gid))) if uid != 0 => Ok(Self::Other { uid, gid }),
            (0, _) => postgres_account(),
            (own, Some((uid, _))) if uid != own => Err(ClusterError::Foreign {
                path: home.to_owned(),
            }),
            (own, _) => Ok(Self::Own { uid: own }),
        }
    }

    /// A command that runs a program as this account, without input.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("LC_ALL", "C")
            .env("PATH", search_path());
        command.envs(
            ENVIRONMENT
                .into_iter()
                .filter_map(|name| Some((name, env::var_os(name)?))),
        );
        command.current_dir("/").stdin(Stdio::null());
        if let Self::Other { uid, gid } = *self {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Runs a program, protected from a Ctrl-C at the terminal, and returns its output.
    pub(crate) fn output(
        &self,
        program: &Path,
        arguments: &[&dyn AsRef<OsStr>],
    ) -> Result<String, ClusterError> {
        let arguments = arguments.iter().map(AsRef::as_ref);
        let output = self
            .command(program)
            .args(arguments)
            .process_group(0)
            .output();
        let output = output.map_err(|cause| ClusterError::tool(program, cause))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(ClusterError::tool(
            program,
            String::from_utf8_lossy(&output.stderr),
        ))
    }

    /// Creates a folder that only this account may enter, or checks that an existing one is such a folder.
    pub(crate) fn private_folder(&self, path: &Path) -> Result<(), ClusterError> {
        match DirBuilder::new().mode(0o700).create(path) {
            Ok(()) => self.take(path),
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => self.check_private(path),
            Err(cause) => Err(ClusterError::folder(path, cause)),
        }
    }

    /// Checks that the account can enter the data folder. Root's home and temporary folders are closed to
    /// others.
    pub(crate) fn check_reach(&self, folder: &Path) -> Result<(), ClusterError> {
        let Self::Other { uid, gid } = *self else {
            return Ok(());
        };
        // Enters the folder as the account: access control lists count as well as modes.
        let probe = self.command(Path::new("true")).current_dir(folder).status();
        if probe.is_ok_and(|status| status.success()) {
            return Ok(());
        }
        let closed = first_closed(folder, uid, gid).unwrap_or_else(|| folder.to_owned());
        Err(ClusterError::Unreachable {
            folder: folder.to_owned(),
            closed,
        })
    }

    fn check_private(&self, path: &Path) -> Result<(), ClusterError> {
        let found =
            fs::symlink_metadata(path).map_err(|cause| ClusterError::folder(path, cause))?;
        let fresh = matches!(self, Self::Other { .. }) && found.uid() == 0;
        if !found.is_dir() || !(fresh || found.uid() == self.uid()) {
            return Err(ClusterError::Foreign {
                path: path.to_owned(),
            });
        }
        self.take(path)
    }

    fn take(&self, path: &Path) -> Result<(), ClusterError> {
        let mut taken = fs::set_permissions(path, Permissions::from_mode(0o700));
        if let Self::Other { uid, gid } = *self {
            taken = taken.and_then(|()| chown(path, Some(uid), Some(gid)));
        }
        taken.map_err(|cause| ClusterError::folder(path, cause))
    }

    fn uid(&self) -> u32 {
        match *self {
            Self::Own { uid } | Self::Other { uid, .. } => uid,
        }
    }
}

/// Whether the server is root.
pub(crate) fn is_root() -> bool {
    matches!(effective_user(), Ok(0))
}

/// The effective user id; the standard library has no function for it.
fn effective_user() -> Result<u32, ClusterError> {
    let path = Path::new("/proc/self/status");
    let status = fs::read_to_string(path).map_err(|cause| ClusterError::folder(path, cause))?;
    let user = status.lines().find_map(|line| {
        line.strip_prefix("Uid:")?
            .split_whitespace()
            .nth(1)?
            .parse()
            .ok()
    });
    user.ok_or_else(|| ClusterError::folder(path, io::Error::other("no Uid in it")))
}

fn postgres_account() -> Result<Account, ClusterError> {
    let path = Path::new("/etc/passwd");
    let accounts = fs::read_to_string(path).map_err(|cause| ClusterError::folder(path, cause))?;
    accounts
        .lines()
        .find_map(named_postgres)
        .ok_or(ClusterError::NoAccount)
}

fn named_postgres(line: &str) -> Option<Account> {
    let mut fields = line.strip_prefix("postgres:")?.split(':').skip(1);
    let uid = fields.next()?.parse().ok()?;
    let gid = fields.next()?.parse().ok()?;
    Some(Account::Other { uid, gid })
}

/// The first folder, from the root down, whose mode closes it to the account.
fn first_closed(folder: &Path, uid: u32, gid: u32) -> Option<PathBuf> {
    let way: Vec<&Path> = folder.ancestors().collect();
    let is_closed =
        |step: &&Path| fs::metadata(step).is_ok_and(|found| !may_enter(&found, uid, gid));
    way.into_iter().rev().find(is_closed).map(Path::to_owned)
}

fn may_enter(found: &fs::Metadata, uid: u32, gid: u32) -> bool {
    let bit = match (found.uid() == uid, found.gid() == gid) {
        (true, _) => 0o100,
        (false, true) => 0o010,
        (false, false) => 0o001,
    };
    found.mode() & bit != 0
}

/// The server's PATH, or the usual folders of `setsid` and `true` if that is empty.
fn search_path() -> OsString {
    let mut path = env::var_os("PATH").unwrap_or_default();
    if !path.is_empty() {
        path.push(":");
    }
    path.push("/usr/local/bin:/usr/bin:/bin");
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_account_from_its_line() {
        let line = "postgres:x:101:104:PostgreSQL administrator,,,:/var/lib/postgresql:/bin/bash";
        assert_eq!(
            named_postgres(line),
            Some(Account::Other { uid: 101, gid: 104 })
        );
        assert_eq!(named_postgres("postgresql:x:1:2::/:/bin/sh"), None);
        assert_eq!(named_postgres("postgres:x:"), None);
    }

    #[test]
    fn tools_see_no_secrets() {
        let command = Account::Own { uid: 1 }.command(Path::new("true"));
        let allowed = ["LC_ALL", "PATH", "LD_LIBRARY_PATH", "TZ", "TMPDIR"];
        assert!(
            command
                .get_envs()
                .all(|(name, _)| allowed.iter().any(|allowed| name == *allowed))
        );
    }
}
