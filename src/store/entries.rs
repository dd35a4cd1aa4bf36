//! Reads the changes of a conversation as entries, from the tables of each kind of change.

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use serde_json::Value;
use std::sync::Arc;

use super::conversations;
use super::messages::{MessageRow, actor_id, assemble, sender_id};
use super::schema::{conversation_changes, message_changes, messages, participant_changes};
use super::{blocks, flows, participants, pins, reactions};
use crate::domain::access::blocks::Block;
use crate::domain::conversation::{Closed, ConversationStatus, Settings};
use crate::domain::entry::{Entry, Fact};
use crate::domain::flow::{LoggedStep, Stepped};
use crate::domain::ids::{ConversationNo, MessageId, Seq, UserId, UserNo};
use crate::error::Error;

/// The changes after `after` up to and including `to`, one for each seq. None is beyond the conversation's last seq.
pub(super) fn all_entries(
    connection: &mut PgConnection,
    no: ConversationNo,
    after: Seq,
    to: Seq,
) -> Result<Vec<Entry>, Error> {
    let stored = entries_within(connection, no, after, to)?;
    Ok(without_holes(stored, after, to))
}

/// Fills holes: what is in no table was replaced by a later change. The time of such an entry is that of no change.
fn without_holes(stored: Vec<Entry>, after: Seq, to: Seq) -> Vec<Entry> {
    let mut stored = stored.into_iter().peekable();
    let entry = |seq| {
        while stored.next_if(|entry| entry.seq < seq).is_some() {}
        let found = stored.next_if(|entry| entry.seq == seq);
        found.unwrap_or(Entry {
            seq,
            at: DateTime::UNIX_EPOCH,
            fact: Fact::Void,
        })
    };
    (after + 1..=to).map(entry).collect()
}

/// The changes after `after` up to and including `to` that are stored, in order.
pub(super) fn entries_within(
    connection: &mut PgConnection,
    no: ConversationNo,
    after: Seq,
    to: Seq,
) -> Result<Vec<Entry>, Error> {
    let mut entries = message_entries(connection, no, after, to)?;
    entries.extend(edit_entries(connection, no, after, to)?);
    entries.extend(participant_entries(connection, no, after, to)?);
    entries.extend(settings_entries(connection, no, after, to)?);
    entries.extend(step_entries(connection, no, after, to)?);
    entries.extend(reactions::entries(connection, no, after, to)?);
    entries.extend(pins::entries(connection, no, after, to)?);
    entries.sort_by_key(|entry| entry.seq);
    Ok(entries)
}

fn message_entries(
    connection: &mut PgConnection,
    no: ConversationNo,
    after: Seq,
    to: Seq,
) -> Result<Vec<Entry>, Error> {
    let rows: Vec<(MessageRow, String, Option<String>)> = messages::table
        .filter(
            messages::conversation_no
                .eq(no.0)
                .and(messages::seq.gt(after))
                .and(messages::seq.le(to)),
        )
        .select((MessageRow::as_select(), sender_id(), actor_id()))
        .load(connection)?;
    let entry = |row| {
        assemble(row).map(|m| Entry {
            seq: m.seq(),
            at: m.created_at,
            fact: Fact::Said(m),
        })
    };
    rows.into_iter().map(entry).collect()
}

fn edit_entries(
    connection: &mut PgConnection,
    no: ConversationNo,
    after: Seq,
    to: Seq,
) -> Result<Vec<Entry>, Error> {
    let rows: Vec<(Seq, Seq, DateTime<Utc>)> = message_changes::table
        .filter(
            message_changes::conversation_no
                .eq(no.0)
                .and(message_changes::seq.gt(after))
                .and(message_changes::seq.le(to)),
        )
        .select((
            message_changes::seq,
            message_changes::target_seq,
            message_changes::created_at,
        ))
        .load(connection)?;
    let mut entries = Vec::with_capacity(rows.len());
    for (seq, target, at) in rows {
        let id = MessageId {
            conversation: no,
            seq: target,
        };
        let message = super::messages::find(connection, id)?
            .ok_or_else(|| Error::internal("a changed message is missing"))?;
        let fact = if message.deleted_at.is_some() {
            Fact::Deleted(message)
        } else {
            Fact::Edited(message)
        };
        entries.push(Entry { seq, at, fact });
    }
    Ok(entries)
}

