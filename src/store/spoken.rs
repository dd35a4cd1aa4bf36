//! Reads who has spoken of late in a conversation in slow mode.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Double};
use std::time::Duration;

use super::pool::explain;
use crate::domain::conversation::Conversation;
use crate::domain::ids::UserNo;
use crate::domain::snapshot::Spoken;
use crate::error::Error;

/// Only the newest changes are looked at.
const NEWEST: i64 = 5_000;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    user_no: i64,
    #[diesel(sql_type = Double)]
    ago: f64,
}

/// Who has spoken within the interval of slow mode, and since it is on; nobody where it is off.
// Raw SQL: Diesel has no functions for the age of a row. Each row of `conversation_changes` has all settings, so slow mode began with the
// first row after the last one without it.
pub(super) fn spoken(
    connection: &mut PgConnection,
    conversation: &Conversation,
) -> Result<Vec<Spoken>, Error> {
    if conversation.slow_seconds == 0 {
        return Ok(Vec::new());
    }
    let rows: Vec<Row> = diesel::sql_query(
        "select m.sender_no as user_no, greatest(extract(epoch from now() - max(m.created_at)), 0)::float8 as ago
        from messages m where m.conversation_no = $1 and m.kind = 'user_input'
            and m.seq > greatest($2, (
                select min(c.seq) from conversation_changes c where c.conversation_no = $1 and c.slow_seconds > 0 and c.seq > coalesce(
                    (select max(b.seq) from conversation_changes b where b.conversation_no = $1 and b.slow_seconds = 0), 0)
            ))
            and m.created_at > now() - make_interval(secs => $3)
        group by m.sender_no",
    )
    .bind::<BigInt, _>(conversation.no.0)
    .bind::<BigInt, _>(conversation.last_seq - NEWEST)
    .bind::<Double, _>(f64::from(conversation.slow_seconds))
    .load(connection)
    .map_err(explain)?;
    let spoken = |row: Row| Spoken {
        user: UserNo(row.user_no),
        ago: Duration::try_from_secs_f64(row.ago).unwrap_or_default(),
    };
    Ok(rows.into_iter().map(spoken).collect())
}
