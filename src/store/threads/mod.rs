//! Threads: replies as they are counted, and who follows them.

mod following;
mod listing;
mod summaries;

use diesel::pg::PgConnection;
use diesel::prelude::*;

use super::access::{is_wanted, sees_seq};
use super::pool::explain;
use super::schema::{messages, thread_follows};
use super::unread::{MOST, of_others, visible_to};
use crate::domain::ids::{ConversationNo, Seq, UserNo};
use crate::error::Error;

pub(super) use following::follow_reply;
pub use following::{change, followers, read_by_followers};
pub use listing::{ListedThread, ListedThreads, Which, list};
pub(super) use summaries::add;
pub use summaries::own;

/// Only so many of the newest threads that somebody follows in a conversation are counted.
const FOLLOWED: i64 = 1_000;

/// SQL: whether the main line of the conversation shows a message.
pub(super) fn is_in_main_line(message: &str) -> String {
    format!("({message}.thread_seq is null or {message}.also_in_conversation)")
}

/// SQL: up to where participant `who` has read the thread of row `f` of `thread_follows`.
fn read_to(who: &str) -> String {
    format!("greatest(f.read_seq, {who}.threads_seq)")
}

/// SQL: whether reply `m` of a thread, whose row of `thread_follows` is `f`, counts as unread for a participant. `who` has `user_no`, `role`,
/// `sees_from` and `threads_seq`.
fn is_unread_reply(who: &str) -> String {
    let (user, read_to) = (format!("{who}.user_no"), read_to(who));
    let (visible, of_others, wanted) = (
        visible_to(who),
        of_others("m", &user),
        is_wanted("m", &user),
    );
    format!(
        "m.seq > {read_to} and not m.also_in_conversation and {of_others} and m.deleted_at is null and m.kind <> 'audit'
            and {visible} and {wanted}"
    )
}

/// The `from` clause of the unread replies, as `m`, in the threads that a participant follows. `who` has `conversation_no`, `user_no`, `role`,
/// `sees_from` and `threads_seq`.
// The limits keep the planner from turning the lookups of each thread into a join over all messages.
pub(super) fn unread_replies(who: &str) -> String {
    let is_unread = is_unread_reply(who);
    let sees_root = sees_seq("f.root_seq", &format!("{who}.sees_from"));
    format!(
        "from (
            select f.conversation_no, f.root_seq, f.read_seq from thread_follows f
            where f.conversation_no = {who}.conversation_no and f.user_no = {who}.user_no and f.following and {sees_root}
            order by f.root_seq desc limit {FOLLOWED}
        ) f cross join lateral (
            select m.mentions from messages m
            where m.conversation_no = f.conversation_no and m.thread_seq = f.root_seq and {is_unread} limit {MOST}
        ) m"
    )
}

/// The roots of threads that became another thing for this user while the conversation had this last seq, or later.
pub(super) fn changed_for(
    connection: &mut PgConnection,
    conversation: ConversationNo,
    user: UserNo,
    since: Seq,
) -> Result<Vec<Seq>, Error> {
    thread_follows::table
        .filter(thread_follows::conversation_no.eq(conversation.0))
        .filter(thread_follows::user_no.eq(user.0))
        .filter(thread_follows::changed_seq.ge(since))
        .select(thread_follows::root_seq)
        .load(connection)
        .map_err(explain)
}

/// Whether a message has a reply, which may be deleted.
pub fn has_replies(
    connection: &mut PgConnection,
    conversation: ConversationNo,
    root: Seq,
) -> Result<bool, Error> {
    let replies = messages::table
        .filter(messages::conversation_no.eq(conversation.0))
        .filter(messages::thread_seq.eq(root));
    diesel::select(diesel::dsl::exists(replies))
        .get_result(connection)
        .map_err(explain)
}
