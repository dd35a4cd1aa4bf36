//! The two statements by which participants search: reading the documents of conversations by their key, and
//! looking rare words up in the index.

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Integer, Text, Timestamptz};
use std::collections::BTreeMap;

use super::conditions::{
    Conditions, MATCHES, PAGE, Position, Proposed, QUERY, admitted, too_broad,
};
use super::searched_conversation::SearchedConversation;
use crate::domain::ids::Seq;
use crate::error::Error;

/// The documents of a conversation that are read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Slice<'a> {
    pub(super) conversation: &'a SearchedConversation,
    /// Those with a higher seq, which the searcher sees.
    pub(super) above: Seq,
    /// Those with at most this seq.
    pub(super) up_to: Seq,
}

/// Reads the documents of these slices by their key.
pub(super) fn walk(
    connection: &mut PgConnection,
    slices: &[Slice<'_>],
    conditions: &Conditions,
    position: Option<Position>,
    limit: usize,
) -> Result<Proposed, Error> {
    let admitted = admitted("o.role", "o.above", "o.read");
    // Raw SQL: `offset 0` keeps the planner from making a join of it, so each slice is one scan of the key.
    let sql = format!(
        "with {QUERY}, hits as materialized (
            select d.* from unnest($11, $12, $13, $14, $15) as o(no, above, up_to, role, read) cross join lateral (
                select d.conversation_no, d.seq, d.at from search_docs d
                where d.conversation_no = o.no and d.seq > o.above and d.seq <= o.up_to and {admitted} and {MATCHES}
                offset 0
            ) d
        ) {PAGE}"
    );
    let each = || slices.iter();
    let statement = conditions
        .bind(&sql, position, limit)
        .bind::<Array<BigInt>, _>(each().map(|one| one.conversation.no).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(each().map(|one| one.above).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(each().map(|one| one.up_to).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(
            each()
                .map(|one| one.conversation.role.clone())
                .collect::<Vec<_>>(),
        )
        .bind::<Array<BigInt>, _>(each().map(|one| one.conversation.read).collect::<Vec<_>>());
    conditions.propose(connection, statement)
}

/// Finds the words in the index, and keeps what is in these conversations.
pub(super) fn look_up(
    connection: &mut PgConnection,
    searched: &[SearchedConversation],
    conditions: &Conditions,
    position: Option<Position>,
    limit: usize,
) -> Result<Proposed, Error> {
    let admitted = admitted("($14)[d.role_no]", "d.sees_from", "d.read");
    // Raw SQL: `width_bucket` is a binary search of the sorted numbers. Everything but the words is compared
    // outside, so that the index of words is the only one that can be used.
    let sql = format!(
        "with {QUERY}, found as materialized (
            select d.conversation_no, d.seq, d.at, d.sender_no, d.traits, d.audience_role, d.audience_user_no,
                width_bucket(d.conversation_no, $11) as conversation
            from search_docs d where d.words @@ (select q from q)
        ), mine as materialized (
            select f.*, ($12)[f.conversation] as indexed, ($13)[f.conversation] as role_no, ($15)[f.conversation] as read,
                ($16)[f.conversation] as sees_from
            from found f where ($11)[f.conversation] = f.conversation_no
        ), hits as materialized (
            select d.conversation_no, d.seq, d.at from mine d where d.seq <= d.indexed and {admitted}
        ) {PAGE}"
    );
    let mut sorted: Vec<&SearchedConversation> = searched.iter().collect();
    sorted.sort_by_key(|conversation| conversation.no);
    let mut roles: BTreeMap<&str, i32> = BTreeMap::new();
    for conversation in &sorted {
        let next = i32::try_from(roles.len())
            .unwrap_or(i32::MAX)
            .saturating_add(1);
        roles.entry(&conversation.role).or_insert(next);
    }
    let mut named: Vec<(&str, i32)> = roles.iter().map(|(role, no)| (*role, *no)).collect();
    named.sort_by_key(|(_, no)| *no);
    let number = |conversation: &&&SearchedConversation| {
        roles.get(conversation.role.as_str()).copied().unwrap_or(0)
    };
    let each = || sorted.iter();
    let statement = conditions
        .bind(&sql, position, limit)
        .bind::<Array<BigInt>, _>(each().map(|one| one.no).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(each().map(|one| one.indexed).collect::<Vec<_>>())
        .bind::<Array<Integer>, _>(each().map(|one| number(&one)).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(
            named
                .iter()
                .map(|(role, _)| (*role).to_owned())
                .collect::<Vec<_>>(),
        )
        .bind::<Array<BigInt>, _>(each().map(|one| one.read).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(each().map(|one| one.sees_from).collect::<Vec<_>>());
    by_words(connection)?;
    conditions.propose(connection, statement)
}

/// Permits the only plan that an index of words has.
pub(super) fn by_words(connection: &mut PgConnection) -> Result<(), Error> {
    diesel::sql_query("set local enable_bitmapscan = on")
        .execute(connection)
        .map(drop)
        .map_err(too_broad)
}

/// The last document of a conversation before a position.
#[derive(QueryableByName)]
pub(super) struct Last {
    #[diesel(sql_type = BigInt)]
    no: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) seq: Seq,
    #[diesel(sql_type = Timestamptz)]
    pub(super) at: DateTime<Utc>,
}

/// The last document before a position in each of these conversations that has one.
pub(super) fn last_before(
    connection: &mut PgConnection,
    numbers: Vec<i64>,
    before: Position,
    conditions: &Conditions,
) -> Result<BTreeMap<i64, Last>, Error> {
    let sql = "select o.no, d.seq, d.at from unnest($1) as o(no) cross join lateral (
            select d.seq, d.at from search_docs d
            where d.conversation_no = o.no and ((d.at, d.conversation_no, d.seq) < ($2, $3, $4)) is true
            order by d.seq desc limit 1
        ) d";
    conditions.deadline.limit(connection)?;
    let rows: Vec<Last> = diesel::sql_query(sql)
        .bind::<Array<BigInt>, _>(numbers)
        .bind::<Timestamptz, _>(before.at)
        .bind::<BigInt, _>(before.conversation)
        .bind::<BigInt, _>(before.seq)
        .load(connection)
        .map_err(too_broad)?;
    Ok(rows.into_iter().map(|row| (row.no, row)).collect())
}

#[derive(QueryableByName)]
struct At {
    #[diesel(sql_type = Timestamptz)]
    at: DateTime<Utc>,
}

/// When the newest document of a conversation up to a seq was sent.
pub(super) fn sent_at(
    connection: &mut PgConnection,
    no: i64,
    up_to: Seq,
) -> Result<Option<DateTime<Utc>>, Error> {
    let sql = "select at from search_docs where conversation_no = $1 and seq <= $2 order by seq desc limit 1";
    let found = diesel::sql_query(sql)
        .bind::<BigInt, _>(no)
        .bind::<BigInt, _>(up_to)
        .get_result::<At>(connection);
    Ok(found.optional().map_err(too_broad)?.map(|found| found.at))
}
