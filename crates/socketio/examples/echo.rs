//! An echo server over Engine.IO and Socket.IO, in the test profile that the protocols' public conformance
//! suites expect.
//!
//! `/engine.io/` echoes each message. `/socket.io/` has the namespaces `/` and `/custom`: on connecting it
//! emits `auth` with the payload of the CONNECT, `message` is answered by `message-back` with the same
//! arguments, and `message-with-ack` is acknowledged with its arguments. The suites expect it on port 3000:
//! `cargo run -p socketio --example echo -- --listen 127.0.0.1:3000`.

use actix_web::dev::Server;
use actix_web::{App, HttpRequest, HttpServer};
use bytestring::ByteString;
use clap::Parser;
use clock::Clock;
use futures_util::future::{FutureExt, LocalBoxFuture, ready};
use serde_json::value::RawValue;
use socketio::engineio::packet::{Message, message};
use socketio::engineio::{self, Ending, Engine, Line, Listener, NoHooks, Rejection, Session};
use socketio::queue::{CloseReason, ConnectionQueue, Extension, Frame, SessionId};
use socketio::{Accepted, Application, ClientEvent, Connect, NamespaceHandler, Refused, Socket};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// An echo server for conformance suites.
#[derive(Parser)]
struct Options {
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1:3000")]
    listen: SocketAddr,
}

/// Bytes that may wait for one connection: several payloads of the largest size.
const QUEUE_LIMIT: usize = 8_000_000;

/// Engine.IO's limits in the test profile.
pub fn profile() -> engineio::Options {
    engineio::Options {
        ping_interval: Duration::from_millis(300),
        ping_timeout: Duration::from_millis(200),
        upgrade_timeout: Duration::from_secs(1),
        max_payload: 1_000_000,
        max_body: 1_000_000,
        max_sessions: 10_000,
        queue_limit: QUEUE_LIMIT,
        tag: None,
        clock: Clock::default(),
        hooks: Arc::new(NoHooks),
    }
}

/// Socket.IO's limits in the test profile.
pub fn socketio_profile() -> socketio::Options {
    socketio::Options {
        connect_timeout: Duration::from_secs(1),
        connect_overdue: CloseReason::Application {
            code: 4408,
            text: "in no namespace in time",
        },
        namespaces: 10,
        assembly_limit: 10_000_000,
        queue_limit: QUEUE_LIMIT,
    }
}

/// Serves both endpoints at this address.
pub fn serve(
    listen: SocketAddr,
    profile: engineio::Options,
    socketio_profile: socketio::Options,
) -> std::io::Result<(SocketAddr, Server)> {
    let echo = socketio::Server::new(Arc::new(Echo), socketio_profile);
    let endpoints = vec![
        ("/engine.io", Engine::start(profile.clone(), RawEcho)),
        ("/socket.io", Engine::start(profile, echo)),
    ];
    serve_endpoints(listen, endpoints)
}

/// Serves endpoints by path at this address.
pub fn serve_endpoints<E: Extension>(
    listen: SocketAddr,
    endpoints: Vec<(&'static str, Arc<Engine<E>>)>,
) -> std::io::Result<(SocketAddr, Server)> {
    let server = HttpServer::new(move || {
        endpoints.iter().fold(App::new(), |app, (path, engine)| {
            app.configure(engineio::routes(path, Arc::clone(engine)))
        })
    })
    // An aborted poll is noticed when its connection closes.
    .h1_allow_half_closed(false)
    .shutdown_timeout(1)
    .disable_signals()
    .on_connect(|connection, _| {
        if let Some(stream) = connection.downcast_ref::<actix_rt::net::TcpStream>() {
            let _ = stream.set_nodelay(true);
        }
    })
    .bind(listen)?;
    let address = server.addrs().first().copied().unwrap_or(listen);
    Ok((address, server.run()))
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    env_logger::init();
    let options = Options::parse();
    let (address, server) = serve(options.listen, profile(), socketio_profile())?;
    log::info!("listening on {address}");
    server.await
}

struct RawEcho;

impl Listener for RawEcho {
    fn open(&self, _: &HttpRequest, line: &Arc<Line>) -> Result<Box<dyn Session>, Rejection> {
        Ok(Box::new(RawSession(Arc::clone(line.queue()))))
    }
}

struct RawSession(Arc<ConnectionQueue>);

impl Session for RawSession {
    fn message(&mut self, said: Message<'_>) -> Result<(), CloseReason> {
        self.0.push(match said {
            Message::Text(text) => Frame::Text(message(text)),
            Message::Binary(bytes) => Frame::Binary(bytes),
        });
        Ok(())
    }

    fn leaving(&mut self, _: SessionId, _: Vec<Frame>) -> Vec<Frame> {
        Vec::new()
    }

    fn closed(&mut self, _: Ending) {}
}

struct Echo;

impl Application for Echo {
    type Handshake = ();
    type Extension = ();

    fn greet(&self, _: &HttpRequest) -> Result<(), Rejection> {
        Ok(())
    }

    fn connect(&self, connect: Connect<()>) -> LocalBoxFuture<'static, Result<Accepted, Refused>> {
        let known = [ByteString::from("/"), ByteString::from("/custom")];
        let accepted = known.contains(&connect.namespace).then(|| {
            let auth = connect.auth.as_ref().map_or("{}", |auth| auth.get());
            connect.socket.emit("auth", [auth]);
            Accepted {
                handler: Box::new(EchoMember(connect.socket)),
                pid: None,
            }
        });
        ready(accepted.ok_or_else(Refused::unknown_namespace)).boxed_local()
    }
}

struct EchoMember(Socket);

impl NamespaceHandler for EchoMember {
    fn event(&mut self, event: ClientEvent<'_>) {
        let arguments = event
            .arguments
            .iter()
            .map(|argument: &&RawValue| argument.get());
        match (event.name, event.ack) {
            ("message", _) => {
                let _ = self
                    .0
                    .emit_attached("message-back", arguments, event.attachments);
            }
            ("message-with-ack", Some(ack)) => {
                let _ = ack.answer_attached(arguments, event.attachments);
            }
            _ => {}
        }
    }
}
