//! Reads the parts of deals that are not in their view: the context, a reader's pending card, and the last
//! press.

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Jsonb, Nullable, Text};
use serde_json::Value;
use std::collections::HashMap;

use super::access::{is_for, may_read, role_or_staff};
use super::messages::by_keys;
use super::pool::explain;
use super::schema::flow_steps;
use crate::domain::ids::{ConversationNo, Seq, UserNo};
use crate::domain::message::{Message, MessageKind, SYSTEM};
use crate::domain::snapshot::Particulars;
use crate::error::Error;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    no: i64,
    #[diesel(sql_type = Nullable<Jsonb>)]
    context: Option<Value>,
    #[diesel(sql_type = Nullable<Text>)]
    kind: Option<String>,
    #[diesel(sql_type = Nullable<Jsonb>)]
    card: Option<Value>,
}

// Raw SQL: for each deal one lookup of its pending cards, which have adjacent seqs, in the messages' primary
// key.
fn particulars() -> String {
    let may_read = may_read("p");
    let visible = is_for("c", &role_or_staff("p.role"), "$1");
    format!(
        "
select f.conversation_no as no, f.instance -> 'context' as context, m.kind, m.card
from conversation_flows f
left join participants p on p.conversation_no = f.conversation_no and p.user_no = $1
    and {may_read}
left join lateral (
    select kind, card from messages c
    where conversation_no = f.conversation_no and seq >= f.prompts_from and seq < f.prompts_to
      and {visible} and card is not null and deleted_at is null
    order by seq desc limit 1) m on true
where f.conversation_no = any($2)"
    )
}

/// The context and pending card of the deals in these conversations, for one reader. Conversations without a
/// deal are left out.
pub fn of_deals(
    connection: &mut PgConnection,
    reader: UserNo,
    conversations: &[i64],
) -> Result<HashMap<i64, Particulars>, Error> {
    let rows: Vec<Row> = diesel::sql_query(particulars())
        .bind::<BigInt, _>(reader.0)
        .bind::<Array<BigInt>, _>(conversations)
        .load(connection)
        .map_err(explain)?;
    rows.into_iter().map(assemble).collect()
}

fn assemble(row: Row) -> Result<(i64, Particulars), Error> {
    let kind = row.kind.as_deref().and_then(MessageKind::named);
    let card = row.card.map(|card| serde_json::value::to_raw_value(&card));
    let card = card.transpose().map_err(Error::internal)?;
    let context = match row.context {
        Some(Value::Object(context)) => context,
        Some(_) | None => Default::default(),
    };
    let card = kind.zip(card);
    Ok((row.no, Particulars { context, card }))
}

/// A press that was committed as a step.
#[derive(Clone, Debug, PartialEq)]
pub struct Pressed {
    /// The user who pressed.
    pub by: UserNo,
    /// Its request id.
    pub request_id: String,
    /// The answer to it.
    pub answer: Value,
}

/// The newest step of a deal that a person made.
pub fn last_press(
    connection: &mut PgConnection,
    conversation: ConversationNo,
) -> Result<Option<Pressed>, Error> {
    let found: Option<(Option<i64>, Option<String>, Option<Value>)> = flow_steps::table
        .filter(flow_steps::conversation_no.eq(conversation.0))
        .filter(flow_steps::request_id.is_not_null())
        .filter(flow_steps::actor_no.is_not_null())
        .order(flow_steps::seq.desc())
        .select((
            flow_steps::actor_no,
            flow_steps::request_id,
            flow_steps::answer,
        ))
        .first(connection)
        .optional()
        .map_err(explain)?;
    Ok(found.and_then(|(by, request_id, answer)| {
        Some(Pressed {
            by: UserNo(by?),
            request_id: request_id?,
            answer: answer?,
        })
    }))
}

/// Messages of one step at most.
const LINES: Seq = 100;

/// The messages of the step of a press: those that were committed with it.
pub fn said_by_press(
    connection: &mut PgConnection,
    conversation: ConversationNo,
    request_id: &str,
) -> Result<Vec<Message>, Error> {
    let step: Option<(Seq, DateTime<Utc>)> = flow_steps::table
        .filter(
            flow_steps::conversation_no
                .eq(conversation.0)
                .and(flow_steps::request_id.eq(request_id)),
        )
        .select((flow_steps::seq, flow_steps::created_at))
        .first(connection)
        .optional()
        .map_err(explain)?;
    let Some((seq, at)) = step else {
        return Ok(Vec::new());
    };
    let keys: Vec<(i64, Seq)> = (seq + 1..=seq + LINES)
        .map(|seq| (conversation.0, seq))
        .collect();
    let mut found = by_keys(connection, &keys)?;
    found.retain(|message| message.created_at == at && message.sender == SYSTEM.0);
    found.sort_by_key(Message::seq);
    Ok(found)
}
