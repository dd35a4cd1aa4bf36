//! Writes reactions and pins. Each is a row whose `seq` is that of its newest change.

use chrono::{DateTime, Utc};
use diesel::dsl::{now, sql};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::Timestamptz;
use std::sync::Arc;

use super::{Annotating, Change, Changed, Turn, locked_visible, missing_message};
use crate::domain::annotation::{
    KINDS_OF_A_MESSAGE, KINDS_OF_A_PERSON, PINS, Pinned, Placing, Target,
};
use crate::domain::emoji::Emoji;
use crate::domain::entry::Fact;
use crate::domain::ids::{MessageId, Seq};
use crate::domain::message::Message;
use crate::domain::refusal::Refusal;
use crate::domain::snapshot::Reader;
use crate::error::Error;
use crate::store::changed::WithFeedRow;
use crate::store::schema::{conversations, pins as pin_table, reactions as reaction_table};
use crate::store::{pins, reactions, users};

const DELETED: Refusal = Refusal::Conflict("The message has been deleted");
const TOO_MANY_KINDS: Refusal =
    Refusal::Unprocessable("A message has at most 20 different reactions, and 10 of one person");
const TOO_MANY_PINS: Refusal =
    Refusal::Unprocessable("At most 50 messages of a conversation are pinned at the same time");

/// Changes a reaction or a pin of a message that the actor sees. The message is locked first, so that the bounds hold whoever else reacts.
pub(super) fn annotate(
    connection: &mut PgConnection,
    change: &Change,
    id: MessageId,
    annotating: &Annotating,
    reader: &Reader,
) -> Result<Changed, Error> {
    let Some(message) = locked_visible(connection, id, reader)? else {
        return Ok(missing_message());
    };
    if message.deleted_at.is_some() {
        return Ok(Changed::Refused(DELETED));
    }
    match annotating {
        Annotating::React { emoji, placing } => {
            react(connection, change, &message, emoji, *placing)
        }
        Annotating::Pin { expires_at } => pin(connection, change, &message, *expires_at),
        Annotating::Unpin => unpin(connection, change, &message),
    }
}

fn target(message: &Message) -> Target {
    Target {
        message: message.id,
        audience: message.content.audience.clone(),
    }
}

/// Takes the next seq under the conversation's row lock; `None` if the policy version has changed. The conversation stays where it is in
/// lists.
fn next_turn(connection: &mut PgConnection, change: &Change) -> Result<Option<Turn>, Error> {
    let row = conversations::table
        .find(change.conversation.0)
        .filter(conversations::policy_version.eq(change.policy));
    let raise = diesel::update(row)
        .set(conversations::last_seq.eq(conversations::last_seq + 1))
        .returning((
            conversations::no,
            conversations::last_seq,
            sql::<Timestamptz>("now()"),
        ));
    let turn: Option<(i64, Seq, DateTime<Utc>)> =
        WithFeedRow(raise).get_result(connection).optional()?;
    Ok(turn.map(|(_, seq, at)| Turn { seq, at }))
}

fn react(
    connection: &mut PgConnection,
    change: &Change,
    message: &Message,
    emoji: &Emoji,
    placing: Placing,
) -> Result<Changed, Error> {
    let (id, actor) = (message.id, change.actor);
    let standing = reactions::standing(connection, id, actor, emoji)?;
    let is_there = standing.placing.is_there();
    if is_there == placing.is_there() {
        let reacted = reactions::reacted(connection, target(message), (actor, emoji), standing)?;
        return Ok(Changed::Already(Fact::Reacted(reacted)));
    }
    if placing.is_there() && exceeds_bounds(connection, change, id, emoji)? {
        return Ok(Changed::Refused(TOO_MANY_KINDS));
    }
    let Some(turn) = next_turn(connection, change)? else {
        return Ok(Changed::Stale);
    };
    let newest = (
        reaction_table::seq.eq(turn.seq),
        reaction_table::removed.eq(!placing.is_there()),
        reaction_table::changed_at.eq(now),
    );
    diesel::insert_into(reaction_table::table)
        .values((
            reaction_table::conversation_no.eq(id.conversation.0),
            reaction_table::target_seq.eq(id.seq),
            reaction_table::emoji.eq(emoji.as_str()),
            reaction_table::user_no.eq(actor.0),
            newest,
        ))
        .on_conflict((
            reaction_table::conversation_no,
            reaction_table::target_seq,
            reaction_table::emoji,
            reaction_table::user_no,
        ))
        .do_update()
        .set(newest)
        .execute(connection)?;
    let seq = turn.seq;
    let standing = reactions::Standing { placing, seq };
    let reacted = reactions::reacted(connection, target(message), (actor, emoji), standing)?;
    Ok(turn.done(Fact::Reacted(reacted)))
}

