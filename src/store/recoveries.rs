//! Connection state recovery of Socket.IO clients: for each `pid`, the list of conversations that it had
//! joined, with the seq at joining.

use diesel::dsl::now;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, Uuid as SqlUuid};
use uuid::Uuid;

use super::clock::ago;
use super::pool::explain;
use super::schema::{conversations, recoveries, recovery_places as joined};
use crate::domain::dialect::{Dialect, UserRoom};
use crate::domain::ids::{ConversationId, ConversationNo, Seq, SessionId, UserNo};
use crate::domain::offset::Offset;
use crate::domain::refusal::Refusal;
use crate::error::Error;

/// The most clients of one user that are stored; the most recent ones are kept.
const MOST_OF_A_USER: i64 = 100;
/// How many versions of its list an offset may lag behind.
const LISTS_BACK: i64 = 200;
/// The most rows that one sweep deletes.
const SWEPT: i64 = 10_000;

/// A connection that currently serves a client.
#[derive(Clone, Copy, Debug)]
pub struct Holder {
    /// The client.
    pub pid: Uuid,
    /// Its user.
    pub user: UserNo,
    /// Its dialect.
    pub dialect: Dialect,
    /// The connection.
    pub session: SessionId,
}

/// A conversation in a client's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JoinedConversation {
    /// Its id.
    pub id: ConversationId,
    /// Its number.
    pub no: ConversationNo,
    /// The last seq that the client has.
    pub seq: Seq,
}

impl JoinedConversation {
    /// A conversation that is in no stored list.
    pub fn unlisted(id: ConversationId) -> Self {
        let (no, seq) = (ConversationNo(0), 0);
        Self { id, no, seq }
    }
}

/// A client whose state was recovered.
#[derive(Clone, Debug)]
pub struct Resumed {
    /// The version of its list.
    pub list: i64,
    /// Its list, in order of joining.
    pub joined: Vec<JoinedConversation>,
    /// Whether it was in the room of its user.
    pub user_room: UserRoom,
}

const TAKEN_OVER: Refusal = Refusal::Conflict("Another connection serves this client now");

/// Adds a conversation to a client's list, at its newest change; also returns the list's version. `user_room` says where a client is
/// that has no list yet.
pub fn add_conversation(
    connection: &mut PgConnection,
    holder: Holder,
    user_room: UserRoom,
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
        let list = match next_list(connection, holder)? {
            Some(list) => list,
            None => insert_client(connection, holder, user_room)?,
        };
        diesel::insert_into(joined::table)
            .values((
                joined::pid.eq(holder.pid),
                joined::came.eq(list),
                joined::conversation_no.eq(no),
                joined::seq.eq(seq),
            ))
            .execute(connection)
            .map_err(explain)?;
        let no = ConversationNo(no);
        let id = conversation;
        Ok((list, JoinedConversation { id, no, seq }))
    })
}

