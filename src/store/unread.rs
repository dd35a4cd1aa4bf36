//! Counts of unread messages: messages of others beyond the read watermark, up to a bound, and those in threads that somebody follows.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Text, Uuid as SqlUuid};
use uuid::Uuid;

use super::access::{is_seen, is_wanted, may_read};
use super::messages::actor_no_of;
use super::mine::{level, read_to};
use super::pool::explain;
use super::threads::{is_in_main_line, unread_replies};
use crate::domain::ids::{ConversationNo, UserNo};
use crate::domain::mine::NotifyLevel;
use crate::domain::snapshot::UnreadCount;
use crate::error::Error;

/// The bound of a count.
pub const MOST: i64 = 1_000;
/// Only this many of the newest changes are searched, because messages that do not count must not slow the
/// count down either.
pub const AMONG: i64 = 10_000;

/// The `from` clause of a participant's unread messages in the main line. `who` has `conversation_no`, `user_no`, `role`, `sees_from`
/// and `read_to`, up to where they count it as read; `last_seq` is the conversation's.
// Both bounds come from rows that exist at run time, inside a subquery that the planner cannot turn into a
// join. A join would use the conversation alone and read all of its messages.
pub(super) fn unread_messages(who: &str, last_seq: &str) -> String {
    let user = format!("{who}.user_no");
    let (visible, of_others, wanted) = (
        visible_to(who),
        of_others("m", &user),
        is_wanted("m", &user),
    );
    let in_main_line = is_in_main_line("m");
    format!(
        "from messages m where m.conversation_no = {who}.conversation_no
            and m.seq > greatest({who}.read_to, {last_seq} - {AMONG}) and {in_main_line} and {of_others}
            and m.deleted_at is null and m.kind <> 'audit' and {visible} and {wanted}"
    )
}

/// A participant's number of unread messages, those in threads too. `who` and `last_seq` as above.
pub(super) fn number_of_unread(who: &str, last_seq: &str) -> String {
    let (beyond, replies) = (unread_messages(who, last_seq), unread_replies(who));
    format!(
        "((select count(*) from (select {beyond} order by m.seq desc limit {MOST}) m) + (select count(*) {replies}))"
    )
}

/// Whether a participant has an unread message. `who` and `last_seq` as above.
pub(super) fn has_unread(who: &str, last_seq: &str) -> String {
    let (beyond, replies) = (unread_messages(who, last_seq), unread_replies(who));
    format!("(exists (select {beyond}) or exists (select {replies}))")
}

/// Whether a message with `mentions` mentions a participant with `user_no` and `role`. The user's id is looked up for messages with mentions
/// alone.
fn mentions(message: &str, who: &str) -> String {
    format!(
        "case when {message}.mentions is null then false else {message}.mentions &&
            array['all', 'role:' || {who}.role, (select u.id from users u where u.no = {who}.user_no)] end"
    )
}

/// Whether a user neither sent a message of this table nor made the step that said it. The step is looked up for messages of deals alone.
pub(super) fn of_others(messages: &str, user: &str) -> String {
    let actor = actor_no_of(messages);
    format!(
        "{messages}.sender_no <> {user} and ({messages}.sender_no <> 0 or {actor} is distinct from {user})"
    )
}

/// Whether a participant with `user_no`, `role` and `sees_from` sees the message `m`.
pub(super) fn visible_to(who: &str) -> String {
    let (role, user) = (format!("{who}.role"), format!("{who}.user_no"));
    is_seen("m", &role, &user, &format!("{who}.sees_from"))
}

/// Whether deleted messages stay in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tombstones {
    /// As messages without a text.
    Shown,
    /// As if they had never been sent.
    LeftOut,
}

