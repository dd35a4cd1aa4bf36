//! Which conversations nobody else holds at the moment: asked when a statement has waited for a lock in vain.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt};
use std::collections::HashSet;

use super::pool::explain;
use crate::domain::ids::ConversationNo;
use crate::domain::refusal::Refusal;
use crate::error::Error;

/// The refusal of whoever waited for a lock for as long as their connection allows.
pub const LOCKED: Refusal =
    Refusal::Unavailable("The conversation is locked by somebody else at the moment");

/// Whether an error says that a lock was waited for in vain: then nothing was written, and the connection is as good as before.
pub fn is_locked(error: &Error) -> bool {
    matches!(error, Error::Refused(refusal) if *refusal == LOCKED)
}

#[derive(QueryableByName)]
struct Free {
    #[diesel(sql_type = BigInt)]
    no: i64,
}

// Raw SQL: the same lock that appends and steps take, let go with the statement, and not waited for.
const FREE: &str = "select no from conversations where no = any($1) for no key update skip locked";

/// Those of these conversations that can be written to now.
pub fn free_among(
    connection: &mut PgConnection,
    conversations: &[ConversationNo],
) -> Result<HashSet<ConversationNo>, Error> {
    let numbers: Vec<i64> = conversations.iter().map(|no| no.0).collect();
    let free: Vec<Free> = diesel::sql_query(FREE)
        .bind::<Array<BigInt>, _>(&numbers)
        .load(connection)
        .map_err(explain)?;
    Ok(free.into_iter().map(|row| ConversationNo(row.no)).collect())
}
