//! The messages that other messages answer.

use diesel::pg::PgConnection;
use std::collections::HashMap;

use super::messages::by_keys;
use crate::domain::ids::{MessageId, Seq};
use crate::domain::message::Message;
use crate::domain::snapshot::Reader;
use crate::error::Error;

/// The messages that these ones of one conversation answer, as far as the reader sees them and they were not deleted.
pub fn replied(
    connection: &mut PgConnection,
    reader: &Reader,
    messages: &[Message],
) -> Result<HashMap<MessageId, Message>, Error> {
    let answered = messages.iter().filter_map(|it| it.content.reply_to);
    let mut keys: Vec<(i64, Seq)> = answered.map(|id| (id.conversation.0, id.seq)).collect();
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    keys.sort_unstable();
    keys.dedup();
    let found = by_keys(connection, &keys)?.into_iter();
    let shown = found.filter(|it| it.deleted_at.is_none() && it.is_visible_to(reader.sight()));
    Ok(shown.map(|message| (message.id, message)).collect())
}
