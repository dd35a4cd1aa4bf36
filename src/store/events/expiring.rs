//! Forgets events: first their data, later the rows.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::error::Error;

/// The most rows that one statement changes.
const MOST: i64 = 5_000;

/// Raw SQL: arrays, whose rows are looked up one by one. What rules made of an event repeats parts of its data, and goes with it;
/// what they had not made of it by then fails.
const FORGET_DATA: &str = "
with old as (
    select no from events where data is not null and data_until < now() order by data_until limit $1
), runs as (
    update rule_runs set effects = null, detail = case status when 'pending' then '{\"code\": \"EVENT_TOO_OLD\"}'::jsonb end,
        status = case status when 'pending' then 'failed' else status end
    where event_no = any(array(select no from old))
)
update events set data = null, decided_at = coalesce(decided_at, now()) where no = any(array(select no from old))";

const FORGET_ROWS: &str = "
delete from events where no = any(array(select no from events where keep_until < now() order by keep_until limit $1))";

/// Forgets data and rows that have had their time; returns how many rows it changed, at most twice 5,000.
pub fn expire(connection: &mut PgConnection) -> Result<usize, Error> {
    let mut changed = 0;
    for sql in [FORGET_DATA, FORGET_ROWS] {
        let query = diesel::sql_query(sql).bind::<BigInt, _>(MOST);
        changed += query.execute(connection)?;
    }
    Ok(changed)
}
