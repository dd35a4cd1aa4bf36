//! The log of what staff did and looked at.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use serde_json::Value;
use std::borrow::Cow;

use super::pool::explain;
use super::schema::audit_log;
use crate::domain::ids::{ConversationNo, UserNo};
use crate::error::Error;

/// A line of the log.
#[derive(Clone, Debug)]
pub struct Audited {
    /// Who did it.
    pub actor: UserNo,
    /// What was done, such as `search`.
    pub action: Cow<'static, str>,
    /// The type of what it was done to.
    pub object_type: Cow<'static, str>,
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
            audit_log::action.eq(line.action.as_ref()),
            audit_log::object_type.eq(line.object_type.as_ref()),
            audit_log::object_id.eq(&line.object_id),
            audit_log::conversation_no.eq(line.conversation.map(|no| no.0)),
            audit_log::data.eq(&line.data),
        ))
        .execute(connection)
        .map(drop)
        .map_err(explain)
}
