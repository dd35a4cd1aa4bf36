//! A node: a `stoa serve` that keeps its address and its tag whenever it is started again.

use std::fs::read_to_string;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::drive::Failure;
use crate::drive::client::{SECRET, Target};
use crate::drive::polling::poll_blocking;
use crate::drive::process::free_address;

use super::process::Process;

const END_LIMIT: Duration = Duration::from_secs(60);

/// How one node is started.
#[derive(Clone)]
pub struct Recipe {
    /// The server program.
    pub program: PathBuf,
    /// How it reaches the database.
    pub database: String,
    /// How it reaches Redis, if it does.
    pub redis: Option<String>,
    /// Further arguments.
    pub arguments: Vec<String>,
}

/// A recipe, and where the log goes.
#[derive(Clone)]
pub struct Plan {
    pub recipe: Recipe,
    pub log: PathBuf,
}

/// A node. Dropping it kills it.
pub struct Node {
    pub tag: &'static str,
    pub address: String,
    pub plan: Plan,
    process: Option<Process>,
}

impl Node {
    /// Starts one on a free port.
    pub fn start(tag: &'static str, plan: Plan) -> Result<Self, Failure> {
        let mut node = Self {
            tag,
            address: free_address()?,
            plan,
            process: None,
        };
        node.start_again()?;
        Ok(node)
    }

    /// Starts it again after its end, at the same address.
    pub fn start_again(&mut self) -> Result<(), Failure> {
        let recipe = &self.plan.recipe;
        let mut command = Command::new(&recipe.program);
        // Variables for what a release before does not know as an option.
        command
            .args(["serve", "--listen", &self.address, "--rate-limits", "off"])
            .args(["--trusted-proxies", "127.0.0.0/8", "--jwt-secret", SECRET])
            .args(["--database-connections", "8"])
            .args(&recipe.arguments)
            .env("DATABASE_URL", &recipe.database)
            .env("STOA_SANDBOX", "true")
            .env("STOA_NODE_TAG", self.tag)
            .env_remove("STOA_REDIS");
        if let Some(redis) = &recipe.redis {
            command.env("STOA_REDIS", redis);
        }
        self.process = Some(Process::start(&mut command, &self.plan.log)?);
        Ok(())
    }

    /// Waits until it says that load balancers may send it connections.
    pub fn wait_until_ready(&mut self, limit: Duration) -> Result<(), Failure> {
        let (tag, address) = (self.tag, self.address.clone());
        let process = self.process.as_mut().ok_or("the node does not run")?;
        let looked = poll_blocking(&format!("node {tag} to be ready"), limit, || match process
            .must_run()
        {
            Err(ended) => Ok(Err(ended)),
            Ok(()) if is_ready(&address) => Ok(Ok(())),
            Ok(()) => Err("no 200 from /readyz/node nor /readyz"),
        });
        let ready = looked.map_err(Failure::from).and_then(|ready| ready);
        ready.map_err(|failure| format!("{failure}; its log ends with:\n{}", self.log_end()).into())
    }

    /// The process.
    pub fn process(&self) -> Result<&Process, Failure> {
        Ok(self.process.as_ref().ok_or("the node does not run")?)
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// SIGTERM, and waits for its end, which must be a clean one.
    pub fn stop(&mut self) -> Result<(), Failure> {
        let mut process = self.process.take().ok_or("the node does not run")?;
        process.signal("TERM")?;
        match process.end(END_LIMIT)? {
            Some(0) => Ok(()),
            code => Err(format!(
                "node {} ended with {code:?}; its log ends with:\n{}",
                self.tag,
                self.log_end()
            )
            .into()),
        }
    }

    /// What clients of this node alone reach it by.
    pub fn target(&self) -> Result<Target, Failure> {
        Target::new(&self.address, SECRET)
    }

    fn log_end(&self) -> String {
        let log = read_to_string(&self.plan.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let newest = lines.len().saturating_sub(20);
        lines.get(newest..).unwrap_or_default().join("\n")
    }
}

/// A release before has no `/readyz/node`.
fn is_ready(address: &str) -> bool {
    match status(address, "/readyz/node") {
        Some(404) => status(address, "/readyz") == Some(200),
        status => status == Some(200),
    }
}

fn status(address: &str, path: &str) -> Option<u16> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )
    .ok()?;
    let mut start = [0; 12];
    stream.read_exact(&mut start).ok()?;
    let start = String::from_utf8_lossy(&start).into_owned();
    start.rsplit(' ').next()?.parse().ok()
}
