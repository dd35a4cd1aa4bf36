//! Engine.IO and Socket.IO from outside, against the echo example and an application that the test controls.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    dead_code,
    reason = "a test fails by panicking"
)]

mod abuse;
mod application;
mod bounds;
#[path = "../../examples/echo.rs"]
mod echo;
pub mod engineio_client;
mod events;
mod handshake;
mod namespaces;
mod polling;
mod recording;
mod upgrade;
mod websocket;

use socketio::engineio::{Engine, Options};
use socketio::queue::Extension;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use engineio_client::EngineIoClient;

/// A server of both protocols in this process.
pub struct TestServer {
    pub address: SocketAddr,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl TestServer {
    /// The echo with these limits.
    pub fn echo(options: Options, bounds: socketio::Options) -> Self {
        Self::start(move || echo::serve(loopback(), options, bounds).expect("a server"))
    }

    /// The echo with limits that no test reaches.
    pub fn patient() -> Self {
        Self::echo(patient(), echo::socketio_profile())
    }

    /// One endpoint at `/socket.io`, created on the server's thread.
    pub fn of<E: Extension>(engine: impl FnOnce() -> Arc<Engine<E>> + Send + 'static) -> Self {
        Self::start(move || {
            let endpoints = vec![("/socket.io", engine())];
            echo::serve_endpoints(loopback(), endpoints).expect("a server")
        })
    }

    fn start(
        serve: impl FnOnce() -> (SocketAddr, actix_web::dev::Server) + Send + 'static,
    ) -> Self {
        let (ready, readied) = std::sync::mpsc::channel();
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let thread = std::thread::spawn(move || {
            actix::System::new().block_on(async move {
                let (address, server) = serve();
                let handle = server.handle();
                let serving = actix_rt::spawn(server);
                ready.send(address).expect("a test that waits");
                let _ = stopped.await;
                handle.stop(false).await;
                serving.await.expect("no panic").expect("a clean end");
            });
        });
        let address = readied
            .recv_timeout(Duration::from_secs(30))
            .expect("a server in time");
        Self {
            address,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// A client of `/engine.io`.
    pub fn raw(&self) -> EngineIoClient {
        EngineIoClient::new(self.address, "/engine.io/")
    }

    /// A client of `/socket.io`.
    pub fn client(&self) -> EngineIoClient {
        EngineIoClient::new(self.address, "/socket.io/")
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// The test profile with long timeouts.
pub fn patient() -> Options {
    Options {
        ping_interval: Duration::from_secs(60),
        ping_timeout: Duration::from_secs(60),
        upgrade_timeout: Duration::from_secs(60),
        ..echo::profile()
    }
}

/// Socket.IO's limits with long timeouts.
pub fn patient_socketio() -> socketio::Options {
    socketio::Options {
        connect_timeout: Duration::from_secs(60),
        ..echo::socketio_profile()
    }
}
