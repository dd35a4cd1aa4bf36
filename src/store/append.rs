//! The statement that every message goes through: many appends of many conversations in one commit.

use chrono::{DateTime, Utc};
use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, Int8, Nullable, Text, Timestamptz};

use crate::domain::ids::{ConversationNo, PolicyVersion, Seq, UserNo};
use crate::domain::message::{Audience, Draft};
use crate::error::Error;
use crate::store::pool::{away, explain};

/// One message to append.
pub struct NewMessage<'a> {
    /// Where.
    pub conversation: ConversationNo,
    /// The version of the policy that it was decided under.
    pub policy: PolicyVersion,
    /// Who sends it.
    pub sender: UserNo,
    /// What is said.
    pub draft: &'a Draft,
    /// `Draft::fingerprint`, kept to tell a repeat from a conflict.
    pub fingerprint: i64,
}

/// What became of one message of a batch. A position without one named an unknown conversation, or a policy that has
/// changed since.
#[derive(Debug, Queryable)]
pub struct Appended {
    /// Its place in the batch, from 1.
    pub position: i64,
    /// The conversation that holds it: for a repeat, the first one's.
    pub conversation: i64,
    /// Its seq there.
    pub seq: Seq,
    /// The fingerprint that is stored.
    pub fingerprint: i64,
    /// When it was committed.
    pub created_at: DateTime<Utc>,
    /// `fresh`: stored now; `known`: stored before; `orphaned`: what it replies to does not exist, or not for its sender.
    pub outcome: String,
}

// Raw SQL: one round trip and one plan for what would be four statements for each message.
// Rows of `conversations` are locked in the order of their numbers, so that two servers can not wait on each other in a circle;
// the lock gives the row as it is after the wait, so `last_seq` and the policy are current. A message whose
// (sender, client_id) is stored already takes no seq.
const SQL: &str = "
with input as materialized (
    select * from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) with ordinality
        as i(conversation_no, policy_version, sender_no, client_id, fingerprint, kind, body, reply_to,
             attachments, context, audience_role, audience_user_no, position)
), known as materialized (
    select i.position, m.conversation_no, m.seq, m.fingerprint, m.created_at
    from input i join messages m on m.sender_no = i.sender_no and m.client_id = i.client_id
), orphaned as materialized (
    select i.position from input i where i.reply_to is not null and not exists
        (select from messages m where m.conversation_no = i.conversation_no and m.seq = i.reply_to
            and (m.audience_user_no is null or m.audience_user_no = i.sender_no)
            and (m.audience_role is null or exists
                (select from participants p where p.conversation_no = i.conversation_no and p.user_no = i.sender_no
                    and p.membership = 'present' and not p.blocked and p.role = m.audience_role)))
), unknown as materialized (
    select i.* from input i where i.position not in (select position from known union all select position from orphaned)
), locked as materialized (
    select no, last_seq, policy_version from conversations
    where no = any(array(select distinct conversation_no from unknown)) order by no for update
), fresh as materialized (
    select u.*, l.last_seq + row_number() over (partition by u.conversation_no order by u.position) as seq
    from unknown u join locked l on l.no = u.conversation_no and l.policy_version = u.policy_version
), advanced as (
    update conversations c set last_seq = f.last_seq, updated_at = now()
    from (select conversation_no, max(seq) as last_seq from fresh group by conversation_no) f
    where c.no = f.conversation_no
), stored as (
    insert into messages (conversation_no, seq, sender_no, client_id, fingerprint, kind, body, reply_to,
                          attachments, context, audience_role, audience_user_no, created_at)
    select conversation_no, seq, sender_no, client_id, fingerprint, kind, body, reply_to,
           attachments::jsonb, context::jsonb, audience_role, audience_user_no, now()
    from fresh
)
select position, conversation_no, seq, fingerprint, created_at, 'known' from known
union all
select position, conversation_no, seq, fingerprint, now(), 'fresh' from fresh
union all
select position, 0, 0, 0, now(), 'orphaned' from orphaned where position not in (select position from known)";

/// The statement with its arrays, one element for each message. Diesel prepares it once for each connection.
struct AppendBatch<'a> {
    conversations: Vec<i64>,
    policies: Vec<i64>,
    senders: Vec<i64>,
    client_ids: Vec<&'a str>,
    fingerprints: Vec<i64>,
    kinds: Vec<&'static str>,
    bodies: Vec<&'a str>,
    replies: Vec<Option<i64>>,
    attachments: Vec<Option<String>>,
    contexts: Vec<Option<&'a str>>,
    audience_roles: Vec<Option<&'a str>>,
    audience_users: Vec<Option<i64>>,
}

