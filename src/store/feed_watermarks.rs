//! How far each consumer of the feed has read each conversation.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Integer, Nullable};

use super::pool::explain;
use super::schema::conversations;
use crate::domain::ids::{ConversationNo, Seq};
use crate::error::Error;

/// Entries of a conversation that are new to a consumer. There is at least one, or the conversation itself is
/// new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntries {
    /// The conversation.
    pub conversation: ConversationNo,
    /// The last seq that the consumer has read; `None` if it has never read the conversation.
    pub after: Option<Seq>,
    /// The last seq to read.
    pub last: Seq,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    no: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    after: Option<Seq>,
    #[diesel(sql_type = BigInt)]
    last: Seq,
}

impl NewEntries {
    /// The number of entries; seqs have no gaps.
    pub fn count(&self) -> i64 {
        self.last - self.after.unwrap_or(0)
    }
}

// Raw SQL: one lookup in each of two indexes for each conversation. `last_seq` is committed together with its
// entries.
const NEW: &str = "
select c.no, w.seq as after, c.last_seq as last
from conversations c
left join feed_watermarks w on w.consumer_no = $1 and w.conversation_no = c.no
where c.no = any($2) and (w.seq is null or w.seq < c.last_seq) order by c.no";

/// The entries of these conversations that are new to a consumer.
pub fn new_entries(
    connection: &mut PgConnection,
    consumer: i32,
    conversations: &[ConversationNo],
) -> Result<Vec<NewEntries>, Error> {
    let numbers: Vec<i64> = conversations.iter().map(|no| no.0).collect();
    let rows: Vec<Row> = diesel::sql_query(NEW)
        .bind::<Integer, _>(consumer)
        .bind::<Array<BigInt>, _>(numbers)
        .load(connection)
        .map_err(explain)?;
    let new = |Row { no, after, last }| NewEntries {
        conversation: ConversationNo(no),
        after,
        last,
    };
    Ok(rows.into_iter().map(new).collect())
}

const ADVANCE: &str = "
insert into feed_watermarks (consumer_no, conversation_no, seq) select $1, * from unnest($2, $3)
on conflict (consumer_no, conversation_no) do update set seq = excluded.seq";

/// Advances a consumer's watermarks over these entries.
pub fn advance(
    connection: &mut PgConnection,
    consumer: i32,
    read: &[NewEntries],
) -> Result<(), Error> {
    let numbers: Vec<i64> = read.iter().map(|one| one.conversation.0).collect();
    let seqs: Vec<Seq> = read.iter().map(|one| one.last).collect();
    diesel::sql_query(ADVANCE)
        .bind::<Integer, _>(consumer)
        .bind::<Array<BigInt>, _>(numbers)
        .bind::<Array<BigInt>, _>(seqs)
        .execute(connection)
        .map(drop)
        .map_err(explain)
}

/// The next `limit` conversations after a number: one page of a sweep.
pub fn conversations_after(
    connection: &mut PgConnection,
    no: ConversationNo,
    limit: i64,
) -> Result<Vec<ConversationNo>, Error> {
    let found: Vec<i64> = conversations::table
        .filter(conversations::no.gt(no.0))
        .order(conversations::no)
        .limit(limit)
        .select(conversations::no)
        .load(connection)
        .map_err(explain)?;
    Ok(found.into_iter().map(ConversationNo).collect())
}
