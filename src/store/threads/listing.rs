//! The threads that a user follows, in all conversations.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Uuid as SqlUuid};
use std::collections::HashMap;
use uuid::Uuid;

use super::is_unread_reply;
use crate::domain::annotation::Annotations;
use crate::domain::ids::{ConversationId, ConversationNo, MessageId, Seq, UserNo};
use crate::domain::message::Message;
use crate::error::Error;
use crate::store::access::{is_seen, is_there, may_read};
use crate::store::messages::by_keys;
use crate::store::pool::explain;
use crate::store::{annotations, replay};

/// Which of the threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// All that the user follows.
    Followed,
    /// Those with unread replies.
    Unread,
}

/// A thread in a list.
#[derive(Clone, Debug)]
pub struct ListedThread {
    /// Its conversation.
    pub conversation: ConversationId,
    /// The message that it answers.
    pub root: Message,
    /// Its newest reply, by which the list is in order.
    pub newest: MessageId,
}

/// Threads, and what is said about their roots.
#[derive(Clone, Debug, Default)]
pub struct ListedThreads {
    /// Those whose newest reply is the newest, first.
    pub threads: Vec<ListedThread>,
    /// What is said about the roots, by conversation.
    pub annotations: HashMap<ConversationNo, Annotations>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    conversation_id: Uuid,
    #[diesel(sql_type = BigInt)]
    conversation_no: i64,
    #[diesel(sql_type = BigInt)]
    root_seq: Seq,
    #[diesel(sql_type = BigInt)]
    newest: Seq,
}

// Raw SQL: one lookup of the newest reply for each thread that the user follows. The limits keep the planner from joining all messages.
fn sql() -> String {
    let (may_read, is_there) = (may_read("p"), is_there("c"));
    let seen = |message| is_seen(message, "p.role", "p.user_no", "p.sees_from");
    let (root_seen, reply_seen) = (seen("r"), seen("m"));
    let is_unread = is_unread_reply("p");
    format!(
        "select c.id as conversation_id, f.conversation_no, f.root_seq, n.seq as newest
        from thread_follows f
        join participants p on p.conversation_no = f.conversation_no and p.user_no = f.user_no
        join conversations c on c.no = f.conversation_no
        cross join lateral (
            select m.seq, m.created_at from messages m
            where m.conversation_no = f.conversation_no and m.thread_seq = f.root_seq and {reply_seen} order by m.seq desc limit 1
        ) n
        where f.user_no = $1 and f.following and {may_read} and {is_there}
            and exists (select from messages r where r.conversation_no = f.conversation_no and r.seq = f.root_seq and {root_seen})
            and (not $2 or exists (
                select from messages m where m.conversation_no = f.conversation_no and m.thread_seq = f.root_seq and {is_unread}
            ))
            and ($3::bigint is null or (n.created_at, f.conversation_no, n.seq) <
                ((select b.created_at from messages b where b.conversation_no = $3 and b.seq = $4), $3, $4))
        order by n.created_at desc, f.conversation_no desc, n.seq desc limit $5"
    )
}

/// A page of the threads that a user follows and may read, after the one whose newest reply is `after`.
pub fn list(
    connection: &mut PgConnection,
    user: UserNo,
    which: Which,
    after: Option<MessageId>,
    limit: i64,
) -> Result<ListedThreads, Error> {
    replay::in_snapshot(connection, |connection| {
        let rows: Vec<Row> = diesel::sql_query(sql())
            .bind::<BigInt, _>(user.0)
            .bind::<Bool, _>(which == Which::Unread)
            .bind::<Nullable<BigInt>, _>(after.map(|id| id.conversation.0))
            .bind::<Nullable<BigInt>, _>(after.map(|id| id.seq))
            .bind::<BigInt, _>(limit)
            .load(connection)
            .map_err(explain)?;
        with_roots(connection, user, rows)
    })
}

fn with_roots(
    connection: &mut PgConnection,
    user: UserNo,
    rows: Vec<Row>,
) -> Result<ListedThreads, Error> {
    let keys = rows.iter().map(|row| (row.conversation_no, row.root_seq));
    let keys: Vec<(i64, Seq)> = keys.collect();
    let mut roots: HashMap<(i64, Seq), Message> = HashMap::new();
    let mut by_conversation: HashMap<ConversationNo, Vec<Message>> = HashMap::new();
    for root in by_keys(connection, &keys)? {
        let of = by_conversation.entry(root.id.conversation).or_default();
        of.push(root.clone());
        roots.insert((root.id.conversation.0, root.seq()), root);
    }
    let mut listed = ListedThreads::default();
    for (conversation, messages) in by_conversation {
        let said = annotations::of_messages(connection, user, &messages)?;
        listed.annotations.insert(conversation, said);
    }
    let thread = |row: Row| {
        Some(ListedThread {
            root: roots.remove(&(row.conversation_no, row.root_seq))?,
            conversation: ConversationId(row.conversation_id),
            newest: MessageId {
                conversation: ConversationNo(row.conversation_no),
                seq: row.newest,
            },
        })
    };
    listed.threads = rows.into_iter().filter_map(thread).collect();
    Ok(listed)
}
