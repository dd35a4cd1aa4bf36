//! Starts the HTTP server: its socket and threads, the options of each connection, and the application.

use actix_http::HttpService;
use actix_http::error::DispatchError;
use actix_rt::net::TcpStream;
use actix_server::ServerBuilder;
use actix_service::{ServiceFactoryExt, fn_factory, map_config};
use actix_web::dev::AppConfig;
use actix_web::middleware::{NormalizePath, from_fn};
use actix_web::{App, web};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use utoipa_actix_web::AppExt;

use crate::config::{Config, SocketOptions};
use crate::edge::connection::socketio::Endpoint;
use crate::edge::http::admission::{Admission, admitting};
use crate::edge::http::{self, AppState};
use crate::telemetry::metrics::Metrics;
use socketio::engineio;

/// The number of connections that may wait to be accepted.
const BACKLOG: i32 = 4_096;

/// A server that listens and is ready to run.
pub struct Listening {
    /// The address.
    pub address: SocketAddr,
    /// The address of the metrics, if they have their own.
    pub metrics_address: Option<SocketAddr>,
    /// The server.
    pub http: actix_web::dev::Server,
}

/// The addresses that a server will listen on. They are bound, which fails where another server listens; connections are refused until
/// this one listens.
pub struct Addresses {
    http: Bound,
    metrics: Option<Bound>,
}

impl Addresses {
    /// Binds the addresses that the options name. Fails with a sentence that says what to do.
    pub fn bind(config: &Config) -> Result<Self, String> {
        let metrics = config.operation.metrics_listen;
        Ok(Self {
            http: Bound::new(config.listen, "--listen")?,
            metrics: metrics
                .map(|address| Bound::new(address, "--metrics-listen"))
                .transpose()?,
        })
    }
}

/// Listens. A path with a slash at its end means the same as without it. Fails with a sentence that says what to do.
pub fn listen(
    server: &web::Data<AppState>,
    engine: &Arc<Endpoint>,
    addresses: Addresses,
) -> Result<Listening, String> {
    let (config, shared) = (&server.config, server.clone());
    let (sockets, engine) = (config.sockets.clone(), Arc::clone(engine));
    let body_limit = config.sockets.body_limit as usize;
    let application = move || {
        let (app, api) = App::new()
            .into_utoipa_app()
            .configure(|routes| shared.deps.dialects.routes(routes))
            .split_for_parts();
        let api = http::openapi::complete(api);
        let paths = web::Data::new(http::openapi::Paths::of(&api));
        app.app_data(shared.clone())
            .app_data(paths)
            .app_data(web::PayloadConfig::new(body_limit))
            .app_data(web::PathConfig::default().error_handler(http::wrong_path))
            .app_data(web::Data::new(api))
            .route("/api/openapi.json", http::looking().to(openapi_json))
            .configure(|routes| as_wanted(routes, &shared))
            .configure(|routes| socketio_as_wanted(routes, &shared, &engine))
            .configure(http::outside)
            .wrap(from_fn(http::watch::watch))
            .wrap(NormalizePath::trim())
    };
    let builder = builder(server);
    let stopping = builder.graceful_shutdown_signal();
    let (socket, address) = addresses.http.listen()?;
    let (admission, noted) = (admission(server), noting(&server.deps.room.metrics));
    let listening = builder.listen("http", socket, move || {
        let (stopping, sockets) = (stopping.clone(), sockets.clone());
        let for_sockets = application.clone();
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .client_disconnect_timeout(Duration::from_secs(1))
            // An aborted poll is noticed when its connection closes.
            .h1_allow_half_closed(false)
            .on_connect_ext(move |connection: &TcpStream, _| tune(connection, &sockets))
            .upgrade(fn_factory(move || {
                let application = map_config(for_sockets(), |()| AppConfig::default());
                crate::edge::connection::takeover::by(application)
            }))
            .finish(map_config(application(), |()| AppConfig::default()))
            .tcp()
            .map_err(noted.clone());
        admitting(admission.clone(), http)
    });
    let builder = listening.map_err(|error| error.to_string())?;
    let (builder, metrics_address) = with_figures(builder, server, addresses.metrics)?;
    Ok(Listening {
        address,
        metrics_address,
        http: builder.run(),
    })
}

/// Adds the Socket.IO endpoint if a dialect uses it.
fn socketio_as_wanted(routes: &mut web::ServiceConfig, server: &AppState, engine: &Arc<Endpoint>) {
    if server.deps.dialects.has_socketio() {
        routes.configure(engineio::routes("/socket.io", Arc::clone(engine)));
    }
}

/// Adds the routes that depend on the options.
fn as_wanted(routes: &mut web::ServiceConfig, server: &AppState) {
    if server.payments.sandbox().is_some() {
        http::in_sandbox(routes);
    }
    if server.config.operation.metrics_listen.is_none() {
        http::figures(routes);
    }
}

