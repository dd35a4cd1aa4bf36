//! Ann and Bob with a socket each, and the album that keeps what they ask and hear.

use serde_json::Value;

use super::album::Album;
use super::ear::Ear;
use super::native::People;

pub struct Pair {
    pub all: People,
    pub album: Album,
    pub ann: Ear,
    pub bob: Ear,
}

impl Pair {
    pub async fn ann_asks(&mut self, event: &str, data: Value, note: &str) -> Value {
        self.ann.ask(&mut self.album, event, data, note).await
    }

    pub async fn bob_asks(&mut self, event: &str, data: Value, note: &str) -> Value {
        self.bob.ask(&mut self.album, event, data, note).await
    }

    pub async fn ann_hears(&mut self, event: &str, note: &str) -> Value {
        self.ann.hear(&mut self.album, event, note).await
    }

    pub async fn bob_hears(&mut self, event: &str, note: &str) -> Value {
        self.bob.hear(&mut self.album, event, note).await
    }
}
