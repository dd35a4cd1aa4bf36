//! All durable changes of a conversation but new messages: edits, deletions, participants, settings. Each is
//! one transaction.

mod annotating;
mod attachments;
mod people;
mod settings;

use chrono::{DateTime, Utc};
use diesel::dsl::now as commit_time;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use serde_json::Value;

use super::changed::WithFeedRow;
use super::files::uses;
use super::messages as message_rows;
use super::schema::{conversations, message_changes, messages};
use super::search;
use crate::domain::access::policies::History;
use crate::domain::annotation::Placing;
use crate::domain::conversation::{Participant, Settings};
use crate::domain::emoji::Emoji;
use crate::domain::entry::{Entry, Fact};
use crate::domain::file::FileId;
use crate::domain::ids::{ConversationNo, MessageId, PolicyVersion, Seq, UserId, UserNo};
use crate::domain::message::{Message, Power};
use crate::domain::refusal::Refusal;
use crate::domain::snapshot::Reader;
use crate::error::Error;

/// A change that a room has decided on.
#[derive(Clone, Debug)]
pub struct Change {
    /// The conversation.
    pub conversation: ConversationNo,
    /// The policy version under which it was decided.
    pub policy: PolicyVersion,
    /// The user who makes it.
    pub actor: UserNo,
    /// How many users a person may bring in within 24 hours whom they have not met; `None` for any number.
    pub contacts_a_day: Option<u32>,
    /// The kind of change.
    pub kind: ChangeKind,
}

/// The kinds of change.
#[derive(Clone, Debug)]
pub enum ChangeKind {
    /// Replaces a message's body.
    Edit {
        /// The message.
        message: MessageId,
        /// The new body.
        body: String,
        /// The actor as a reader: a message that the actor cannot see does not exist for them.
        reader: Reader,
    },
    /// Turns a message into a tombstone.
    Delete {
        /// The message.
        message: MessageId,
        /// Whether the actor may delete messages of others.
        power: Power,
        /// The actor as a reader.
        reader: Reader,
    },
    /// Removes a file from a message.
    RemoveAttachment {
        /// The message.
        message: MessageId,
        /// The file.
        file: FileId,
        /// Whether the actor may change messages of others.
        power: Power,
        /// The actor as a reader.
        reader: Reader,
    },
    /// Adds a participant, or brings one back.
    Add {
        /// The user.
        user: UserId,
        /// The role.
        role: String,
        /// How often the user may be brought back after leaving.
        returns: Returns,
        /// Whether the user must accept it.
        consent: Consent,
        /// What the user sees of what was said before.
        history: History,
    },
    /// Replaces a participant's role and flags.
    Set {
        /// The participant afterwards.
        participant: Participant,
    },
    /// Replaces the settings.
    Settings {
        /// The settings afterwards, but for how the conversation was closed.
        settings: Settings,
        /// What becomes of that.
        closing: Closing,
        /// The subject's card afterwards; `None` if it does not change.
        card: Option<Value>,
    },
    /// Deletes the conversation.
    End,
    /// Changes a reaction or a pin.
    Annotate {
        /// The message.
        message: MessageId,
        /// What is done to it.
        annotating: Annotating,
        /// The actor as a reader.
        reader: Reader,
    },
}

/// What is done to a message without changing it.
#[derive(Clone, Debug)]
pub enum Annotating {
    /// The actor reacts, or does no longer.
    React {
        /// With this.
        emoji: Emoji,
        /// Which of the two.
        placing: Placing,
    },
    /// It is pinned.
    Pin {
        /// Until then; `None` for good.
        expires_at: Option<DateTime<Utc>>,
    },
    /// It is pinned no longer.
    Unpin,
}

/// What becomes of how a conversation stopped being open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closing {
    /// It stays as it is.
    Unchanged,
    /// The actor closes or archives it now.
    Begins {
        /// Why.
        reason: Option<String>,
    },
    /// It is open again.
    Ends,
}

/// How often a user who left may be brought back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returns {
    /// Once: by the owner of a group. The user may have left by mistake, but must be able to leave for good.
    Once,
    /// Always: by the platform and its staff, and in a direct conversation.
    Always,
}

/// Whether a user must accept that somebody brings them in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// A person brings in another.
    Needed,
    /// The platform or its staff bring them in, or they come back by themselves.
    NotNeeded,
}

/// The outcome of a change.
#[derive(Clone, Debug)]
pub enum Changed {
    /// It is committed.
    Done(Entry),
    /// Nothing had to change, and nothing was written.
    Already(Fact),
    /// The policy version has changed: decide again.
    Stale,
    /// The stored data does not permit it.
    Refused(Refusal),
}

/// Makes a change. Checks everything that can refuse it before writing; takes the conversation's row lock, for
/// which rooms wait, last.
pub fn apply(connection: &mut PgConnection, change: &Change) -> Result<Changed, Error> {
    connection.transaction::<_, Error, _>(|connection| match &change.kind {
        ChangeKind::Edit {
            message,
            body,
            reader,
        } => edit(connection, change, *message, body, reader),
        ChangeKind::Delete {
            message,
            power,
            reader,
        } => delete(connection, change, *message, *power, reader),
        ChangeKind::RemoveAttachment {
            message,
            file,
            power,
            reader,
        } => attachments::remove(connection, change, (*message, *file), *power, reader),
        ChangeKind::Add {
            user,
            role,
            returns,
            consent,
            history,
        } => {
            let added = people::Added {
                id: user,
                role,
                returns: *returns,
                consent: *consent,
                history: *history,
            };
            people::add(connection, change, added)
        }
        ChangeKind::Set { participant } => people::set(connection, change, participant),
        ChangeKind::Settings {
            settings,
            closing,
            card,
        } => settings::replace(connection, change, (settings, closing), card.as_ref()),
        ChangeKind::End => settings::end(connection, change),
        ChangeKind::Annotate {
            message,
            annotating,
            reader,
        } => annotating::annotate(connection, change, *message, annotating, reader),
    })
}