/// Whether one more reaction would be too many for the message or for the actor.
fn exceeds_bounds(
    connection: &mut PgConnection,
    change: &Change,
    id: MessageId,
    emoji: &Emoji,
) -> Result<bool, Error> {
    let kinds = reactions::kinds(connection, id, change.actor)?;
    let is_new = !kinds.iter().any(|(known, _)| known == emoji.as_str());
    let own = kinds.iter().filter(|(_, is_own)| *is_own).count();
    Ok((is_new && kinds.len() >= KINDS_OF_A_MESSAGE) || own >= KINDS_OF_A_PERSON)
}

fn pin(
    connection: &mut PgConnection,
    change: &Change,
    message: &Message,
    expires_at: Option<DateTime<Utc>>,
) -> Result<Changed, Error> {
    if !is_ahead(connection, expires_at)? {
        return Ok(Changed::Refused(Refusal::invalid(
            "expires_at",
            "must be in the future",
        )));
    }
    let before = pins::find(connection, message.id)?;
    if let Some(pinned) = &before
        && pinned.placing().is_there()
        && pinned.expires_at == expires_at
    {
        return Ok(Changed::Already(pinned.fact(target(message))));
    }
    let is_there = before.is_some_and(|pinned| pinned.placing().is_there());
    if !is_there && pins::count(connection, change.conversation)? >= PINS as i64 {
        return Ok(Changed::Refused(TOO_MANY_PINS));
    }
    place(connection, change, message, (Placing::Added, expires_at))
}

/// Whether a time is in the future, by the clock of the database, which ends pins.
fn is_ahead(connection: &mut PgConnection, at: Option<DateTime<Utc>>) -> Result<bool, Error> {
    let Some(at) = at else {
        return Ok(true);
    };
    let is_ahead = at.into_sql::<Timestamptz>().gt(now);
    Ok(diesel::select(is_ahead).get_result(connection)?)
}

fn unpin(
    connection: &mut PgConnection,
    change: &Change,
    message: &Message,
) -> Result<Changed, Error> {
    match pins::find(connection, message.id)? {
        Some(pinned) if pinned.placing().is_there() => {
            place(connection, change, message, (Placing::Removed, None))
        }
        Some(pinned) => Ok(Changed::Already(pinned.fact(target(message)))),
        None => {
            let user_id = users::id_of(connection, change.actor)?;
            let never = Pinned {
                target: target(message),
                user_id,
                placing: Placing::Removed,
                seq: 0,
                at: None,
                expires_at: None,
            };
            Ok(Changed::Already(Fact::Pinned(Arc::new(never))))
        }
    }
}

fn place(
    connection: &mut PgConnection,
    change: &Change,
    message: &Message,
    (placing, expires_at): (Placing, Option<DateTime<Utc>>),
) -> Result<Changed, Error> {
    let Some(turn) = next_turn(connection, change)? else {
        return Ok(Changed::Stale);
    };
    let newest = (
        pin_table::user_no.eq(change.actor.0),
        pin_table::seq.eq(turn.seq),
        pin_table::removed.eq(!placing.is_there()),
        pin_table::expires_at.eq(expires_at),
        pin_table::changed_at.eq(now),
    );
    diesel::insert_into(pin_table::table)
        .values((
            pin_table::conversation_no.eq(message.id.conversation.0),
            pin_table::target_seq.eq(message.id.seq),
            newest,
        ))
        .on_conflict((pin_table::conversation_no, pin_table::target_seq))
        .do_update()
        .set(newest)
        .execute(connection)?;
    let stored = pins::find(connection, message.id)?;
    let stored = stored.ok_or_else(|| Error::internal("a pin vanished while it was written"))?;
    Ok(turn.done(stored.fact(target(message))))
}
