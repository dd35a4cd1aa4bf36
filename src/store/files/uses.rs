//! Which messages show which files.

use diesel::dsl::now;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use std::collections::HashMap;
use std::time::Duration;
use uuid::Uuid;

use super::schema::{file_uses, files};
use crate::domain::file::{FileId, FileNo, FileState};
use crate::domain::ids::MessageId;
use crate::domain::job::Job;
use crate::error::Error;
use crate::store::jobs;
use crate::store::pool::explain;

/// Locks those of the files that can be sent, so that they are not dropped before the transaction ends.
pub(in crate::store) fn hold(
    connection: &mut PgConnection,
    ids: &[FileId],
) -> Result<HashMap<FileId, FileNo>, Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let held: Vec<(Uuid, i64)> = files::table
        .filter(files::id.eq_any(ids))
        .filter(files::state.eq(FileState::Ready.name()))
        .order(files::no)
        .select((files::id, files::no))
        .for_key_share()
        .load(connection)
        .map_err(explain)?;
    Ok(held
        .into_iter()
        .map(|(id, no)| (FileId(id), FileNo(no)))
        .collect())
}

/// Notes that messages show files that are held.
pub(in crate::store) fn note(
    connection: &mut PgConnection,
    uses: &[(FileNo, MessageId)],
) -> Result<(), Error> {
    let rows: Vec<_> = uses
        .iter()
        .map(|(file, message)| {
            (
                file_uses::file_no.eq(file.0),
                file_uses::conversation_no.eq(message.conversation.0),
                file_uses::seq.eq(message.seq),
            )
        })
        .collect();
    diesel::insert_into(file_uses::table)
        .values(rows)
        .on_conflict_do_nothing()
        .execute(connection)
        .map(drop)
        .map_err(explain)
}

/// Notes that a message no longer shows this file, or any file if none is named. Those that no other message shows are dropped later, by the jobs that this plans.
pub(in crate::store) fn release(
    connection: &mut PgConnection,
    message: MessageId,
    file: Option<FileId>,
) -> Result<(), Error> {
    let of_message = file_uses::table
        .filter(file_uses::conversation_no.eq(message.conversation.0))
        .filter(file_uses::seq.eq(message.seq))
        .inner_join(files::table.on(files::no.eq(file_uses::file_no)));
    let mut shown: Vec<(i64, Uuid)> = of_message
        .select((files::no, files::id))
        .load(connection)
        .map_err(explain)?;
    shown.retain(|(_, id)| file.is_none_or(|file| file.0 == *id));
    let mut released: Vec<i64> = shown.into_iter().map(|(no, _)| no).collect();
    diesel::delete(file_uses::table)
        .filter(file_uses::conversation_no.eq(message.conversation.0))
        .filter(file_uses::seq.eq(message.seq))
        .filter(file_uses::file_no.eq_any(&released))
        .execute(connection)
        .map_err(explain)?;
    // Rows are locked in the order of their numbers, so that two deletions cannot deadlock.
    released.sort_unstable();
    for no in released {
        diesel::update(files::table.find(no))
            .set(files::released_at.eq(now))
            .execute(connection)
            .map_err(explain)?;
        let job = Job::DropFile {
            file_no: FileNo(no),
        };
        jobs::add(connection, None, &job, Duration::ZERO)?;
    }
    Ok(())
}