impl<'a> AppendBatch<'a> {
    fn new(messages: &'a [NewMessage<'a>]) -> Self {
        let each = || messages.iter();
        Self {
            conversations: each().map(|m| m.conversation.0).collect(),
            policies: each().map(|m| m.policy).collect(),
            senders: each().map(|m| m.sender.0).collect(),
            client_ids: each().map(|m| m.draft.client_id.as_str()).collect(),
            fingerprints: each().map(|m| m.fingerprint).collect(),
            kinds: each().map(|m| m.draft.kind.name()).collect(),
            bodies: each().map(|m| m.draft.body.as_str()).collect(),
            replies: each().map(|m| m.draft.reply_to.map(|id| id.seq)).collect(),
            attachments: each().map(|m| attachments_json(m.draft)).collect(),
            contexts: each()
                .map(|m| m.draft.context.as_deref().map(|json| json.get()))
                .collect(),
            audience_roles: each().map(|m| audience_columns(m.draft).0).collect(),
            audience_users: each().map(|m| audience_columns(m.draft).1).collect(),
        }
    }
}

/// A draft's attachments as JSON text, or none.
fn attachments_json(draft: &Draft) -> Option<String> {
    if draft.attachments.is_empty() {
        return None;
    }
    serde_json::to_string(&draft.attachments).ok()
}

fn audience_columns(draft: &Draft) -> (Option<&str>, Option<i64>) {
    match &draft.audience {
        None => (None, None),
        Some(Audience::Role(role)) => (Some(role), None),
        Some(Audience::User(user)) => (None, Some(user.0)),
    }
}

impl QueryFragment<Pg> for AppendBatch<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        type Numbers = Array<Int8>;
        type Texts = Array<Text>;
        type MaybeTexts = Array<Nullable<Text>>;
        let (before, rest) = SQL.split_once("$1").unwrap_or((SQL, ""));
        let (_, after) = rest.split_once("$12").unwrap_or(("", rest));
        out.push_sql(before);
        out.push_bind_param::<Numbers, _>(&self.conversations)?;
        out.push_sql(", ");
        out.push_bind_param::<Numbers, _>(&self.policies)?;
        out.push_sql(", ");
        out.push_bind_param::<Numbers, _>(&self.senders)?;
        out.push_sql(", ");
        out.push_bind_param::<Texts, _>(&self.client_ids)?;
        out.push_sql(", ");
        out.push_bind_param::<Numbers, _>(&self.fingerprints)?;
        out.push_sql(", ");
        out.push_bind_param::<Texts, _>(&self.kinds)?;
        out.push_sql(", ");
        out.push_bind_param::<Texts, _>(&self.bodies)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Int8>>, _>(&self.replies)?;
        out.push_sql(", ");
        out.push_bind_param::<MaybeTexts, _>(&self.attachments)?;
        out.push_sql(", ");
        out.push_bind_param::<MaybeTexts, _>(&self.contexts)?;
        out.push_sql(", ");
        out.push_bind_param::<MaybeTexts, _>(&self.audience_roles)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Int8>>, _>(&self.audience_users)?;
        out.push_sql(after);
        Ok(())
    }
}

// One text for any number of messages, so the prepared statement is found by the type alone.
impl QueryId for AppendBatch<'_> {
    type QueryId = AppendBatch<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for AppendBatch<'_> {
    type SqlType = (Int8, Int8, Int8, Int8, Timestamptz, Text);
}

impl RunQueryDsl<PgConnection> for AppendBatch<'_> {}

/// Appends all of them in one commit. No two of them may have the same sender and client id.
/// Fails as a whole or not at all. Should another server store one of them at the same moment, it is worth trying again: then it
/// is found.
pub fn append(
    connection: &mut PgConnection,
    messages: &[NewMessage<'_>],
) -> Result<Vec<Appended>, Error> {
    use diesel::result::{DatabaseErrorKind, Error as Db};
    AppendBatch::new(messages)
        .load(connection)
        .map_err(|error| match error {
            Db::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => away(),
            other => explain(other),
        })
}

/// What `explain` says of the statement, for a test that reads its plan.
pub fn plan(
    connection: &mut PgConnection,
    messages: &[NewMessage<'_>],
) -> QueryResult<Vec<String>> {
    Explained(AppendBatch::new(messages)).load(connection)
}

struct Explained<'a>(AppendBatch<'a>);

impl QueryFragment<Pg> for Explained<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("explain ");
        self.0.walk_ast(out)
    }
}

impl QueryId for Explained<'_> {
    type QueryId = Explained<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for Explained<'_> {
    type SqlType = Text;
}

impl RunQueryDsl<PgConnection> for Explained<'_> {}
