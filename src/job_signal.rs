//! A signal within this process: code that has written a job rings it, so that the runner need not wait for its next look.

use std::sync::Arc;
use tokio::sync::watch;

/// A handle to ring and to listen; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct JobSignal(Arc<watch::Sender<()>>);

/// Somebody who listens. A ring that comes before it waits is not lost to it.
pub struct Listener(watch::Receiver<()>);

impl JobSignal {
    /// Says that there is a job. Call it after the commit: what is not committed can not be found.
    pub fn ring(&self) {
        self.0.send_replace(());
    }

    /// Listens from now on.
    pub fn listen(&self) -> Listener {
        Listener(self.0.subscribe())
    }
}

impl Listener {
    /// Forgets the rings so far, before looking at what they are about.
    pub fn forget(&mut self) {
        self.0.mark_unchanged();
    }

    /// Waits for a ring after the last one that was forgotten or waited for.
    pub async fn rung(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
