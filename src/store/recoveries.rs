//! Where Socket.IO clients were: for each `pid` the list of conversations that it had joined, with the seqs at joining.

use diesel::dsl::now;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, Uuid as SqlUuid};
use uuid::Uuid;

use super::clock::ago;
use super::pool::explain;
use super::schema::{conversations, recoveries, recovery_places as places};
use crate::domain::dialect::Dialect;
use crate::domain::ids::{ConversationId, ConversationNo, Seq, SessionId, UserNo};
use crate::domain::offset::Offset;
use crate::domain::refusal::Refusal;
use crate::error::Error;

/// Clients of one user that are remembered; the latest ones.
const MOST_OF_A_USER: i64 = 100;
/// Lists back to which an offset may reach.
const LISTS_BACK: i64 = 200;
/// Rows that one sweep takes away.
const SWEPT: i64 = 10_000;

/// A connection that speaks for a client.
#[derive(Clone, Copy, Debug)]
pub struct Holder {
    /// The client.
    pub pid: Uuid,
    /// Whose it is.
    pub user: UserNo,
    /// In which words it speaks.
    pub dialect: Dialect,
    /// The connection.
    pub session: SessionId,
}

/// A conversation of a client's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JoinedConversation {
    /// Which.
    pub id: ConversationId,
    /// Its number.
    pub no: ConversationNo,
    /// The last seq that the client has.
    pub seq: Seq,
}

impl JoinedConversation {
    /// One that is on no list that is kept.
    pub fn unlisted(id: ConversationId) -> Self {
        let (no, seq) = (ConversationNo(0), 0);
        Self { id, no, seq }
    }
}

/// A client that came back.
#[derive(Clone, Debug)]
pub struct Resumed {
    /// The number of its list.
    pub list: i64,
    /// Its list, in the order of coming.
    pub joined: Vec<JoinedConversation>,
}

const TAKEN_OVER: Refusal = Refusal::Conflict("Another connection speaks for this client now");

/// Puts a conversation on a client's list, at its newest change; answers the list's number too.
pub fn come(
    connection: &mut PgConnection,
    holder: Holder,
    conversation: ConversationId,
) -> Result<(i64, JoinedConversation), Error> {
    connection.transaction(|connection| {
        let (no, seq): (i64, Seq) = conversations::table
            .filter(conversations::id.eq(conversation.0))
            .select((conversations::no, conversations::last_seq))
            .first(connection)
            .optional()
            .map_err(explain)?
            .ok_or(Refusal::ConversationNotFound)?;
        let list = match raise(connection, holder)? {
            Some(list) => list,
            None => begin(connection, holder)?,
        };
        diesel::insert_into(places::table)
            .values((
                places::pid.eq(holder.pid),
                places::came.eq(list),
                places::conversation_no.eq(no),
                places::seq.eq(seq),
            ))
            .execute(connection)
            .map_err(explain)?;
        let no = ConversationNo(no);
        let id = conversation;
        Ok((list, JoinedConversation { id, no, seq }))
    })
}

fn raise(connection: &mut PgConnection, holder: Holder) -> Result<Option<i64>, Error> {
    diesel::update(recoveries::table.find(holder.pid))
        .filter(recoveries::holder.eq(holder.session.0))
        .set((
            recoveries::list.eq(recoveries::list + 1),
            recoveries::touched_at.eq(now),
        ))
        .returning(recoveries::list)
        .get_result(connection)
        .optional()
        .map_err(explain)
}

/// The number of a client's first list, drawn from its `pid`: an unmodified client that was not recovered keeps the last offset that it
/// had under another `pid`, and it must not fit here.
fn first_list(pid: Uuid) -> i64 {
    let [a, b, c, d, ..] = *pid.as_bytes();
    1 + i64::from(u32::from_be_bytes([a, b, c, d]))
}

