//! A Redis of its own for nodes: no persistence, a port of its own on loopback.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::drive::Failure;
use crate::drive::polling::poll_blocking;
use crate::drive::process::free_address;

use super::process::{Process, program};

const START_LIMIT: Duration = Duration::from_secs(20);

/// A Redis. Dropping it kills it.
pub struct Redis {
    pub address: String,
    folder: PathBuf,
    settings: Vec<String>,
    process: Option<Process>,
}

impl Redis {
    /// Starts one on a free port; its log goes into this folder.
    pub fn start(folder: &Path) -> Result<Self, Failure> {
        Self::start_with(folder, &[])
    }

    /// Starts one with further arguments.
    pub fn start_with(folder: &Path, settings: &[&str]) -> Result<Self, Failure> {
        let mut redis = Self::absent(folder, settings)?;
        redis.start_again()?;
        Ok(redis)
    }

    /// One that does not run yet.
    pub fn absent(folder: &Path, settings: &[&str]) -> Result<Self, Failure> {
        Ok(Self {
            address: free_address()?,
            folder: folder.to_owned(),
            settings: settings
                .iter()
                .map(|setting| (*setting).to_owned())
                .collect(),
            process: None,
        })
    }

    /// How nodes reach it.
    pub fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    /// Starts it again after its end, at the same address.
    pub fn start_again(&mut self) -> Result<(), Failure> {
        let (host, port) = self.address.split_once(':').ok_or("no port")?;
        let mut command = Command::new(program("redis-server")?);
        command
            .args(["--bind", host, "--port", port, "--save", ""])
            .args(["--appendonly", "no", "--daemonize", "no", "--dir"])
            .arg(&self.folder)
            .args(&self.settings);
        let log = self.folder.join("redis.log");
        self.process = Some(Process::start(&mut command, &log)?);
        poll_blocking("Redis to answer", START_LIMIT, || match self.tell("PING") {
            Err(failure) if !failure.to_string().starts_with("-NOAUTH") => Err(failure),
            _ => Ok(()),
        })?;
        Ok(())
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// The process.
    pub fn process(&self) -> Result<&Process, Failure> {
        Ok(self.process.as_ref().ok_or("Redis does not run")?)
    }

    /// Starts it again, if it has been killed.
    pub fn start_if_it_has_ended(&mut self) -> Result<(), Failure> {
        match self.process {
            Some(_) => Ok(()),
            None => self.start_again(),
        }
    }

    /// Sends a command of plain words; answers the beginning of what it says.
    pub fn tell(&self, command: &str) -> std::io::Result<String> {
        tell(&self.address, command)
    }
}

/// Sends a command of plain words to a Redis or a sentinel; answers the beginning of what it says.
pub fn tell(address: &str, command: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    stream.write_all(format!("{command}\r\n").as_bytes())?;
    let mut piece = [0; 4_096];
    let count = stream.read(&mut piece)?;
    let said = String::from_utf8_lossy(piece.get(..count).unwrap_or_default()).into_owned();
    match said.starts_with('-') {
        true => Err(std::io::Error::other(said)),
        false => Ok(said),
    }
}
