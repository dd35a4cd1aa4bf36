//! The composition root: builds all parts and starts to serve. Tests use it too, on port 0.

pub mod private_database;
pub mod running;

use actix_web::web;
use clock::Clock;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::app::running::{Running, begin};
use crate::config::{Config, Switch};
use crate::deal::actor;
use crate::deal::catalogue::Catalogue;
use crate::deal::past::recall_page;
use crate::edge::connection::SessionDeps;
use crate::edge::connection::connection_limits::{ConnectionLimits, file_warning};
use crate::edge::connection::searches::Searches;
use crate::edge::connection::socketio::{self as foreign, ConnectedClients};
use crate::edge::connection::stage::Stages;
use crate::edge::connection::sweeper;
use crate::edge::dialect::{self, Dialects};
use crate::edge::files::{Files, base_of_links};
use crate::edge::http::AppState;
use crate::edge::http::bearer::TokenSource;
use crate::edge::http::listening::{Addresses, Listening, listen};
use crate::edge::links::Links;
use crate::feed::{Feed, FeedRunner, SearchIndex, Timing, consumers};
use crate::identity::auth::Verifier;
use crate::identity::demo_secret;
use crate::identity::last_seen::LastSeen;
use crate::identity::people::People;
use crate::identity::rate_limits::RateLimits;
use crate::identity::staff::StaffNews;
use crate::job_signal::JobSignal;
use crate::jobs::{FileJobDeps, JobDeps, Runner};
use crate::journal::{Journal, JournalHandle};
use crate::nodes::Nodes;
use crate::objects::Objects;
use crate::payment::PaymentGateway;
use crate::presence::Directory;
use crate::registry::deals::Deals;
use crate::registry::{Registry, Rooms};
use crate::room::RoomDeps;
use crate::room::replay::Recall;
use crate::seed;
use crate::store::pool::Pool;
use crate::store::{installation, opening, watch};
use crate::telemetry::metrics::Metrics;
use crate::telemetry::refusal_log::RefusalLog;

/// Builds all parts and starts to serve, by this clock. Fails with a sentence that says what to do.
pub async fn start(config: Config, clock: Clock) -> Result<Running, String> {
    config.check()?;
    let addresses = Addresses::bind(&config)?;
    let (server, cluster) = open(config, clock).await?;
    let engine = foreign::endpoint(Arc::clone(&server.deps), &server.config);
    let Listening {
        address,
        metrics_address,
        http,
    } = listen(&server, &engine, addresses)?;
    let handle = http.handle();
    let serving = begin(http).await?;
    let sweeping = actix_rt::spawn(sweeper::run(Arc::clone(&server.deps)));
    if server.config.demo {
        seed::seed(&server.deps)
            .await
            .map_err(|error| format!("the demo could not be set up: {error}"))?;
    }
    let runner = start_runner(&server, address);
    let following = start_following(&server);
    let (deps, at) = (&server.deps, address.to_string());
    let nodes = deps.nodes.start(at, &deps.room, &deps.rooms);
    log::info!(event = "listening", address:% = address; "");
    if let Some(address) = metrics_address {
        log::info!(event = "metrics_listening", address:% = address; "");
    }
    Ok(Running {
        address,
        metrics_address,
        server,
        engine,
        handle,
        serving: Some(serving),
        sweeping,
        runner,
        following,
        nodes: Some(nodes),
        cluster,
    })
}

/// Opens the database, which may be a private cluster, and builds the state that handlers use.
async fn open(
    mut config: Config,
    clock: Clock,
) -> Result<(web::Data<AppState>, Option<Arc<localpg::Cluster>>), String> {
    dialect::check(&config.dialects)?;
    let files = raise_file_limit();
    if let Some(warning) = file_warning(&config, files) {
        log::warn!(event = "file_limit_too_low", files = files; "{warning}");
    }
    let cluster = private_database::start(&config).await?;
    let url = match (&config.database.database_url, &cluster) {
        (Some(url), _) => url.0.clone(),
        (None, Some(cluster)) => cluster.url(),
        (None, None) => return Err("no database".to_owned()),
    };
    let pool = Pool::new(&url, &config.database).map_err(|error| error.to_string())?;
    opening::prepare(&pool).await?;
    watch::start(&pool)?;
    let demo_secret = demo_secret::take(&config, &pool).await?;
    let seed = seed_of(&config, demo_secret.as_deref(), &url);
    config.payments.sandbox |= config.demo;
    let payments = PaymentGateway::new(&config.payments, &seed);
    if !config.demo {
        payments.warn();
    }
    let catalogue = open_catalogue(&config, &pool, &payments).await?;
    let link_key = link_key(&pool).await?;
    let limits = ConnectionLimits::new(&config, files);
    let server = build(
        config,
        clock,
        (pool, link_key),
        catalogue,
        payments,
        demo_secret,
        limits,
    )?;
    Ok((web::Data::new(server), cluster))
}

