//! The composition root: builds all parts and starts to serve. Tests use it too, on port 0.

mod assembly;
mod notice_types;
mod peers;
pub mod private_database;
pub mod rulebook;
pub mod running;

use actix_web::web;
use clock::Clock;
use std::net::SocketAddr;
use std::sync::Arc;
use uuid::Uuid;

use crate::app::running::{Running, begin};
use crate::config::{Config, Switch};
use crate::deal::catalogue::{self, Catalogue};
use crate::edge::connection::connection_limits::{ConnectionLimits, file_warning};
use crate::edge::connection::socketio;
use crate::edge::connection::sweeper;
use crate::edge::dialect;
use crate::edge::http::AppState;
use crate::edge::http::listening::{Addresses, Listening, listen};
use crate::feed::{FeedRunner, SearchIndex, Timing, consumers};
use crate::identity::auth::Verifier;
use crate::identity::demo_secret;
use crate::jobs::{FileJobDeps, JobDeps, RuleDeps, Runner};
use crate::nodes::Connected;
use crate::payment::PaymentGateway;
use crate::seed;
use crate::store::pool::Pool;
use crate::store::{installation, opening, watch};
use crate::telemetry::metrics::Metrics;
use crate::wire::running as wire;
use assembly::{Opened, build};
use peers::Others;

/// Checks what can be checked of the options without a connection and without writing anything: what they say together, and the files
/// that they name. An error is a sentence that says what to do.
pub fn check(config: &Config) -> Result<(), String> {
    config.check()?;
    dialect::check(&config.dialects)?;
    // A demo has a secret of its own, which need not exist yet.
    let demo_secret = config.demo.then_some("");
    Verifier::new(&config.auth, demo_secret).map(drop)?;
    wire::check(&config.redis)?;
    let rules = rulebook::open(&config.rules)?;
    notice_types::open(config.notices.as_deref(), &rules)?;
    catalogue::check(config.flows.as_deref())
}

/// Builds all parts and starts to serve, by this clock. Fails with a sentence that says what to do.
pub async fn start(config: Config, clock: Clock) -> Result<Running, String> {
    config.check()?;
    let addresses = Addresses::bind(&config)?;
    let (server, connected, cluster) = open(config, clock).await?;
    let engine = socketio::endpoint(Arc::clone(&server.deps), &server.config);
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
    let nodes = peers::meet(&server, connected, address);
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
) -> Result<
    (
        web::Data<AppState>,
        Option<Connected>,
        Option<Arc<localpg::Cluster>>,
    ),
    String,
> {
    dialect::check(&config.dialects)?;
    let rules = rulebook::open(&config.rules)?;
    let notices = notice_types::open(config.notices.as_deref(), &rules)?;
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
    let metrics = Arc::new(Metrics::new().map_err(|error| error.to_string())?);
    let Others {
        nodes,
        outgoing,
        connected,
    } = peers::connect(&config, &pool, &clock, &metrics).await?;
    let server = build(Opened {
        config,
        clock,
        pool,
        link_key,
        metrics,
        nodes,
        outgoing,
        catalogue,
        payments,
        rules,
        notices,
        demo_secret,
        limits,
    })?;
    Ok((web::Data::new(server), connected, cluster))
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
    let files = FileJobDeps {
        objects,
        checked,
        directory: Arc::clone(&server.deps.room.directory),
        outgoing: server.deps.room.outgoing.clone(),
    };
    let shop = JobDeps::new(
        pool,
        payments,
        deal_sink,
        job_signal,
        (&server.config, address),
        metrics,
        files,
    )
    .with_rules(rules_of(server));
    (server.config.jobs.jobs == Switch::On).then(|| Runner::start(shop))
}

/// What rules work with, where there are any.
fn rules_of(server: &AppState) -> Option<RuleDeps> {
    let has_rules = !server.rules.is_empty();
    has_rules.then(|| RuleDeps {
        book: Arc::clone(&server.rules),
        room: Arc::clone(&server.deps.room),
        rooms: server.deps.rooms.clone(),
        deals: server.deps.deals.clone(),
        notices: Arc::clone(&server.notices),
    })
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

/// Raises the limit of open files as far as the system allows; returns the limit.
fn raise_file_limit() -> u64 {
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        log::warn!(event = "file_limit_not_raised"; "{error}");
    }
    rlimit::getrlimit(rlimit::Resource::NOFILE).map_or(1_024, |(now, _)| now)
}
