//! Reads reactions: counts of messages, and changes.

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Text, Timestamptz};
use std::sync::Arc;

use super::messages;
use super::pool::explain;
use super::schema::reactions as table;
use super::users;
use crate::domain::annotation::{
    Annotations, Placing, Reacted, ReactionCount, Target, USERS_NAMED,
};
use crate::domain::emoji::Emoji;
use crate::domain::entry::{Entry, Fact};
use crate::domain::ids::{ConversationNo, MessageId, Seq, UserId, UserNo};
use crate::domain::message::Message;
use crate::error::Error;

/// How somebody's reaction stands, and since which change; since 0 if it never was there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    pub(super) placing: Placing,
    pub(super) seq: Seq,
}

/// Somebody's reaction with one emoji.
pub(super) fn standing(
    connection: &mut PgConnection,
    message: MessageId,
    user: UserNo,
    emoji: &Emoji,
) -> Result<Standing, Error> {
    let row: Option<(Seq, bool)> = table::table
        .find((message.conversation.0, message.seq, emoji.as_str(), user.0))
        .select((table::seq, table::removed))
        .first(connection)
        .optional()
        .map_err(explain)?;
    let (seq, removed) = row.unwrap_or((0, true));
    let placing = Placing::of(!removed);
    Ok(Standing { placing, seq })
}

/// The different emoji on a message, each with whether this user reacts with it.
pub(super) fn kinds(
    connection: &mut PgConnection,
    message: MessageId,
    user: UserNo,
) -> Result<Vec<(String, bool)>, Error> {
    let rows: Vec<CountRow> = counts(connection, message.conversation, user, &[message.seq])?;
    Ok(rows.into_iter().map(|row| (row.emoji, row.own)).collect())
}

/// With what a user reacts to a message.
pub fn own(
    connection: &mut PgConnection,
    message: MessageId,
    user: UserNo,
) -> Result<Vec<Emoji>, Error> {
    let found: Vec<String> = table::table
        .filter(table::conversation_no.eq(message.conversation.0))
        .filter(table::target_seq.eq(message.seq))
        .filter(table::user_no.eq(user.0))
        .filter(table::removed.eq(false))
        .select(table::emoji)
        .load(connection)
        .map_err(explain)?;
    Ok(found.into_iter().map(Emoji::stored).collect())
}

/// A change of a reaction, with who reacts with the same emoji now.
pub(super) fn reacted(
    connection: &mut PgConnection,
    target: Target,
    (user, emoji): (UserNo, &Emoji),
    standing: Standing,
) -> Result<Arc<Reacted>, Error> {
    let message = target.message;
    let found = counts(connection, message.conversation, user, &[message.seq])?;
    let same = found.into_iter().find(|row| row.emoji == emoji.as_str());
    let (count, named) = same.map_or((0, Vec::new()), |row| (row.count, row.users));
    Ok(Arc::new(Reacted {
        target,
        user,
        user_id: users::id_of(connection, user)?,
        emoji: emoji.clone(),
        placing: standing.placing,
        seq: standing.seq,
        count,
        users: named.into_iter().map(UserId::stored).collect(),
    }))
}

#[derive(QueryableByName)]
struct CountRow {
    #[diesel(sql_type = BigInt)]
    target_seq: Seq,
    #[diesel(sql_type = Text)]
    emoji: String,
    #[diesel(sql_type = BigInt)]
    count: i64,
    #[diesel(sql_type = Array<Text>)]
    users: Vec<String>,
    #[diesel(sql_type = Bool)]
    own: bool,
}

// Raw SQL: the users of a group are looked up only for those who are named.
fn counts_sql() -> String {
    format!(
        "select r.target_seq, r.emoji, r.count, r.own,
            array(select u.id from unnest(r.numbers[1:{USERS_NAMED}]) with ordinality as named(no, place)
                join users u on u.no = named.no order by named.place) as users
        from (
            select target_seq, emoji, count(*) as count, bool_or(user_no = $2) as own, min(seq) as oldest,
                array_agg(user_no order by seq) as numbers
            from reactions where conversation_no = $1 and target_seq = any($3) and not removed group by target_seq, emoji
        ) r order by r.target_seq, r.oldest"
    )
}

