//! What is done later: rows are claimed by whichever server has time, done, and deleted; what fails is tried again.

mod backoff;
mod delivering;
mod paying;
mod reconciling;
mod runner;
mod telling;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use crate::config::Config;
use crate::domain::job::Job;
use crate::error::Error;
use crate::job_signal::JobSignal;
use crate::payment::{Gateway, GatewayError, PaymentGateway};
use crate::registry::deals::DealSink;
use crate::store::jobs::{Claimed, Lease};
use crate::store::pool::Pool;
use crate::telemetry::metrics::Metrics;

pub use delivering::{Platform, headers};
pub use runner::Runner;

/// What jobs are done with.
pub struct JobDeps {
    /// The database.
    pub pool: Pool,
    /// The gateway.
    pub payments: PaymentGateway,
    /// The way to the deals.
    pub deals: DealSink,
    /// Rung by those who write jobs down in this process.
    pub job_signal: JobSignal,
    /// Whom to tell what happens; nobody where no address is given.
    pub platform: Option<Platform>,
    /// Where the sandbox reaches this server.
    pub own_url: String,
    /// The options.
    pub config: Config,
    /// The figures.
    pub metrics: Arc<Metrics>,
}

/// How a job ended.
#[derive(Debug)]
enum End {
    /// It has deleted itself, together with what it did.
    Gone,
    /// It is done and to be deleted.
    Done,
    /// It is not over: to be done again after a while.
    Wait(Duration),
    /// It failed, and may go well later. The text is a stable code.
    Retry(String),
    /// It can not go well: left for people to look at.
    GiveUp(String),
}

impl From<GatewayError> for End {
    fn from(error: GatewayError) -> Self {
        match error.is_temporary() {
            true => Self::Retry(error.name().to_owned()),
            false => Self::GiveUp(error.name().to_owned()),
        }
    }
}

impl JobDeps {
    /// A workshop of the server that listens at this address.
    pub fn new(
        pool: Pool,
        payments: PaymentGateway,
        deals: DealSink,
        job_signal: JobSignal,
        config: &Config,
        address: SocketAddr,
        metrics: Arc<Metrics>,
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
        }
    }

    /// Does a job.
    async fn run(self: &Arc<Self>, claimed: &Claimed) -> Result<End, Error> {
        let lease = claimed.lease;
        let Some(job) = claimed.job.clone() else {
            return Ok(End::Retry("unknown_kind".to_owned()));
        };
        match job {
            Job::CreateOrder {
                conversation_no,
                order,
            } => paying::create_order(self, lease, conversation_no, order).await,
            Job::PaymentEvent { gateway, event_id } => {
                paying::take_in(self, lease, gateway, event_id).await
            }
            Job::TellDeal {
                conversation_no,
                order,
                outcome,
            } => telling::tell(self, lease, conversation_no, order, outcome).await,
            Job::Announce {
                conversation_no,
                after,
            } => telling::announce(self, conversation_no, after).await,
            Job::Reconcile { order_no } => reconciling::reconcile(self, order_no).await,
            Job::Refund { refund } => paying::refund(self, lease, refund).await,
            Job::DeliverEvent { event_no } => delivering::deliver(self, claimed, event_no).await,
            Job::SandboxEvents { events } => paying::post_as_sandbox(self, events).await,
        }
    }

    /// Asks the gateway something, on a thread that may wait.
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

    /// How long to wait before a job is tried again; none when it was tried for long enough.
    fn patience(&self, claimed: &Claimed) -> Option<Duration> {
        let first = Duration::from_millis(u64::from(self.config.jobs.job_retry_ms));
        let reconcile = self.config.payments.reconcile_hours;
        let age = (self.pool.clock().now() - claimed.created_at)
            .to_std()
            .unwrap_or_default();
        let pace = backoff::backoff_of(claimed.job.as_ref(), reconcile);
        (age < pace.patience).then(|| {
            pace.delay(
                first,
                claimed.lease.attempt.unsigned_abs(),
                backoff::chance(),
            )
        })
    }
}

/// Where a server that listens everywhere reaches itself.
fn reached_at(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => (Ipv4Addr::LOCALHOST, address.port()).into(),
        IpAddr::V6(ip) if ip.is_unspecified() => (Ipv6Addr::LOCALHOST, address.port()).into(),
        IpAddr::V4(_) | IpAddr::V6(_) => address,
    }
}

/// The code of an error; its cause goes to the log, once.
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
