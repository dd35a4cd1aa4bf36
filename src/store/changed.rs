//! The rows of the durable feed: each commit that changes conversations writes one, in the same statement.

use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};

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
