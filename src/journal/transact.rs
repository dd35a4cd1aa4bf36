//! The transaction lane: everything but messages and watermarks, on the pool's connections.

use super::JournalHandle;
use crate::error::Error;
use crate::store::changes::{self, Change, Changed};
use crate::store::creation::{self, Creation, NewConversation};

/// A change whose outcome could not be learned: it may be committed. The room looks.
#[derive(Debug)]
pub struct Unsure(pub Error);

impl JournalHandle {
    /// Makes a change. An error leaves open whether it was made.
    pub async fn change(&self, change: Change) -> Result<Changed, Unsure> {
        self.pool
            .run(move |connection| changes::apply(connection, &change))
            .await
            .map_err(Unsure)
    }

    /// Makes a conversation, or finds the one that is the same. Safe to ask for again after an error.
    pub async fn create(&self, new: NewConversation) -> Result<Creation, Error> {
        self.pool
            .run(move |connection| creation::create(connection, &new))
            .await
    }
}
