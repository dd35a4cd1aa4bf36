//! Counts the messages of each day.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt};

use super::feed_watermarks::NewEntries;
use super::pool::explain;
use crate::error::Error;

// Raw SQL: counts all ranges in one statement. Each range is one scan of the messages' key.
const COUNT: &str = "
insert into messages_per_day (day, count)
select (m.created_at at time zone 'UTC')::date as day, count(*)
from unnest($1, $2, $3) as r(conversation_no, after, last) cross join lateral (
    select created_at from messages m where m.conversation_no = r.conversation_no and m.seq > r.after and m.seq <= r.last
    offset 0
) m group by day order by day
on conflict (day) do update set count = messages_per_day.count + excluded.count";

/// Adds the messages among these entries.
pub fn add(connection: &mut PgConnection, entries: &[NewEntries]) -> Result<(), Error> {
    let column = |pick: fn(&NewEntries) -> i64| -> Vec<i64> { entries.iter().map(pick).collect() };
    diesel::sql_query(COUNT)
        .bind::<Array<BigInt>, _>(column(|one| one.conversation.0))
        .bind::<Array<BigInt>, _>(column(|one| one.after.unwrap_or(0)))
        .bind::<Array<BigInt>, _>(column(|one| one.last))
        .execute(connection)
        .map(drop)
        .map_err(explain)
}
