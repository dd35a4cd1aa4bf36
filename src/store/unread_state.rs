//! Unread counts and the newest visible message of participants, after watermarks or messages changed.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text};
use std::collections::HashMap;

use super::access::{is_wanted, may_read};
use super::messages::by_keys;
use super::mine::read_to;
use super::pool::explain;
use super::threads::unread_replies;
use super::unread::{
    AMONG, Tombstones, counted, is_capped, newest_visible, number_of_unread, of_others,
    unread_messages, visible_to,
};
use crate::domain::ids::{ConversationNo, Seq, UserNo};
use crate::domain::message::Message;
use crate::domain::snapshot::{Reader, UnreadCount};
use crate::error::Error;

/// A user's read watermark before the changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadBefore {
    /// The user.
    pub user: UserNo,
    /// The watermark.
    pub seq: Seq,
}

/// A participant's unread messages at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct UnreadState {
    /// The participant.
    pub reader: Reader,
    /// The conversation's newest change at that moment.
    pub seq: Seq,
    /// The read watermark.
    pub read_seq: Seq,
    /// The read watermark before the changes.
    pub read_before: Seq,
    /// The number of unread messages of others.
    pub count: UnreadCount,
    /// Whether the watermark has passed a message that counts as unread.
    pub has_read_some: bool,
    /// The newest message that the participant may see; it may be a tombstone.
    pub newest: Option<Seq>,
    /// The newest message of others that was notified.
    pub newest_of_others: Option<Seq>,
}

/// A participant's state, with the newest message that they may see.
pub type UnreadChange = (UnreadState, Option<Message>);

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    user_no: i64,
    #[diesel(sql_type = Text)]
    role: String,
    #[diesel(sql_type = BigInt)]
    sees_from: Seq,
    #[diesel(sql_type = BigInt)]
    last_seq: Seq,
    #[diesel(sql_type = BigInt)]
    read_seq: Seq,
    #[diesel(sql_type = BigInt)]
    read_before: Seq,
    #[diesel(sql_type = BigInt)]
    unread: i64,
    #[diesel(sql_type = Bool)]
    is_capped: bool,
    #[diesel(sql_type = Bool)]
    has_read_some: bool,
    #[diesel(sql_type = Nullable<BigInt>)]
    newest: Option<Seq>,
    #[diesel(sql_type = Nullable<BigInt>)]
    newest_of_others: Option<Seq>,
}

impl From<Row> for UnreadState {
    fn from(row: Row) -> Self {
        Self {
            reader: Reader {
                no: UserNo(row.user_no),
                role: Some(row.role),
                sees_from: row.sees_from,
            },
            seq: row.last_seq,
            read_seq: row.read_seq,
            read_before: row.read_before,
            count: counted(row.unread, row.is_capped),
            has_read_some: row.has_read_some,
            newest: row.newest,
            newest_of_others: row.newest_of_others,
        }
    }
}

// Raw SQL: a few lookups at the end of the messages' primary key for each participant. They are scalar
// subqueries, which the planner cannot turn into joins.
fn sql() -> String {
    let number = number_of_unread("a", "a.last_seq");
    let passed = unread_messages("b", "a.last_seq");
    // What is unread since then, or was: a count too many is told, and none too few.
    let replies = unread_replies("b");
    let is_capped = is_capped("n.unread", "a", "a.last_seq");
    let (newest, visible) = (newest_visible("a", Tombstones::Shown), visible_to("a"));
    let of_others = of_others("m", "a.user_no");
    let wanted = is_wanted("m", "a.user_no");
    let (may_read, read_to) = (may_read("p"), read_to("p"));
    format!(
        "
with asked as materialized (
    select p.conversation_no, p.user_no, p.role, p.sees_from, p.read_seq, p.threads_seq, {read_to} as read_to, c.last_seq,
        least(w.read_before, p.read_seq) as read_before
    from unnest($2, $3) as w(user_no, read_before)
    join participants p on p.conversation_no = $1 and p.user_no = w.user_no
    join conversations c on c.no = p.conversation_no
    where {may_read}
)
select a.user_no, a.role, a.sees_from, a.last_seq, a.read_seq, a.read_before, n.unread, {is_capped} as is_capped,
    (exists (select {passed} and m.seq <= a.read_seq) or exists (select {replies})) as has_read_some,
    {newest} as newest,
    (select m.seq from messages m where m.conversation_no = a.conversation_no and m.seq > a.last_seq - {AMONG}
        and {of_others} and m.kind <> 'audit' and {visible} and {wanted}
     order by m.seq desc limit 1) as newest_of_others
from asked a
cross join lateral (select a.conversation_no, a.user_no, a.role, a.sees_from, a.read_before as read_to, a.read_before as threads_seq) b
cross join lateral (select {number} as unread offset 0) n"
    )
}

/// The current state of these participants, for those to whom `is_news` says that it matters.
pub fn changes(
    connection: &mut PgConnection,
    conversation: ConversationNo,
    readers: &[ReadBefore],
    is_news: impl Fn(&UnreadState) -> bool,
) -> Result<Vec<UnreadChange>, Error> {
    let users: Vec<i64> = readers.iter().map(|reader| reader.user.0).collect();
    let seqs: Vec<Seq> = readers.iter().map(|reader| reader.seq).collect();
    let rows: Vec<Row> = diesel::sql_query(sql())
        .bind::<BigInt, _>(conversation.0)
        .bind::<Array<BigInt>, _>(users)
        .bind::<Array<BigInt>, _>(seqs)
        .load(connection)
        .map_err(explain)?;
    let states = rows.into_iter().map(UnreadState::from);
    let states: Vec<UnreadState> = states.filter(is_news).collect();
    let messages = newest_messages(connection, conversation, &states)?;
    let with_message = |state: UnreadState| {
        let message = state.newest.and_then(|seq| messages.get(&seq).cloned());
        (state, message)
    };
    Ok(states.into_iter().map(with_message).collect())
}

fn newest_messages(
    connection: &mut PgConnection,
    conversation: ConversationNo,
    states: &[UnreadState],
) -> Result<HashMap<Seq, Message>, Error> {
    let newest = states.iter().filter_map(|state| state.newest);
    let mut keys: Vec<(i64, Seq)> = newest.map(|seq| (conversation.0, seq)).collect();
    keys.sort_unstable();
    keys.dedup();
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let found = by_keys(connection, &keys)?;
    Ok(found.into_iter().map(|m| (m.seq(), m)).collect())
}
