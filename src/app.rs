//! The composition root: builds everything, serves, drains. The only file that knows all others; tests use it too, on port 0.

use actix_cors::Cors;
use actix_http::HttpService;
use actix_rt::net::TcpStream;
use actix_server::ServerBuilder;
use actix_service::{fn_factory, map_config};
use actix_web::dev::{AppConfig, ServerHandle};
use actix_web::middleware::from_fn;
use actix_web::{App, web};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;
use utoipa_actix_web::{AppExt, scope};

use crate::auth::Verifier;
use crate::config::{Config, Secret, SocketOptions};
use crate::directory::Directory;
use crate::http::{self, Server};
use crate::journal::Journal;
use crate::metrics::Metrics;
use crate::outbox::CloseReason;
use crate::pace::Pace;
use crate::people::People;
use crate::registry::Registry;
use crate::room::House;
use crate::session::Door;
use crate::store::cluster::Cluster;
use crate::store::pool::{Pool, migrate};
use crate::{seed, sweeper};

/// A server that runs.
pub struct Running {
    /// Where it listens; the real port where 0 was asked for.
    pub address: SocketAddr,
    server: web::Data<Server>,
    handle: ServerHandle,
    serving: JoinHandle<std::io::Result<()>>,
    sweeping: JoinHandle<()>,
    cluster: Option<Arc<Cluster>>,
}

/// Seconds for which a database that is not there yet is waited for at the start.
const DATABASE_PATIENCE: u64 = 30;

/// Connections to each worker beyond the sockets: for REST, and for telling those too many that they are.
const SPARE_CONNECTIONS: usize = 1_024;

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 4_096;

/// Builds everything and begins to serve. Fails with a sentence that says what to do.
pub async fn start(mut config: Config) -> Result<Running, String> {
    config.check()?;
    raise_file_limit();
    let demo_secret = take_demo_secret(&mut config)?;
    let cluster = start_cluster(&config).await?;
    let url = match (&config.database.database_url, &cluster) {
        (Some(url), _) => url.0.clone(),
        (None, Some(cluster)) => cluster.url(),
        (None, None) => return Err("no database".to_owned()),
    };
    let pool = Pool::new(&url, &config.database).map_err(|error| error.to_string())?;
    migrate_with_patience(&pool).await?;
    let server = web::Data::new(build(config, pool, demo_secret)?);
    let (address, http) = listen(&server)?;
    let handle = http.handle();
    let serving = actix_rt::spawn(http);
    let sweeping = actix_rt::spawn(sweeper::run(Arc::clone(&server.door)));
    if server.config.demo {
        seed::seed(&server.door)
            .await
            .map_err(|error| format!("the demo could not be set up: {error}"))?;
    }
    log::info!(event = "listening", address:% = address; "");
    Ok(Running {
        address,
        server,
        handle,
        serving,
        sweeping,
        cluster,
    })
}

fn build(config: Config, pool: Pool, demo_secret: Option<String>) -> Result<Server, String> {
    let metrics = Arc::new(Metrics::new().map_err(|error| error.to_string())?);
    let verifier = Verifier::new(&config.auth)?;
    let house = Arc::new(House {
        journal: Journal::start(pool.clone(), &config.actors, Arc::clone(&metrics)),
        pool: pool.clone(),
        directory: Arc::new(Directory::default()),
        metrics,
        idle: Duration::from_secs(config.actors.room_idle_seconds),
        mailbox: config.actors.room_mailbox as usize,
    });
    let door = Door {
        rooms: Registry::start(Arc::clone(&house), config.actors.room_threads),
        people: People::new(verifier, pool),
        pace: Pace::new(&config.rates),
        options: config.sockets.clone(),
        house,
    };
    Ok(Server {
        door: Arc::new(door),
        config,
        draining: AtomicBool::new(false),
        demo_secret,
    })
}

/// In demo mode without a secret one is made, and kept in the data folder, so that tokens outlive a restart.
fn take_demo_secret(config: &mut Config) -> Result<Option<String>, String> {
    if !config.demo {
        return Ok(None);
    }
    if config.auth.jwt_secret.is_none() {
        config.auth.jwt_secret = Some(Secret(kept_secret(config)?));
    }
    Ok(config
        .auth
        .jwt_secret
        .as_ref()
        .map(|secret| secret.0.clone()))
}

/// The secret in the data folder; made when there is none.
pub fn kept_secret(config: &Config) -> Result<String, String> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let folder = config.data_folder();
    let file = folder.join("demo-secret");
    let explain = |error: std::io::Error| format!("{}: {error}", file.display());
    if let Ok(secret) = std::fs::read_to_string(&file) {
        return Ok(secret.trim().to_owned());
    }
    std::fs::create_dir_all(&folder).map_err(explain)?;
    let secret = format!(
        "{}{}",
        uuid::Uuid::new_v4().simple(),
        uuid::Uuid::new_v4().simple()
    );
    let mut created = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&file)
        .map_err(explain)?;
    writeln!(created, "{secret}").map_err(explain)?;
    Ok(secret)
}

