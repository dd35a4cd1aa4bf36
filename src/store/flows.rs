//! Reads and writes flow definitions, deals and their logs.

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use serde_json::{Map, Value};

use super::conversations::{self, Key};
use super::messages::{self as said, MessageRow, actor_id, sender_id};
use super::participants;
use super::pool::explain;
use super::schema::{conversation_flows, flow_definitions, flow_steps, messages, users};
use crate::domain::conversation::{Conversation, Participant};
use crate::domain::entry::Entry;
use crate::domain::flow::{Instance, LoggedStep};
use crate::domain::ids::{ConversationId, ConversationNo, Seq, UserId, UserNo};
use crate::domain::message::Message;
use crate::error::Error;

/// A conversation with its deal, from one snapshot.
#[derive(Clone, Debug)]
pub struct LoadedDeal {
    /// The conversation.
    pub conversation: Conversation,
    /// Its participants.
    pub participants: Vec<Participant>,
    /// Its deal: the definition's name and version, and the instance.
    pub flow: Option<(String, i64, Instance)>,
}

/// Reads what a deal's actor needs to start; `None` if the conversation does not exist.
pub fn load(connection: &mut PgConnection, key: Key) -> Result<Option<LoadedDeal>, Error> {
    super::replay::in_snapshot(connection, |connection| {
        let Some(conversation) = conversations::find(connection, key)? else {
            return Ok(None);
        };
        let row: Option<(String, i64, Value)> = conversation_flows::table
            .find(conversation.no.0)
            .select((
                conversation_flows::name,
                conversation_flows::version,
                conversation_flows::instance,
            ))
            .first(connection)
            .optional()
            .map_err(explain)?;
        let read = |(name, version, instance)| {
            let instance = serde_json::from_value(instance).map_err(Error::internal)?;
            Ok::<_, Error>((name, version, instance))
        };
        Ok(Some(LoadedDeal {
            participants: participants::of(connection, conversation.no)?,
            flow: row.map(read).transpose()?,
            conversation,
        }))
    })
}

/// The context of a conversation's deal, by field name; empty without a deal.
pub fn context(
    connection: &mut PgConnection,
    conversation: ConversationNo,
) -> Result<Map<String, Value>, Error> {
    let instance: Option<Value> = conversation_flows::table
        .find(conversation.0)
        .select(conversation_flows::instance)
        .first(connection)
        .optional()
        .map_err(explain)?;
    let read = |value| serde_json::from_value::<Instance>(value).map_err(Error::internal);
    let instance = instance.map(read).transpose()?;
    Ok(instance.map_or_else(Map::new, |instance| instance.context))
}

/// The messages with cards that wait for an answer, in order of seq.
pub fn pending_cards(
    connection: &mut PgConnection,
    conversation: ConversationNo,
) -> Result<Vec<Message>, Error> {
    let range: Option<(Seq, Seq)> = conversation_flows::table
        .find(conversation.0)
        .select((
            conversation_flows::prompts_from,
            conversation_flows::prompts_to,
        ))
        .first(connection)
        .optional()
        .map_err(explain)?;
    let Some((from, to)) = range else {
        return Ok(Vec::new());
    };
    messages::table
        .filter(messages::conversation_no.eq(conversation.0))
        .filter(messages::seq.ge(from).and(messages::seq.lt(to)))
        .order(messages::seq)
        .select((MessageRow::as_select(), sender_id(), actor_id()))
        .load::<(MessageRow, String, Option<String>)>(connection)
        .map_err(explain)?
        .into_iter()
        .map(said::assemble)
        .collect()
}

/// The stored answer to a request.
pub fn answer_to(
    connection: &mut PgConnection,
    conversation: ConversationNo,
    request_id: &str,
) -> Result<Option<Value>, Error> {
    let found: Option<Option<Value>> = flow_steps::table
        .filter(
            flow_steps::conversation_no
                .eq(conversation.0)
                .and(flow_steps::request_id.eq(request_id)),
        )
        .select(flow_steps::answer)
        .first(connection)
        .optional()
        .map_err(explain)?;
    Ok(found.flatten())
}

/// Entries that were committed, and who may read them.
pub struct FoundEntries {
    /// The number of the conversation.
    pub conversation: ConversationNo,
    /// Who may read there.
    pub readers: Vec<UserNo>,
    /// The entries, in order.
    pub entries: Vec<Entry>,
}

