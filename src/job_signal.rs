//! An in-process signal: code that has inserted a job notifies the runner, which then need not wait for its
//! next poll.

use std::sync::Arc;
use tokio::sync::watch;

/// A handle to notify and to listen; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct JobSignal(Arc<watch::Sender<()>>);

/// A listener. A notification that comes before it waits is not lost.
pub struct Listener(watch::Receiver<()>);

impl JobSignal {
    /// Notifies all listeners. Call it after the commit, so that they find the job.
    pub fn notify(&self) {
        self.0.send_replace(());
    }

    /// A listener for notifications from now on.
    pub fn listen(&self) -> Listener {
        Listener(self.0.subscribe())
    }
}

impl Listener {
    /// Marks earlier notifications as seen. Call it before looking for jobs.
    pub fn mark_seen(&mut self) {
        self.0.mark_unchanged();
    }

    /// Waits for a notification that is not marked as seen.
    pub async fn notified(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