fn counts(
    connection: &mut PgConnection,
    conversation: ConversationNo,
    reader: UserNo,
    seqs: &[Seq],
) -> Result<Vec<CountRow>, Error> {
    diesel::sql_query(counts_sql())
        .bind::<BigInt, _>(conversation.0)
        .bind::<BigInt, _>(reader.0)
        .bind::<Array<BigInt>, _>(seqs)
        .load(connection)
        .map_err(explain)
}

/// Adds the reactions of these messages of one conversation, for a reader.
pub(super) fn add(
    connection: &mut PgConnection,
    conversation: ConversationNo,
    reader: UserNo,
    seqs: &[Seq],
    annotations: &mut Annotations,
) -> Result<(), Error> {
    for row in counts(connection, conversation, reader, seqs)? {
        let count = ReactionCount {
            emoji: Emoji::stored(row.emoji),
            count: row.count,
            users: row.users.into_iter().map(UserId::stored).collect(),
            is_own: row.own,
        };
        annotations.of_mut(row.target_seq).reactions.push(count);
    }
    Ok(())
}

/// The messages whose reactions changed after a seq.
pub(super) fn targets_since(
    connection: &mut PgConnection,
    conversation: ConversationNo,
    after: Seq,
) -> Result<Vec<Seq>, Error> {
    table::table
        .filter(table::conversation_no.eq(conversation.0))
        .filter(table::seq.gt(after))
        .select(table::target_seq)
        .distinct()
        .load(connection)
        .map_err(explain)
}

#[derive(QueryableByName)]
struct ChangeRow {
    #[diesel(sql_type = BigInt)]
    seq: Seq,
    #[diesel(sql_type = BigInt)]
    target_seq: Seq,
    #[diesel(sql_type = BigInt)]
    user_no: i64,
    #[diesel(sql_type = Text)]
    user_id: String,
    #[diesel(sql_type = Text)]
    emoji: String,
    #[diesel(sql_type = Bool)]
    removed: bool,
    #[diesel(sql_type = Timestamptz)]
    changed_at: DateTime<Utc>,
}

// Raw SQL: the id of each user is one lookup.
const CHANGES: &str = "
select r.seq, r.target_seq, r.user_no, (select u.id from users u where u.no = r.user_no) as user_id, r.emoji, r.removed, r.changed_at
from reactions r where r.conversation_no = $1 and r.seq > $2 and r.seq <= $3";

/// The changes after `after` up to `to` that no later one has replaced, in any order.
pub(super) fn entries(
    connection: &mut PgConnection,
    conversation: ConversationNo,
    after: Seq,
    to: Seq,
) -> Result<Vec<Entry>, Error> {
    let rows: Vec<ChangeRow> = diesel::sql_query(CHANGES)
        .bind::<BigInt, _>(conversation.0)
        .bind::<BigInt, _>(after)
        .bind::<BigInt, _>(to)
        .load(connection)
        .map_err(explain)?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let mut seqs: Vec<Seq> = rows.iter().map(|row| row.target_seq).collect();
    seqs.sort_unstable();
    seqs.dedup();
    // No user has this number.
    let standing = counts(connection, conversation, UserNo(-1), &seqs)?;
    let keys: Vec<(i64, Seq)> = seqs.iter().map(|seq| (conversation.0, *seq)).collect();
    let targets = messages::by_keys(connection, &keys)?;
    let entry = |row: ChangeRow| {
        let target = targets.iter().find(|it| it.seq() == row.target_seq);
        let target =
            target.ok_or_else(|| Error::internal("a message with a reaction is missing"))?;
        let same = |it: &&CountRow| it.target_seq == row.target_seq && it.emoji == row.emoji;
        Ok(row.entry(target, standing.iter().find(same)))
    };
    rows.into_iter().map(entry).collect()
}

impl ChangeRow {
    fn entry(&self, message: &Message, standing: Option<&CountRow>) -> Entry {
        let named = standing.map_or(&[][..], |row| &row.users);
        let reacted = Reacted {
            target: Target {
                message: message.id,
                audience: message.content.audience.clone(),
            },
            user: UserNo(self.user_no),
            user_id: UserId::stored(self.user_id.clone()),
            emoji: Emoji::stored(self.emoji.clone()),
            placing: Placing::of(!self.removed),
            seq: self.seq,
            count: standing.map_or(0, |row| row.count),
            users: named.iter().cloned().map(UserId::stored).collect(),
        };
        Entry {
            seq: self.seq,
            at: self.changed_at,
            fact: Fact::Reacted(Arc::new(reacted)),
        }
    }
}
