//! Reads what is said about messages, for the answers that show them.

use diesel::pg::PgConnection;

use super::{pins, reactions};
use crate::domain::annotation::Annotations;
use crate::domain::ids::{ConversationNo, Seq, UserNo};
use crate::domain::message::Message;
use crate::error::Error;

/// What is said about these messages of one conversation, as a reader sees it. Nothing is shown about tombstones.
pub fn of_messages(
    connection: &mut PgConnection,
    reader: UserNo,
    messages: &[Message],
) -> Result<Annotations, Error> {
    let mut annotations = Annotations::default();
    let standing = messages.iter().filter(|it| it.deleted_at.is_none());
    let seqs: Vec<Seq> = standing.map(Message::seq).collect();
    let (Some(first), false) = (messages.first(), seqs.is_empty()) else {
        return Ok(annotations);
    };
    let conversation = first.id.conversation;
    reactions::add(connection, conversation, reader, &seqs, &mut annotations)?;
    pins::add(connection, conversation, &seqs, &mut annotations)?;
    Ok(annotations)
}

/// The messages about which something new was said after a seq.
pub(super) fn targets_since(
    connection: &mut PgConnection,
    conversation: ConversationNo,
    after: Seq,
) -> Result<Vec<Seq>, Error> {
    let mut targets = reactions::targets_since(connection, conversation, after)?;
    targets.extend(pins::targets_since(connection, conversation, after)?);
    Ok(targets)
}
