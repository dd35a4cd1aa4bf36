//! The statement that writes steps: many steps of many deals in one commit.

use chrono::{DateTime, Utc};
use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Text, Timestamptz};
use serde::Serialize;
use serde_json::Value;

use super::pool::explain;
use super::step_document::Document;
use crate::domain::flow::{StateVersion, Step};
use crate::domain::ids::{ConversationNo, PolicyVersion, Seq, UserId, UserNo};
use crate::error::Error;

/// A step to write.
#[derive(Clone, Debug)]
pub struct NewStep {
    /// The conversation.
    pub conversation: ConversationNo,
    /// The policy version under which it was decided. If it has changed, the step is not written.
    pub policy: PolicyVersion,
    /// The computed step.
    pub step: Step,
    /// The state version that the step follows; 0 for the first step.
    pub base_version: StateVersion,
    /// The person who makes the step, if one does.
    pub person: Option<(UserNo, UserId)>,
    /// The idempotency key.
    pub request_id: String,
    /// The answer to the request, also stored for its repetition.
    pub answer: Value,
    /// The order whose payment this step applies.
    pub applies: Option<i64>,
    /// The gateway that creates its orders.
    pub gateway: Option<&'static str>,
    /// Webhooks to the platform.
    pub events: Vec<NewEvent>,
}

/// A webhook to send later.
#[derive(Clone, Debug, Serialize)]
pub struct NewEvent {
    /// Its public id.
    pub id: String,
    /// Its type.
    pub event: String,
    /// The body; the statement adds a mark if the sandbox handles the deal's payments.
    pub body: String,
}

/// A step that was written. A step without a row met a concurrent change.
#[derive(Debug, Queryable)]
pub struct CommittedStep {
    /// Its position in the batch, from 1.
    pub position: i64,
    /// The conversation's last seq before it.
    pub before: Seq,
    /// The time of the commit.
    pub at: DateTime<Utc>,
}

