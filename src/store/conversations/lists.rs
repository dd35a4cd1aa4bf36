//! Lists of conversations: a user's own, and what every list needs for its rows.

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Timestamptz};
use std::collections::HashMap;

use super::by_numbers;
use crate::domain::access::blocks::ReaderBlocks;
use crate::domain::conversation::{ConversationKind, ConversationStatus, Participant};
use crate::domain::ids::{ConversationNo, Seq, UserNo};
use crate::domain::message::Message;
use crate::domain::snapshot::Listed;
use crate::error::Error;
use crate::store::access::may_read;
use crate::store::blocks;
use crate::store::messages::by_keys;
use crate::store::mine::{self, is_hidden, read_to};
use crate::store::participants::of_conversations;
use crate::store::pool::explain;
use crate::store::unread::{self, Tombstones, has_unread, newest_visible, number_of_unread};

/// The filters of a list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only this kind.
    pub kind: Option<ConversationKind>,
    /// Only these statuses; every one where none is named.
    pub statuses: Vec<ConversationStatus>,
    /// Only subjects of this type.
    pub subject_type: Option<String>,
    /// Only subjects with this id.
    pub subject_id: Option<String>,
    /// Only conversations with unread messages.
    pub only_unread: bool,
    /// Only those that the user has marked, or has not.
    pub starred: Option<bool>,
    /// Only those that the user has hidden, or has not.
    pub hidden: Option<bool>,
    /// Only this conversation.
    pub only: Option<ConversationNo>,
    /// Only conversations after this position in the list (update time and number).
    pub cursor: Option<(DateTime<Utc>, i64)>,
    /// Leaves out so many at the beginning.
    pub offset: i64,
}

impl Filter {
    fn statuses(&self) -> Option<Vec<&'static str>> {
        let names = self.statuses.iter().map(|status| status.name());
        Some(names.collect()).filter(|names: &Vec<_>| !names.is_empty())
    }
}

/// A conversation of a list: its newest visible message and its unread count.
#[derive(QueryableByName)]
pub(in crate::store) struct ListedRow {
    #[diesel(sql_type = BigInt)]
    no: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    last_message: Option<i64>,
    #[diesel(sql_type = BigInt)]
    unread: i64,
    #[diesel(sql_type = Bool)]
    is_capped: bool,
}

/// The columns that a row of a page needs, before its messages are counted.
pub(in crate::store) fn cut_columns() -> String {
    let read_to = read_to("p");
    format!(
        "c.no as conversation_no, c.updated_at, c.last_seq, p.role, p.user_no, p.sees_from, p.threads_seq, {read_to} as read_to"
    )
}

/// The end of a statement whose table `cut` has the page's rows: their newest messages and unread counts.
pub(in crate::store) fn with_messages(tombstones: Tombstones) -> String {
    let number = number_of_unread("l", "l.last_seq");
    let is_capped = unread::is_capped("mine.unread", "mine", "mine.last_seq");
    let newest = newest_visible("mine", tombstones);
    format!(
        "
mine as materialized (
    select l.*, {number} as unread from cut l
)
select mine.conversation_no as no,
    {newest} as last_message,
    mine.unread, {is_capped} as is_capped
from mine order by mine.updated_at desc, mine.conversation_no desc"
    )
}

// Raw SQL: limits the page first and counts and previews only its rows. It scans the user's participations by
// index; unread counts and previews read the end of the messages' primary key.
fn page_sql() -> String {
    let has_unread = has_unread("l", "l.last_seq");
    let (with_messages, may_read) = (with_messages(Tombstones::Shown), may_read("p"));
    let (columns, is_hidden) = (cut_columns(), is_hidden("p", "c.last_seq"));
    format!(
        "
with listed as (
    select {columns}
    from participants p join conversations c on c.no = p.conversation_no
    where p.user_no = $1 and {may_read}
      and ($2 is null or c.kind = $2) and ($3 is null or c.status = any($3))
      and ($4 is null or c.subject_type = $4) and ($5 is null or c.subject_id = $5)
      and ($6 is null or c.no = $6)
      and ($7 is null or (c.updated_at, c.no) < ($7, $8))
      and ($12 is null or p.starred = $12) and ($13 is null or {is_hidden} = $13)
), cut as (
    select * from listed l where not $9 or {has_unread}
    order by updated_at desc, conversation_no desc limit $10 offset $11
), {with_messages}"
    )
}

