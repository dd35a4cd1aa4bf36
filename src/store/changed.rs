//! The rows of the durable feed: each commit that changes conversations writes one, in the same statement; consumers read them in order,
//! and what all of them have read is deleted.

use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Text};

use super::pool::explain;
use crate::domain::ids::ConversationNo;
use crate::error::Error;

/// A statement that returns the number of the conversation that it makes or changes as `no`: the row of the feed is written with it.
/// Statements in raw SQL have a part of their own that does the same, called `noted`.
pub(super) struct Noting<S>(pub(super) S);

impl<S: QueryFragment<Pg>> QueryFragment<Pg> for Noting<S> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("with made as (");
        self.0.walk_ast(out.reborrow())?;
        out.push_sql(
            "), noted as (
                insert into changed (kind, numbers) select 'conversation', array_agg(no) from made having count(*) > 0
            ) select * from made",
        );
        Ok(())
    }
}

impl<S: QueryId> QueryId for Noting<S> {
    type QueryId = Noting<S::QueryId>;
    const HAS_STATIC_QUERY_ID: bool = S::HAS_STATIC_QUERY_ID;
}

impl<S: Query> Query for Noting<S> {
    type SqlType = S::SqlType;
}

impl<S> RunQueryDsl<PgConnection> for Noting<S> {}

/// A place among the rows: the transaction's id, as Postgres writes it, and the row's number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The id of the transaction.
    pub tx: String,
    /// The number of the row.
    pub no: i64,
}

/// Rows that were read together.
#[derive(Debug)]
pub struct Rows {
    /// The conversations that they name, each once.
    pub conversations: Vec<ConversationNo>,
    /// The last of them.
    pub last: Position,
    /// They are as many as were asked for: there may be more.
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

// Raw SQL: rows of transactions that began before all that are under way, so that none can appear before the last of them any more.
// Reading ends with the row that fills the bound of conversations; there is always one row, or no row at all.
const NEXT: &str = "
select tx::text, no, numbers from (
    select r.*, sum(cardinality(numbers)) over (order by tx, no) as total from (
        select tx, no, case kind when 'conversation' then numbers else '{}' end as numbers from changed
        where (tx, no) > ($1::text::xid8, $2) and tx < pg_snapshot_xmin(pg_current_snapshot())
        order by tx, no limit $3
    ) r
) r where total - cardinality(numbers) < $4 order by tx, no";

/// The rows after a position, at most so many, that name about so many conversations; none where there is nothing to read yet.
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

// Raw SQL: Diesel's deletions know no limit. Where nobody holds rows, whoever comes next sweeps: nothing before now is needed.
const DELETE: &str = "
delete from changed where ctid = any(array(
    select ctid from changed where (tx, no) <= (
        select tx, no from (
            select tx, row_no as no from feed_consumers where tx is not null
            union all select pg_snapshot_xmin(pg_current_snapshot()), 0
        ) positions order by tx, no limit 1
    ) order by tx, no limit $1 for update skip locked
))";

/// Deletes rows that every consumer has handled, at most so many; says how many.
pub fn delete_handled(connection: &mut PgConnection, limit: i64) -> Result<usize, Error> {
    diesel::sql_query(DELETE)
        .bind::<BigInt, _>(limit)
        .execute(connection)
        .map_err(explain)
}
