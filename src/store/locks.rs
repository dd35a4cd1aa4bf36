//! Finds conversations that no other transaction has locked, after a statement has run into its lock timeout.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt};
use std::collections::HashSet;

use super::pool::explain;
use crate::domain::ids::ConversationNo;
use crate::domain::refusal::Refusal;
use crate::error::Error;

/// The refusal after a lock timeout.
pub const LOCKED: Refusal =
    Refusal::Unavailable("The conversation is locked by another transaction at the moment");

/// Whether an error is a lock timeout: nothing was written, and the connection is still usable.
pub fn is_locked(error: &Error) -> bool {
    matches!(error, Error::Refused(refusal) if *refusal == LOCKED)
}

#[derive(QueryableByName)]
struct Free {
    #[diesel(sql_type = BigInt)]
    no: i64,
}

// Raw SQL: takes the same lock as appends and steps, without waiting, and releases it with the statement.
const FREE: &str = "select no from conversations where no = any($1) for no key update skip locked";

/// Those of these conversations that are not locked.
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
