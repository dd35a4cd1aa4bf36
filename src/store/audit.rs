//! The log of what staff did and looked at.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Uuid};
use serde_json::Value;

use super::access::may_read;
use super::pool::explain;
use super::schema::audit_log;
use crate::domain::access::Requester;
use crate::domain::ids::{ConversationId, ConversationNo, UserNo};
use crate::error::Error;

/// A line of the log.
#[derive(Clone, Debug)]
pub struct Audited {
    /// Who did it.
    pub actor: UserNo,
    /// What was done, such as `search`.
    pub action: &'static str,
    /// The type of what it was done to.
    pub object_type: &'static str,
    /// Its id.
    pub object_id: String,
    /// The conversation, if it was in one.
    pub conversation: Option<ConversationNo>,
    /// What else is to be known.
    pub data: Value,
}

/// Writes a line.
pub fn write(connection: &mut PgConnection, line: &Audited) -> Result<(), Error> {
    diesel::insert_into(audit_log::table)
        .values((
            audit_log::actor_no.eq(line.actor.0),
            audit_log::action.eq(line.action),
            audit_log::object_type.eq(line.object_type),
            audit_log::object_id.eq(&line.object_id),
            audit_log::conversation_no.eq(line.conversation.map(|no| no.0)),
            audit_log::data.eq(&line.data),
        ))
        .execute(connection)
        .map(drop)
        .map_err(explain)
}

/// Within how many minutes several readings of a conversation by the same person are one line of the log.
const ONE_READING_MINUTES: i32 = 10;

/// Writes that the platform's staff read a conversation, unless they take part in it or the log says so already.
pub fn note_reading(
    connection: &mut PgConnection,
    reader: Requester,
    conversation: ConversationId,
) -> Result<(), Error> {
    if !reader.roles.reads_on_record() {
        return Ok(());
    }
    let takes_part = may_read("p");
    let line = format!(
        "insert into audit_log (actor_no, action, object_type, object_id, conversation_no)
        select $1, 'read', 'conversation', c.id::text, c.no from conversations c
        where c.id = $2
            and not exists (select from participants p where p.conversation_no = c.no and p.user_no = $1 and {takes_part})
            and not exists (select from audit_log a where a.conversation_no = c.no and a.actor_no = $1 and a.action = 'read'
                and a.at > now() - interval '{ONE_READING_MINUTES} minutes')"
    );
    diesel::sql_query(line)
        .bind::<BigInt, _>(reader.no.0)
        .bind::<Uuid, _>(conversation.0)
        .execute(connection)
        .map(drop)
        .map_err(explain)
}
