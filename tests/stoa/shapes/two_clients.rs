//! Ann and Bob with a socket each, and the snapshots that keeps what they ask and hear.

use serde_json::Value;

use super::native::People;
use super::recording_client::RecordingClient;
use super::snapshot_file::SnapshotFile;

pub struct Pair {
    pub all: People,
    pub snapshots: SnapshotFile,
    pub ann: RecordingClient,
    pub bob: RecordingClient,
}

impl Pair {
    pub async fn ann_asks(&mut self, event: &str, data: Value, note: &str) -> Value {
        self.ann.ask(&mut self.snapshots, event, data, note).await
    }

    pub async fn bob_asks(&mut self, event: &str, data: Value, note: &str) -> Value {
        self.bob.ask(&mut self.snapshots, event, data, note).await
    }

    pub async fn ann_hears(&mut self, event: &str, note: &str) -> Value {
        self.ann.hear(&mut self.snapshots, event, note).await
    }

    pub async fn bob_hears(&mut self, event: &str, note: &str) -> Value {
        self.bob.hear(&mut self.snapshots, event, note).await
    }
}
