//! Builds the parts of a server from what was opened.

use super::peers;
use crate::config::{Config, Switch};
use crate::deal::actor;
use crate::deal::catalogue::Catalogue;
use crate::deal::past::recall_page;
use crate::edge::connection::SessionDeps;
use crate::edge::connection::connection_limits::ConnectionLimits;
use crate::edge::connection::searches::Searches;
use crate::edge::connection::socketio::ConnectedClients;
use crate::edge::connection::stage::Stages;
use crate::edge::dialect::Dialects;
use crate::edge::files::{Files, base_of_links};
use crate::edge::http::AppState;
use crate::edge::http::bearer::TokenSource;
use crate::edge::links::Links;
use crate::feed::{Concerned, Feed};
use crate::identity::auth::Verifier;
use crate::identity::last_seen::LastSeen;
use crate::identity::people::People;
use crate::identity::rate_limits::RateLimits;
use crate::identity::staff::StaffNews;
use crate::job_signal::JobSignal;
use crate::journal::{Journal, JournalHandle};
use crate::nodes::Nodes;
use crate::notifier::Notifier;
use crate::objects::Objects;
use crate::payment::PaymentGateway;
use crate::presence::Directory;
use crate::registry::deals::Deals;
use crate::registry::{Registry, Rooms};
use crate::room::RoomDeps;
use crate::room::replay::Recall;
use crate::store::pool::Pool;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::refusal_log::RefusalLog;
use crate::wire::outgoing::Outgoing;
use clock::Clock;
use notices::Notices;
use rules::RuleBook;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// What the parts of a server are built from.
pub(super) struct Opened {
    pub config: Config,
    pub clock: Clock,
    pub pool: Pool,
    pub link_key: Vec<u8>,
    pub metrics: Arc<Metrics>,
    pub nodes: Nodes,
    pub outgoing: Outgoing,
    pub catalogue: Catalogue,
    pub payments: PaymentGateway,
    pub rules: RuleBook,
    pub notices: Notices,
    pub demo_secret: Option<String>,
    pub limits: Arc<ConnectionLimits>,
}

/// Starts the journal, the rooms and the deals; answers the state of the server, or a sentence about an option that cannot be used.
pub(super) fn build(opened: Opened) -> Result<AppState, String> {
    let Opened {
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
    } = opened;
    let verifier = Verifier::new(&config.auth, demo_secret.as_deref())?;
    let catalogue = Arc::new(catalogue);
    let journal = start_journal(&config, &pool, &metrics, &clock);
    let recall = recall(&catalogue);
    let deps = (pool, metrics, outgoing, clock);
    let room = Arc::new(room_deps(&config, journal, recall, deps)?);
    let rooms = Registry::start(Arc::clone(&room), config.actors.room_threads);
    let job_signal = peers::job_signal(&config, &room.outgoing);
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
        forwarding: config.people.forwarding,
        socketio: config.socketio.clone(),
        dialects,
        connected_clients: ConnectedClients::default(),
        searches: searches(&config, &room.pool),
        files,
        refusals,
        stages: Stages::default(),
        node: config.operation.node_tag,
        connections_per_user: config.connections_per_user(),
        nodes,
        room,
    };
    Ok(AppState {
        deps: Arc::new(deps),
        payments,
        rules: Arc::new(rules),
        notices: Arc::new(notices),
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
    journal: JournalHandle,
    recall: Arc<Recall>,
    (pool, metrics, outgoing, clock): (Pool, Arc<Metrics>, Outgoing, Clock),
) -> Result<RoomDeps, String> {
    let actors = &config.actors;
    let directory = Arc::new(Directory::new(outgoing.clone()));
    Ok(RoomDeps {
        journal,
        notifier: Notifier::new(pool.clone(), Arc::clone(&directory), outgoing.clone()),
        pool,
        feed: Feed::new(outgoing.clone()),
        directory,
        outgoing,
        metrics,
        recall,
        clock: clock.clone(),
        idle: Duration::from_secs(actors.room_idle_seconds),
        mailbox: actors.room_mailbox as usize,
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
            let actor::Committed {
                conversation,
                no,
                readers: people,
                entries,
            } = committed;
            let newcomers = Vec::new();
            feed.committed((conversation, no), &entries, || Concerned {
                people,
                newcomers,
            });
            rooms.deliver_committed(conversation, entries);
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
        room.outgoing.clone(),
    )
}