/// The key that signs links to files.
async fn link_key(pool: &Pool) -> Result<Vec<u8>, String> {
    let fresh = [Uuid::new_v4(), Uuid::new_v4()];
    let fresh: Vec<u8> = fresh.iter().flat_map(|half| *half.as_bytes()).collect();
    let kept = pool.run(move |connection| installation::keep_link_key(connection, &fresh));
    kept.await.map_err(|error| error.to_string())
}

async fn open_catalogue(
    config: &Config,
    pool: &Pool,
    payments: &PaymentGateway,
) -> Result<Catalogue, String> {
    let (pool, folder, gateway) = (pool.clone(), config.flows.clone(), payments.name());
    let opening =
        tokio::task::spawn_blocking(move || Catalogue::open(&pool, folder.as_deref(), gateway));
    opening.await.map_err(|error| error.to_string())?
}

/// The seed of the sandbox's secrets: a secret itself, and the same on every server of this database and after a restart.
fn seed_of(config: &Config, demo_secret: Option<&str>, url: &str) -> Vec<u8> {
    let configured = config.auth.jwt_secret.as_ref();
    let secret = configured.map(|secret| secret.0.as_str()).or(demo_secret);
    secret.unwrap_or(url).as_bytes().to_vec()
}

fn start_runner(server: &AppState, address: SocketAddr) -> Option<Runner> {
    let pool = server.deps.room.pool.clone();
    let (payments, job_signal) = (server.payments.clone(), server.job_signal.clone());
    let deal_sink = server.deps.deals.deal_sink();
    let metrics = Arc::clone(&server.deps.room.metrics);
    let (objects, checked) = server.deps.files.for_jobs();
    let files = FileJobDeps { objects, checked };
    let shop = JobDeps::new(
        pool,
        payments,
        deal_sink,
        job_signal,
        (&server.config, address),
        metrics,
        files,
    );
    (server.config.jobs.jobs == Switch::On).then(|| Runner::start(shop))
}

fn start_following(server: &AppState) -> Option<FeedRunner> {
    let room = &server.deps.room;
    let start = || {
        let metrics = Arc::clone(&room.metrics);
        let searches = server.deps.searches.as_ref();
        let index =
            searches.map(|searches| SearchIndex::new(searches.tokenizer(), Arc::clone(&metrics)));
        FeedRunner::start(
            &room.pool,
            &room.feed,
            metrics,
            consumers(index),
            Timing::default(),
        )
    };
    (server.config.jobs.jobs == Switch::On).then(start)
}

fn build(
    config: Config,
    clock: Clock,
    (pool, link_key): (Pool, Vec<u8>),
    catalogue: Catalogue,
    payments: PaymentGateway,
    demo_secret: Option<String>,
    limits: Arc<ConnectionLimits>,
) -> Result<AppState, String> {
    let metrics = Arc::new(Metrics::new().map_err(|error| error.to_string())?);
    let verifier = Verifier::new(&config.auth, demo_secret.as_deref())?;
    let catalogue = Arc::new(catalogue);
    let room = Arc::new(room_deps(&config, clock, pool, &catalogue, metrics)?);
    let rooms = Registry::start(Arc::clone(&room), config.actors.room_threads);
    let job_signal = JobSignal::default();
    let refusals = Arc::new(RefusalLog::new(room.clock.clone()));
    let deals = start_deals(&room, &rooms, catalogue, &job_signal);
    let (files, dialects) = files_and_dialects(&config, link_key, &room, &job_signal)?;
    let deps = SessionDeps {
        rooms,
        deals,
        people: people(&config, verifier, &room, &refusals),
        last_seen: LastSeen::default(),
        rate_limits: RateLimits::new(&config.rates),
        options: config.sockets.clone(),
        foreign: config.foreign.clone(),
        dialects,
        connected_clients: ConnectedClients::default(),
        searches: searches(&config, &room.pool),
        files,
        refusals,
        stages: Stages::default(),
        node: config.operation.node_tag,
        connections_per_user: config.connections_per_user(),
        nodes: Nodes::new(room.clock.clone()),
        room,
    };
    Ok(AppState {
        deps: Arc::new(deps),
        payments,
        job_signal,
        origins: config.origins(),
        tokens: TokenSource::new(&config),
        limits,
        config,
        demo_secret,
    })
}

