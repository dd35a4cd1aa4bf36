//! The rows of the durable feed. Each commit that changes conversations inserts one, in the same statement.
//! Consumers read them in order; rows that all consumers have handled are deleted.

use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Text};

use super::pool::explain;
use crate::domain::ids::ConversationNo;
use crate::error::Error;

/// Wraps a statement that returns the number of the changed conversation as `no`, and inserts the feed's row
/// with it. Statements in raw SQL have a part named `feed_row` that does the same.
pub(super) struct WithFeedRow<S>(pub(super) S);

impl<S: QueryFragment<Pg>> QueryFragment<Pg> for WithFeedRow<S> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("with made as (");
        self.0.walk_ast(out.reborrow())?;
        out.push_sql(
            "), feed_row as (
                insert into changed (kind, numbers) select 'conversation', array_agg(no) from made having count(*) > 0
            ) select * from made",
        );
        Ok(())
    }
}

impl<S: QueryId> QueryId for WithFeedRow<S> {
    type QueryId = WithFeedRow<S::QueryId>;
    const HAS_STATIC_QUERY_ID: bool = S::HAS_STATIC_QUERY_ID;
}

impl<S: Query> Query for WithFeedRow<S> {
    type SqlType = S::SqlType;
}

impl<S> RunQueryDsl<PgConnection> for WithFeedRow<S> {}

/// A position in the feed: the transaction id in PostgreSQL's text form, and the row's number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The transaction id.
    pub tx: String,
    /// The row's number.
    pub no: i64,
}

/// Rows that were read together.
#[derive(Debug)]
pub struct Rows {
    /// The conversations that they name, each once.
    pub conversations: Vec<ConversationNo>,
    /// The position of the last row.
    pub last: Position,
    /// Whether the limits were reached, so that there may be more rows.
    pub fills_bounds: bool,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    tx: String,
    #[diesel(sql_type = BigInt)]
    no: i64,
    #[diesel(sql_type = Array<BigInt>)]
    numbers: Vec<i64>,
}

// Raw SQL: reads only rows of transactions older than every running one, so that no row can appear before the
// last of them later. Stops at the row that reaches the limit of conversations, and returns at least one row if
// there is any.
const NEXT: &str = "
select tx::text, no, numbers from (
    select r.*, sum(cardinality(numbers)) over (order by tx, no) as total from (
        select tx, no, case kind when 'conversation' then numbers else '{}' end as numbers from changed
        where (tx, no) > ($1::text::xid8, $2) and tx < pg_snapshot_xmin(pg_current_snapshot())
        order by tx, no limit $3
    ) r
) r where total - cardinality(numbers) < $4 order by tx, no";

/// Reads at most `rows` rows after a position, which name about `conversations` conversations; `None` if there
/// is nothing to read yet.
pub fn after(
    connection: &mut PgConnection,
    position: &Position,
    rows: i64,
    conversations: i64,
) -> Result<Option<Rows>, Error> {
    let found: Vec<Row> = diesel::sql_query(NEXT)
        .bind::<Text, _>(&position.tx)
        .bind::<BigInt, _>(position.no)
        .bind::<BigInt, _>(rows)
        .bind::<BigInt, _>(conversations)
        .load(connection)
        .map_err(explain)?;
    let Some(last) = found.last().map(|row| Position {
        tx: row.tx.clone(),
        no: row.no,
    }) else {
        return Ok(None);
    };
    let are_many = found.len() as i64 >= rows;
    let mut numbers: Vec<i64> = found.into_iter().flat_map(|row| row.numbers).collect();
    let fills_bounds = are_many || numbers.len() as i64 >= conversations;
    numbers.sort_unstable();
    numbers.dedup();
    Ok(Some(Rows {
        conversations: numbers.into_iter().map(ConversationNo).collect(),
        last,
        fills_bounds,
    }))
}

// Raw SQL, because Diesel's deletions have no limit. If no consumer holds rows, all rows up to now are deleted:
// a consumer that comes later sweeps all conversations.
const DELETE: &str = "
delete from changed where ctid = any(array(
    select ctid from changed where (tx, no) <= (
        select tx, no from (
            select tx, row_no as no from feed_consumers where tx is not null
            union all select pg_snapshot_xmin(pg_current_snapshot()), 0
        ) positions order by tx, no limit 1
    ) order by tx, no limit $1 for update skip locked
))";

/// Deletes at most `limit` rows that every consumer has handled; returns how many.
pub fn delete_handled(connection: &mut PgConnection, limit: i64) -> Result<usize, Error> {
    diesel::sql_query(DELETE)
        .bind::<BigInt, _>(limit)
        .execute(connection)
        .map_err(explain)
}
