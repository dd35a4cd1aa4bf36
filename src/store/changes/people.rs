//! Writes participants: added, brought back, changed, removed.

use diesel::dsl::sql;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::{Change, Changed, Consent, Effect, Returns, Turn, next_turn};
use crate::domain::access::beginning::{Inviter, MayStart};
use crate::domain::access::policies::History;
use crate::domain::conversation::{Membership, Participant};
use crate::domain::entry::Fact;
use crate::domain::ids::{Seq, UserId, UserNo};
use crate::domain::refusal::Refusal;
use crate::error::Error;
use crate::store::beginning::admit;
use crate::store::creation::refresh_same_key;
use crate::store::schema::{participant_changes, participants};
use crate::store::{blocks, participants as participant_rows, users};

/// Somebody who is added or brought back.
pub(super) struct Added<'a> {
    pub(super) id: &'a UserId,
    pub(super) role: &'a str,
    pub(super) returns: Returns,
    pub(super) consent: Consent,
    pub(super) history: History,
}

pub(super) fn add(
    connection: &mut PgConnection,
    change: &Change,
    added: Added<'_>,
) -> Result<Changed, Error> {
    let Added {
        id,
        role,
        returns,
        consent,
        history,
    } = added;
    let Some(user) = users::find(connection, id.as_str())? else {
        return Ok(Changed::Refused(Refusal::UserNotFound(id.to_string())));
    };
    let before = participant_rows::find(connection, change.conversation, UserNo(user.no))?;
    if let Some(present) = before.clone().filter(|person| person.takes_part()) {
        return Ok(Changed::Already(Fact::Participant {
            by: change.actor,
            now: present,
            blocks: Vec::new(),
        }));
    }
    let left = before.as_ref().is_some_and(|person| person.has_left());
    if left && returns == Returns::Once && has_left_again(connection, change, UserNo(user.no))? {
        return Ok(Changed::Refused(Refusal::Forbidden(
            "They have left this conversation again: only the platform may bring them back",
        )));
    }
    let inviter = match consent {
        Consent::NotNeeded => Inviter::Platform,
        Consent::Needed => Inviter::Person {
            may_start: MayStart::Anyone,
            contacts_a_day: change.contacts_a_day,
        },
    };
    if let Err(refusal) = admit(connection, change.actor, inviter, &[UserNo(user.no)])? {
        return Ok(Changed::Refused(refusal));
    }
    let Some(turn) = next_turn(connection, change, Effect::OnPolicy)? else {
        return Ok(Changed::Stale);
    };
    let sees_from = match history {
        History::All => 0,
        History::FromJoining => turn.seq,
    };
    write(connection, change, UserNo(user.no), (role, sees_from))?;
    let action = if before.is_some() {
        "returned"
    } else {
        "added"
    };
    log_participant(connection, change, turn, UserNo(user.no), action)
}

fn write(
    connection: &mut PgConnection,
    change: &Change,
    user: UserNo,
    (role, sees_from): (&str, Seq),
) -> Result<(), Error> {
    diesel::insert_into(participants::table)
        .values((
            participants::conversation_no.eq(change.conversation.0),
            participants::user_no.eq(user.0),
            participants::role.eq(role),
            participants::sees_from.eq(sees_from),
        ))
        .on_conflict((participants::conversation_no, participants::user_no))
        .do_update()
        .set((
            participants::membership.eq(Membership::Present.name()),
            participants::role.eq(role),
            participants::sees_from.eq(sees_from),
        ))
        .execute(connection)?;
    Ok(())
}

/// Whether a user has left a conversation more than once.
fn has_left_again(
    connection: &mut PgConnection,
    change: &Change,
    user: UserNo,
) -> Result<bool, Error> {
    let times: i64 = participant_changes::table
        .filter(participant_changes::conversation_no.eq(change.conversation.0))
        .filter(participant_changes::user_no.eq(user.0))
        // A literal, so that the planner can use the partial index.
        .filter(sql::<Bool>("action = 'left'"))
        .count()
        .get_result(connection)?;
    Ok(times > 1)
}

pub(super) fn set(
    connection: &mut PgConnection,
    change: &Change,
    wanted: &Participant,
) -> Result<Changed, Error> {
    let Some(turn) = next_turn(connection, change, Effect::OnPolicy)? else {
        return Ok(Changed::Stale);
    };
    diesel::update(participants::table.find((change.conversation.0, wanted.no.0)))
        .set((
            participants::role.eq(&wanted.role),
            participants::membership.eq(wanted.membership.name()),
            participants::muted.eq(wanted.muted),
            participants::blocked.eq(wanted.blocked),
        ))
        .execute(connection)?;
    let action = match wanted.membership {
        Membership::Present => "changed",
        Membership::Left => "left",
        Membership::Removed => "removed",
    };
    log_participant(connection, change, turn, wanted.no, action)
}

fn log_participant(
    connection: &mut PgConnection,
    change: &Change,
    turn: Turn,
    user: UserNo,
    action: &str,
) -> Result<Changed, Error> {
    let now = participant_rows::find(connection, change.conversation, user)?
        .ok_or_else(|| Error::internal("a participant vanished while they were changed"))?;
    diesel::insert_into(participant_changes::table)
        .values((
            participant_changes::conversation_no.eq(change.conversation.0),
            participant_changes::seq.eq(turn.seq),
            participant_changes::user_no.eq(user.0),
            participant_changes::actor_no.eq(change.actor.0),
            participant_changes::action.eq(action),
            participant_changes::role.eq(&now.role),
            participant_changes::muted.eq(now.muted),
            participant_changes::blocked.eq(now.blocked),
        ))
        .execute(connection)?;
    refresh_same_key(connection, change.conversation)?;
    let blocks = blocks::with_others(connection, change.conversation, user)?;
    Ok(turn.done(Fact::Participant {
        by: change.actor,
        now,
        blocks,
    }))
}
