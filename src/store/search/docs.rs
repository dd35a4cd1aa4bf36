//! Writes what can be searched for: for each message its lexemes and what narrows a search.

use chrono::{DateTime, Utc};
use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Jsonb, Nullable, SmallInt, Text, Timestamptz};
use serde_json::Value;

use super::lexemes::vector;
use crate::domain::attachment::Attachment;
use crate::domain::ids::{MessageId, Seq};
use crate::domain::message::MessageKind;
use crate::domain::search::Readable;
use crate::domain::tokens::Tokenizer;
use crate::error::Error;
use crate::store::feed_watermarks::NewEntries;
use crate::store::pool::explain;
use crate::store::schema::search_docs;

#[derive(QueryableByName)]
struct Source {
    #[diesel(sql_type = BigInt)]
    conversation_no: i64,
    #[diesel(sql_type = BigInt)]
    seq: Seq,
    #[diesel(sql_type = BigInt)]
    sender_no: i64,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    body: String,
    #[diesel(sql_type = Nullable<Jsonb>)]
    attachments: Option<Value>,
    #[diesel(sql_type = Nullable<Text>)]
    card_title: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    audience_role: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    audience_user_no: Option<i64>,
    #[diesel(sql_type = Timestamptz)]
    created_at: DateTime<Utc>,
}

const COLUMNS: &str = "m.conversation_no, m.seq, m.sender_no, m.kind, m.body, m.attachments, m.card->>'title' as card_title,
    m.audience_role, m.audience_user_no, m.created_at";

/// Whether the message `m` was not changed after entry `r.last`. One that was gets its row with that change: until
/// then it is among those that are matched directly, and must not be found twice.
const UNCHANGED: &str = "not exists (select from message_changes c
    where c.conversation_no = m.conversation_no and c.target_seq = m.seq and c.seq > r.last)";

// Raw SQL: reads all ranges in one statement. Each range is one scan of the messages' key.
fn sent() -> String {
    format!(
        "select m.* from unnest($1, $2, $3) as r(no, after, last) cross join lateral (
            select {COLUMNS} from messages m
            where m.conversation_no = r.no and m.seq > r.after and m.seq <= r.last and m.deleted_at is null and {UNCHANGED}
            offset 0
        ) m"
    )
}

/// Messages from before the ranges that were edited within them. What was edited or deleted loses its row first: it
/// may have been written from a reading that was older than the change.
const CHANGED: &str = "
with targets as materialized (
    select distinct r.no, r.after, r.last, t.target_seq from unnest($1, $2, $3) as r(no, after, last) cross join lateral (
        select c.target_seq from message_changes c where c.conversation_no = r.no and c.seq > r.after and c.seq <= r.last
        offset 0
    ) t
), forgotten as (
    delete from search_docs d using targets t where d.conversation_no = t.no and d.seq = t.target_seq
)
select no, target_seq as seq, last from targets where target_seq <= after";

#[derive(QueryableByName)]
struct Target {
    #[diesel(sql_type = BigInt)]
    no: i64,
    #[diesel(sql_type = BigInt)]
    seq: Seq,
    #[diesel(sql_type = BigInt)]
    last: Seq,
}

fn edited() -> String {
    format!(
        "select m.* from unnest($1, $2, $3) as r(no, seq, last) cross join lateral (
            select {COLUMNS} from messages m
            where m.conversation_no = r.no and m.seq = r.seq and m.deleted_at is null and {UNCHANGED}
            offset 0
        ) m"
    )
}

const WRITE: &str = "
insert into search_docs (conversation_no, seq, sender_no, at, traits, audience_role, audience_user_no, words)
select no, seq, sender, at, traits, role, reader, words::tsvector
from unnest($1, $2, $3, $4, $5, $6, $7, $8) as r(no, seq, sender, at, traits, role, reader, words)
order by no, seq
on conflict (conversation_no, seq) do update set traits = excluded.traits, words = excluded.words";

/// The index of words collects new rows in a list, which every search reads; it is emptied here, where nobody waits.
const MERGE: &str = "select gin_clean_pending_list('search_docs_words')";

