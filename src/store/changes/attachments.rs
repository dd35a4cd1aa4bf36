//! Removes a file from a message.

use diesel::dsl::now as commit_time;
use diesel::pg::PgConnection;
use diesel::prelude::*;

use super::{
    Change, Changed, Effect, as_it_stands, keep_wording, locked_visible, missing_message, next_turn,
};
use crate::domain::attachment::Attachment;
use crate::domain::entry::Fact;
use crate::domain::file::FileId;
use crate::domain::ids::MessageId;
use crate::domain::message::Power;
use crate::domain::snapshot::Reader;
use crate::error::Error;
use crate::store::files::uses;
use crate::store::schema::messages;
use crate::store::search;

pub(super) fn remove(
    connection: &mut PgConnection,
    change: &Change,
    (id, file): (MessageId, FileId),
    power: Power,
    reader: &Reader,
) -> Result<Changed, Error> {
    let Some(message) = locked_visible(connection, id, reader)? else {
        return Ok(missing_message());
    };
    if let Err(refusal) = message.may_lose_file(file, change.actor, power) {
        return Ok(Changed::Refused(refusal));
    }
    search::hold(connection, id)?;
    let Some(turn) = next_turn(connection, change, Effect::OnMessages)? else {
        return Ok(Changed::Stale);
    };
    keep_wording(connection, change, turn.seq, &message, "edited")?;
    search::forget(connection, id)?;
    uses::release(connection, id, Some(file))?;
    let attachments = message.content.attachments.iter();
    let left: Vec<&Attachment> = attachments
        .filter(|attachment| attachment.file() != Some(file))
        .collect();
    let left = match left.is_empty() {
        true => None,
        false => Some(serde_json::to_value(left).map_err(Error::internal)?),
    };
    diesel::update(messages::table.find((id.conversation.0, id.seq)))
        .set((
            messages::attachments.eq(left),
            messages::edited_at.eq(commit_time),
        ))
        .execute(connection)?;
    Ok(turn.done(Fact::Edited(as_it_stands(connection, id)?)))
}
