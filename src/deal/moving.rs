//! Takes running deals to another version of their flow, in batches: looked at first, then written.

use chrono::{DateTime, Utc};
use diesel::Connection;
use diesel::pg::PgConnection;

use super::deciding::Place;
use crate::domain::flow::{FlowActor, Instance};
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

/// Whether anything is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Nothing: only told what would be.
    DryRun,
    /// It is.
    ForReal,
}

/// What becomes of one deal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Its conversation.
    pub conversation: ConversationId,
    /// The state that it is in.
    pub from: String,
    /// Where it goes, or why it stays with its version.
    pub to: Result<String, String>,
    /// When that state ends by itself.
    pub deadline: Option<DateTime<Utc>>,
}

/// From which definition to which.
pub struct Route<'a> {
    /// The definition that the deals run by.
    pub old: &'a Definition,
    /// The one that they shall run by.
    pub new: &'a Definition,
    /// The gateway that makes their orders.
    pub gateway: Option<&'static str>,
}

/// A batch that is over.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Each deal of it.
    pub moved: Vec<Moved>,
    /// Deals that changed meanwhile; they are still to be moved.
    pub overtaken: usize,
    /// The last conversation looked at; none when there are no more.
    pub last: Option<ConversationNo>,
}

/// Looks at the next deals after a conversation, at most `limit`, and moves them where the mode says so. All that are moved
/// are moved in one commit, and the server is left a job for each to tell its room.
pub fn next_batch(
    connection: &mut PgConnection,
    route: &Route<'_>,
    after: ConversationNo,
    limit: i64,
    mode: Mode,
) -> Result<Batch, Error> {
    let (name, version) = (&route.old.name, route.old.version);
    let numbers = flows::running(connection, name, version, after, limit)?;
    let (mut batch, mut steps) = (Batch::default(), Vec::new());
    let now = clock::read(connection)?;
    for no in numbers {
        batch.last = Some(no);
        let Some(deal) = flows::load(connection, Key::No(no))? else {
            continue;
        };
        let (moved, step) = route.look(deal, now);
        batch.moved.extend(moved);
        steps.extend(step);
    }
    if mode == Mode::ForReal && !steps.is_empty() {
        batch.overtaken = steps.len() - write(connection, &steps)?;
    }
    Ok(batch)
}

impl Route<'_> {
    fn look(&self, deal: LoadedDeal, now: DateTime<Utc>) -> (Option<Moved>, Option<NewStep>) {
        let Some((_, _, instance)) = deal.flow.as_ref() else {
            return (None, None);
        };
        let conversation = deal.conversation.id;
        let from = instance.state.clone();
        match self.step(&deal, instance, now) {
            Err(why) => {
                let stays = Moved {
                    conversation,
                    from,
                    to: Err(why),
                    deadline: None,
                };
                (Some(stays), None)
            }
            Ok(step) => {
                let goes = Moved {
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
        let place = Place {
            conversation: &deal.conversation,
            offered: instance.version,
            gateway: self.gateway,
            caller: None,
            now,
        };
        let request_id = format!("migrate:{}:{}", self.old.version, self.new.version);
        let decided = place.decided(step, &FlowActor::System, request_id, None);
        decided
            .map(|decided| decided.step)
            .map_err(|refusal| refusal.message())
    }
}

/// Writes the steps; answers how many of them were not overtaken.
fn write(connection: &mut PgConnection, batch: &[NewStep]) -> Result<usize, Error> {
    connection.transaction(|connection| {
        let won = steps::commit(connection, batch)?;
        let told: Vec<Job> = won
            .iter()
            .filter_map(|won| {
                let place = usize::try_from(won.position - 1).ok()?;
                Some(Job::Announce {
                    conversation_no: batch.get(place)?.conversation,
                    after: won.before,
                })
            })
            .collect();
        jobs::add_all(connection, &told)?;
        Ok(won.len())
    })
}
