//! Blocks between users. A block takes a seq in each conversation of the two, so that rooms on all servers hear of it, and a message that
//! was decided before is decided again.

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use super::pool::explain;
use super::schema::{blocks as table, users};
use crate::domain::access::blocks::{Block, Blocking};
use crate::domain::entry::{Entry, Fact};
use crate::domain::ids::{ConversationId, ConversationNo, Seq, UserNo};
use crate::domain::limits;
use crate::domain::refusal::Refusal;
use crate::error::Error;

/// The entries that a block has made: one in each conversation of the two users.
pub type Entries = Vec<((ConversationId, ConversationNo), Entry)>;

/// The blocks between these users.
pub fn among(connection: &mut PgConnection, users: &[i64]) -> Result<Vec<Block>, Error> {
    let found = table::table
        .filter(table::blocker_no.eq_any(users))
        .filter(table::blocked_no.eq_any(users))
        .select((table::blocker_no, table::blocked_no))
        .load::<(i64, i64)>(connection)
        .map_err(explain)?;
    Ok(found.into_iter().map(block).collect())
}

/// The blocks between a user and these others, either way.
pub fn between(
    connection: &mut PgConnection,
    user: UserNo,
    others: &[i64],
) -> Result<Vec<Block>, Error> {
    let by_them = table::blocker_no
        .eq(user.0)
        .and(table::blocked_no.eq_any(others));
    let of_them = table::blocked_no
        .eq(user.0)
        .and(table::blocker_no.eq_any(others));
    let found = table::table
        .filter(by_them.or(of_them))
        .select((table::blocker_no, table::blocked_no))
        .load::<(i64, i64)>(connection)
        .map_err(explain)?;
    Ok(found.into_iter().map(block).collect())
}

fn block((by, whom): (i64, i64)) -> Block {
    Block {
        by: UserNo(by),
        whom: UserNo(whom),
    }
}

