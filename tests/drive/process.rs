//! The server as a process: started, awaited, ended gently or not.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::Failure;
use super::client::SECRET;
use super::polling::poll_blocking;

/// A server process; dropping it kills it at once.
pub struct ServerProcess {
    child: Child,
    address: String,
}

impl ServerProcess {
    /// Starts a server; the caller names its data folder.
    pub fn start(
        binary: &Path,
        address: &str,
        log: &Path,
        place: impl FnOnce(&mut Command),
    ) -> Result<Self, Failure> {
        let log = File::options().create(true).append(true).open(log)?;
        let mut command = Command::new(binary);
        command.args([
            "serve",
            "--listen",
            address,
            "--rate-limits",
            "off",
            "--drain-notice-seconds",
            "0",
            "--jwt-secret",
            SECRET,
        ]);
        // A variable, since an older binary does not know the option.
        command.env("STOA_SANDBOX", "true");
        place(&mut command);
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let child = command
            .spawn()
            .map_err(|failure| format!("cannot start {}: {failure}", binary.display()))?;
        Ok(Self {
            child,
            address: address.to_owned(),
        })
    }

    /// The id of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the server says that it is ready.
    pub fn wait_until_ready(&mut self, limit: Duration) -> Result<(), Failure> {
        poll_blocking("the server to be ready", limit, || {
            if is_ready(&self.address) {
                return Ok(Ok(()));
            }
            match self.child.try_wait() {
                Ok(None) => Err("no 200 from /readyz"),
                Ok(Some(status)) => Ok(Err(format!(
                    "the server ended before it was ready: {status}"
                )
                .into())),
                Err(failure) => Ok(Err(failure.into())),
            }
        })?
    }

    /// Asks the server to end, and waits until it has.
    pub fn end(mut self, limit: Duration) -> Result<(), Failure> {
        Command::new("kill")
            .args(["-TERM", &self.id().to_string()])
            .status()?;
        let ended = poll_blocking("the server to end", limit, || match self.child.try_wait() {
            Ok(None) => Err("it runs"),
            ended => Ok(ended),
        })??;
        match ended {
            Some(status) if !status.success() => {
                Err(format!("the server ended with {status}").into())
            }
            _ => Ok(()),
        }
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn is_ready(address: &str) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        write!(
            stream,
            "GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
        )?;
        let mut start = [0; 12];
        stream.read_exact(&mut start)?;
        Ok(start.ends_with(b" 200"))
    };
    ask().unwrap_or(false)
}

/// An address that nobody listens on.
pub fn free_address() -> Result<String, Failure> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}
