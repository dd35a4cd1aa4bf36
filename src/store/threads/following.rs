//! Who follows which thread, and how far they have read it.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text};
use std::collections::{HashMap, HashSet};

use crate::domain::ids::{ConversationNo, MessageId, Seq, UserNo};
use crate::domain::mention::Mention;
use crate::domain::thread::ThreadChange;
use crate::error::Error;
use crate::store::pool::explain;
use crate::store::schema::{participants, thread_follows as table};

// Raw SQL: one statement for all whom a reply makes follow. Whoever follows already stays as they are, and so does the root's author who has
// stopped to.
const FOLLOW_REPLY: &str = "
insert into thread_follows (conversation_no, user_no, root_seq, following, read_seq, changed_seq)
select $1, w.user_no, $2, true, max(w.read_seq), $4
from (
    select m.sender_no as user_no, $2 as read_seq from messages m where m.conversation_no = $1 and m.seq = $2 and m.kind = 'user_input'
    union all select $3, $4
    union all select u.no, $4 - 1 from users u where u.id = any($5)
) w
group by w.user_no order by w.user_no
on conflict (conversation_no, user_no, root_seq) do update
set following = true, read_seq = greatest(thread_follows.read_seq, excluded.read_seq), changed_seq = excluded.changed_seq
where thread_follows.following is null or (not thread_follows.following
    and (excluded.user_no = $3 or excluded.user_no in (select u.no from users u where u.id = any($5))))";

/// Lets those follow a thread whom a reply, by its sender and with its seq, concerns: who wrote its root, its sender, and whom it mentions
/// by id.
pub(in crate::store) fn follow_reply(
    connection: &mut PgConnection,
    root: MessageId,
    (sender, seq): (UserNo, Seq),
    mentions: &[Mention],
) -> Result<(), Error> {
    let named = mentions.iter().filter_map(Mention::user);
    let named: Vec<&str> = named.map(|id| id.as_str()).collect();
    diesel::sql_query(FOLLOW_REPLY)
        .bind::<BigInt, _>(root.conversation.0)
        .bind::<BigInt, _>(root.seq)
        .bind::<BigInt, _>(sender.0)
        .bind::<BigInt, _>(seq)
        .bind::<Array<Text>, _>(named)
        .execute(connection)
        .map(drop)
        .map_err(explain)
}

// Raw SQL: a watermark never moves backwards, and is never beyond the conversation's newest change. Who begins to follow has read what is there.
const CHANGE: &str = "
insert into thread_follows (conversation_no, user_no, root_seq, following, read_seq, changed_seq)
select $1, $2, $3, $4, least(coalesce($5, c.last_seq), c.last_seq), c.last_seq from conversations c where c.no = $1
on conflict (conversation_no, user_no, root_seq) do update
set following = coalesce($4, thread_follows.following), changed_seq = excluded.changed_seq,
    read_seq = case when $5 is null and thread_follows.following then thread_follows.read_seq
        else greatest(thread_follows.read_seq, excluded.read_seq) end";

/// Changes what the thread of this root is for a user, who may read the root.
pub fn change(
    connection: &mut PgConnection,
    root: MessageId,
    user: UserNo,
    change: ThreadChange,
) -> Result<(), Error> {
    let (following, seen) = match change {
        ThreadChange::Follow(following) => (Some(following.is_following()), None),
        ThreadChange::Seen(seq) => (None, Some(seq)),
    };
    diesel::sql_query(CHANGE)
        .bind::<BigInt, _>(root.conversation.0)
        .bind::<BigInt, _>(user.0)
        .bind::<BigInt, _>(root.seq)
        .bind::<Nullable<Bool>, _>(following)
        .bind::<Nullable<BigInt>, _>(seen)
        .execute(connection)
        .map(drop)
        .map_err(explain)
}

/// Which of these users follow which of the threads with these roots.
pub fn followers(
    connection: &mut PgConnection,
    conversation: ConversationNo,
    users: &[i64],
    roots: &[Seq],
) -> Result<HashSet<(UserNo, Seq)>, Error> {
    if users.is_empty() || roots.is_empty() {
        return Ok(HashSet::new());
    }
    let rows: Vec<(i64, Seq)> = table::table
        .filter(table::conversation_no.eq(conversation.0))
        .filter(table::user_no.eq_any(users))
        .filter(table::root_seq.eq_any(roots))
        .filter(table::following)
        .select((table::user_no, table::root_seq))
        .load(connection)
        .map_err(explain)?;
    let pairs = rows.into_iter().map(|(user, root)| (UserNo(user), root));
    Ok(pairs.collect())
}

/// Who follows the thread of this root, and up to which seq they have read it alone.
pub fn read_by_followers(
    connection: &mut PgConnection,
    root: MessageId,
) -> Result<HashMap<UserNo, Seq>, Error> {
    let takes_part = participants::table
        .filter(participants::conversation_no.eq(root.conversation.0))
        .select(participants::user_no);
    let rows: Vec<(i64, Seq)> = table::table
        .filter(table::conversation_no.eq(root.conversation.0))
        .filter(table::user_no.eq_any(takes_part))
        .filter(table::root_seq.eq(root.seq))
        .filter(table::following)
        .select((table::user_no, table::read_seq))
        .load(connection)
        .map_err(explain)?;
    let pairs = rows.into_iter().map(|(user, read)| (UserNo(user), read));
    Ok(pairs.collect())
}