/// The seq of the newest message that a participant may see, without those of users whom they have blocked, among the newest changes. `who` has
/// `conversation_no`, `user_no`, `role`, `sees_from` and the conversation's `last_seq`.
pub(super) fn newest_visible(who: &str, tombstones: Tombstones) -> String {
    let (visible, wanted) = (visible_to(who), is_wanted("m", &format!("{who}.user_no")));
    let there = match tombstones {
        Tombstones::Shown => "",
        Tombstones::LeftOut => " and m.deleted_at is null",
    };
    format!(
        "(select m.seq from messages m where m.conversation_no = {who}.conversation_no and m.seq > {who}.last_seq - {AMONG}
            and {visible} and {wanted}{there} order by m.seq desc limit 1)"
    )
}

/// Whether there may be more than were counted.
pub(super) fn is_capped(unread: &str, who: &str, last_seq: &str) -> String {
    format!("({unread} >= {MOST} or ({unread} > 0 and {who}.read_to < {last_seq} - {AMONG}))")
}

/// A count, exact or as a lower bound.
pub(super) fn counted(unread: i64, is_capped: bool) -> UnreadCount {
    match is_capped {
        true => UnreadCount::AtLeast(unread),
        false => UnreadCount::Exactly(unread),
    }
}

/// A user's unread messages in one conversation.
#[derive(Clone, Copy, Debug)]
pub struct Unread {
    /// The conversation.
    pub conversation_id: Uuid,
    /// The user.
    pub user: UserNo,
    /// The number of unread messages of others.
    pub count: UnreadCount,
    /// How many of the unread messages mention the user.
    pub mentions: i64,
    /// Of what they are notified there.
    pub level: NotifyLevel,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    conversation_id: Uuid,
    #[diesel(sql_type = BigInt)]
    user_no: i64,
    #[diesel(sql_type = BigInt)]
    unread: i64,
    #[diesel(sql_type = BigInt)]
    mentions: i64,
    #[diesel(sql_type = Bool)]
    is_capped: bool,
    #[diesel(sql_type = Text)]
    level: String,
}

impl From<Row> for Unread {
    fn from(row: Row) -> Self {
        Self {
            conversation_id: row.conversation_id,
            user: UserNo(row.user_no),
            count: counted(row.unread, row.is_capped),
            mentions: row.mentions,
            level: NotifyLevel::named(&row.level).unwrap_or_default(),
        }
    }
}

// Raw SQL: reads the end of the messages' primary key once for each participant, and that of each thread that they follow.
fn sql(whose: &str) -> String {
    let beyond = unread_messages("p", "c.last_seq");
    let is_capped = is_capped("n.unread", "p", "c.last_seq");
    let (may_read, read_to, level) = (may_read("p"), read_to("p"), level("p"));
    let (mentioned, replies) = (mentions("m", "p"), unread_replies("p"));
    format!(
        "select c.id as conversation_id, p.user_no, n.unread, n.mentions, {is_capped} as is_capped, {level} as level
        from (select p.*, {read_to} as read_to from participants p) p join conversations c on c.no = p.conversation_no
        cross join lateral (
            select count(*) as unread, count(*) filter (where {mentioned}) as mentions
            from ((select m.mentions {beyond} order by m.seq desc limit {MOST}) union all (select m.mentions {replies})) m
        ) n
        where {may_read} and n.unread > 0 and {whose}"
    )
}

/// All unread counts of a user, by conversation.
pub fn of_user(connection: &mut PgConnection, user: UserNo) -> Result<Vec<Unread>, Error> {
    let rows: Vec<Row> = diesel::sql_query(sql("p.user_no = $1 order by c.no"))
        .bind::<BigInt, _>(user.0)
        .load(connection)
        .map_err(explain)?;
    Ok(rows.into_iter().map(Unread::from).collect())
}

/// The unread counts of these users in one conversation; users who have read everything are left out.
pub fn of_conversation(
    connection: &mut PgConnection,
    conversation: ConversationNo,
    users: &[i64],
) -> Result<Vec<Unread>, Error> {
    let whose = "p.conversation_no = $1 and p.user_no = any($2)";
    let rows: Vec<Row> = diesel::sql_query(sql(whose))
        .bind::<BigInt, _>(conversation.0)
        .bind::<Array<BigInt>, _>(users)
        .load(connection)
        .map_err(explain)?;
    Ok(rows.into_iter().map(Unread::from).collect())
}