/// Writes the messages that were sent or edited in these entries; returns how many.
pub fn index(
    connection: &mut PgConnection,
    tokenizer: &Tokenizer,
    entries: &[NewEntries],
) -> Result<usize, Error> {
    let column = |pick: fn(&NewEntries) -> i64| -> Vec<i64> { entries.iter().map(pick).collect() };
    let numbers = column(|one| one.conversation.0);
    let after = column(|one| one.after.unwrap_or(0));
    let last = column(|one| one.last);
    let targets: Vec<Target> = diesel::sql_query(CHANGED)
        .bind::<Array<BigInt>, _>(&numbers)
        .bind::<Array<BigInt>, _>(&after)
        .bind::<Array<BigInt>, _>(&last)
        .load(connection)
        .map_err(explain)?;
    let mut sources: Vec<Source> = diesel::sql_query(sent())
        .bind::<Array<BigInt>, _>(&numbers)
        .bind::<Array<BigInt>, _>(&after)
        .bind::<Array<BigInt>, _>(&last)
        .load(connection)
        .map_err(explain)?;
    if !targets.is_empty() {
        let each = || targets.iter();
        let edited = diesel::sql_query(edited())
            .bind::<Array<BigInt>, _>(each().map(|one| one.no).collect::<Vec<_>>())
            .bind::<Array<BigInt>, _>(each().map(|one| one.seq).collect::<Vec<_>>())
            .bind::<Array<BigInt>, _>(each().map(|one| one.last).collect::<Vec<_>>());
        sources.extend(edited.load::<Source>(connection).map_err(explain)?);
    }
    if !sources.is_empty() {
        write(connection, tokenizer, &sources)?;
        connection.batch_execute(MERGE).map_err(explain)?;
    }
    Ok(sources.len())
}

fn write(
    connection: &mut PgConnection,
    tokenizer: &Tokenizer,
    sources: &[Source],
) -> Result<(), Error> {
    let (mut traits, mut words) = (Vec::new(), Vec::new());
    for source in sources {
        let attachments: Vec<Attachment> = match &source.attachments {
            Some(files) => serde_json::from_value(files.clone()).map_err(Error::internal)?,
            None => Vec::new(),
        };
        let kind = MessageKind::named(&source.kind);
        let readable = Readable {
            kind: kind.ok_or_else(|| Error::internal("unknown kind of message"))?,
            body: &source.body,
            attachments: &attachments,
            card_title: source.card_title.as_deref(),
        };
        traits.push(readable.traits().bits());
        words.push(vector(&readable.document(tokenizer), source.sender_no));
    }
    let each = || sources.iter();
    diesel::sql_query(WRITE)
        .bind::<Array<BigInt>, _>(each().map(|one| one.conversation_no).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(each().map(|one| one.seq).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(each().map(|one| one.sender_no).collect::<Vec<_>>())
        .bind::<Array<Timestamptz>, _>(each().map(|one| one.created_at).collect::<Vec<_>>())
        .bind::<Array<SmallInt>, _>(traits)
        .bind::<Array<Nullable<Text>>, _>(
            each()
                .map(|one| one.audience_role.as_deref())
                .collect::<Vec<_>>(),
        )
        .bind::<Array<Nullable<BigInt>>, _>(
            each().map(|one| one.audience_user_no).collect::<Vec<_>>(),
        )
        .bind::<Array<Text>, _>(words)
        .execute(connection)
        .map(drop)
        .map_err(explain)
}

/// Locks the row of a message that is about to change. The consumer may be rewriting it: that is waited for before
/// the conversation is locked, for which its senders would wait too.
pub(in crate::store) fn hold(connection: &mut PgConnection, id: MessageId) -> Result<(), Error> {
    search_docs::table
        .find((id.conversation.0, id.seq))
        .select(search_docs::seq)
        .for_update()
        .first::<Seq>(connection)
        .optional()
        .map(drop)
        .map_err(explain)
}

/// Removes a message that changes, in the transaction of the change.
pub(in crate::store) fn forget(connection: &mut PgConnection, id: MessageId) -> Result<(), Error> {
    diesel::delete(search_docs::table.find((id.conversation.0, id.seq)))
        .execute(connection)
        .map(drop)
        .map_err(explain)
}