fn next_list(connection: &mut PgConnection, holder: Holder) -> Result<Option<i64>, Error> {
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

/// The version of a client's first list, derived from its `pid`. A client that was not recovered still sends
/// its last offset from under an earlier `pid`; that offset must not match here.
fn first_list(pid: Uuid) -> i64 {
    let [a, b, c, d, ..] = *pid.as_bytes();
    1 + i64::from(u32::from_be_bytes([a, b, c, d]))
}

/// Inserts a client with its first conversation.
fn insert_client(
    connection: &mut PgConnection,
    holder: Holder,
    user_room: UserRoom,
) -> Result<i64, Error> {
    let made = diesel::insert_into(recoveries::table)
        .values((
            recoveries::pid.eq(holder.pid),
            recoveries::user_no.eq(holder.user.0),
            recoveries::form.eq(holder.dialect.name()),
            recoveries::holder.eq(holder.session.0),
            recoveries::list.eq(first_list(holder.pid)),
            recoveries::in_user_room.eq(user_room.is_joined()),
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

/// Removes a conversation from a client's list; returns the list's version.
pub fn remove_conversation(
    connection: &mut PgConnection,
    holder: Holder,
    conversation: ConversationNo,
) -> Result<i64, Error> {
    connection.transaction(|connection| {
        let list = next_list(connection, holder)?.ok_or(TAKEN_OVER)?;
        diesel::update(joined::table)
            .filter(
                joined::pid
                    .eq(holder.pid)
                    .and(joined::conversation_no.eq(conversation.0))
                    .and(joined::went.is_null()),
            )
            .set(joined::went.eq(list))
            .execute(connection)
            .map_err(explain)?;
        let old = joined::pid
            .eq(holder.pid)
            .and(joined::went.le(list - LISTS_BACK));
        diesel::delete(joined::table.filter(old))
            .execute(connection)
            .map_err(explain)?;
        Ok(list)
    })
}

/// Notes that a client has joined or left the room of its user. It is refused if another connection serves the client. One that has never
/// had a list is skipped: its first one says where it is.
pub fn note_user_room(
    connection: &mut PgConnection,
    holder: Holder,
    user_room: UserRoom,
) -> Result<(), Error> {
    let client = recoveries::table.find(holder.pid);
    let noted = diesel::update(client)
        .filter(recoveries::holder.eq(holder.session.0))
        .set(recoveries::in_user_room.eq(user_room.is_joined()))
        .execute(connection)
        .map_err(explain)?;
    let is_there = diesel::select(diesel::dsl::exists(client));
    match noted == 0 && is_there.get_result(connection).map_err(explain)? {
        true => Err(TAKEN_OVER.into()),
        false => Ok(()),
    }
}

/// The connection that speaks for a client; `None` if nothing is kept of the client.
pub fn holder(connection: &mut PgConnection, pid: Uuid) -> Result<Option<SessionId>, Error> {
    let holder = recoveries::table.find(pid).select(recoveries::holder);
    let found: Option<Uuid> = holder.first(connection).optional().map_err(explain)?;
    Ok(found.map(SessionId))
}

/// Recovers a client over another connection, which serves it from now on. An offset issued under another `pid`
/// is ignored. Returns `None` if the client is unknown, its offset is impossible, or it missed more than `most`
/// changes; its record is then deleted.
pub fn resume(
    connection: &mut PgConnection,
    holder: Holder,
    offset: Option<&Offset>,
    most: Seq,
) -> Result<Option<Resumed>, Error> {
    connection.transaction(|connection| {
        let found: Option<(i64, bool)> = recoveries::table
            .find(holder.pid)
            .filter(recoveries::user_no.eq(holder.user.0))
            .filter(recoveries::form.eq(holder.dialect.name()))
            .select((recoveries::list, recoveries::in_user_room))
            .for_update()
            .first(connection)
            .optional()
            .map_err(explain)?;
        let Some((list, is_in_user_room)) = found else {
            return Ok(None);
        };
        let lists = first_list(holder.pid)..=list;
        let offset = offset.filter(|offset| lists.contains(&offset.list));
        let rows = read_rows(connection, holder.pid)?;
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
        Ok(Some(Resumed {
            list,
            joined,
            user_room: UserRoom::of(is_in_user_room),
        }))
    })
}

#[derive(Clone, Copy, Debug)]
struct ListRow {
    came: i64,
    went: Option<i64>,
    joined: JoinedConversation,
    last_seq: Seq,
}

fn read_rows(connection: &mut PgConnection, pid: Uuid) -> Result<Vec<ListRow>, Error> {
    type Columns = (i64, Option<i64>, i64, Seq, Uuid, Seq);
    let rows: Vec<Columns> = joined::table
        .inner_join(conversations::table.on(conversations::no.eq(joined::conversation_no)))
        .filter(joined::pid.eq(pid))
        .order(joined::came)
        .select((
            joined::came,
            joined::went,
            joined::conversation_no,
            joined::seq,
            conversations::id,
            conversations::last_seq,
        ))
        .load(connection)
        .map_err(explain)?;
    let row = |(came, went, no, seq, id, last_seq): Columns| ListRow {
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

/// The current list, each conversation with the seq that the client has; `None` if the offset is impossible or
/// more than `most` changes were missed.
fn joined(
    rows: &[ListRow],
    list: i64,
    offset: Option<&Offset>,
    most: Seq,
) -> Option<Vec<JoinedConversation>> {
    let mut has: Vec<(i64, Seq)> = Vec::new();
    if let Some(offset) = offset {
        let was_on = |row: &&ListRow| {
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

/// Deletes a client that disconnected, unless another connection serves it.
pub fn forget(connection: &mut PgConnection, pid: Uuid, session: SessionId) -> Result<(), Error> {
    diesel::delete(recoveries::table.find(pid))
        .filter(recoveries::holder.eq(session.0))
        .execute(connection)
        .map(drop)
        .map_err(explain)
}

// Raw SQL: pairs of clients and their connections.
const TOUCH: &str = "
update recoveries r set touched_at = now() from unnest($1, $2) as i(pid, holder)
where r.pid = i.pid and r.holder = i.holder";

/// Records that these clients are connected. A client that another connection serves is skipped.
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

/// Deletes clients that disconnected too long ago; returns how many.
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
