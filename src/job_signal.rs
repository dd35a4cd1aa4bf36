//! An in-process signal: code that has inserted a job notifies the runner, which then need not wait for its
//! next poll.

use std::fmt;
use std::sync::Arc;
use tokio::sync::watch;

/// A handle to notify and to listen; cheap to clone.
#[derive(Clone, Default)]
pub struct JobSignal {
    here: Arc<watch::Sender<()>>,
    elsewhere: Option<Arc<dyn Fn() + Send + Sync>>,
}

impl fmt::Debug for JobSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JobSignal")
    }
}

/// A listener. A notification that comes before it waits is not lost.
pub struct Listener(watch::Receiver<()>);

impl JobSignal {
    /// A signal that also calls this, which signals other servers that run jobs.
    pub fn telling(elsewhere: impl Fn() + Send + Sync + 'static) -> Self {
        Self {
            here: Arc::default(),
            elsewhere: Some(Arc::new(elsewhere)),
        }
    }

    /// Notifies all listeners. Call it after the commit, so that they find the job.
    pub fn notify(&self) {
        self.notify_here();
        if let Some(elsewhere) = &self.elsewhere {
            elsewhere();
        }
    }

    /// Notifies the listeners of this server: another one has inserted a job.
    pub fn notify_here(&self) {
        self.here.send_replace(());
    }

    /// A listener for notifications from now on.
    pub fn listen(&self) -> Listener {
        Listener(self.here.subscribe())
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