/// A client's first conversation: from now on it is remembered.
fn begin(connection: &mut PgConnection, holder: Holder) -> Result<i64, Error> {
    let made = diesel::insert_into(recoveries::table)
        .values((
            recoveries::pid.eq(holder.pid),
            recoveries::user_no.eq(holder.user.0),
            recoveries::form.eq(holder.dialect.name()),
            recoveries::holder.eq(holder.session.0),
            recoveries::list.eq(first_list(holder.pid)),
        ))
        .on_conflict_do_nothing()
        .execute(connection)
        .map_err(explain)?;
    if made == 0 {
        return Err(TAKEN_OVER.into());
    }
    let too_many = recoveries::table
        .filter(recoveries::user_no.eq(holder.user.0))
        .order(recoveries::touched_at.desc())
        .offset(MOST_OF_A_USER)
        .select(recoveries::pid)
        .load::<Uuid>(connection)
        .map_err(explain)?;
    diesel::delete(recoveries::table.filter(recoveries::pid.eq_any(too_many)))
        .execute(connection)
        .map_err(explain)?;
    Ok(first_list(holder.pid))
}

/// Takes a conversation off a client's list; answers the list's number.
pub fn go(
    connection: &mut PgConnection,
    holder: Holder,
    conversation: ConversationNo,
) -> Result<i64, Error> {
    connection.transaction(|connection| {
        let list = raise(connection, holder)?.ok_or(TAKEN_OVER)?;
        diesel::update(places::table)
            .filter(
                places::pid
                    .eq(holder.pid)
                    .and(places::conversation_no.eq(conversation.0))
                    .and(places::went.is_null()),
            )
            .set(places::went.eq(list))
            .execute(connection)
            .map_err(explain)?;
        let old = places::pid
            .eq(holder.pid)
            .and(places::went.le(list - LISTS_BACK));
        diesel::delete(places::table.filter(old))
            .execute(connection)
            .map_err(explain)?;
        Ok(list)
    })
}

/// The client comes back over another connection, which speaks for it from now on. An offset of another `pid` says that it has heard
/// nothing under this one. `None` where it is not known, says of itself what can not be, or has missed more than `most` changes: then
/// it is forgotten.
pub fn resume(
    connection: &mut PgConnection,
    holder: Holder,
    offset: Option<&Offset>,
    most: Seq,
) -> Result<Option<Resumed>, Error> {
    connection.transaction(|connection| {
        let list: Option<i64> = recoveries::table
            .find(holder.pid)
            .filter(recoveries::user_no.eq(holder.user.0))
            .filter(recoveries::form.eq(holder.dialect.name()))
            .select(recoveries::list)
            .for_update()
            .first(connection)
            .optional()
            .map_err(explain)?;
        let Some(list) = list else {
            return Ok(None);
        };
        let lists = first_list(holder.pid)..=list;
        let offset = offset.filter(|offset| lists.contains(&offset.list));
        let rows = read_places(connection, holder.pid)?;
        let Some(joined) = joined(&rows, list, offset, most) else {
            delete(connection, holder.pid)?;
            return Ok(None);
        };
        diesel::update(recoveries::table.find(holder.pid))
            .set((
                recoveries::holder.eq(holder.session.0),
                recoveries::touched_at.eq(now),
            ))
            .execute(connection)
            .map_err(explain)?;
        Ok(Some(Resumed { list, joined }))
    })
}

#[derive(Clone, Copy, Debug)]
struct PlaceRow {
    came: i64,
    went: Option<i64>,
    joined: JoinedConversation,
    last_seq: Seq,
}

