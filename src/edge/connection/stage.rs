//! How far a server is on its way to its end.

use std::sync::atomic::{AtomicU8, Ordering};

/// Where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// It serves, and says so.
    Serving,
    /// It serves, and says that it is not ready, so that load balancers turn away from it.
    Leaving,
    /// It takes no new connections, and closes the open ones.
    Draining,
}

/// The stage of a server, as every thread sees it. It only goes on.
#[derive(Debug, Default)]
pub struct Stages(AtomicU8);

impl Stages {
    /// Goes on to a stage.
    pub fn reach(&self, stage: Stage) {
        self.0.fetch_max(stage as u8, Ordering::Relaxed);
    }

    /// Where it stands now.
    pub fn now(&self) -> Stage {
        match self.0.load(Ordering::Relaxed) {
            0 => Stage::Serving,
            1 => Stage::Leaving,
            _ => Stage::Draining,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_never_comes_back() {
        let stages = Stages::default();
        assert_eq!(stages.now(), Stage::Serving);
        for stage in [Stage::Leaving, Stage::Draining] {
            stages.reach(stage);
            assert_eq!(stages.now(), stage);
        }
        stages.reach(Stage::Leaving);
        assert_eq!(stages.now(), Stage::Draining);
    }
}
