//! The real binary as a process of its own: its options, its log, its signals, its memory.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use crate::client::{PATIENCE, Person};
use crate::drive::polling::poll;
use crate::polling::until;
use crate::test_app::{SECRET, claims, fresh_database, token};

/// A server that runs by itself. Dropping it kills it.
pub struct Process {
    child: Child,
    log: Arc<Mutex<String>>,
    reading: Option<std::thread::JoinHandle<()>>,
    /// Where it listens.
    pub address: SocketAddr,
}

/// The program with these arguments and variables, and no others.
pub fn program(arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stoa"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    command
        .args(arguments)
        .env_clear()
        .env("PATH", path)
        .envs(variables.iter().copied())
        .stdin(Stdio::null());
    command
}

/// What it says and how it ends, where it ends by itself.
pub fn outcome(arguments: &[&str], variables: &[(&str, &str)]) -> (Output, String, String) {
    let output = program(arguments, variables).output().expect("it runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (said, complained) = (text(&output.stdout), text(&output.stderr));
    (output, said, complained)
}

impl Process {
    /// Serves on a fresh database, with the tests' secret.
    pub async fn serve(arguments: &[&str]) -> Self {
        let arguments: Vec<String> = arguments.iter().map(|text| (*text).to_owned()).collect();
        let started = tokio::task::spawn_blocking(move || Self::start(&arguments));
        started.await.expect("a thread")
    }

    /// Serves on a database that is there already.
    pub async fn serve_on(database: &str, arguments: &[&str]) -> Self {
        let arguments: Vec<String> = arguments.iter().map(|text| (*text).to_owned()).collect();
        let database = database.to_owned();
        let started = tokio::task::spawn_blocking(move || Self::start_on(&database, &arguments));
        started.await.expect("a thread")
    }

    /// Runs the program with these arguments and variables, and no others, until it says where it listens.
    pub async fn launch(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let command = program(arguments, variables);
        let started = tokio::task::spawn_blocking(move || Self::spawn(command));
        started.await.expect("a thread")
    }

    fn start(arguments: &[String]) -> Self {
        Self::start_on(&fresh_database(), arguments)
    }

    fn start_on(database: &str, arguments: &[String]) -> Self {
        let mut all = vec!["serve", "--workers", "1"];
        all.extend(arguments.iter().map(String::as_str));
        let variables = [
            ("DATABASE_URL", database),
            ("STOA_JWT_SECRET", SECRET),
            ("STOA_LISTEN", "127.0.0.1:0"),
            ("STOA_DRAIN_NOTICE_SECONDS", "0"),
            ("RUST_LOG", "debug"),
        ];
        let mut command = program(&all, &variables);
        if !all.contains(&"--razorpay-key-id") {
            command.env("STOA_SANDBOX", "true");
        }
        Self::spawn(command)
    }

    fn spawn(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it runs");
        let (log, mut errors) = (Arc::default(), child.stderr.take().expect("a pipe"));
        let kept: Arc<Mutex<String>> = Arc::clone(&log);
        let reading = std::thread::spawn(move || {
            let mut piece = [0; 4_096];
            while let Ok(count @ 1..) = errors.read(&mut piece) {
                let text = String::from_utf8_lossy(&piece[..count]);
                kept.lock().expect("a lock").push_str(&text);
            }
        });
        let mut line = String::new();
        let said = child.stdout.as_mut().expect("a pipe");
        BufReader::new(said).read_line(&mut line).expect("a line");
        let address = line.trim().rsplit("http://").next().expect("an address");
        let address = address
            .parse()
            .unwrap_or_else(|_| panic!("{line:?} {}", log.lock().expect("a lock")));
        Self {
            child,
            log,
            reading: Some(reading),
            address,
        }
    }

    /// Somebody with an ordinary token.
    pub fn person(&self, id: &str) -> Person {
        self.person_with(id, &[])
    }

    /// Somebody whose token has these roles.
    pub fn person_with(&self, id: &str, roles: &[&str]) -> Person {
        Person::new(self.address, id, token(&claims(id, roles)))
    }

    /// Sends a signal: TERM, INT.
    pub fn signal(&self, name: &str) {
        let process = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &process]).status();
        assert!(sent.expect("kill").success());
    }

    /// Waits until it has logged an event; answers the line.
    pub async fn logged(&self, event: &str) -> serde_json::Value {
        let looked = poll(event, PATIENCE, async || {
            let log = self.log();
            let mut lines = log
                .lines()
                .filter_map(|line| serde_json::from_str(line).ok());
            let found = lines.find(|line: &serde_json::Value| line["event"] == event);
            found.ok_or(log)
        });
        looked.await.unwrap_or_else(|late| panic!("{late}"))
    }

    /// Everything that it has logged so far.
    pub fn log(&self) -> String {
        self.log.lock().expect("a lock").clone()
    }

    /// Waits for its end; answers its exit code and everything that it logged.
    pub async fn end(&mut self) -> (Option<i32>, String) {
        let look = async || self.child.try_wait().expect("a process");
        let status = until("the end of the process", look, Option::is_some).await;
        self.reading.take().map(std::thread::JoinHandle::join);
        (status.expect("an end").code(), self.log())
    }

    /// The most memory that it has had, in KiB.
    pub fn peak_kibibytes(&self) -> u64 {
        let file = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(file).expect("a status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let number = line.and_then(|line| line.split_whitespace().next());
        number.expect("a figure").parse().expect("a number")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _status = self.child.wait();
    }
}