async fn start_cluster(config: &Config) -> Result<Option<Arc<Cluster>>, String> {
    if config.database.database_url.is_some() {
        return Ok(None);
    }
    let folder = config.data_folder();
    let started = tokio::task::spawn_blocking(move || Cluster::start(&folder)).await;
    let cluster = started
        .map_err(|error| error.to_string())?
        .map_err(|error| error.to_string())?;
    let cluster = Arc::new(cluster);
    actix_rt::spawn(watch_cluster(Arc::downgrade(&cluster)));
    Ok(Some(cluster))
}

/// Starts a database of our own again when it has died.
async fn watch_cluster(cluster: std::sync::Weak<Cluster>) {
    let mut second = tokio::time::interval(Duration::from_secs(1));
    loop {
        second.tick().await;
        let Some(cluster) = cluster.upgrade() else {
            return;
        };
        let looked = tokio::task::spawn_blocking(move || cluster.ensure_running()).await;
        if let Ok(Err(error)) = looked {
            log::error!(event = "database_not_restarted"; "{error}");
        }
    }
}

async fn migrate_with_patience(pool: &Pool) -> Result<(), String> {
    for attempt in 0..=DATABASE_PATIENCE {
        let migrating = pool.clone();
        let outcome =
            tokio::task::spawn_blocking(move || migrate(&mut migrating.dedicated()?)).await;
        match outcome.map_err(|error| error.to_string())? {
            Ok(()) => return Ok(()),
            Err(crate::error::Error::Internal(cause)) => {
                return Err(format!("The database could not be prepared: {cause}"));
            }
            Err(crate::error::Error::Refused(_)) if attempt == 0 => {
                log::warn!(event = "database_away"; "waiting for the database");
            }
            Err(crate::error::Error::Refused(_)) => {}
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Err(format!(
        "The database could not be reached for {DATABASE_PATIENCE} seconds. Is DATABASE_URL right, and is it running?"
    ))
}

fn listen(server: &web::Data<Server>) -> Result<(SocketAddr, actix_web::dev::Server), String> {
    let (config, shared) = (&server.config, server.clone());
    let origins = config.auth.allowed_origins.clone();
    let sockets = config.sockets.clone();
    let application = move || {
        let (app, api) = App::new()
            .into_utoipa_app()
            .service(scope("/api/v1").configure(http::api))
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
            .route("/api/openapi.json", web::get().to(openapi_json))
            .configure(http::outside)
            .wrap(cors(&origins))
            .wrap(from_fn(http::watch::watch))
    };
    let builder = bounded(config);
    let stopping = builder.graceful_shutdown_signal();
    let socket = bound(config.listen).map_err(|error| {
        format!(
            "Can not listen on {}: {error}. Is another server running there? Choose with --listen.",
            config.listen
        )
    })?;
    let address = socket.local_addr().unwrap_or(config.listen);
    let http = builder.listen("http", socket, move || {
        let (stopping, sockets) = (stopping.clone(), sockets.clone());
        let for_sockets = application.clone();
        HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .client_disconnect_timeout(Duration::from_secs(1))
            .on_connect_ext(move |connection: &TcpStream, _| tune(connection, &sockets))
            .upgrade(fn_factory(move || {
                let application = map_config(for_sockets(), |()| AppConfig::default());
                http::takeover::by(application)
            }))
            .finish(map_config(application(), |()| AppConfig::default()))
            .tcp()
    });
    let http = http.map_err(|error| error.to_string())?;
    Ok((address, http.run()))
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

/// A socket that listens.
fn bound(address: SocketAddr) -> std::io::Result<std::net::TcpListener> {
    use socket2::{Domain, Protocol, Socket, Type};
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
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

fn raise_file_limit() {
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        log::warn!(event = "file_limit_not_raised"; "{error}");
    }
}

impl Running {
    /// Stops without losing what was acknowledged: not ready any more, no new connections, the open ones are closed over a
    /// few seconds, then the server and its database end.
    pub async fn stop(self) {
        self.server.draining.store(true, Ordering::Relaxed);
        log::info!(event = "draining", connections = self.server.door.house.directory.connection_count(); "");
        self.close_connections().await;
        self.sweeping.abort();
        self.handle.stop(true).await;
        if let Ok(Err(error)) = self.serving.await {
            log::error!(event = "server_failed"; "{error}");
        }
        if let Some(cluster) = self.cluster {
            let stopped = tokio::task::spawn_blocking(move || cluster.stop()).await;
            if let Ok(Err(error)) = stopped {
                log::error!(event = "database_not_stopped"; "{error}");
            }
        }
        log::info!(event = "stopped"; "");
    }

    async fn close_connections(&self) {
        let directory = &self.server.door.house.directory;
        let open = directory.connections();
        let spread = Duration::from_secs(self.server.config.sockets.drain_seconds);
        let step = Duration::from_millis(20);
        let steps = (spread.as_millis() / step.as_millis()).max(1) as usize;
        for part in open.chunks(open.len().div_ceil(steps).max(1)) {
            part.iter()
                .for_each(|outbox| outbox.close(CloseReason::Restarting));
            tokio::time::sleep(step).await;
        }
        for _ in 0..100 {
            if directory.connection_count() == 0 {
                return;
            }
            tokio::time::sleep(step).await;
        }
    }

    /// What the server is made of, for tests.
    pub fn server(&self) -> &Server {
        &self.server
    }
}
