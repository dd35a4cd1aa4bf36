//! The conversations that rules have made, and those that are about a subject.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text, Uuid as SqlUuid};
use rules::{Rooms, Subject};
use uuid::Uuid;

use super::access::that_is_there;
use super::creation::{self, Creation, NewConversation};
use super::schema::{conversations, rule_rooms as table};
use crate::domain::conversation::Conversation;
use crate::domain::conversation::ConversationStatus;
use crate::domain::ids::{ConversationId, ConversationNo};
use crate::error::Error;

/// The most conversations that one effect takes place in.
const MOST: i64 = 50;

/// A conversation that an effect takes place in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Its number.
    pub no: ConversationNo,
    /// Its public id.
    pub id: ConversationId,
}

/// What became of a room that a rule makes.
#[derive(Debug)]
pub enum Made {
    /// It is new.
    New(Box<Conversation>),
    /// A subject has one room of each name, and it was there.
    There,
}

/// The open conversations that an effect takes place in, oldest first, at most 50.
pub fn open_rooms(connection: &mut PgConnection, of: &Rooms) -> Result<Vec<Room>, Error> {
    let found: Vec<Found> = match &of.room {
        Some(room) => table::table
            .inner_join(conversations::table.on(table::conversation_no.eq(conversations::no)))
            .filter(table::subject_type.eq(&of.subject.kind))
            .filter(table::subject_id.eq(&of.subject.id))
            .filter(table::room.eq(room))
            .filter(conversations::status.eq(ConversationStatus::Open.name()))
            .filter(that_is_there())
            .select((conversations::no, conversations::id))
            .load(connection)?,
        None => diesel::sql_query(ABOUT)
            .bind::<Text, _>(&of.subject.kind)
            .bind::<Text, _>(&of.subject.id)
            .bind::<BigInt, _>(MOST)
            .load(connection)?,
    };
    let room = |found: Found| Room {
        no: ConversationNo(found.no),
        id: ConversationId(found.id),
    };
    Ok(found.into_iter().map(room).collect())
}

/// Raw SQL: rows are compared and ordered as the index `conversations_open_subject` has them. With the number alone, Postgres may walk
/// all conversations for those about a rare subject.
const ABOUT: &str = "
select no, id from conversations
where status = 'open' and subject_type is not null and deleted_at is null
    and (subject_type, subject_id, no) > ($1, $2, 0) and (subject_type, subject_id, no) <= ($1, $2, 9223372036854775807)
order by subject_type, subject_id, no limit $3";

#[derive(Queryable, QueryableByName)]
struct Found {
    #[diesel(sql_type = BigInt)]
    no: i64,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// Raw SQL: Diesel has no functions without a value. Two rules that make the same room make it one after the other.
const TAKE_TURN: &str = "select count(pg_advisory_xact_lock(hashtextextended($1 || E'\\x01' || $2 || E'\\x01' || $3, 0)))";

/// Makes the room of this name about a subject, unless the subject has one. The conversation and its name are committed together.
pub fn make(
    connection: &mut PgConnection,
    subject: &Subject,
    room: &str,
    new: &NewConversation,
) -> Result<Made, Error> {
    connection.transaction(|connection| {
        diesel::sql_query(TAKE_TURN)
            .bind::<Text, _>(&subject.kind)
            .bind::<Text, _>(&subject.id)
            .bind::<Text, _>(room)
            .execute(connection)?;
        let key = (&subject.kind, &subject.id, room);
        let known: Option<i64> = table::table
            .find(key)
            .select(table::conversation_no)
            .first(connection)
            .optional()?;
        if known.is_some() {
            return Ok(Made::There);
        }
        let (conversation, is_new) = match creation::create(connection, new)? {
            Creation::Created(conversation) => (conversation, true),
            Creation::Found(conversation) => (conversation, false),
        };
        diesel::insert_into(table::table)
            .values((
                table::subject_type.eq(&subject.kind),
                table::subject_id.eq(&subject.id),
                table::room.eq(room),
                table::conversation_no.eq(conversation.no.0),
            ))
            .execute(connection)?;
        Ok(match is_new {
            true => Made::New(Box::new(conversation)),
            false => Made::There,
        })
    })
}