/// A user whom somebody has blocked.
#[derive(Clone, Debug, Queryable)]
pub struct BlockedUser {
    /// The number.
    pub no: i64,
    /// The platform's id.
    pub id: String,
    /// The name to show.
    pub name: Option<String>,
    /// The URL of a picture.
    pub avatar_url: Option<String>,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// A page of those whom a user has blocked, the newest first.
pub fn by(
    connection: &mut PgConnection,
    user: UserNo,
    before: Option<(DateTime<Utc>, i64)>,
    limit: i64,
) -> Result<Vec<BlockedUser>, Error> {
    let mut query = table::table
        .inner_join(users::table.on(users::no.eq(table::blocked_no)))
        .filter(table::blocker_no.eq(user.0))
        .order((table::created_at.desc(), table::blocked_no.desc()))
        .limit(limit)
        .select((
            users::no,
            users::id,
            users::name,
            users::avatar_url,
            table::created_at,
        ))
        .into_boxed();
    if let Some((at, no)) = before {
        let is_same_time = table::created_at.eq(at).and(table::blocked_no.lt(no));
        query = query.filter(table::created_at.lt(at).or(is_same_time));
    }
    query.load(connection).map_err(explain)
}

/// Locks these users against changes of their blocks, and against those who begin with them, until the transaction ends. In the order of
/// their numbers, so that two transactions cannot deadlock.
pub(super) fn hold(connection: &mut PgConnection, users: &[i64]) -> Result<(), Error> {
    users::table
        .filter(users::no.eq_any(users))
        .order(users::no)
        .select(users::no)
        .for_no_key_update()
        .load::<i64>(connection)
        .map(drop)
        .map_err(explain)
}

/// Like `hold`, but others may do the same.
pub(super) fn hold_together(connection: &mut PgConnection, users: &[i64]) -> Result<(), Error> {
    users::table
        .filter(users::no.eq_any(users))
        .order(users::no)
        .select(users::no)
        .for_share()
        .load::<i64>(connection)
        .map(drop)
        .map_err(explain)
}

/// Begins or ends a block, with an entry in each conversation of the two. Without effect if it is so already.
pub fn set(
    connection: &mut PgConnection,
    block: Block,
    blocking: Blocking,
) -> Result<Entries, Error> {
    connection.transaction(|connection| {
        hold(connection, &[block.by.0, block.whom.0])?;
        let changed = match blocking {
            Blocking::Begun => begin(connection, block)?,
            Blocking::Ended => {
                let row = table::table.find((block.by.0, block.whom.0));
                diesel::delete(row).execute(connection).map_err(explain)?
            }
        };
        match changed {
            0 => Ok(Vec::new()),
            _ => enter(connection, block, blocking),
        }
    })
}

/// Inserts the row; answers how many are new.
fn begin(connection: &mut PgConnection, block: Block) -> Result<usize, Error> {
    let made = diesel::insert_into(table::table)
        .values((
            table::blocker_no.eq(block.by.0),
            table::blocked_no.eq(block.whom.0),
        ))
        .on_conflict_do_nothing()
        .execute(connection)
        .map_err(explain)?;
    let all: i64 = table::table
        .filter(table::blocker_no.eq(block.by.0))
        .count()
        .get_result(connection)
        .map_err(explain)?;
    match made > 0 && all > limits::BLOCKS {
        true => {
            Err(Refusal::Unprocessable("You have blocked as many users as one may: 1,000").into())
        }
        false => Ok(made),
    }
}

// Raw SQL: one statement for all conversations, which are locked in the order of their numbers, as by the statements that append. The
// lock returns each row as it is after the wait. `updated_at` stays: nobody sees that something changed.
const ENTER: &str = "
with shared as (
    select a.conversation_no as no from participants a join participants b on b.conversation_no = a.conversation_no
    where a.user_no = $1 and b.user_no = $2
), locked as materialized (
    select c.no, c.id, c.last_seq + 1 as seq, c.policy_version + 1 as policy_version
    from conversations c where c.no = any(array(select no from shared)) order by c.no for no key update
), raised as (
    update conversations c set last_seq = l.seq, policy_version = l.policy_version from locked l where c.no = l.no
), noted as (
    insert into participant_changes (conversation_no, seq, user_no, actor_no, action, role, muted, blocked)
    select no, seq, $2, $1, $3, '', false, false from locked
), feed_row as (
    insert into changed (kind, numbers) select 'conversation', array_agg(no) from locked having count(*) > 0
)
select no, id, seq, now() as at from locked";

#[derive(QueryableByName)]
struct EntryRow {
    #[diesel(sql_type = BigInt)]
    no: i64,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = BigInt)]
    seq: Seq,
    #[diesel(sql_type = Timestamptz)]
    at: DateTime<Utc>,
}

fn enter(
    connection: &mut PgConnection,
    block: Block,
    blocking: Blocking,
) -> Result<Entries, Error> {
    let rows: Vec<EntryRow> = diesel::sql_query(ENTER)
        .bind::<BigInt, _>(block.by.0)
        .bind::<BigInt, _>(block.whom.0)
        .bind::<Text, _>(action(blocking))
        .load(connection)
        .map_err(explain)?;
    let entry = |row: EntryRow| {
        let entry = Entry {
            seq: row.seq,
            at: row.at,
            fact: Fact::Block { block, blocking },
        };
        ((ConversationId(row.id), ConversationNo(row.no)), entry)
    };
    Ok(rows.into_iter().map(entry).collect())
}

fn action(blocking: Blocking) -> &'static str {
    match blocking {
        Blocking::Begun => "user_blocked",
        Blocking::Ended => "user_unblocked",
    }
}

/// What a change of a participant says of a block; `None` if it is of another kind.
pub(super) fn blocking(change: &str) -> Option<Blocking> {
    let mut both = [Blocking::Begun, Blocking::Ended].into_iter();
    both.find(|one| action(*one) == change)
}

/// The blocks between a new participant and the others of a conversation.
pub(super) fn with_others(
    connection: &mut PgConnection,
    conversation: ConversationNo,
    user: UserNo,
) -> Result<Vec<Block>, Error> {
    use super::schema::participants;
    let others: Vec<i64> = participants::table
        .filter(participants::conversation_no.eq(conversation.0))
        .select(participants::user_no)
        .load(connection)
        .map_err(explain)?;
    between(connection, user, &others)
}
