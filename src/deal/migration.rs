//! Migrates running deals to another version of their flow, in batches.

use chrono::{DateTime, Utc};
use diesel::Connection;
use diesel::pg::PgConnection;

use super::deciding::StepContext;
use crate::domain::deal_reader::DealReader;
use crate::domain::flow::Instance;
use crate::domain::ids::{ConversationId, ConversationNo};
use crate::domain::job::Job;
use crate::error::Error;
use crate::store::clock;
use crate::store::conversations::Key;
use crate::store::flows::{self, LoadedDeal};
use crate::store::jobs;
use crate::store::steps::{self, NewStep};
use flow::definition::Definition;
use flow::migrate;

/// Whether the batch is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Only report what would happen.
    DryRun,
    /// Write it.
    Write,
}

/// The result for one deal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigratedDeal {
    /// Its conversation.
    pub conversation: ConversationId,
    /// Its current state.
    pub from: String,
    /// Its new state, or why it keeps its version.
    pub to: Result<String, String>,
    /// The deadline of the new state.
    pub deadline: Option<DateTime<Utc>>,
}

/// The two versions of a migration.
pub struct Migration<'a> {
    /// The version that the deals run by.
    pub old: &'a Definition,
    /// The version that they get.
    pub new: &'a Definition,
    /// The name of the gateway that creates their orders.
    pub gateway: Option<&'static str>,
}

/// The result of one batch.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// The result for each deal.
    pub moved: Vec<MigratedDeal>,
    /// The number of deals that changed meanwhile; they must be migrated again.
    pub conflicts: usize,
    /// The last conversation of the batch; `None` if there was none left.
    pub last: Option<ConversationNo>,
}

/// Plans the migration of at most `limit` deals after a conversation and, with `Mode::Write`, commits their
/// steps in one transaction. The server gets an `Announce` job for each committed step, which informs its room.
pub fn next_batch(
    connection: &mut PgConnection,
    migration: &Migration<'_>,
    after: ConversationNo,
    limit: i64,
    mode: Mode,
) -> Result<Batch, Error> {
    let (name, version) = (&migration.old.name, migration.old.version);
    let numbers = flows::running(connection, name, version, after, limit)?;
    let (mut batch, mut steps) = (Batch::default(), Vec::new());
    let now = clock::read(connection)?;
    for no in numbers {
        batch.last = Some(no);
        let Some(deal) = flows::load(connection, Key::No(no))? else {
            continue;
        };
        let (moved, step) = migration.plan(deal, now);
        batch.moved.extend(moved);
        steps.extend(step);
    }
    if mode == Mode::Write && !steps.is_empty() {
        batch.conflicts = steps.len() - write(connection, &steps)?;
    }
    Ok(batch)
}

impl Migration<'_> {
    fn plan(
        &self,
        deal: LoadedDeal,
        now: DateTime<Utc>,
    ) -> (Option<MigratedDeal>, Option<NewStep>) {
        let Some((_, _, instance)) = deal.flow.as_ref() else {
            return (None, None);
        };
        let conversation = deal.conversation.id;
        let from = instance.state.clone();
        match self.step(&deal, instance, now) {
            Err(why) => {
                let stays = MigratedDeal {
                    conversation,
                    from,
                    to: Err(why),
                    deadline: None,
                };
                (Some(stays), None)
            }
            Ok(step) => {
                let goes = MigratedDeal {
                    conversation,
                    from,
                    to: Ok(step.step.instance.state.clone()),
                    deadline: step.step.deal_view.deadline,
                };
                (Some(goes), Some(step))
            }
        }
    }

    fn step(
        &self,
        deal: &LoadedDeal,
        instance: &Instance,
        now: DateTime<Utc>,
    ) -> Result<NewStep, String> {
        let step = migrate(self.old, self.new, instance, now)?;
        let context = StepContext {
            conversation: &deal.conversation,
            base_version: instance.version,
            gateway: self.gateway,
            caller: None,
            reader: DealReader::Anybody,
            now,
        };
        let request_id = format!("migrate:{}:{}", self.old.version, self.new.version);
        let decided = context.decided(step, request_id, None);
        decided
            .map(|decided| decided.step)
            .map_err(|error| match error {
                Error::Refused(refusal) => refusal.message(),
                Error::Internal(cause) => cause,
            })
    }
}

/// Writes the steps and returns how many were committed; the others met a concurrent change.
fn write(connection: &mut PgConnection, batch: &[NewStep]) -> Result<usize, Error> {
    connection.transaction(|connection| {
        let committed = steps::commit(connection, batch)?;
        let announcements: Vec<Job> = committed
            .iter()
            .filter_map(|committed| {
                let index = usize::try_from(committed.position - 1).ok()?;
                Some(Job::Announce {
                    conversation_no: batch.get(index)?.conversation,
                    after: committed.before,
                })
            })
            .collect();
        jobs::add_all(connection, &announcements)?;
        Ok(committed.len())
    })
}
