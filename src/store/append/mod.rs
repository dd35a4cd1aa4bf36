//! The statements that store messages: many messages of many conversations in one commit.

mod columns;
mod deduplicating;
mod optimistic;
mod with_files;

use chrono::{DateTime, Utc};
use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::Text;

use crate::domain::file::FileProblem;
use crate::domain::ids::{ConversationNo, PolicyVersion, Seq, UserNo};
use crate::domain::message::Content;
use crate::domain::principal::Roles;
use crate::error::Error;

pub use deduplicating::append as append_deduplicating;
pub use with_files::append as append_with_files;

/// A message to append.
#[derive(Clone, Copy)]
pub struct NewMessage<'a> {
    /// The conversation.
    pub conversation: ConversationNo,
    /// The policy version under which the room accepted it.
    pub policy: PolicyVersion,
    /// The sender.
    pub sender: UserNo,
    /// The roles in the sender's token: staff may reply to messages for staff.
    pub roles: Roles,
    /// The content.
    pub content: &'a Content,
    /// `Content::fingerprint`, stored to tell a retry from a conflict.
    pub fingerprint: i64,
}

/// The outcome for one message of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Appended {
    /// It was stored by this statement.
    Stored {
        /// Its seq.
        seq: Seq,
        /// The time of the commit.
        at: DateTime<Utc>,
    },
    /// The sender had stored a message with this client id before.
    Duplicate {
        /// The conversation that holds that message.
        conversation: ConversationNo,
        /// Its seq there.
        seq: Seq,
        /// The time of its commit.
        at: DateTime<Utc>,
        /// Its fingerprint.
        fingerprint: i64,
    },
    /// It replies to a message that does not exist or that its sender may not see.
    Orphaned,
    /// It shows a file that cannot be sent.
    WithoutFile(FileProblem),
    /// It was not stored: the policy version has changed, or the conversation does not exist.
    Stale,
}

/// Appends all messages in one commit and returns an outcome for each, in order. No two messages may have the
/// same sender and client id. An error stores nothing. Must not run inside a transaction, which a duplicate
/// would abort. If another server stores one of the messages at the same moment, the call fails with a
/// temporary error; a retry finds the duplicate.
pub fn append(
    connection: &mut PgConnection,
    messages: &[NewMessage<'_>],
) -> Result<Vec<Appended>, Error> {
    match optimistic::append(connection, messages)? {
        Some(outcomes) => Ok(outcomes),
        None => append_deduplicating(connection, messages),
    }
}

/// The lines of `explain` for both statements, for a test of their plans.
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
