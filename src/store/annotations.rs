//! Reads what is said about messages, for the answers that show them.

use diesel::pg::PgConnection;

use super::{pins, reactions, threads};
use crate::domain::annotation::Annotations;
use crate::domain::ids::{ConversationNo, Seq, UserNo};
use crate::domain::message::Message;
use crate::error::Error;

/// What is said about these messages of one conversation, as a reader sees it. Of tombstones, only threads are shown.
pub fn of_messages(
    connection: &mut PgConnection,
    reader: UserNo,
    messages: &[Message],
) -> Result<Annotations, Error> {
    let mut annotations = Annotations::default();
    let Some(first) = messages.first() else {
        return Ok(annotations);
    };
    let conversation = first.id.conversation;
    let standing = messages.iter().filter(|it| it.deleted_at.is_none());
    let seqs: Vec<Seq> = standing.map(Message::seq).collect();
    reactions::add(connection, conversation, reader, &seqs, &mut annotations)?;
    pins::add(connection, conversation, &seqs, &mut annotations)?;
    let roots = messages.iter().filter(|it| it.content.thread.is_none());
    let roots: Vec<Seq> = roots.map(Message::seq).collect();
    threads::add(connection, conversation, reader, &roots, &mut annotations)?;
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
