//! How staff search all conversations: the newest documents first, and words in the index if these have too few.

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable, Timestamptz};

use super::conditions::{Conditions, MATCHES, PAGE, Position, QUERY, admitted, too_broad};
use super::plans::Outcome;
use super::walking::by_words;
use crate::error::Error;
use crate::store::access::{is_there, readers_past, readers_role, role_or_staff};

/// The documents that were sent at the position or before it, newest first.
const BY_TIME: &str = "
    from search_docs d where d.at <= least(coalesce($7::timestamptz, 'infinity'), coalesce($4::timestamptz, 'infinity'))
        and d.at >= coalesce($3::timestamptz, '-infinity') order by d.at desc";

/// The seq up to which consumer `$11` has written documents of the conversation of document `d`; of one that was deleted there are none.
fn indexed() -> String {
    let is_there = is_there("c");
    format!(
        "coalesce((select w.seq from feed_watermarks w join conversations c on c.no = w.conversation_no
            where w.consumer_no = $11 and w.conversation_no = d.conversation_no and {is_there}), 0)"
    )
}

/// The role of the searcher in the conversation of document `d`.
fn role() -> String {
    role_or_staff(&readers_role("d.conversation_no", "$6"))
}

/// The seq after which the searcher sees messages of the conversation of document `d`.
fn past() -> String {
    readers_past("d.conversation_no", "$6")
}

/// Finds at least `wanted` hits after a position, if there are as many.
pub(super) fn everywhere(
    connection: &mut PgConnection,
    conditions: &Conditions,
    consumer: Option<i32>,
    has_words: bool,
    position: Option<Position>,
    wanted: usize,
) -> Result<Outcome, Error> {
    let mut found = newest(connection, conditions, consumer, position, wanted)?;
    if found.len() >= wanted {
        return Ok(Outcome {
            positions: found,
            total: None,
            rest: None,
            plan: "newest",
        });
    }
    let Some(border) = border(connection, conditions, position)? else {
        return Ok(Outcome {
            total: position.is_none().then_some(found.len() as i64),
            positions: found,
            rest: None,
            plan: "newest",
        });
    };
    if !has_words {
        let rest = Position::after(border);
        found.retain(|one| *one > rest);
        return Ok(Outcome {
            positions: found,
            total: None,
            rest: Some(rest),
            plan: "newest",
        });
    }
    let (admitted, indexed) = (admitted(&role(), &past(), "0"), indexed());
    let sql = format!(
        "with {QUERY}, found as materialized (
            select d.conversation_no, d.seq, d.at, d.sender_no, d.traits, d.audience_role, d.audience_user_no
            from search_docs d where d.words @@ (select q from q)
        ), hits as materialized (
            select d.conversation_no, d.seq, d.at from found d where {admitted} and d.seq <= {indexed}
        ) {PAGE}"
    );
    let statement = conditions
        .bind(&sql, position, wanted)
        .bind::<Nullable<Integer>, _>(consumer);
    by_words(connection)?;
    let found = conditions.propose(connection, statement)?;
    Ok(Outcome {
        positions: found.positions,
        total: Some(found.total),
        rest: None,
        plan: "index",
    })
}

fn newest(
    connection: &mut PgConnection,
    conditions: &Conditions,
    consumer: Option<i32>,
    position: Option<Position>,
    wanted: usize,
) -> Result<Vec<Position>, Error> {
    let (admitted, indexed) = (admitted(&role(), &past(), "0"), indexed());
    let newest = conditions.bounds.most();
    // Raw SQL: the page ends the scan of the index as soon as it is full. It is ordered as the index is, with all
    // documents of its last moment, so that nothing needs sorting before.
    let sql = format!(
        "with {QUERY}, page as (
            select d.conversation_no, d.seq, d.at from (select d.* {BY_TIME} limit {newest}) d
            where ($7::timestamptz is null or (d.at, d.conversation_no, d.seq) < ($7, $8, $9))
                and {MATCHES} and {admitted} and d.seq <= {indexed}
            order by d.at desc fetch first ($10) rows with ties
        )
        select 0::bigint as total, * from page order by at desc, conversation_no desc, seq desc limit $10"
    );
    let statement = conditions
        .bind(&sql, position, wanted)
        .bind::<Nullable<Integer>, _>(consumer);
    Ok(conditions.propose(connection, statement)?.positions)
}

#[derive(QueryableByName)]
struct At {
    #[diesel(sql_type = Timestamptz)]
    at: DateTime<Utc>,
}

/// When the last of the documents was sent that were read; `None` if all were read.
fn border(
    connection: &mut PgConnection,
    conditions: &Conditions,
    position: Option<Position>,
) -> Result<Option<DateTime<Utc>>, Error> {
    conditions.deadline.limit(connection)?;
    let sql = "select d.at from search_docs d
        where d.at <= coalesce($1, 'infinity') and d.at >= coalesce($2, '-infinity')
        order by d.at desc offset $3 limit 1";
    let ends = [position.map(|one| one.at), conditions.until];
    let found = diesel::sql_query(sql)
        .bind::<Nullable<Timestamptz>, _>(ends.into_iter().flatten().min())
        .bind::<Nullable<Timestamptz>, _>(conditions.since)
        .bind::<BigInt, _>(conditions.bounds.most())
        .get_result::<At>(connection);
    Ok(found.optional().map_err(too_broad)?.map(|found| found.at))
}
