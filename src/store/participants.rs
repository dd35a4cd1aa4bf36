//! Reads the participants of conversations.

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::prelude::*;

use super::access::who_may_read;
use super::pool::explain;
use super::schema::{participants, users};
use super::{blocks, businesses};
use crate::domain::conversation::{Conversation, Membership, Participant, Signals};
use crate::domain::ids::{ConversationNo, UserId, UserNo};
use crate::domain::snapshot::Loaded;
use crate::error::Error;

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = participants)]
struct ParticipantRow {
    user_no: i64,
    role: String,
    membership: String,
    muted: bool,
    blocked: bool,
    sees_from: i64,
    delivered_seq: i64,
    read_seq: i64,
    threads_seq: i64,
    unread_from: Option<i64>,
    joined_at: DateTime<Utc>,
}

type Person = (String, Option<String>, Option<String>);

fn assemble(row: ParticipantRow, (id, name, avatar_url): Person) -> Result<Participant, Error> {
    let membership =
        Membership::named(&row.membership).ok_or_else(|| Error::internal("unknown membership"))?;
    Ok(Participant {
        no: UserNo(row.user_no),
        id: UserId::stored(id),
        name,
        avatar_url,
        role: row.role,
        membership,
        muted: row.muted,
        blocked: row.blocked,
        sees_from: row.sees_from,
        delivered_seq: row.delivered_seq,
        read_seq: row.read_seq,
        threads_seq: row.threads_seq,
        unread_from: row.unread_from,
        joined_at: row.joined_at,
        signals: Signals::Shown,
    })
}

/// All present and past participants of these conversations, in order of arrival.
pub fn of_conversations(
    connection: &mut PgConnection,
    conversations: &[i64],
) -> Result<Vec<(ConversationNo, Participant)>, Error> {
    participants::table
        .inner_join(users::table)
        .filter(participants::conversation_no.eq_any(conversations))
        .order((
            participants::conversation_no,
            participants::joined_at,
            participants::user_no,
        ))
        .select((
            participants::conversation_no,
            ParticipantRow::as_select(),
            (users::id, users::name, users::avatar_url),
        ))
        .load::<(i64, ParticipantRow, Person)>(connection)
        .map_err(explain)?
        .into_iter()
        .map(|(no, row, person)| Ok((ConversationNo(no), assemble(row, person)?)))
        .collect()
}

/// All present and past participants of one conversation.
pub fn of(
    connection: &mut PgConnection,
    conversation: ConversationNo,
) -> Result<Vec<Participant>, Error> {
    let all = of_conversations(connection, &[conversation.0])?;
    Ok(all
        .into_iter()
        .map(|(_, participant)| participant)
        .collect())
}

/// A conversation with its participants and the blocks between them.
pub(super) fn with_blocks(
    connection: &mut PgConnection,
    conversation: Conversation,
) -> Result<Loaded, Error> {
    let participants = of(connection, conversation.no)?;
    let numbers: Vec<i64> = participants.iter().map(|person| person.no.0).collect();
    Ok(Loaded {
        participants,
        blocks: blocks::among(connection, &numbers)?.into_iter().collect(),
        staff: businesses::staff_of(connection, &conversation)?,
        spoken: Vec::new(),
        conversation,
    })
}

/// Who may read a conversation.
pub fn readers(
    connection: &mut PgConnection,
    conversation: ConversationNo,
) -> Result<Vec<UserNo>, Error> {
    let readers = participants::table
        .filter(participants::conversation_no.eq(conversation.0))
        .filter(who_may_read("participants"))
        .select(participants::user_no)
        .load(connection)
        .map_err(explain)?;
    Ok(readers.into_iter().map(UserNo).collect())
}

/// A user's row in a conversation, if they ever participated.
pub fn find(
    connection: &mut PgConnection,
    conversation: ConversationNo,
    user: UserNo,
) -> Result<Option<Participant>, Error> {
    participants::table
        .inner_join(users::table)
        .filter(participants::conversation_no.eq(conversation.0))
        .filter(participants::user_no.eq(user.0))
        .select((
            ParticipantRow::as_select(),
            (users::id, users::name, users::avatar_url),
        ))
        .first::<(ParticipantRow, Person)>(connection)
        .optional()
        .map_err(explain)?
        .map(|(row, person)| assemble(row, person))
        .transpose()
}