/// Listens on the metrics' own address, if there is one.
fn with_figures(
    builder: ServerBuilder,
    server: &web::Data<AppState>,
    bound: Option<Bound>,
) -> Result<(ServerBuilder, Option<SocketAddr>), String> {
    let Some(bound) = bound else {
        return Ok((builder, None));
    };
    let (socket, address) = bound.listen()?;
    let noted = noting(&server.deps.room.metrics);
    let shared = server.clone();
    let listening = builder.listen("metrics", socket, move || {
        let application = App::new().app_data(shared.clone()).configure(http::figures);
        HttpService::build()
            .client_disconnect_timeout(Duration::from_secs(1))
            .finish(map_config(application, |()| AppConfig::default()))
            .tcp()
            .map_err(noted.clone())
    });
    let builder = listening.map_err(|error| error.to_string())?;
    Ok((builder, Some(address)))
}

/// Records why a connection failed. Malformed requests of strangers are counted, and logged only at debug level.
fn noting(metrics: &Metrics) -> impl Fn(DispatchError) -> DispatchError + Clone + use<> {
    let unreadable = metrics.unreadable_requests.clone();
    move |error| {
        match &error {
            DispatchError::Parse(_) => {
                unreadable.inc();
                log::debug!(event = "request_unreadable"; "{error}");
            }
            DispatchError::Io(_)
            | DispatchError::SlowRequestTimeout
            | DispatchError::DisconnectTimeout
            | DispatchError::HandlerDroppedPayload => {
                log::debug!(event = "connection_lost"; "{error}");
            }
            _ => log::warn!(event = "connection_failed"; "{error}"),
        }
        error
    }
}

fn admission(server: &AppState) -> Admission {
    Admission {
        limits: Arc::clone(&server.limits),
        trusted: server.config.rates.trusted_proxies.clone(),
        refusals: Arc::clone(&server.deps.refusals),
    }
}

/// Builds the server with its threads. [`http::admission`] bounds the connections: a thread with a bound of its own could not say
/// why it refuses.
fn builder(server: &AppState) -> ServerBuilder {
    let config: &Config = &server.config;
    let workers = config.sockets.workers.map_or_else(
        || std::thread::available_parallelism().map_or(2, usize::from),
        usize::from,
    );
    actix_web::dev::Server::build()
        .workers(workers)
        .max_concurrent_connections(server.limits.most())
        .shutdown_timeout(1)
        .disable_signals()
}

/// A socket that is bound to the address that an option names.
struct Bound {
    socket: socket2::Socket,
    address: SocketAddr,
    option: &'static str,
}

impl Bound {
    /// Fails if another server listens there.
    fn new(address: SocketAddr, option: &'static str) -> Result<Self, String> {
        use socket2::{Domain, Protocol, Socket, Type};
        let domain = Domain::for_address(address);
        let bound = Socket::new(domain, Type::STREAM, Some(Protocol::TCP)).and_then(|socket| {
            socket.set_reuse_address(true)?;
            socket.bind(&address.into())?;
            Ok(socket)
        });
        Ok(Self {
            socket: bound.map_err(|error| cannot_listen(address, option, &error))?,
            address,
            option,
        })
    }

    /// Listens; returns the listener and its address, with the real port if 0 was configured.
    fn listen(self) -> Result<(std::net::TcpListener, SocketAddr), String> {
        let listening = self.socket.listen(BACKLOG).and_then(|()| {
            let listener = std::net::TcpListener::from(self.socket);
            let address = listener.local_addr()?;
            Ok((listener, address))
        });
        listening.map_err(|error| cannot_listen(self.address, self.option, &error))
    }
}

fn cannot_listen(address: SocketAddr, option: &str, error: &std::io::Error) -> String {
    format!(
        "Cannot listen on {address}: {error}. Is another server running there? Choose with {option}."
    )
}

async fn openapi_json(
    api: web::Data<utoipa::openapi::OpenApi>,
) -> web::Json<utoipa::openapi::OpenApi> {
    web::Json(utoipa::openapi::OpenApi::clone(&api))
}

/// Sends small frames at once, and bounds what a dead or slow peer can hold, in size and time.
fn tune(stream: &TcpStream, options: &SocketOptions) {
    let socket = socket2::SockRef::from(stream);
    let tuned = stream
        .set_nodelay(true)
        .and_then(|()| {
            socket.set_tcp_user_timeout(Some(Duration::from_secs(options.unacknowledged_seconds)))
        })
        .and_then(|()| socket.set_send_buffer_size(options.send_buffer as usize));
    if let Err(error) = tuned {
        log::debug!(event = "socket_not_tuned"; "{error}");
    }
}
