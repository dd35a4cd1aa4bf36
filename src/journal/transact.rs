//! Changes that need a transaction of their own (all but messages, watermarks and steps), on the pool's
//! connections.

use super::JournalHandle;
use crate::domain::access::blocks::{Block, Blocking};
use crate::error::Error;
use crate::store::blocks;
use crate::store::changes::{self, Change, Changed};
use crate::store::creation::{self, Creation, NewConversation};

/// The error of a change whose outcome is unknown: it may be committed. The room reads the conversation to find
/// out.
#[derive(Debug)]
pub struct OutcomeUnknown(pub Error);

impl JournalHandle {
    /// Makes a change. After an error the change may still have been committed.
    pub async fn change(&self, change: Change) -> Result<Changed, OutcomeUnknown> {
        self.pool
            .run(move |connection| changes::apply(connection, &change))
            .await
            .map_err(OutcomeUnknown)
    }

    /// Begins or ends a block between two users. Safe to repeat after an error.
    pub async fn block(&self, block: Block, blocking: Blocking) -> Result<blocks::Entries, Error> {
        let changed = self
            .pool
            .run(move |connection| blocks::set(connection, block, blocking));
        changed.await
    }

    /// Creates a conversation, or finds the one that the request means. Safe to repeat after an error.
    pub async fn create(&self, new: NewConversation) -> Result<Creation, Error> {
        self.pool
            .run(move |connection| creation::create(connection, &new))
            .await
    }
}
