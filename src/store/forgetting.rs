//! Empties what was deleted long enough ago: the wordings of deleted messages, and the contents of deleted conversations. Several servers
//! may do it at once.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer};

use super::files::uses;
use super::pool::explain;
use crate::domain::ids::{ConversationNo, MessageId};
use crate::error::Error;

// Raw SQL: finds the deletions by the index of those that are due, and skips what another server is emptying. A message's wordings are
// those at its deletion and at its edits before.
const WORDINGS: &str = "
with due as materialized (
    select conversation_no, target_seq from message_changes
    where action = 'deleted' and earlier_body is not null and created_at <= now() - make_interval(days => $1)
    order by created_at limit $2 for no key update skip locked
), emptied as (
    update message_changes c set earlier_body = null from due d
    where c.conversation_no = d.conversation_no and c.target_seq = d.target_seq and c.earlier_body is not null
    returning 1
)
select count(*) as n from due";

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// Empties the wordings of at most `most` messages that were deleted at least so many days ago; returns of how many.
pub fn empty_wordings(connection: &mut PgConnection, days: i32, most: i64) -> Result<usize, Error> {
    let emptied: Count = diesel::sql_query(WORDINGS)
        .bind::<Integer, _>(days)
        .bind::<BigInt, _>(most)
        .get_result(connection)
        .map_err(explain)?;
    Ok(usize::try_from(emptied.n).unwrap_or_default())
}

#[derive(QueryableByName)]
struct Due {
    #[diesel(sql_type = BigInt)]
    no: i64,
    #[diesel(sql_type = BigInt)]
    emptied_seq: i64,
    #[diesel(sql_type = BigInt)]
    last_seq: i64,
}

const NEXT: &str = "
select no, emptied_seq, last_seq from conversations
where deleted_at is not null and emptied_at is null and deleted_at <= now() - make_interval(days => $1)
order by deleted_at limit 1 for no key update skip locked";

/// What is emptied of the changes with a seq after `$2` up to `$3` of conversation `$1`.
const CONTENTS: [&str; 8] = [
    "update messages set body = '', attachments = null, context = null, card = null, mentions = null, forwarded = null, deleted_at = coalesce(deleted_at, now())
        where conversation_no = $1 and seq > $2 and seq <= $3",
    "update message_changes set earlier_body = null where conversation_no = $1 and seq > $2 and seq <= $3",
    "update conversation_changes set title = null, subject = null, closed_reason = null
        where conversation_no = $1 and seq > $2 and seq <= $3",
    "update flow_steps set input = '{}', answer = null, reason = null where conversation_no = $1 and seq > $2 and seq <= $3",
    "delete from reactions where conversation_no = $1 and seq > $2 and seq <= $3",
    "delete from pins where conversation_no = $1 and seq > $2 and seq <= $3",
    "delete from thread_follows where conversation_no = $1 and root_seq > $2 and root_seq <= $3",
    "delete from search_docs where conversation_no = $1 and seq > $2 and seq <= $3",
];

#[derive(QueryableByName)]
struct Use {
    #[diesel(sql_type = BigInt)]
    seq: i64,
}

/// The messages that are emptied show their files no more.
fn release_files(connection: &mut PgConnection, due: &Due, to: i64) -> Result<(), Error> {
    let sql = "select distinct seq from file_uses where conversation_no = $1 and seq > $2 and seq <= $3 order by seq";
    let uses: Vec<Use> = diesel::sql_query(sql)
        .bind::<BigInt, _>(due.no)
        .bind::<BigInt, _>(due.emptied_seq)
        .bind::<BigInt, _>(to)
        .load(connection)
        .map_err(explain)?;
    for Use { seq } in uses {
        let conversation = ConversationNo(due.no);
        uses::release(connection, MessageId { conversation, seq }, None)?;
    }
    Ok(())
}

/// Empties the next `most` changes of a conversation that was deleted at least so many days ago; returns whether there was one.
pub fn empty_conversation(
    connection: &mut PgConnection,
    days: i32,
    most: i64,
) -> Result<bool, Error> {
    connection.transaction(|connection| {
        let due: Option<Due> = diesel::sql_query(NEXT)
            .bind::<Integer, _>(days)
            .get_result(connection)
            .optional()
            .map_err(explain)?;
        let Some(due) = due else {
            return Ok(false);
        };
        let to = due.last_seq.min(due.emptied_seq + most);
        for sql in CONTENTS {
            diesel::sql_query(sql)
                .bind::<BigInt, _>(due.no)
                .bind::<BigInt, _>(due.emptied_seq)
                .bind::<BigInt, _>(to)
                .execute(connection)
                .map_err(explain)?;
        }
        release_files(connection, &due, to)?;
        let ended =
            "update conversation_flows set instance = '{}' where conversation_no = $1 and $2 >= $3";
        let noted = "update conversations set emptied_seq = $2, emptied_at = case when $2 = $3 then now() end where no = $1";
        for sql in [ended, noted] {
            diesel::sql_query(sql)
                .bind::<BigInt, _>(due.no)
                .bind::<BigInt, _>(to)
                .bind::<BigInt, _>(due.last_seq)
                .execute(connection)
                .map_err(explain)?;
        }
        Ok(true)
    })
}
