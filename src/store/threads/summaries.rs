//! What threads are as one reader sees them: how many replies, of whom, how many unread.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Text};

use super::{is_unread_reply, read_to};
use crate::domain::annotation::Annotations;
use crate::domain::ids::{ConversationNo, MessageId, Seq, UserId, UserNo};
use crate::domain::thread::{Following, OwnThread, ThreadSummary, USERS_NAMED};
use crate::error::Error;
use crate::store::access::{is_seen, readers_past, readers_role, role_or_staff};
use crate::store::pool::explain;
use crate::store::unread::MOST;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    root_seq: Seq,
    #[diesel(sql_type = BigInt)]
    replies: i64,
    #[diesel(sql_type = BigInt)]
    last_seq: Seq,
    #[diesel(sql_type = Array<Text>)]
    users: Vec<String>,
    #[diesel(sql_type = Bool)]
    following: bool,
    #[diesel(sql_type = BigInt)]
    read_seq: Seq,
    #[diesel(sql_type = BigInt)]
    unread: i64,
    #[diesel(sql_type = BigInt)]
    as_of: Seq,
}

/// SQL: the reader `$2` of conversation `$1`, as a table with one row.
fn reader() -> String {
    let (role, past) = (
        role_or_staff(&readers_role("$1", "$2")),
        readers_past("$1", "$2"),
    );
    let threads_seq = "coalesce((select threads_seq from participants where conversation_no = $1 and user_no = $2), 0)";
    format!(
        "(select $2 as user_no, {role} as role, {past} as sees_from, {threads_seq} as threads_seq)"
    )
}

/// SQL: the columns of what a thread is for reader `p`, whose row of `thread_follows` is `f`.
fn own_columns(root: &str) -> String {
    let (is_unread, read_to) = (is_unread_reply("p"), read_to("p"));
    format!(
        "coalesce(f.following, false) as following, {read_to} as read_seq,
        case when f.following then (select count(*) from (
            select from messages m where m.conversation_no = $1 and m.thread_seq = {root} and {is_unread} limit {MOST}
        ) m) else 0 end as unread,
        (select c.last_seq from conversations c where c.no = $1) as as_of"
    )
}

// Raw SQL: reads the replies of a page's threads once, by their own index.
fn sql() -> String {
    let (reader, own) = (reader(), own_columns("r.root_seq"));
    let seen = is_seen("m", "p.role", "p.user_no", "p.sees_from");
    format!(
        "with p as materialized {reader}
        select r.root_seq, r.replies, r.last_seq, {own},
            array(select (select u.id from users u where u.no = s.sender_no) from (
                select m.sender_no, min(m.seq) as first from messages m
                where m.conversation_no = $1 and m.thread_seq = r.root_seq and m.kind = 'user_input' and {seen}
                group by m.sender_no order by min(m.seq) limit {USERS_NAMED}
            ) s order by s.first) as users
        from p cross join lateral (
            select m.thread_seq as root_seq, count(*) filter (where m.deleted_at is null) as replies, max(m.seq) as last_seq
            from messages m where m.conversation_no = $1 and m.thread_seq = any($3) and {seen} group by m.thread_seq
        ) r left join thread_follows f on f.conversation_no = $1 and f.user_no = $2 and f.root_seq = r.root_seq"
    )
}

/// Adds the threads of these messages of one conversation, for a reader.
pub(in crate::store) fn add(
    connection: &mut PgConnection,
    conversation: ConversationNo,
    reader: UserNo,
    seqs: &[Seq],
    annotations: &mut Annotations,
) -> Result<(), Error> {
    let rows: Vec<Row> = diesel::sql_query(sql())
        .bind::<BigInt, _>(conversation.0)
        .bind::<BigInt, _>(reader.0)
        .bind::<Array<BigInt>, _>(seqs)
        .load(connection)
        .map_err(explain)?;
    for row in rows {
        annotations.of_mut(row.root_seq).thread = Some(ThreadSummary {
            replies: row.replies,
            last_seq: row.last_seq,
            participants: row.users.into_iter().map(UserId::stored).collect(),
            own: OwnThread {
                following: Following::of(row.following),
                read_seq: row.read_seq,
                unread: row.unread,
                as_of: row.as_of,
            },
        });
    }
    Ok(())
}

#[derive(QueryableByName)]
struct OwnRow {
    #[diesel(sql_type = Bool)]
    following: bool,
    #[diesel(sql_type = BigInt)]
    read_seq: Seq,
    #[diesel(sql_type = BigInt)]
    unread: i64,
    #[diesel(sql_type = BigInt)]
    as_of: Seq,
}

/// What the thread of this root is for a user.
pub fn own(
    connection: &mut PgConnection,
    root: MessageId,
    user: UserNo,
) -> Result<OwnThread, Error> {
    let (reader, own) = (reader(), own_columns("$3"));
    let row: OwnRow = diesel::sql_query(format!(
        "with p as materialized {reader}
        select {own} from p left join thread_follows f on f.conversation_no = $1 and f.user_no = $2 and f.root_seq = $3"
    ))
    .bind::<BigInt, _>(root.conversation.0)
    .bind::<BigInt, _>(user.0)
    .bind::<BigInt, _>(root.seq)
    .get_result(connection)
    .map_err(explain)?;
    Ok(OwnThread {
        following: Following::of(row.following),
        read_seq: row.read_seq,
        unread: row.unread,
        as_of: row.as_of,
    })
}
