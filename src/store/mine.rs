//! What each participant has a conversation be for themselves.

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Timestamptz};
use std::collections::HashMap;

use super::access::{is_wanted, may_read, who_may_read};
use super::pool::explain;
use super::schema::{conversations, participants};
use super::unread::{AMONG, visible_to};
use crate::domain::ids::{ConversationNo, Seq, UserNo};
use crate::domain::mine::{Mine, MineChange, Notify, NotifyLevel};
use crate::error::Error;

/// SQL: up to where participant `who` counts the conversation as read.
pub(super) fn read_to(who: &str) -> String {
    format!("least({who}.read_seq, {who}.unread_from - 1)")
}

/// SQL: whether participant `who` has hidden the conversation, and nothing was said since by anybody whom they see and want to hear of.
pub(super) fn is_hidden(who: &str, last_seq: &str) -> String {
    let (visible, wanted) = (visible_to(who), is_wanted("m", &format!("{who}.user_no")));
    format!(
        "({who}.hidden_seq is not null and not exists (
            select from messages m where m.conversation_no = {who}.conversation_no
                and m.seq > greatest({who}.hidden_seq, {last_seq} - {AMONG})
                and m.deleted_at is null and {visible} and {wanted}
        ))"
    )
}

/// SQL: of what participant `who` is notified now.
pub(super) fn level(who: &str) -> String {
    format!("(case when {who}.notify_until <= now() then 'all' else {who}.notify end)")
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    conversation_no: i64,
    #[diesel(sql_type = Text)]
    level: String,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    notify_until: Option<DateTime<Utc>>,
    #[diesel(sql_type = Bool)]
    starred: bool,
    #[diesel(sql_type = Bool)]
    hidden: bool,
    #[diesel(sql_type = Nullable<BigInt>)]
    unread_from: Option<Seq>,
    #[diesel(sql_type = BigInt)]
    threads_seq: Seq,
}

impl From<Row> for Mine {
    fn from(row: Row) -> Self {
        let level = NotifyLevel::named(&row.level).unwrap_or_default();
        let until = row.notify_until.filter(|_| level != NotifyLevel::All);
        Self {
            notify: Notify { level, until },
            starred: row.starred,
            hidden: row.hidden,
            unread_from: row.unread_from,
            threads_seq: row.threads_seq,
        }
    }
}

/// What these conversations are for a user; those in which they do not take part are left out.
// Raw SQL: the same conditions as those of lists.
pub(super) fn of_conversations(
    connection: &mut PgConnection,
    user: UserNo,
    numbers: &[i64],
) -> Result<HashMap<i64, Mine>, Error> {
    let (level, hidden, may_read) = (level("p"), is_hidden("p", "c.last_seq"), may_read("p"));
    let rows: Vec<Row> = diesel::sql_query(format!(
        "select p.conversation_no, {level} as level, p.notify_until, p.starred, {hidden} as hidden, p.unread_from, p.threads_seq
        from participants p join conversations c on c.no = p.conversation_no
        where p.conversation_no = any($2) and p.user_no = $1 and {may_read}"
    ))
    .bind::<BigInt, _>(user.0)
    .bind::<Array<BigInt>, _>(numbers)
    .load(connection)
    .map_err(explain)?;
    let pair = |row: Row| (row.conversation_no, Mine::from(row));
    Ok(rows.into_iter().map(pair).collect())
}

/// What a conversation is for a user; `None` if they do not take part.
pub fn of(
    connection: &mut PgConnection,
    conversation: ConversationNo,
    user: UserNo,
) -> Result<Option<Mine>, Error> {
    let mut found = of_conversations(connection, user, &[conversation.0])?;
    Ok(found.remove(&conversation.0))
}

/// Changes what a conversation is for a user; `None` if they do not take part.
pub fn set(
    connection: &mut PgConnection,
    conversation: ConversationNo,
    user: UserNo,
    change: &MineChange,
) -> Result<Option<Mine>, Error> {
    connection.transaction(|connection| {
        let last: Option<Seq> = conversations::table
            .find(conversation.0)
            .select(conversations::last_seq)
            .first(connection)
            .optional()
            .map_err(explain)?;
        let own = participants::table
            .find((conversation.0, user.0))
            .filter(who_may_read("participants"));
        let read: Option<Seq> = own
            .select(participants::read_seq)
            .for_no_key_update()
            .get_result(connection)
            .optional()
            .map_err(explain)?;
        let (Some(last), Some(read)) = (last, read) else {
            return Ok(None);
        };
        // What is unread anyhow needs no mark.
        let unread_from = change
            .unread_from
            .map(|from| from.filter(|from| *from <= read));
        let notify = change.notify;
        diesel::update(participants::table.find((conversation.0, user.0)))
            .set((
                // Diesel refuses an update of nothing.
                participants::read_seq.eq(participants::read_seq),
                notify.map(|it| participants::notify.eq(it.level.name())),
                notify.map(|it| participants::notify_until.eq(it.until)),
                change.starred.map(|it| participants::starred.eq(it)),
                change
                    .hidden
                    .map(|it| participants::hidden_seq.eq(it.then_some(last))),
                unread_from.map(|from| participants::unread_from.eq(from)),
            ))
            .execute(connection)
            .map_err(explain)?;
        of(connection, conversation, user)
    })
}