fn room_deps(
    config: &Config,
    clock: Clock,
    pool: Pool,
    catalogue: &Arc<Catalogue>,
    metrics: Arc<Metrics>,
) -> Result<RoomDeps, String> {
    Ok(RoomDeps {
        journal: start_journal(config, &pool, &metrics, &clock),
        pool,
        feed: Feed::default(),
        directory: Arc::new(Directory::default()),
        metrics,
        recall: recall(catalogue),
        clock: clock.clone(),
        idle: Duration::from_secs(config.actors.room_idle_seconds),
        mailbox: config.actors.room_mailbox as usize,
        catch_ups: catch_ups(config),
        policies: Arc::new(config.policies()?),
        staff: StaffNews::new(clock),
    })
}

fn start_journal(
    config: &Config,
    pool: &Pool,
    metrics: &Arc<Metrics>,
    clock: &Clock,
) -> JournalHandle {
    let (pool, metrics) = (pool.clone(), Arc::clone(metrics));
    Journal::start(pool, &config.actors, metrics, clock.clone())
}

/// Files, and the dialects, which show links to them.
fn files_and_dialects(
    config: &Config,
    link_key: Vec<u8>,
    room: &RoomDeps,
    job_signal: &JobSignal,
) -> Result<(Files, Dialects), String> {
    let (directory, clock) = (Arc::clone(&room.directory), room.clock.clone());
    let links = Links::new(link_key, clock.clone(), base_of_links(config));
    let (links, jobs) = (Arc::new(links), job_signal.clone());
    let to_links = Arc::clone(&links);
    let files = Files::new(config, Objects::open(config)?, links, jobs, clock.clone());
    let (options, metrics) = (&config.dialects, &room.metrics);
    let dialects = Dialects::new(options, directory, clock, to_links, metrics)?;
    Ok((files, dialects))
}

/// How many catch-up checks and reads of rooms that are behind may use the pool at the same time.
fn catch_ups(config: &Config) -> Arc<Semaphore> {
    let share = config.database.database_connections / 3;
    Arc::new(Semaphore::new(share.clamp(1, 4) as usize))
}

/// Search, if it is on.
fn searches(config: &Config, pool: &Pool) -> Option<Searches> {
    let options = &config.search;
    (options.search == Switch::On).then(|| Searches::new(pool, &options.search_languages))
}

/// How rooms learn how a deal stood at earlier steps.
fn recall(catalogue: &Arc<Catalogue>) -> Arc<Recall> {
    let catalogue = Arc::clone(catalogue);
    Arc::new(move |connection, missed| recall_page(&catalogue, connection, missed))
}

fn start_deals(
    room: &RoomDeps,
    rooms: &Rooms,
    catalogue: Arc<Catalogue>,
    job_signal: &JobSignal,
) -> Deals {
    let (feed, rooms) = (room.feed.clone(), rooms.clone());
    Deals::start(actor::DealDeps {
        journal: room.journal.clone(),
        pool: room.pool.clone(),
        catalogue,
        committed: Arc::new(move |committed: actor::Committed| {
            feed.committed(committed.conversation, &committed.entries);
            rooms.deliver_committed(committed);
        }),
        clock: room.clock.clone(),
        idle: room.idle,
        job_signal: job_signal.clone(),
    })
}

fn people(
    config: &Config,
    verifier: Verifier,
    room: &RoomDeps,
    refusals: &Arc<RefusalLog>,
) -> People {
    People::new(
        verifier,
        room.pool.clone(),
        Arc::clone(&room.directory),
        Arc::clone(refusals),
        config.dialects.system_user_id.clone(),
        room.clock.clone(),
    )
}

/// Raises the limit of open files as far as the system allows; returns the limit.
fn raise_file_limit() -> u64 {
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        log::warn!(event = "file_limit_not_raised"; "{error}");
    }
    rlimit::getrlimit(rlimit::Resource::NOFILE).map_or(1_024, |(now, _)| now)
}
