//! Background jobs: any server claims a row that is due, runs it and deletes it; failed jobs are retried. A new kind needs a
//! variant of `domain::job::Job` with its kind and lane, a file here, a line in `run`, and a schedule in `backoff.rs`. Work that no
//! row causes is a periodic task, which `runner.rs` starts beside the jobs (`forgetting.rs`).

mod backoff;
mod checking;
mod deal_inputs;
mod delivering;
mod dropping;
mod forgetting;
mod paying;
mod previewing;
mod reconciling;
mod rules;
mod runner;
mod scanning;
mod spool;
mod stripping;

use parking_lot::Mutex;
use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use crate::config::Config;
use crate::domain::file::FileNo;
use crate::domain::job::Job;
use crate::error::Error;
use crate::job_signal::JobSignal;
use crate::objects::Objects;
use crate::payment::{Gateway, GatewayError, PaymentGateway};
use crate::presence::Directory;
use crate::registry::deals::DealSink;
use crate::store::jobs::{Claimed, Lease, StoredJob};
use crate::store::pool::Pool;
use crate::telemetry::metrics::Metrics;
use crate::wire::outgoing::Outgoing;

pub use self::rules::RuleDeps;
pub use delivering::{Platform, headers};
pub use runner::Runner;

/// The dependencies of jobs.
pub struct JobDeps {
    /// The database.
    pub pool: Pool,
    /// The payment gateway, if one is configured.
    pub payments: PaymentGateway,
    /// Delivers payments and timers to deals.
    pub deals: DealSink,
    /// Wakes the runner when code in this process has written a job.
    pub job_signal: JobSignal,
    /// The receiver of webhooks; `None` if no address is configured.
    pub platform: Option<Platform>,
    /// The URL at which the sandbox reaches this server.
    pub own_url: String,
    /// The options.
    pub config: Config,
    /// The metrics.
    pub metrics: Arc<Metrics>,
    /// The store of files' bytes; `None` if files are off.
    pub objects: Option<Objects>,
    /// Wakes those who wait for the check of a file.
    pub files_checked: JobSignal,
    directory: Arc<Directory>,
    outgoing: Outgoing,
    /// What rules work with; `None` without rules files.
    pub rules: Option<RuleDeps>,
    /// The files that this process works on.
    files_under_check: Mutex<HashSet<FileNo>>,
}

/// What jobs about files need.
#[derive(Clone)]
pub struct FileJobDeps {
    /// The store of files' bytes; `None` if files are off.
    pub objects: Option<Objects>,
    /// Wakes those who wait for the check of a file.
    pub checked: JobSignal,
    /// The sessions of users at this server, which get an event when a file is checked.
    pub directory: Arc<Directory>,
    /// Reaches the other servers, which inform their own sessions.
    pub outgoing: Outgoing,
}

/// How a job ended.
#[derive(Debug)]
enum JobEnd {
    /// Its own transaction has deleted its row.
    Finished,
    /// It succeeded: delete its row.
    Done,
    /// It is not finished: run it again after this time.
    Wait(Duration),
    /// It failed and may succeed later. The text is a stable code.
    Retry(String),
    /// It cannot succeed: keep its row for an operator.
    GiveUp(String),
}

impl From<GatewayError> for JobEnd {
    fn from(error: GatewayError) -> Self {
        match error.is_temporary() {
            true => Self::Retry(error.name().to_owned()),
            false => Self::GiveUp(error.name().to_owned()),
        }
    }
}

impl JobDeps {
    /// The dependencies of a server that listens at `address`.
    pub fn new(
        pool: Pool,
        payments: PaymentGateway,
        deals: DealSink,
        job_signal: JobSignal,
        (config, address): (&Config, SocketAddr),
        metrics: Arc<Metrics>,
        files: FileJobDeps,
    ) -> Self {
        let given = config.payments.public_url.clone();
        Self {
            pool,
            payments,
            deals,
            job_signal,
            platform: Platform::of(&config.webhooks),
            own_url: given.unwrap_or_else(|| format!("http://{}", reached_at(address))),
            config: config.clone(),
            metrics,
            objects: files.objects,
            files_checked: files.checked,
            directory: files.directory,
            outgoing: files.outgoing,
            rules: None,
            files_under_check: Mutex::default(),
        }
    }