/// A page of a user's conversations, most recently changed first.
pub fn list(
    connection: &mut PgConnection,
    user: UserNo,
    filter: &Filter,
    limit: i64,
) -> Result<Vec<Listed>, Error> {
    let rows: Vec<ListedRow> = diesel::sql_query(page_sql())
        .bind::<BigInt, _>(user.0)
        .bind::<Nullable<Text>, _>(filter.kind.map(ConversationKind::name))
        .bind::<Nullable<Array<Text>>, _>(filter.statuses())
        .bind::<Nullable<Text>, _>(filter.subject_type.as_deref())
        .bind::<Nullable<Text>, _>(filter.subject_id.as_deref())
        .bind::<Nullable<BigInt>, _>(filter.only.map(|no| no.0))
        .bind::<Nullable<Timestamptz>, _>(filter.cursor.map(|(at, _)| at))
        .bind::<BigInt, _>(filter.cursor.map_or(0, |(_, no)| no))
        .bind::<Bool, _>(filter.only_unread)
        .bind::<BigInt, _>(limit)
        .bind::<BigInt, _>(filter.offset)
        .bind::<Nullable<Bool>, _>(filter.starred)
        .bind::<Nullable<Bool>, _>(filter.hidden)
        .load(connection)
        .map_err(explain)?;
    complete(connection, user, rows)
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// How many of a user's conversations are of the filter's kind and status, and hidden or not. Its other fields do not count.
// Raw SQL: as the list, it scans the user's participations by index.
pub fn count(connection: &mut PgConnection, user: UserNo, filter: &Filter) -> Result<i64, Error> {
    let (may_read, is_hidden) = (may_read("p"), is_hidden("p", "c.last_seq"));
    let counted: Count = diesel::sql_query(format!(
        "select count(*) as n from participants p join conversations c on c.no = p.conversation_no
        where p.user_no = $1 and {may_read} and ($2 is null or c.kind = $2) and ($3 is null or c.status = any($3))
            and ($4 is null or {is_hidden} = $4)"
    ))
    .bind::<BigInt, _>(user.0)
    .bind::<Nullable<Text>, _>(filter.kind.map(ConversationKind::name))
    .bind::<Nullable<Array<Text>>, _>(filter.statuses())
    .bind::<Nullable<Bool>, _>(filter.hidden)
    .get_result(connection)
    .map_err(explain)?;
    Ok(counted.n)
}

/// The conversations of a page, with their messages and with their people as the user sees them.
pub(in crate::store) fn complete(
    connection: &mut PgConnection,
    user: UserNo,
    rows: Vec<ListedRow>,
) -> Result<Vec<Listed>, Error> {
    let numbers: Vec<i64> = rows.iter().map(|row| row.no).collect();
    let keys: Vec<(i64, Seq)> = rows
        .iter()
        .filter_map(|row| Some((row.no, row.last_message?)))
        .collect();
    let mut found = by_numbers(connection, &numbers)?;
    let everybody = of_conversations(connection, &numbers)?;
    let others: Vec<i64> = everybody.iter().map(|(_, person)| person.no.0).collect();
    let reader_blocks = ReaderBlocks::of(user, blocks::between(connection, user, &others)?);
    let mut people: HashMap<i64, Vec<Participant>> = HashMap::new();
    for (no, mut participant) in everybody {
        reader_blocks.mask([&mut participant]);
        people.entry(no.0).or_default().push(participant);
    }
    let mut mine = mine::of_conversations(connection, user, &numbers)?;
    let mut last: HashMap<i64, Message> = by_keys(connection, &keys)?
        .into_iter()
        .map(|m| (m.id.conversation.0, m))
        .collect();
    let complete = |row: ListedRow| {
        Some(Listed {
            conversation: found.remove(&row.no)?,
            participants: people.remove(&row.no).unwrap_or_default(),
            last_message: last.remove(&row.no),
            unread: unread::counted(row.unread, row.is_capped),
            mine: mine.remove(&row.no),
        })
    };
    Ok(rows.into_iter().filter_map(complete).collect())
}
