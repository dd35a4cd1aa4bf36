//! The statement for messages that nobody has sent before, as nearly all are: it looks for no repeat, and learns of one from
//! the unique index that refuses it.

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

// Raw SQL, and no joins: every part can be done in one way only, whatever size the planner thinks the tables have.
// Conversations are found by an index scan for an array, whose numbers Postgres sorts: so they are locked in the order of their
// numbers, and two servers can not wait on each other in a circle. A row that was waited for is looked at again as it is then, so
// `last_seq` and the policy are current. `width_bucket` is a binary search: a conversation's place in a sorted array.
// Where an original that is replied to is not there for everybody, nothing is stored: the careful statement sees why.
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
), noted as (
    insert into changed (kind, numbers) select 'conversation', numbers from taken where numbers is not null
)
select no, before, now() from advanced";

/// A batch whose messages know their places among each other before they know their seqs.
struct Optimistic<'a> {
    /// The conversations, sorted; for each its policy, and how many messages it gets.
    numbers: Vec<i64>,
    policies: Vec<PolicyVersion>,
    counts: Vec<i64>,
    /// Conversation and seq of every original that is replied to.
    originals: (Vec<i64>, Vec<Seq>),
    /// The place of each message among those of its conversation, from 1.
    ordinals: Vec<i64>,
    columns: Columns<'a>,
}

impl<'a> Optimistic<'a> {
    /// None where messages of one conversation were decided under different policies: some are stale for sure.
    fn new(messages: &'a [NewMessage<'a>]) -> Option<Self> {
        let mut groups: BTreeMap<i64, (PolicyVersion, i64)> = BTreeMap::new();
        let mut ordinals = Vec::with_capacity(messages.len());
        for message in messages {
            let group = groups.entry(message.conversation.0);
            let (policy, count) = group.or_insert((message.policy, 0));
            if *policy != message.policy {
                return None;
            }
            *count += 1;
            ordinals.push(*count);
        }
        let original = |m: &NewMessage<'_>| m.content.reply_to.map(|id| (m.conversation.0, id.seq));
        Some(Self {
            numbers: groups.keys().copied().collect(),
            policies: groups.values().map(|group| group.0).collect(),
            counts: groups.values().map(|group| group.1).collect(),
            originals: messages.iter().filter_map(original).unzip(),
            ordinals,
            columns: Columns::new(messages),
        })
    }

    /// What became of each message, from the conversations whose policy still held and the seqs that they had before.
    fn outcomes(&self, taken: Vec<(i64, Seq, DateTime<Utc>)>) -> Vec<Appended> {
        let taken: HashMap<i64, (Seq, DateTime<Utc>)> = taken
            .into_iter()
            .map(|(no, before, at)| (no, (before, at)))
            .collect();
        let outcome = |(no, ordinal): (&i64, &i64)| {
            taken
                .get(no)
                .map_or(Appended::Stale, |(before, at)| Appended::Fresh {
                    seq: before + ordinal,
                    at: *at,
                })
        };
        let places = self.columns.conversations.iter().zip(&self.ordinals);
        places.map(outcome).collect()
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

// One text for any number of messages, so the prepared statement is found by the type alone.
impl QueryId for Optimistic<'_> {
    type QueryId = Optimistic<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for Optimistic<'_> {
    type SqlType = (Int8, Int8, Timestamptz);
}

impl RunQueryDsl<PgConnection> for &Optimistic<'_> {}

/// Appends all of them in one commit, as `super::append` does; `None` where care is needed: then nothing is stored.
pub(super) fn append(
    connection: &mut PgConnection,
    messages: &[NewMessage<'_>],
) -> Result<Option<Vec<Appended>>, Error> {
    let Some(hopes) = Optimistic::new(messages) else {
        return Ok(None);
    };
    let taken: Vec<(i64, Seq, DateTime<Utc>)> = match hopes.load(connection) {
        Err(Db::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => return Ok(None),
        other => other.map_err(explain)?,
    };
    let all_taken = taken.len() == hopes.numbers.len();
    let is_sure = all_taken || hopes.originals.0.is_empty();
    Ok(is_sure.then(|| hopes.outcomes(taken)))
}

/// What `explain` says of the statement.
pub(super) fn plan(
    connection: &mut PgConnection,
    messages: &[NewMessage<'_>],
) -> QueryResult<Vec<String>> {
    let hopes = Optimistic::new(messages);
    hopes.map_or(Ok(Vec::new()), |hopes| Explained(hopes).load(connection))
}