/// All entries of a conversation from the step of a request on; `None` if there is no such step.
pub fn entries_since(
    connection: &mut PgConnection,
    conversation: ConversationId,
    request_id: &str,
) -> Result<Option<FoundEntries>, Error> {
    let Some(found) = conversations::find(connection, Key::Id(conversation))? else {
        return Ok(None);
    };
    let first: Option<i64> = flow_steps::table
        .filter(
            flow_steps::conversation_no
                .eq(found.no.0)
                .and(flow_steps::request_id.eq(request_id)),
        )
        .select(flow_steps::seq)
        .first(connection)
        .optional()
        .map_err(explain)?;
    let Some(first) = first else {
        return Ok(None);
    };
    Ok(Some(FoundEntries {
        conversation: found.no,
        readers: participants::readers(connection, found.no)?,
        entries: super::replay::entries(connection, found.no, first - 1)?,
    }))
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = flow_steps)]
struct StepRow {
    seq: i64,
    from_state: Option<String>,
    to_state: String,
    action: String,
    actor: String,
    input: Value,
    reason: Option<String>,
    state_version: i64,
    flow_version: i64,
    created_at: DateTime<Utc>,
}

fn assemble((row, person): (StepRow, Option<String>)) -> LoggedStep {
    LoggedStep {
        seq: row.seq,
        from: row.from_state,
        to: row.to_state,
        action: row.action,
        actor: row.actor,
        actor_id: person.map(UserId::stored),
        input: row.input,
        reason: row.reason,
        version: row.state_version,
        flow_version: row.flow_version,
        at: row.created_at,
    }
}

/// At most `limit` steps after the seq `after`, in order.
pub fn steps(
    connection: &mut PgConnection,
    conversation: ConversationNo,
    after: Seq,
    limit: i64,
) -> Result<Vec<LoggedStep>, Error> {
    let rows: Vec<(StepRow, Option<String>)> = flow_steps::table
        .left_join(users::table.on(users::no.nullable().eq(flow_steps::actor_no)))
        .filter(
            flow_steps::conversation_no
                .eq(conversation.0)
                .and(flow_steps::seq.gt(after)),
        )
        .order(flow_steps::seq)
        .limit(limit)
        .select((StepRow::as_select(), users::id.nullable()))
        .load(connection)
        .map_err(explain)?;
    Ok(rows.into_iter().map(assemble).collect())
}

/// Whether a definition is stored as given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// It was stored now or before, with the same text.
    Same,
    /// Another text is stored under this name and version, and running deals use it.
    Different,
}

/// Stores a definition.
pub fn keep(
    connection: &mut PgConnection,
    name: &str,
    version: i64,
    source: &str,
) -> Result<Stored, Error> {
    diesel::insert_into(flow_definitions::table)
        .values((
            flow_definitions::name.eq(name),
            flow_definitions::version.eq(version),
            flow_definitions::source.eq(source),
        ))
        .on_conflict_do_nothing()
        .execute(connection)
        .map_err(explain)?;
    let kept = self::source(connection, name, version)?;
    Ok(if kept.as_deref() == Some(source) {
        Stored::Same
    } else {
        Stored::Different
    })
}

/// The text of a definition.
pub fn source(
    connection: &mut PgConnection,
    name: &str,
    version: i64,
) -> Result<Option<String>, Error> {
    flow_definitions::table
        .find((name, version))
        .select(flow_definitions::source)
        .first(connection)
        .optional()
        .map_err(explain)
}

/// All stored definitions: name, version, text.
pub fn definitions(connection: &mut PgConnection) -> Result<Vec<(String, i64, String)>, Error> {
    flow_definitions::table
        .select((
            flow_definitions::name,
            flow_definitions::version,
            flow_definitions::source,
        ))
        .order((flow_definitions::name, flow_definitions::version))
        .load(connection)
        .map_err(explain)
}

/// The conversations whose running deals are pinned to a version, in the order of their numbers.
pub fn running(
    connection: &mut PgConnection,
    name: &str,
    version: i64,
    after: ConversationNo,
    limit: i64,
) -> Result<Vec<ConversationNo>, Error> {
    let numbers: Vec<i64> = conversation_flows::table
        .filter(
            conversation_flows::name
                .eq(name)
                .and(conversation_flows::version.eq(version))
                .and(conversation_flows::phase.eq("running"))
                .and(conversation_flows::conversation_no.gt(after.0)),
        )
        .order(conversation_flows::conversation_no)
        .limit(limit)
        .select(conversation_flows::conversation_no)
        .load(connection)
        .map_err(explain)?;
    Ok(numbers.into_iter().map(ConversationNo).collect())
}
