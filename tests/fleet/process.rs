//! A process that a test starts, kills, freezes and thaws.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::drive::Failure;
use crate::drive::polling::poll_blocking;

/// A program of the system: on the path, or where Debian puts those that are services.
pub fn program(name: &str) -> Result<PathBuf, Failure> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path);
    let mut folders = on_path.chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    let found = folders.find_map(|folder| Some(folder.join(name)).filter(|file| file.is_file()));
    Ok(found.ok_or_else(|| format!("{name} is not installed: run scripts/install.sh real"))?)
}

/// A running process. Dropping it kills it.
pub struct Process {
    child: Child,
}

impl Process {
    /// Starts a command whose output is appended to a file.
    pub fn start(command: &mut Command, log: &Path) -> Result<Self, Failure> {
        let log = File::options().create(true).append(true).open(log)?;
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let child = command
            .spawn()
            .map_err(|failure| format!("cannot start {command:?}: {failure}"))?;
        Ok(Self { child })
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal: TERM, STOP, CONT.
    pub fn signal(&self, name: &str) -> Result<(), Failure> {
        let status = Command::new("kill")
            .args(["-s", name, &self.id().to_string()])
            .status()?;
        match status.success() {
            true => Ok(()),
            false => Err(format!("the signal {name} could not be sent").into()),
        }
    }

    /// Fails if it has ended.
    pub fn must_run(&mut self) -> Result<(), Failure> {
        match self.child.try_wait()? {
            Some(status) => Err(format!("it has ended: {status}").into()),
            None => Ok(()),
        }
    }

    /// Waits for its end; answers its exit code.
    pub fn end(&mut self, limit: Duration) -> Result<Option<i32>, Failure> {
        let status = poll_blocking("the end of a process", limit, || {
            match self.child.try_wait() {
                Ok(None) => Err("it runs"),
                ended => Ok(ended),
            }
        })??;
        Ok(status.and_then(|status| status.code()))
    }

    /// `kill -9`, also of a frozen one.
    pub fn kill(&mut self) {
        let _ended_already = self.child.kill();
        let _status = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
