//! The real clients of Socket.IO at the real server: the official one in Node and in a browser, and the one for Python.

mod bursts;
pub mod commands;
mod killed;
pub mod proxy;
mod transports;
mod whole_session;

use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::browser::window::Window;

/// A client that does what it is told.
pub enum Client {
    /// In a process that reads lines.
    Driven(Box<Driven>),
    /// In a page.
    Page(Box<Window>),
}

/// A process with the client.
pub struct Driven {
    _process: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

fn tests(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(path)
}

impl Client {
    /// The official client in Node.
    pub fn node() -> Self {
        Self::node_of("socket.io-client")
    }

    /// The official client in Node, as a package of this name has it.
    pub fn node_of(package: &str) -> Self {
        let installed = tests("node/node_modules").join(package);
        assert!(installed.is_dir(), "run scripts/install.sh test");
        Self::driven("node".into(), tests("node/driven.mjs"), &[package])
    }

    /// The client for Python.
    pub fn python() -> Self {
        let python = tests("python/.venv/bin/python");
        assert!(python.is_file(), "run scripts/install.sh test");
        Self::driven(python, tests("python/driven.py"), &[])
    }

    /// The official client in a page of this window.
    pub async fn page(window: Window) -> Self {
        for path in [
            "node/node_modules/socket.io-client/dist/socket.io.min.js",
            "node/clients.js",
        ] {
            let source = std::fs::read_to_string(tests(path));
            let source = source.expect("run scripts/install.sh test");
            window.ask(&source).await;
        }
        let begin = "globalThis.drive = globalThis.clients(globalThis.io)";
        window.ask(begin).await;
        Self::Page(Box::new(window))
    }

    fn driven(program: PathBuf, script: PathBuf, arguments: &[&str]) -> Self {
        let mut command = Command::new(program);
        command
            .arg(script)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut process = command.kill_on_drop(true).spawn().expect("a process");
        let input = process.stdin.take().expect("its input");
        let output = process.stdout.take().expect("its output");
        Self::Driven(Box::new(Driven {
            _process: process,
            input,
            output: BufReader::new(output).lines(),
        }))
    }

    /// Has it do something; answers what came of it.
    #[track_caller]
    pub fn tell(&mut self, command: &'static str, details: Value) -> impl Future<Output = Value> {
        let caller = std::panic::Location::caller();
        async move {
            let mut answer = match self {
                Self::Driven(driven) => {
                    let line = json!({ "command": command, "details": details });
                    driven.say(&line).await
                }
                Self::Page(window) => {
                    let driven = format!(
                        "Promise.resolve().then(() => drive({command:?}, {details})).then((answer) => ({{ answer }}))"
                    );
                    window.promised(&driven).await
                }
            };
            match answer.get_mut("answer") {
                Some(answer) => answer.take(),
                None => panic!("{caller}: {command}: {answer}"),
            }
        }
    }
}

impl Driven {
    async fn say(&mut self, line: &Value) -> Value {
        let line = format!("{line}\n");
        self.input
            .write_all(line.as_bytes())
            .await
            .expect("a client that listens");
        let patience = std::time::Duration::from_secs(90);
        let answer = tokio::time::timeout(patience, self.output.next_line());
        let answer = answer.await.expect("an answer in time").expect("a line");
        serde_json::from_str(&answer.expect("an answer")).expect("JSON")
    }
}
