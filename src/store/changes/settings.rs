//! Replaces the settings of a conversation, and deletes conversations.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use serde_json::Value;

use super::{Change, Changed, Closing, Effect, next_turn};
use crate::domain::conversation::{ConversationStatus, Membership, Settings};
use crate::domain::entry::Fact;
use crate::error::Error;
use crate::store::conversations as rows;
use crate::store::schema::{conversation_changes, conversations, participants};

pub(super) fn replace(
    connection: &mut PgConnection,
    change: &Change,
    (after, closing): (&Settings, &Closing),
    card: Option<&Value>,
) -> Result<Changed, Error> {
    let Some(turn) = next_turn(connection, change, Effect::OnPolicy)? else {
        return Ok(Changed::Stale);
    };
    let (at, by, reason) = match closing {
        Closing::Unchanged => (None, None, None),
        Closing::Begins { reason } => (
            Some(Some(turn.at)),
            Some(Some(change.actor.0)),
            Some(reason.as_deref()),
        ),
        Closing::Ends => (Some(None), Some(None), Some(None)),
    };
    let card: Option<Value> = diesel::update(conversations::table.find(change.conversation.0))
        .set((
            conversations::title.eq(&after.title),
            conversations::status.eq(after.status.name()),
            conversations::max_participants.eq(after.max_participants.map(u16::cast_signed)),
            conversations::slow_seconds.eq(after.slow_seconds.cast_signed()),
            at.map(|at| conversations::closed_at.eq(at)),
            by.map(|by| conversations::closed_by.eq(by)),
            reason.map(|reason| conversations::closed_reason.eq(reason)),
            card.map(|card| conversations::subject.eq(card)),
        ))
        .returning(conversations::subject)
        .get_result(connection)?;
    log(connection, change, turn.seq)?;
    Ok(turn.done(Fact::Settings {
        settings: Settings {
            closed: rows::closing(connection, change.conversation)?,
            ..after.clone()
        },
        card: card.unwrap_or(Value::Null),
    }))
}

/// Notes the settings as they are now.
fn log(connection: &mut PgConnection, change: &Change, seq: i64) -> Result<(), Error> {
    use conversation_changes as log;
    let now = conversations::table.find(change.conversation.0).select((
        conversations::no,
        seq.into_sql::<diesel::sql_types::BigInt>(),
        change.actor.0.into_sql::<diesel::sql_types::BigInt>(),
        conversations::title,
        conversations::status,
        conversations::subject,
        conversations::max_participants,
        conversations::slow_seconds,
        conversations::closed_at,
        conversations::closed_by,
        conversations::closed_reason,
    ));
    diesel::insert_into(log::table)
        .values(now)
        .into_columns((
            log::conversation_no,
            log::seq,
            log::actor_no,
            log::title,
            log::status,
            log::subject,
            log::max_participants,
            log::slow_seconds,
            log::closed_at,
            log::closed_by,
            log::closed_reason,
        ))
        .execute(connection)?;
    Ok(())
}

/// Nobody takes part any more, and neither the same people nor the platform find it again. A job empties its messages.
pub(super) fn end(connection: &mut PgConnection, change: &Change) -> Result<Changed, Error> {
    let Some(turn) = next_turn(connection, change, Effect::OnPolicy)? else {
        return Ok(Changed::Stale);
    };
    let archived = ConversationStatus::Archived.name();
    diesel::update(conversations::table.find(change.conversation.0))
        .set((
            conversations::deleted_at.eq(turn.at),
            conversations::title.eq(None::<String>),
            conversations::subject.eq(None::<Value>),
            conversations::status.eq(archived),
            conversations::same_key.eq(None::<String>),
            conversations::external_id.eq(None::<String>),
            conversations::closed_reason.eq(None::<String>),
        ))
        .execute(connection)?;
    let present = participants::table
        .filter(participants::conversation_no.eq(change.conversation.0))
        .filter(participants::membership.eq(Membership::Present.name()));
    diesel::update(present)
        .set(participants::membership.eq(Membership::Removed.name()))
        .execute(connection)?;
    diesel::insert_into(conversation_changes::table)
        .values((
            conversation_changes::conversation_no.eq(change.conversation.0),
            conversation_changes::seq.eq(turn.seq),
            conversation_changes::actor_no.eq(change.actor.0),
            conversation_changes::status.eq(archived),
            conversation_changes::ends.eq(true),
        ))
        .execute(connection)?;
    Ok(turn.done(Fact::Ended))
}