fn read_places(connection: &mut PgConnection, pid: Uuid) -> Result<Vec<PlaceRow>, Error> {
    type Columns = (i64, Option<i64>, i64, Seq, Uuid, Seq);
    let rows: Vec<Columns> = places::table
        .inner_join(conversations::table.on(conversations::no.eq(places::conversation_no)))
        .filter(places::pid.eq(pid))
        .order(places::came)
        .select((
            places::came,
            places::went,
            places::conversation_no,
            places::seq,
            conversations::id,
            conversations::last_seq,
        ))
        .load(connection)
        .map_err(explain)?;
    let row = |(came, went, no, seq, id, last_seq): Columns| PlaceRow {
        came,
        went,
        joined: JoinedConversation {
            id: ConversationId(id),
            no: ConversationNo(no),
            seq,
        },
        last_seq,
    };
    Ok(rows.into_iter().map(row).collect())
}

/// The present list, each with the seq that the client has.
fn joined(
    rows: &[PlaceRow],
    list: i64,
    offset: Option<&Offset>,
    most: Seq,
) -> Option<Vec<JoinedConversation>> {
    let mut has: Vec<(i64, Seq)> = Vec::new();
    if let Some(offset) = offset {
        let was_on = |row: &&PlaceRow| {
            row.came <= offset.list && row.went.is_none_or(|went| went > offset.list)
        };
        let then: Vec<i64> = rows.iter().filter(was_on).map(|row| row.came).collect();
        if offset.list > list || then.len() != offset.seqs.len() {
            return None;
        }
        has = then.into_iter().zip(offset.seqs.iter().copied()).collect();
    }
    let (mut missed, mut found) = (0, Vec::new());
    for row in rows.iter().filter(|row| row.went.is_none()) {
        let said = has.iter().find(|(came, _)| *came == row.came);
        let seq = said
            .map_or(row.joined.seq, |(_, seq)| *seq)
            .max(row.joined.seq);
        if seq > row.last_seq {
            return None;
        }
        missed += row.last_seq - seq;
        found.push(JoinedConversation { seq, ..row.joined });
    }
    (missed <= most).then_some(found)
}

fn delete(connection: &mut PgConnection, pid: Uuid) -> Result<(), Error> {
    diesel::delete(recoveries::table.find(pid))
        .execute(connection)
        .map(drop)
        .map_err(explain)
}

/// Forgets a client whose connection has left, unless another connection speaks for it by now.
pub fn forget(connection: &mut PgConnection, pid: Uuid, session: SessionId) -> Result<(), Error> {
    diesel::delete(recoveries::table.find(pid))
        .filter(recoveries::holder.eq(session.0))
        .execute(connection)
        .map(drop)
        .map_err(explain)
}

// Raw SQL: each client with the connection that speaks for it, as pairs.
const TOUCH: &str = "
update recoveries r set touched_at = now() from unnest($1, $2) as i(pid, holder)
where r.pid = i.pid and r.holder = i.holder";

/// Notes that these clients are, or were just now, connected; each is named with its connection. One for which another connection
/// speaks by now is left alone.
pub fn touch(connection: &mut PgConnection, clients: &[(Uuid, SessionId)]) -> Result<(), Error> {
    let pids: Vec<Uuid> = clients.iter().map(|(pid, _)| *pid).collect();
    let holders: Vec<Uuid> = clients.iter().map(|(_, session)| session.0).collect();
    diesel::sql_query(TOUCH)
        .bind::<Array<SqlUuid>, _>(pids)
        .bind::<Array<SqlUuid>, _>(holders)
        .execute(connection)
        .map(drop)
        .map_err(explain)
}

/// Forgets clients that have been away for too long; says how many.
pub fn sweep(connection: &mut PgConnection, hours: u32) -> Result<usize, Error> {
    let old = recoveries::table
        .filter(recoveries::touched_at.lt(ago(hours.saturating_mul(3_600))))
        .order(recoveries::touched_at)
        .limit(SWEPT)
        .select(recoveries::pid)
        .load::<Uuid>(connection)
        .map_err(explain)?;
    diesel::delete(recoveries::table.filter(recoveries::pid.eq_any(old)))
        .execute(connection)
        .map_err(explain)
}

#[cfg(test)]
#[path = "recoveries_tests.rs"]
mod tests;
