//! The statement that assumes that every message is new, as nearly all are. It does not look for duplicates;
//! the unique index rejects a batch that has one.

use chrono::{DateTime, Utc};
use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::{DatabaseErrorKind, Error as Db};
use diesel::sql_types::{Array, Int8, Timestamptz};
use std::collections::{BTreeMap, HashMap};

use super::columns::Columns;
use super::{Appended, Explained, NewMessage};
use crate::domain::ids::{PolicyVersion, Seq};
use crate::error::Error;
use crate::store::access::is_for_everybody;
use crate::store::pool::explain;

// Raw SQL without joins: each part has only one possible plan, whatever table sizes the planner assumes. An
// index scan for a sorted array finds the conversations, so they are locked in the order of their numbers and
// two servers cannot deadlock. PostgreSQL re-reads a row after waiting for it, so `last_seq` and the policy
// version are current. `width_bucket` is a binary search: the index of a conversation in a sorted array. If the
// original of a reply is missing or has an audience, nothing is stored, and the deduplicating statement takes a
// closer look.
const SQL: &str = "
with advanced as (
    update conversations c set last_seq = c.last_seq + ($1)[width_bucket(c.no, $2)], updated_at = now()
    where c.no = any($2) and c.policy_version = ($3)[width_bucket(c.no, $2)]
      and not exists (select from unnest($4, $5) r(conversation_no, seq) where 0 =
        (select count(*) from messages m where m.conversation_no = r.conversation_no and m.seq = r.seq
            and #everybody))
    returning c.no, c.last_seq - ($1)[width_bucket(c.no, $2)] as before
), taken as (
    select array_agg(no order by no) as numbers, array_agg(before order by no) as befores from advanced
), stored as (
    insert into messages (conversation_no, seq, sender_no, client_id, fingerprint, kind, body, reply_to,
                          attachments, context, audience_role, audience_user_no, created_at)
    select conversation_no, t.befores[width_bucket(conversation_no, t.numbers)] + ordinal, sender_no, client_id, fingerprint,
           kind, body, reply_to, attachments::jsonb, context::jsonb, audience_role, audience_user_no, now()
    from taken t, (select unnest($6), #columns)
        as i(ordinal, conversation_no, sender_no, client_id, fingerprint, kind, body, reply_to,
             attachments, context, audience_role, audience_user_no)
    where t.numbers[width_bucket(conversation_no, t.numbers)] = conversation_no
), feed_row as (
    insert into changed (kind, numbers) select 'conversation', numbers from taken where numbers is not null
)
select no, before, now() from advanced";

/// The parameters of the statement. The position of each message within its conversation is known before its
/// seq is.
struct Optimistic<'a> {
    /// The conversations, sorted, each with its policy version and number of messages.
    numbers: Vec<i64>,
    policies: Vec<PolicyVersion>,
    counts: Vec<i64>,
    /// Conversation and seq of each message that is replied to.
    originals: (Vec<i64>, Vec<Seq>),
    /// The position of each message among those of its conversation, from 1.
    ordinals: Vec<i64>,
    columns: Columns<'a>,
}

impl<'a> Optimistic<'a> {
    /// `None` if messages of one conversation have different policy versions: at least one is stale.
    fn new(messages: &'a [NewMessage<'a>]) -> QueryResult<Option<Self>> {
        let mut groups: BTreeMap<i64, (PolicyVersion, i64)> = BTreeMap::new();
        let mut ordinals = Vec::with_capacity(messages.len());
        for message in messages {
            let group = groups.entry(message.conversation.0);
            let (policy, count) = group.or_insert((message.policy, 0));
            if *policy != message.policy {
                return Ok(None);
            }
            *count += 1;
            ordinals.push(*count);
        }
        let original = |m: &NewMessage<'_>| m.content.reply_to.map(|id| (m.conversation.0, id.seq));
        Ok(Some(Self {
            numbers: groups.keys().copied().collect(),
            policies: groups.values().map(|group| group.0).collect(),
            counts: groups.values().map(|group| group.1).collect(),
            originals: messages.iter().filter_map(original).unzip(),
            ordinals,
            columns: Columns::new(messages)?,
        }))
    }

    /// The outcome of each message. `taken` has a row for each conversation whose policy version matched, with
    /// its last seq before.
    fn outcomes(&self, taken: Vec<(i64, Seq, DateTime<Utc>)>) -> Vec<Appended> {
        let taken: HashMap<i64, (Seq, DateTime<Utc>)> = taken
            .into_iter()
            .map(|(no, before, at)| (no, (before, at)))
            .collect();
        let outcome = |(no, ordinal): (&i64, &i64)| {
            taken
                .get(no)
                .map_or(Appended::Stale, |(before, at)| Appended::Stored {
                    seq: before + ordinal,
                    at: *at,
                })
        };
        let messages = self.columns.conversations.iter().zip(&self.ordinals);
        messages.map(outcome).collect()
    }
}

impl QueryFragment<Pg> for Optimistic<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let parts = [
            (&self.counts, "$1"),
            (&self.numbers, "$2"),
            (&self.policies, "$3"),
            (&self.originals.0, "$4"),
            (&self.originals.1, "$5"),
            (&self.ordinals, "$6"),
        ];
        let sql = SQL.replace("#everybody", &is_for_everybody("m"));
        let mut rest = sql.as_str();
        for (array, name) in parts {
            let (before, after) = rest.split_once(name).unwrap_or((rest, ""));
            out.push_sql(before);
            out.push_bind_param::<Array<Int8>, _>(array)?;
            rest = after;
        }
        let (before, after) = rest.split_once("#columns").unwrap_or((rest, ""));
        out.push_sql(before);
        self.columns.bind(&mut out, "unnest(", ")")?;
        out.push_sql(after);
        Ok(())
    }
}

// The text is the same for any number of messages, so the type identifies the prepared statement.
impl QueryId for Optimistic<'_> {
    type QueryId = Optimistic<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for Optimistic<'_> {
    type SqlType = (Int8, Int8, Timestamptz);
}

impl RunQueryDsl<PgConnection> for &Optimistic<'_> {}

/// Appends all messages in one commit, like `super::append`. Returns `None`, with nothing stored, if the
/// deduplicating statement is needed.
pub(super) fn append(
    connection: &mut PgConnection,
    messages: &[NewMessage<'_>],
) -> Result<Option<Vec<Appended>>, Error> {
    let Some(batch) = Optimistic::new(messages).map_err(explain)? else {
        return Ok(None);
    };
    let taken: Vec<(i64, Seq, DateTime<Utc>)> = match batch.load(connection) {
        Err(Db::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => return Ok(None),
        other => other.map_err(explain)?,
    };
    let all_taken = taken.len() == batch.numbers.len();
    let is_sure = all_taken || batch.originals.0.is_empty();
    Ok(is_sure.then(|| batch.outcomes(taken)))
}

/// The lines of `explain` for the statement.
pub(super) fn plan(
    connection: &mut PgConnection,
    messages: &[NewMessage<'_>],
) -> QueryResult<Vec<String>> {
    let batch = Optimistic::new(messages)?;
    batch.map_or(Ok(Vec::new()), |batch| Explained(batch).load(connection))
}
