//! The statement that looks for duplicates before it inserts: for batches with duplicates, for replies whose
//! original not everyone may see, and for batches whose first attempt may have been committed.

use chrono::{DateTime, Utc};
use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::{DatabaseErrorKind, Error as Db};
use diesel::sql_types::{Array, Int8, Nullable, Text, Timestamptz};

use super::columns::Columns;
use super::{Appended, Explained, NewMessage};
use crate::domain::ids::{ConversationNo, PolicyVersion, Seq};
use crate::error::Error;
use crate::store::access::{is_seen, readers_past, readers_role, role_outside};
use crate::store::pool::{away, explain};

// Raw SQL: one round trip and one plan in place of four statements for each message. It locks rows of
// `conversations` in the order of their numbers, so that two servers cannot deadlock; the lock returns the row
// as it is after the wait, so `last_seq` and the policy version are current. A message whose (sender,
// client_id) is stored already takes no seq. Tables are read by subqueries that the planner cannot turn into
// joins: a plan made while a table was small would otherwise scan all of it for every batch.
const SQL: &str = "
with input as materialized (
    select * from unnest($1, $2, #columns) with ordinality
        as i(policy_version, role_outside, conversation_no, sender_no, client_id, fingerprint, kind, body, reply_to,
             attachments, context, audience_role, audience_user_no, position)
), known as materialized (
    select i.position, k.* from input i cross join lateral
        (select m.conversation_no, m.seq, m.fingerprint, m.created_at from messages m
         where m.sender_no = i.sender_no and m.client_id = i.client_id limit 1) k
), orphaned as materialized (
    select i.position from input i where i.reply_to is not null and 0 =
        (select count(*) from messages m where m.conversation_no = i.conversation_no and m.seq = i.reply_to
            and #visible)
), unknown as materialized (
    select i.* from input i where i.position not in (select position from known union all select position from orphaned)
), locked as materialized (
    select no, last_seq, policy_version from conversations
    where no = any(array(select distinct conversation_no from unknown)) order by no for no key update
), fresh as materialized (
    select u.*, l.last_seq + row_number() over (partition by u.conversation_no order by u.position) as seq
    from unknown u join locked l on l.no = u.conversation_no and l.policy_version = u.policy_version
), advanced as (
    update conversations c set updated_at = now(),
        last_seq = (select max(f.seq) from fresh f where f.conversation_no = c.no)
    where c.no = any(array(select distinct conversation_no from fresh))
), stored as (
    insert into messages (conversation_no, seq, sender_no, client_id, fingerprint, kind, body, reply_to,
                          attachments, context, audience_role, audience_user_no, created_at)
    select conversation_no, seq, sender_no, client_id, fingerprint, kind, body, reply_to,
           attachments::jsonb, context::jsonb, audience_role, audience_user_no, now()
    from fresh
), feed_row as (
    insert into changed (kind, numbers)
    select 'conversation', array_agg(distinct conversation_no) from fresh having count(*) > 0
)
select position, conversation_no, seq, fingerprint, created_at, 'known' from known
union all
select position, conversation_no, seq, fingerprint, now(), 'fresh' from fresh
union all
select position, 0, 0, 0, now(), 'orphaned' from orphaned where position not in (select position from known)";

/// The parameters of the statement.
struct Batch<'a> {
    policies: Vec<PolicyVersion>,
    /// For each sender: the role for audiences if the sender does not participate.
    roles_outside: Vec<Option<&'static str>>,
    columns: Columns<'a>,
}

impl<'a> Batch<'a> {
    fn new(messages: &'a [NewMessage<'a>]) -> QueryResult<Self> {
        Ok(Self {
            policies: messages.iter().map(|message| message.policy).collect(),
            roles_outside: messages.iter().map(|m| role_outside(m.roles)).collect(),
            columns: Columns::new(messages)?,
        })
    }
}

/// The statement with the rule of who may see the original of a reply.
fn sql() -> String {
    let own = readers_role("i.conversation_no", "i.sender_no");
    let role = format!("coalesce({own}, i.role_outside)");
    let past = readers_past("i.conversation_no", "i.sender_no");
    let visible = is_seen("m", &role, "i.sender_no", &past);
    SQL.replace("#visible", &visible)
}

impl QueryFragment<Pg> for Batch<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let sql = sql();
        let (before, rest) = sql.split_once("$1").unwrap_or((&sql, ""));
        let (_, rest) = rest.split_once("$2").unwrap_or((rest, ""));
        let (between, after) = rest.split_once("#columns").unwrap_or((rest, ""));
        out.push_sql(before);
        out.push_bind_param::<Array<Int8>, _>(&self.policies)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Text>>, _>(&self.roles_outside)?;
        out.push_sql(between);
        self.columns.bind(&mut out, "", "")?;
        out.push_sql(after);
        Ok(())
    }
}

// The text is the same for any number of messages, so the type identifies the prepared statement.
impl QueryId for Batch<'_> {
    type QueryId = Batch<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for Batch<'_> {
    type SqlType = (Int8, Int8, Int8, Int8, Timestamptz, Text);
}

impl RunQueryDsl<PgConnection> for Batch<'_> {}

/// Position in the batch from 1, conversation, seq, fingerprint, time, outcome. A position without a row is
/// stale.
type Row = (i64, i64, Seq, i64, DateTime<Utc>, String);

/// Appends like `super::append`, but looks for duplicates first. May run inside a transaction.
pub fn append(
    connection: &mut PgConnection,
    messages: &[NewMessage<'_>],
) -> Result<Vec<Appended>, Error> {
    let rows: Vec<Row> = Batch::new(messages)
        .and_then(|batch| batch.load(connection))
        .map_err(|error| match error {
            Db::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => away(),
            other => explain(other),
        })?;
    let mut outcomes = vec![Appended::Stale; messages.len()];
    for row in rows {
        let position = usize::try_from(row.0 - 1).unwrap_or(usize::MAX);
        if let Some(outcome) = outcomes.get_mut(position) {
            *outcome = outcome_of(row);
        }
    }
    Ok(outcomes)
}

fn outcome_of((_, conversation, seq, fingerprint, at, outcome): Row) -> Appended {
    match outcome.as_str() {
        "fresh" => Appended::Stored { seq, at },
        "orphaned" => Appended::Orphaned,
        _ => Appended::Duplicate {
            conversation: ConversationNo(conversation),
            seq,
            at,
            fingerprint,
        },
    }
}

/// The lines of `explain` for the statement.
pub(super) fn plan(
    connection: &mut PgConnection,
    messages: &[NewMessage<'_>],
) -> QueryResult<Vec<String>> {
    Explained(Batch::new(messages)?).load(connection)
}