/// Whether a change alters who may send what.
enum Effect {
    OnMessages,
    OnPolicy,
}

/// A change's seq and time.
#[derive(Clone, Copy)]
struct Turn {
    seq: Seq,
    at: DateTime<Utc>,
}

impl Turn {
    fn done(self, fact: Fact) -> Changed {
        let Self { seq, at } = self;
        Changed::Done(Entry { seq, at, fact })
    }
}

/// Takes the next seq under the conversation's row lock; `None` if the policy version has changed.
fn next_turn(
    connection: &mut PgConnection,
    change: &Change,
    effect: Effect,
) -> Result<Option<Turn>, Error> {
    let raised = match effect {
        Effect::OnMessages => 0,
        Effect::OnPolicy => 1,
    };
    let row = conversations::table
        .find(change.conversation.0)
        .filter(conversations::policy_version.eq(change.policy));
    let raise = diesel::update(row)
        .set((
            conversations::last_seq.eq(conversations::last_seq + 1),
            conversations::policy_version.eq(conversations::policy_version + raised),
            conversations::updated_at.eq(commit_time),
            conversations::emptied_at.eq(None::<DateTime<Utc>>),
        ))
        .returning((
            conversations::no,
            conversations::last_seq,
            conversations::updated_at,
        ));
    let turn: Option<(i64, Seq, DateTime<Utc>)> =
        WithFeedRow(raise).get_result(connection).optional()?;
    Ok(turn.map(|(_, seq, at)| Turn { seq, at }))
}

fn edit(
    connection: &mut PgConnection,
    change: &Change,
    id: MessageId,
    body: &str,
    reader: &Reader,
) -> Result<Changed, Error> {
    let Some(message) = locked_visible(connection, id, reader)? else {
        return Ok(missing_message());
    };
    if let Err(refusal) = message.may_be_edited_by(change.actor) {
        return Ok(Changed::Refused(refusal));
    }
    if message.content.body == body {
        return Ok(Changed::Already(Fact::Edited(message)));
    }
    search::hold(connection, id)?;
    let Some(turn) = next_turn(connection, change, Effect::OnMessages)? else {
        return Ok(Changed::Stale);
    };
    keep_wording(connection, change, turn.seq, &message, "edited")?;
    search::forget(connection, id)?;
    diesel::update(messages::table.find((id.conversation.0, id.seq)))
        .set((messages::body.eq(body), messages::edited_at.eq(commit_time)))
        .execute(connection)?;
    Ok(turn.done(Fact::Edited(as_it_stands(connection, id)?)))
}

fn delete(
    connection: &mut PgConnection,
    change: &Change,
    id: MessageId,
    power: Power,
    reader: &Reader,
) -> Result<Changed, Error> {
    let Some(message) = locked_visible(connection, id, reader)? else {
        return Ok(missing_message());
    };
    if let Err(refusal) = message.may_be_deleted_by(change.actor, power) {
        return Ok(Changed::Refused(refusal));
    }
    if message.deleted_at.is_some() {
        return Ok(Changed::Already(Fact::Deleted(message)));
    }
    search::hold(connection, id)?;
    let Some(turn) = next_turn(connection, change, Effect::OnMessages)? else {
        return Ok(Changed::Stale);
    };
    keep_wording(connection, change, turn.seq, &message, "deleted")?;
    search::forget(connection, id)?;
    if message.content.files().next().is_some() {
        uses::release(connection, id, None)?;
    }
    diesel::update(messages::table.find((id.conversation.0, id.seq)))
        .set((
            messages::body.eq(""),
            messages::attachments.eq(None::<Value>),
            messages::context.eq(None::<Value>),
            messages::mentions.eq(None::<Vec<String>>),
            messages::forwarded.eq(None::<Value>),
            messages::deleted_at.eq(commit_time),
        ))
        .execute(connection)?;
    Ok(turn.done(Fact::Deleted(as_it_stands(connection, id)?)))
}

fn missing_message() -> Changed {
    Changed::Refused(Refusal::MessageNotFound)
}

fn locked_visible(
    connection: &mut PgConnection,
    id: MessageId,
    reader: &Reader,
) -> Result<Option<Message>, Error> {
    let found = message_rows::lock(connection, id)?;
    Ok(found.filter(|message| message.is_visible_to(reader.sight())))
}

fn as_it_stands(connection: &mut PgConnection, id: MessageId) -> Result<Message, Error> {
    message_rows::find(connection, id)?
        .ok_or_else(|| Error::internal("a message vanished while it was changed"))
}

fn keep_wording(
    connection: &mut PgConnection,
    change: &Change,
    seq: Seq,
    message: &Message,
    action: &str,
) -> Result<(), Error> {
    diesel::insert_into(message_changes::table)
        .values((
            message_changes::conversation_no.eq(change.conversation.0),
            message_changes::seq.eq(seq),
            message_changes::target_seq.eq(message.seq()),
            message_changes::actor_no.eq(change.actor.0),
            message_changes::action.eq(action),
            message_changes::earlier_body.eq(&message.content.body),
        ))
        .execute(connection)?;
    Ok(())
}
