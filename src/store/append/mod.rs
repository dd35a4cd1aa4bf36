//! The statements that every message goes through: many appends of many conversations in one commit.

mod columns;
mod deduplicating;
mod optimistic;

use chrono::{DateTime, Utc};
use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::Text;

use crate::domain::ids::{ConversationNo, PolicyVersion, Seq, UserNo};
use crate::domain::message::Content;
use crate::domain::principal::Roles;
use crate::error::Error;

pub use deduplicating::append as append_carefully;

/// One message to append.
pub struct NewMessage<'a> {
    /// Where.
    pub conversation: ConversationNo,
    /// The version of the policy that it was decided under.
    pub policy: PolicyVersion,
    /// Who sends it.
    pub sender: UserNo,
    /// What the sender's token gives: staff may answer what is for staff.
    pub roles: Roles,
    /// What is said.
    pub content: &'a Content,
    /// `Content::fingerprint`, kept to tell a repeat from a conflict.
    pub fingerprint: i64,
}

/// What became of one message of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Appended {
    /// It is stored now.
    Fresh {
        /// Its seq.
        seq: Seq,
        /// When it was committed.
        at: DateTime<Utc>,
    },
    /// It was stored before.
    Known {
        /// The conversation that holds it.
        conversation: ConversationNo,
        /// Its seq there.
        seq: Seq,
        /// When it was committed.
        at: DateTime<Utc>,
        /// The fingerprint that is stored.
        fingerprint: i64,
    },
    /// What it replies to does not exist, or not for its sender.
    Orphaned,
    /// It is not stored: its policy has changed since it was decided, or there is no such conversation.
    Stale,
}

/// Appends all of them in one commit, with an outcome for each in their order; not within a transaction, which a repeat would end.
/// No two of them may have the same sender and client id. Fails as a whole or not at all. Should another server store one of them at the same
/// moment, it is worth trying again: then it is found.
pub fn append(
    connection: &mut PgConnection,
    messages: &[NewMessage<'_>],
) -> Result<Vec<Appended>, Error> {
    match optimistic::append(connection, messages)? {
        Some(outcomes) => Ok(outcomes),
        None => append_carefully(connection, messages),
    }
}

/// What `explain` says of both statements, for a test that reads their plans.
pub fn plans(
    connection: &mut PgConnection,
    messages: &[NewMessage<'_>],
) -> QueryResult<[Vec<String>; 2]> {
    Ok([
        optimistic::plan(connection, messages)?,
        deduplicating::plan(connection, messages)?,
    ])
}

struct Explained<S>(S);

impl<S: QueryFragment<Pg>> QueryFragment<Pg> for Explained<S> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("explain ");
        self.0.walk_ast(out)
    }
}

impl<S: QueryId> QueryId for Explained<S> {
    type QueryId = Explained<S::QueryId>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<S> Query for Explained<S> {
    type SqlType = Text;
}

impl<S> RunQueryDsl<PgConnection> for Explained<S> {}
