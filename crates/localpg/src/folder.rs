//! The data folder: creates it, locks it for one server, and installs a new cluster in it atomically.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{self, Stdio};
use std::time::SystemTime;

use crate::account::{self, Account};
use crate::binaries::Binaries;
use crate::error::ClusterError;
use crate::name::Name;

/// Files of the write-ahead log, of 16 MB each, that a new cluster gets in advance.
const LOG_FILES: usize = 16;

/// How much of the log is recycled. Creating a new file delays a commit by about 20 ms.
pub(crate) const MIN_WAL: &str = "min_wal_size=256MB";

/// The prefix of a cluster's folder until it is complete.
const UNFINISHED: &str = "postgres.new-";

/// Creates the data folder if it is missing; returns its absolute path with links resolved.
pub(crate) fn prepare(folder: &Path) -> Result<PathBuf, ClusterError> {
    // The account that replaces root must be able to pass through.
    let mode = if account::is_root() { 0o711 } else { 0o700 };
    make(folder, mode)?;
    fs::canonicalize(folder).map_err(|cause| ClusterError::folder(folder, cause))
}

fn make(folder: &Path, mode: u32) -> Result<(), ClusterError> {
    if folder.is_dir() || folder.as_os_str().is_empty() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        make(parent, mode)?;
    }
    match DirBuilder::new().create(folder) {
        // The mode is set explicitly, because the umask applies to creation.
        Ok(()) => fs::set_permissions(folder, Permissions::from_mode(mode)),
        Err(_) if folder.is_dir() => Ok(()),
        Err(cause) => Err(cause),
    }
    .map_err(|cause| ClusterError::folder(folder, cause))
}

/// Locks the data folder for this process while the returned file is open.
pub(crate) fn lock(data_folder: &Path) -> Result<File, ClusterError> {
    let path = data_folder.join("lock");
    let failed = |cause| ClusterError::folder(&path, cause);
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path);
    let mut file = file.map_err(failed)?;
    match file.try_lock() {
        Ok(()) => sign(&mut file).map_err(failed)?,
        Err(TryLockError::WouldBlock) => {
            return Err(ClusterError::Busy {
                folder: data_folder.to_owned(),
                holder: holder(&mut file),
            });
        }
        Err(TryLockError::Error(cause)) => return Err(failed(cause)),
    }
    Ok(file)
}

fn sign(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", process::id())
}

fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

/// The major version that made the cluster in `home`; `None` if there is no cluster yet.
pub(crate) fn made_by(home: &Path) -> Result<Option<u32>, ClusterError> {
    let path = home.join("PG_VERSION");
    match fs::read_to_string(&path) {
        Ok(text) => match text.trim().parse() {
            Ok(version) => Ok(Some(version)),
            Err(_) => Err(ClusterError::NotACluster {
                home: home.to_owned(),
            }),
        },
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => check_free(home).map(|()| None),
        Err(cause) => Err(ClusterError::folder(&path, cause)),
    }
}

fn check_free(home: &Path) -> Result<(), ClusterError> {
    match fs::read_dir(home).map(|mut entries| entries.next().is_none()) {
        Ok(true) => Ok(()),
        Ok(false) => Err(ClusterError::NotACluster {
            home: home.to_owned(),
        }),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(cause) => Err(ClusterError::folder(home, cause)),
    }
}

/// Creates a cluster with a database of this name. A rename makes it appear at `home` when it is complete.
pub(crate) fn init(
    account: &Account,
    binaries: &Binaries,
    data_folder: &Path,
    home: &Path,
    name: &Name,
) -> Result<(), ClusterError> {
    let unfinished = data_folder.join(unfinished_name());
    log::info!("making a PostgreSQL cluster in {}", home.display());
    fill(account, binaries, &unfinished, name).inspect_err(|_| clear_unfinished(data_folder))?;
    let renamed = fs::rename(&unfinished, home).and_then(|()| File::open(data_folder)?.sync_all());
    renamed.map_err(|cause| ClusterError::folder(home, cause))
}

/// A new name each time: the `initdb` of a killed server may still be writing to the old one.
fn unfinished_name() -> String {
    let moment = SystemTime::UNIX_EPOCH
        .elapsed()
        .map_or(0, |elapsed| elapsed.as_nanos());
    format!("{UNFINISHED}{}-{moment}", process::id())
}

/// Removes incomplete clusters of killed starts.
pub(crate) fn clear_unfinished(data_folder: &Path) {
    let Ok(entries) = fs::read_dir(data_folder) else {
        return;
    };
    for entry in entries.flatten() {
        if !entry
            .file_name()
            .as_encoded_bytes()
            .starts_with(UNFINISHED.as_bytes())
        {
            continue;
        }
        if let Err(cause) = fs::remove_dir_all(entry.path()) {
            log::warn!("cannot remove {}: {cause}", entry.path().display());
        }
    }
}

fn fill(
    account: &Account,
    binaries: &Binaries,
    unfinished: &Path,
    name: &Name,
) -> Result<(), ClusterError> {
    account.private_folder(unfinished)?;
    // Both locales sort by bytes. `C.UTF-8` also knows letters beyond ASCII, but not every system has it. A
    // failed initdb empties the folder again.
    init_with_locale(account, binaries, unfinished, name, "C.UTF-8")
        .or_else(|_| init_with_locale(account, binaries, unfinished, name, "C"))?;
    furnish(account, binaries, unfinished, name)
}

fn init_with_locale(
    account: &Account,
    binaries: &Binaries,
    folder: &Path,
    name: &Name,
    locale: &str,
) -> Result<(), ClusterError> {
    let locale = format!("--locale={locale}");
    let local = "--auth-local=trust";
    let host = "--auth-host=reject";
    let superuser = format!("--username={name}");
    let encoding = "--encoding=UTF8";
    let checksums = "--data-checksums";
    let program = binaries.program("initdb");
    account
        .output(
            &program,
            &[
                &"-D", &folder, &superuser, &local, &host, &encoding, &locale, &checksums,
            ],
        )
        .map(drop)
}

/// Runs before the cluster is first started, so that an existing cluster always has its database and its log
/// files.
fn furnish(
    account: &Account,
    binaries: &Binaries,
    folder: &Path,
    name: &Name,
) -> Result<(), ClusterError> {
    let program = binaries.program("postgres");
    let failed = |cause: io::Error| ClusterError::tool(&program, cause);
    let mut command = account.command(&program);
    command.arg("--single").arg("-D").arg(folder).args([
        "-c",
        "exit_on_error=on",
        "-c",
        MIN_WAL,
        "postgres",
    ]);
    command
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().map_err(failed)?;
    let mut input = child.stdin.take();
    if let Some(input) = &mut input {
        input
            .write_all(furnishing(name).as_bytes())
            .map_err(failed)?;
    }
    drop(input);
    let output = child.wait_with_output().map_err(failed)?;
    if output.status.success() {
        return Ok(());
    }
    Err(ClusterError::tool(
        &program,
        String::from_utf8_lossy(&output.stderr),
    ))
}

/// The statements for a new cluster, one for each line. The checkpoint recycles the log files that they filled.
fn furnishing(name: &Name) -> String {
    let next_file = "SELECT pg_logical_emit_message(false, '', '')\nSELECT pg_switch_wal()\n";
    format!(
        "CREATE DATABASE \"{name}\"\n{}CHECKPOINT\n",
        next_file.repeat(LOG_FILES)
    )
}
