//! A running server: how its threads start, what happens if they end by themselves, and how it stops.

use actix_web::dev::ServerHandle;
use actix_web::web;
use std::future::{pending, poll_fn};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::edge::connection::socketio::Endpoint;
use crate::edge::connection::stage::Stage;
use crate::edge::http::AppState;
use crate::feed::FeedRunner;
use crate::jobs::Runner;
use crate::nodes::RunningNodes;
use crate::queue::CloseReason;
use localpg::Cluster;

type Serving = JoinHandle<std::io::Result<()>>;

/// A running server.
pub struct Running {
    /// The address that it listens on, with the real port if 0 was configured.
    pub address: SocketAddr,
    /// The address of the metrics, if they have their own.
    pub metrics_address: Option<SocketAddr>,
    pub(crate) server: web::Data<AppState>,
    pub(crate) engine: Arc<Endpoint>,
    pub(crate) handle: ServerHandle,
    /// `None` after the server ended by itself.
    pub(crate) serving: Option<Serving>,
    pub(crate) sweeping: JoinHandle<()>,
    pub(crate) runner: Option<Runner>,
    pub(crate) following: Option<FeedRunner>,
    pub(crate) nodes: Option<RunningNodes>,
    pub(crate) cluster: Option<Arc<Cluster>>,
}

/// Starts the threads that serve; fails if one of them cannot start.
pub(crate) async fn begin(mut http: actix_web::dev::Server) -> Result<Serving, String> {
    let (begun, begins) = oneshot::channel();
    let serving = actix_rt::spawn(async move {
        // The first poll starts the threads, and waits for each.
        match poll_fn(|context| Poll::Ready(Pin::new(&mut http).poll(context))).await {
            Poll::Ready(ended) => ended,
            Poll::Pending => {
                let _nobody_waits = begun.send(());
                http.await
            }
        }
    });
    if begins.await.is_ok() {
        return Ok(serving);
    }
    let why = why_it_ended(serving.await);
    Err(format!(
        "The threads that serve connections cannot start: {why}. Is the limit of open files or of processes too low for --workers?"
    ))
}

fn why_it_ended(ended: Result<std::io::Result<()>, tokio::task::JoinError>) -> String {
    match ended {
        Ok(Ok(())) => "the server has ended by itself".to_owned(),
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    }
}

impl Running {
    /// Waits until the server ends by itself, which only a fault causes; returns the reason.
    pub async fn fault(&mut self) -> String {
        let Some(serving) = &mut self.serving else {
            return pending().await;
        };
        let ended = serving.await;
        self.serving = None;
        format!("The server has failed: {}.", why_it_ended(ended))
    }

    /// Stops without losing what was acknowledged. First the server reports that it is not ready and goes on serving, so that load
    /// balancers turn away from it. Then it accepts no new connections, closes the open ones over a few seconds, and ends with its
    /// database.
    pub async fn stop(mut self) {
        let stages = &self.server.deps.stages;
        let notice = self.server.config.operation.drain_notice_seconds;
        stages.reach(Stage::Leaving);
        self.server.deps.nodes.note_leaving();
        if notice > 0 && self.serving.is_some() {
            log::info!(event = "not_ready_any_more", seconds = notice; "");
            tokio::time::sleep(Duration::from_secs(notice)).await;
        }
        stages.reach(Stage::Draining);
        log::info!(event = "draining", connections = self.server.deps.room.directory.connection_count(); "");
        self.close_connections().await;
        if let Some(runner) = self.runner.take() {
            runner.stop().await;
        }
        if let Some(following) = self.following.take() {
            following.stop().await;
        }
        self.sweeping.abort();
        self.handle.stop(true).await;
        if let Some(serving) = self.serving.take()
            && let Ok(Err(error)) = serving.await
        {
            log::error!(event = "server_failed"; "{error}");
        }
        let deps = &self.server.deps;
        deps.last_seen.write(&deps.room.pool).await;
        // Last: what was committed until now goes to other servers.
        if let Some(nodes) = self.nodes.take() {
            nodes.stop().await;
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
        let directory = &self.server.deps.room.directory;
        let open = directory.connections();
        let spread = Duration::from_secs(self.server.config.sockets.drain_seconds);
        let step = Duration::from_millis(20);
        let steps = (spread.as_millis() / step.as_millis()).max(1) as usize;
        for part in open.chunks(open.len().div_ceil(steps).max(1)) {
            part.iter()
                .for_each(|queue| queue.close(CloseReason::Restarting));
            tokio::time::sleep(step).await;
        }
        self.engine.close_all(CloseReason::Restarting);
        for _ in 0..100 {
            if directory.connection_count() == 0 {
                return;
            }
            tokio::time::sleep(step).await;
        }
    }

    /// The server's state, for tests.
    pub fn server(&self) -> &AppState {
        &self.server
    }
}