fn participant_entries(
    connection: &mut PgConnection,
    no: ConversationNo,
    after: Seq,
    to: Seq,
) -> Result<Vec<Entry>, Error> {
    let rows: Vec<(Seq, i64, i64, String, DateTime<Utc>)> = participant_changes::table
        .filter(
            participant_changes::conversation_no
                .eq(no.0)
                .and(participant_changes::seq.gt(after))
                .and(participant_changes::seq.le(to)),
        )
        .select((
            participant_changes::seq,
            participant_changes::user_no,
            participant_changes::actor_no,
            participant_changes::action,
            participant_changes::created_at,
        ))
        .load(connection)?;
    let mut entries = Vec::with_capacity(rows.len());
    for (seq, user, actor, action, at) in rows {
        let (by, user) = (UserNo(actor), UserNo(user));
        let fact = match blocks::blocking(&action) {
            Some(blocking) => Fact::Block {
                block: Block { by, whom: user },
                blocking,
            },
            None => Fact::Participant {
                by,
                now: participants::find(connection, no, user)?
                    .ok_or_else(|| Error::internal("a changed participant is missing"))?,
                blocks: blocks::with_others(connection, no, user)?,
            },
        };
        entries.push(Entry { seq, at, fact });
    }
    Ok(entries)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = conversation_changes)]
struct SettingsRow {
    seq: Seq,
    title: Option<String>,
    status: String,
    subject: Option<Value>,
    created_at: DateTime<Utc>,
    max_participants: Option<i16>,
    slow_seconds: i16,
    closed_at: Option<DateTime<Utc>>,
    closed_reason: Option<String>,
    ends: bool,
}

fn settings_entries(
    connection: &mut PgConnection,
    no: ConversationNo,
    after: Seq,
    to: Seq,
) -> Result<Vec<Entry>, Error> {
    let closer = "(select u.id from users u where u.no = conversation_changes.closed_by)";
    let rows: Vec<(SettingsRow, Option<String>)> = conversation_changes::table
        .filter(
            conversation_changes::conversation_no
                .eq(no.0)
                .and(conversation_changes::seq.gt(after))
                .and(conversation_changes::seq.le(to)),
        )
        .select((SettingsRow::as_select(), sql::<Nullable<Text>>(closer)))
        .load(connection)?;
    rows.into_iter()
        .map(|(row, closer)| {
            let (seq, at) = (row.seq, row.created_at);
            let fact = settings_fact(row, closer)?;
            Ok(Entry { seq, at, fact })
        })
        .collect()
}

fn settings_fact(row: SettingsRow, closer: Option<String>) -> Result<Fact, Error> {
    if row.ends {
        return Ok(Fact::Ended);
    }
    let status = ConversationStatus::named(&row.status);
    let closed = row.closed_at.zip(closer).map(|(at, by)| {
        Arc::new(Closed {
            at,
            by: UserId::stored(by),
            reason: row.closed_reason,
        })
    });
    Ok(Fact::Settings {
        settings: Settings {
            title: row.title,
            status: status.ok_or_else(|| Error::internal("unknown status"))?,
            max_participants: row.max_participants.map(i16::unsigned_abs),
            slow_seconds: row.slow_seconds.unsigned_abs(),
            closed,
        },
        card: row.subject.unwrap_or(Value::Null),
    })
}

fn step_entries(
    connection: &mut PgConnection,
    no: ConversationNo,
    after: Seq,
    to: Seq,
) -> Result<Vec<Entry>, Error> {
    let mut steps = flows::steps(connection, no, after, to.saturating_sub(after))?;
    steps.retain(|step| step.seq <= to);
    if steps.is_empty() {
        return Ok(Vec::new());
    }
    let deal_view = conversations::deal_view(connection, no)?
        .ok_or_else(|| Error::internal("a deal's view is missing"))?;
    let context = Arc::new(flows::context(connection, no)?);
    let entry = |step: LoggedStep| Entry {
        seq: step.seq,
        at: step.at,
        fact: Fact::Stepped(Arc::new(Stepped {
            from: step.from,
            to: step.to,
            action: step.action,
            actor: step.actor,
            actor_id: step.actor_id,
            reason: step.reason,
            version: step.version,
            filled: step.input.as_object().map_or(0, |input| input.len()),
            deal_view: Arc::clone(&deal_view),
            context: Arc::clone(&context),
        })),
    };
    Ok(steps.into_iter().map(entry).collect())
}