// Raw SQL: one round trip for the twelve tables of a step, and for all steps of a batch. It locks rows of
// `conversations`, for which rooms wait, in the order of their numbers. `policy_version` is the
// compare-and-set, because every step raises it. A step that leaves a state version answers that version's
// cards.
const SQL: &str = "
with input as materialized (
    select i.*, given.position from jsonb_array_elements($1::jsonb) with ordinality as given(doc, position),
        jsonb_to_record(given.doc) as i(no bigint, policy bigint, count bigint, name text, version bigint, state text, phase text,
            instance jsonb, standing jsonb, prompts_from bigint, prompts_to bigint, done jsonb, applies bigint, gateway text,
            transitions jsonb, lines jsonb, timers jsonb, orders jsonb, refunds jsonb, events jsonb)
), locked as materialized (
    select no, last_seq, policy_version from conversations
    where no = any(array(select no from input)) order by no for no key update
), won as materialized (
    select i.*, l.last_seq as before from input i join locked l on l.no = i.no and l.policy_version = i.policy
), advanced as (
    update conversations c set last_seq = w.before + w.count, updated_at = now(), emptied_at = null,
        policy_version = c.policy_version + jsonb_array_length(w.transitions)
    from won w where c.no = w.no
), asked as materialized (
    select w.no, w.done, f.prompts_from, f.prompts_to from won w join conversation_flows f on f.conversation_no = w.no
    where w.done is not null
), answered as (
    update messages m set card = m.card || jsonb_build_object('done', a.done || jsonb_build_object('at', now()))
    from asked a where m.conversation_no = a.no and m.seq >= a.prompts_from and m.seq < a.prompts_to
), stood as (
    insert into conversation_flows (conversation_no, name, version, state, phase, instance, standing, prompts_from, prompts_to)
    select no, name, version, state, phase, instance, standing,
        coalesce(before + prompts_from, 0), coalesce(before + prompts_to, 0) from won
    on conflict (conversation_no) do update set name = excluded.name, version = excluded.version, state = excluded.state,
        phase = excluded.phase, instance = excluded.instance, standing = excluded.standing, updated_at = now(),
        prompts_from = case when excluded.prompts_from > 0 then excluded.prompts_from else conversation_flows.prompts_from end,
        prompts_to = case when excluded.prompts_from > 0 then excluded.prompts_to else conversation_flows.prompts_to end
), logged as (
    insert into flow_steps (conversation_no, seq, state_version, from_state, to_state, action, actor, actor_no, input, reason,
                            flow_version, request_id, answer, answered_from, answered_to)
    select w.no, w.before + h.at, h.state_version, h.from_state, h.to_state, h.action, h.actor, h.actor_no, h.input, h.reason,
        w.version, h.request_id, h.answer, f.prompts_from, f.prompts_to
    from won w cross join jsonb_to_recordset(w.transitions) as h(at bigint, state_version bigint, from_state text, to_state text,
            action text, actor text, actor_no bigint, input jsonb, reason text, request_id text, answer jsonb)
        left join conversation_flows f on f.conversation_no = w.no and w.done is not null and h.at = 1
), said as (
    insert into messages (conversation_no, seq, sender_no, client_id, fingerprint, kind, body, audience_role, audience_user_no,
                          created_at, card)
    select w.no, w.before + l.at, 0, 'flow:' || w.no || ':' || (w.before + l.at), 0, l.kind, l.body, l.role, l.user_no, now(), l.card
    from won w, jsonb_to_recordset(w.lines) as l(at bigint, kind text, body text, role text, user_no bigint, card jsonb)
), disarmed as (
    delete from flow_timers t using won w
    where t.conversation_no = w.no and not w.timers @> jsonb_build_array(jsonb_build_object('name', t.name))
), armed as (
    insert into flow_timers (conversation_no, name, due_at)
    select w.no, t.name, t.due from won w, jsonb_to_recordset(w.timers) as t(name text, due timestamptz)
    on conflict (conversation_no, name) do update
        set due_at = excluded.due_at, claimed_until = null, attempts = 0, last_error = null
        where flow_timers.due_at <> excluded.due_at
), applied as (
    update payment_orders o set applied_at = coalesce(o.applied_at, now()), updated_at = now()
    from won w where o.conversation_no = w.no and o.requested_version = w.applies
), ordered as (
    insert into payment_orders (id, conversation_no, requested_version, gateway, amount, currency, description, payer_role)
    select gen_random_uuid(), w.no, o.version, w.gateway, o.amount, o.currency, o.description, o.payer
    from won w, jsonb_to_recordset(w.orders) as o(version bigint, amount bigint, currency text, description text, payer text)
    returning conversation_no, requested_version
), repaid as (
    insert into refunds (id, gateway, payment_id, amount, currency, reason)
    select gen_random_uuid(), p.gateway, p.id, p.amount - back.amount, p.currency, r.reason
    from won w, jsonb_to_recordset(w.refunds) as r(version bigint, reason text), payment_orders o, payments p,
        lateral (select coalesce(sum(g.amount), 0)::bigint as amount from gateway_refunds g
            where g.gateway = p.gateway and g.payment_id = p.id and g.status <> 'failed') as back
    where p.amount > back.amount and o.conversation_no = w.no and o.requested_version = r.version and p.order_no = o.no and p.status = 'captured'
        and p.verdict = case when r.reason in ('wrong_amount', 'repeated') then r.reason else 'paid' end
    on conflict (gateway, payment_id) do nothing
    returning id
), told as (
    insert into webhook_events (id, event, conversation_no, body)
    select e.id, e.event, w.no, case when w.orders <> '[]' and w.gateway = 'sandbox'
            or exists (select from payment_orders o where o.conversation_no = w.no and o.gateway = 'sandbox')
        then left(e.body, -1) || ',\"sandbox\":true}' else e.body end
    from won w, jsonb_to_recordset(w.events) as e(id text, event text, body text)
    returning no
), queued as (
    insert into jobs (kind, lane, conversation_no, payload)
    select 'create_order', 'work', conversation_no, jsonb_build_object('conversation_no', conversation_no, 'order', requested_version) from ordered
    union all select 'refund', 'work', null::bigint, jsonb_build_object('refund', id) from repaid
    union all select 'deliver_event', 'delivery', null, jsonb_build_object('event_no', no) from told
), feed_row as (
    insert into changed (kind, numbers) select 'conversation', array_agg(no order by no) from won having count(*) > 0
)
select position, before, now() as at from won";

/// The statement's parameter. Diesel prepares the statement once for each connection.
struct StepBatch(String);

impl StepBatch {
    fn new(steps: &[NewStep]) -> Result<Self, Error> {
        let documents: Vec<Document<'_>> = steps.iter().map(Document::new).collect();
        serde_json::to_string(&documents)
            .map(Self)
            .map_err(Error::internal)
    }
}

impl QueryFragment<Pg> for StepBatch {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let (before, after) = SQL.split_once("$1").unwrap_or((SQL, ""));
        out.push_sql(before);
        out.push_bind_param::<Text, _>(&self.0)?;
        out.push_sql(after);
        Ok(())
    }
}

// The text is the same for any number of steps, so the type identifies the prepared statement.
impl QueryId for StepBatch {
    type QueryId = Self;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for StepBatch {
    type SqlType = (BigInt, BigInt, Timestamptz);
}

impl RunQueryDsl<PgConnection> for StepBatch {}

/// Writes all steps in one commit. No two may be of the same conversation. An error writes nothing.
pub fn commit(
    connection: &mut PgConnection,
    steps: &[NewStep],
) -> Result<Vec<CommittedStep>, Error> {
    StepBatch::new(steps)?.load(connection).map_err(explain)
}

/// The lines of `explain` for the statement, for a test of its plan.
pub fn plan(connection: &mut PgConnection, steps: &[NewStep]) -> Result<Vec<String>, Error> {
    let rows: Vec<Explained> = diesel::sql_query(format!("explain {SQL}"))
        .bind::<Text, _>(StepBatch::new(steps)?.0)
        .load(connection)?;
    Ok(rows.into_iter().map(|row| row.line).collect())
}

#[derive(QueryableByName)]
struct Explained {
    #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
    line: String,
}
