//! How the server is reached: its socket and threads, what every connection is set to, and the application behind it.

use actix_cors::Cors;
use actix_http::HttpService;
use actix_http::error::DispatchError;
use actix_rt::net::TcpStream;
use actix_server::ServerBuilder;
use actix_service::{ServiceFactoryExt, fn_factory, map_config};
use actix_web::dev::AppConfig;
use actix_web::http::header::RETRY_AFTER;
use actix_web::middleware::{NormalizePath, from_fn};
use actix_web::{App, web};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use utoipa_actix_web::{AppExt, scope};

use crate::config::{Config, SocketOptions};
use crate::http::{self, Server};
use crate::metrics::Metrics;
use crate::wire::engineio::{self, Engine};

/// Connections to each worker beyond the sockets: for REST, and for telling those too many that they are.
const SPARE_CONNECTIONS: usize = 1_024;

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 4_096;

/// Begins to listen. A path means the same with a slash at its end, as front ends are used to. Answers where, and the server to run; fails with a sentence that says what to do.
pub fn listen(
    server: &web::Data<Server>,
    engine: &Arc<Engine>,
) -> Result<(SocketAddr, actix_web::dev::Server), String> {
    let (config, shared) = (&server.config, server.clone());
    let origins = config.auth.allowed_origins.clone();
    let (sockets, engine) = (config.sockets.clone(), Arc::clone(engine));
    let application = move || {
        let (app, api) = App::new()
            .into_utoipa_app()
            .service(scope("/api/v1").configure(http::api))
            .service(scope("/api/messages").configure(http::stoory::api))
            .split_for_parts();
        let api = http::openapi::complete(api);
        let paths = web::Data::new(http::openapi::Paths::of(&api));
        app.app_data(shared.clone())
            .app_data(paths)
            .app_data(web::PayloadConfig::new(
                shared.config.sockets.body_limit as usize,
            ))
            .app_data(web::PathConfig::default().error_handler(http::wrong_path))
            .app_data(web::Data::new(api))
            .route("/api/openapi.json", http::looking().to(openapi_json))
            .configure(|routes| {
                if shared.till.sandbox().is_some() {
                    http::in_sandbox(routes);
                }
            })
            .configure(engineio::routes("/socket.io", Arc::clone(&engine)))
            .configure(http::outside)
            .wrap(from_fn(http::watch::watch))
            .wrap(NormalizePath::trim())
            .wrap(cors(&origins))
    };
    let builder = bounded(config);
    let stopping = builder.graceful_shutdown_signal();
    let (socket, address) = bound(config.listen).map_err(|error| explain(config, &error))?;
    let noted = noting(&server.door.house.metrics);
    let http = builder.listen("http", socket, move || {
        let (stopping, sockets) = (stopping.clone(), sockets.clone());
        let for_sockets = application.clone();
        HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .client_disconnect_timeout(Duration::from_secs(1))
            // A poll that is broken off is noticed when its connection closes.
            .h1_allow_half_closed(false)
            .on_connect_ext(move |connection: &TcpStream, _| tune(connection, &sockets))
            .upgrade(fn_factory(move || {
                let application = map_config(for_sockets(), |()| AppConfig::default());
                http::takeover::by(application)
            }))
            .finish(map_config(application(), |()| AppConfig::default()))
            .tcp()
            .map_err(noted.clone())
    });
    let http = http.map_err(|error| error.to_string())?;
    Ok((address, http.run()))
}

/// Notes how a connection ended that did not end well. What strangers send is their affair: it is counted, and no line of ours by default.
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

fn explain(config: &Config, error: &std::io::Error) -> String {
    format!(
        "Can not listen on {}: {error}. Is another server running there? Choose with --listen.",
        config.listen
    )
}

/// A server with its threads, and the connections that it takes.
fn bounded(config: &Config) -> ServerBuilder {
    let workers = config.sockets.workers.map_or_else(
        || std::thread::available_parallelism().map_or(2, usize::from),
        usize::from,
    );
    actix_web::dev::Server::build()
        .workers(workers)
        .max_concurrent_connections(
            config
                .sockets
                .max_connections
                .saturating_add(SPARE_CONNECTIONS),
        )
        .shutdown_timeout(1)
        .disable_signals()
}

/// A socket that listens, and where.
fn bound(address: SocketAddr) -> std::io::Result<(std::net::TcpListener, SocketAddr)> {
    use socket2::{Domain, Protocol, Socket, Type};
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    let listener = std::net::TcpListener::from(socket);
    let address = listener.local_addr()?;
    Ok((listener, address))
}

async fn openapi_json(
    api: web::Data<utoipa::openapi::OpenApi>,
) -> web::Json<utoipa::openapi::OpenApi> {
    web::Json(utoipa::openapi::OpenApi::clone(&api))
}

fn cors(origins: &[String]) -> Cors {
    let allowed = origins
        .iter()
        .fold(Cors::default(), |cors, origin| cors.allowed_origin(origin));
    allowed
        .allowed_methods(["GET", "POST", "PATCH", "PUT", "DELETE"])
        .allow_any_header()
        .expose_headers([RETRY_AFTER])
        .supports_credentials()
        .max_age(3_600)
}

/// Small frames go out at once; what a dead or unwilling peer holds is small, and not for long.
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
