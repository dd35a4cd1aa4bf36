//! Writes what can be searched for.

use diesel::pg::PgConnection;
use std::sync::Arc;

use super::{Consumer, NewEntries};
use crate::domain::tokens::Tokenizer;
use crate::error::Error;
use crate::store::search;
use crate::telemetry::metrics::Metrics;

/// The consumer.
pub struct SearchIndex {
    name: String,
    tokenizer: Arc<Tokenizer>,
    metrics: Arc<Metrics>,
}

impl SearchIndex {
    /// A consumer that reads texts with this tokenizer. A tokenizer with other languages is another consumer, which reads all messages
    /// again.
    pub fn new(tokenizer: Arc<Tokenizer>, metrics: Arc<Metrics>) -> Self {
        Self {
            name: tokenizer.name(),
            tokenizer,
            metrics,
        }
    }
}

impl Consumer for SearchIndex {
    fn name(&self) -> &str {
        &self.name
    }

    fn handle(&self, connection: &mut PgConnection, entries: &[NewEntries]) -> Result<(), Error> {
        let written = search::index(connection, &self.tokenizer, entries)?;
        self.metrics.search.documents.inc_by(written as u64);
        Ok(())
    }
}
