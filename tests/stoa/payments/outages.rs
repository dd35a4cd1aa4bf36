//! Events that a gateway posts while the database comes and goes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::fixture::Event;
use crate::polling::until;
use crate::postgres::TestCluster;

/// How often the database goes away, and for how long it is there and away.
pub struct Outages {
    pub count: usize,
    pub there: Duration,
    pub away: Duration,
}

impl Outages {
    /// Makes the database go and come. The number is odd while it is away.
    fn happen(&self, cluster: &TestCluster, phase: &AtomicUsize) {
        for _ in 0..self.count {
            std::thread::sleep(self.there);
            phase.fetch_add(1, Ordering::SeqCst);
            cluster.stop_immediate().expect("stopped");
            std::thread::sleep(self.away);
            cluster.start_again().expect("started");
            phase.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// Posts the events, each until it is taken, and begins anew until all outages are over. `post` answers the status.
pub async fn post_during(
    outages: Outages,
    cluster: TestCluster,
    events: &[Event],
    post: impl AsyncFn(&Event) -> u16,
) -> TestCluster {
    let phase = Arc::new(AtomicUsize::new(0));
    let during = Arc::clone(&phase);
    let happening = tokio::task::spawn_blocking(move || {
        outages.happen(&cluster, &during);
        cluster
    });
    let (mut posted, mut posted_away) = (0, 0);
    for event in events.iter().cycle() {
        if posted >= events.len() && happening.is_finished() {
            break;
        }
        let before = phase.load(Ordering::SeqCst);
        let take = async || post(event).await;
        until("the event to be taken", take, |status| *status == 200).await;
        posted += 1;
        let was_away = before % 2 == 1 || before != phase.load(Ordering::SeqCst);
        posted_away += usize::from(was_away);
    }
    assert!(
        posted_away > 0,
        "nothing was posted while the database was away"
    );
    happening.await.expect("a thread")
}