    /// The same, with rules.
    pub fn with_rules(self, rules: Option<RuleDeps>) -> Self {
        Self { rules, ..self }
    }

    /// Runs a job.
    async fn run(self: &Arc<Self>, claimed: &Claimed) -> Result<JobEnd, Error> {
        let lease = claimed.lease;
        let job = match &claimed.job {
            StoredJob::Known(job) => job.clone(),
            StoredJob::UnknownKind => return Ok(JobEnd::Retry("unknown_kind".to_owned())),
            StoredJob::Unreadable(cause) => {
                let kind = claimed.kind.as_str();
                log::error!(event = "job_unreadable", kind = kind, job = lease.no; "{cause}");
                return Ok(JobEnd::Retry("unreadable_payload".to_owned()));
            }
        };
        match job {
            Job::CreateOrder {
                conversation_no,
                order,
            } => paying::create_order(self, lease, conversation_no, order).await,
            Job::PaymentEvent { gateway, event_id } => {
                paying::handle_payment_event(self, lease, gateway, event_id).await
            }
            Job::TellDeal {
                conversation_no,
                order,
                outcome,
            } => deal_inputs::deliver_outcome(self, lease, conversation_no, order, outcome).await,
            Job::Announce {
                conversation_no,
                after,
            } => deal_inputs::announce(self, conversation_no, after).await,
            Job::Reconcile { order_no } => reconciling::reconcile(self, order_no).await,
            Job::Refund { refund } => paying::refund(self, lease, refund).await,
            Job::DeliverEvent { event_no } => delivering::deliver(self, claimed, event_no).await,
            Job::CheckFile { file_no } => checking::check(self, file_no).await,
            Job::DropFile { file_no } => dropping::drop_file(self, lease, file_no).await,
            Job::HandleEvent { event_no } => rules::handle_event(self, lease, event_no).await,
            Job::RunRule { event_no, place } => rules::run_rule(self, event_no, place).await,
            Job::SandboxEvents { events } => paying::post_as_sandbox(self, events).await,
        }
    }

    /// Calls the gateway on a thread that may block.
    async fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        question: impl FnOnce(&dyn Gateway) -> Result<T, GatewayError> + Send + 'static,
    ) -> Result<Result<T, GatewayError>, Error> {
        let deps = Arc::clone(self);
        let asked = tokio::task::spawn_blocking(move || match deps.payments.gateway() {
            Some(gateway) => question(gateway),
            None => Err(GatewayError::NotConfigured),
        });
        asked.await.map_err(Error::internal)
    }

    fn has_gateway(&self, name: &str) -> bool {
        self.payments.name() == Some(name)
    }

    /// How long to wait before a job is tried again; `None` if it is too old.
    fn retry_delay(&self, claimed: &Claimed) -> Option<Duration> {
        let first = Duration::from_millis(u64::from(self.config.jobs.job_retry_ms));
        let reconcile = self.config.payments.reconcile_hours;
        let age = (self.pool.clock().now() - claimed.created_at)
            .to_std()
            .unwrap_or_default();
        let backoff = backoff::backoff_of(claimed.job.known(), reconcile);
        (age < backoff.patience)
            .then(|| backoff.delay(first, claimed.failures.saturating_add(1), backoff::chance()))
    }
}

/// The address at which a server reaches itself; loopback if it listens on all interfaces.
fn reached_at(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => (Ipv4Addr::LOCALHOST, address.port()).into(),
        IpAddr::V6(ip) if ip.is_unspecified() => (Ipv6Addr::LOCALHOST, address.port()).into(),
        IpAddr::V4(_) | IpAddr::V6(_) => address,
    }
}

/// The code of an error. Logs the cause of an internal error.
fn code_of(error: Error, what: &str, lease: Option<Lease>) -> String {
    match error {
        Error::Refused(refusal) => refusal.code_and_status().0.to_lowercase(),
        Error::Internal(cause) => {
            let job = lease.map_or(0, |lease| lease.no);
            log::error!(event = "job_broken", kind = what, job = job; "{cause}");
            "internal".to_owned()
        }
    }
}
