//! Deleting files: when a file is due, that no message takes it meanwhile, and the end of its row.

use chrono::{DateTime, Utc};
use diesel::dsl::{exists, select};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use serde_json::json;
use std::time::Duration;

use super::schema::{file_uses, files};
use super::{File, Row};
use crate::domain::file::{FileId, FileNo, FileState};
use crate::domain::ids::UserNo;
use crate::domain::job::Job;
use crate::domain::refusal::Refusal;
use crate::error::Error;
use crate::store::clock::{self, after_now};
use crate::store::jobs::{self, Lease};
use crate::store::pool::explain;

/// How long the row of a deleted file stays, so that its links say that it is gone.
const REMEMBERED: Duration = Duration::from_secs(30 * 24 * 3_600);

/// What is to be done about a file that may be due.
#[derive(Debug)]
pub enum Verdict {
    /// Nothing: a message shows it, or it is forgotten already.
    Keep,
    /// Nothing before this time has passed.
    Wait(Duration),
    /// Its objects are to be deleted. No message can take it any more.
    Drop(Box<File>),
}

/// Decides whether a file is dropped, and if so, marks it. A file that a message gave up is kept for `after_release` from then on. The
/// row of one that was dropped long ago is deleted.
pub fn judge(
    connection: &mut PgConnection,
    no: FileNo,
    after_release: Duration,
) -> Result<Verdict, Error> {
    connection.transaction(|connection| {
        let Some(file) = locked(connection, no)? else {
            return Ok(Verdict::Keep);
        };
        match file.state {
            FileState::Dropping => return Ok(Verdict::Drop(Box::new(file))),
            FileState::Gone => {
                // Another job of the file may come before its row is due.
                return match clock::read(connection)? < file.expires_at {
                    true => Ok(Verdict::Keep),
                    false => forget(connection, no),
                };
            }
            FileState::Uploading | FileState::Checking | FileState::Ready | FileState::Refused => {}
        }
        if is_used(connection, no)? {
            return Ok(Verdict::Keep);
        }
        let now = clock::read(connection)?;
        let left = (due(&file, after_release) - now)
            .to_std()
            .unwrap_or_default();
        if !left.is_zero() {
            return Ok(Verdict::Wait(left));
        }
        mark(connection, no)?;
        Ok(Verdict::Drop(Box::new(file)))
    })
}

/// When a file that no message shows is dropped.
fn due(file: &File, after_release: Duration) -> DateTime<Utc> {
    let after_release = chrono::TimeDelta::from_std(after_release).unwrap_or_default();
    let released = file.released_at.map(|at| at + after_release);
    released.unwrap_or(file.expires_at)
}

/// Locks a file's row against messages that would take the file.
fn locked(connection: &mut PgConnection, no: FileNo) -> Result<Option<File>, Error> {
    let row: Option<Row> = files::table
        .find(no.0)
        .select(Row::as_select())
        .for_update()
        .first(connection)
        .optional()
        .map_err(explain)?;
    row.map(File::try_from).transpose()
}

fn is_used(connection: &mut PgConnection, no: FileNo) -> Result<bool, Error> {
    let uses = file_uses::table.filter(file_uses::file_no.eq(no.0));
    select(exists(uses)).get_result(connection).map_err(explain)
}

fn mark(connection: &mut PgConnection, no: FileNo) -> Result<(), Error> {
    diesel::update(files::table.find(no.0))
        .set(files::state.eq(FileState::Dropping.name()))
        .execute(connection)
        .map(drop)
        .map_err(explain)
}

/// The row of a file without pieces and uses.
fn forget(connection: &mut PgConnection, no: FileNo) -> Result<Verdict, Error> {
    diesel::delete(files::table.find(no.0))
        .execute(connection)
        .map_err(explain)?;
    Ok(Verdict::Keep)
}

/// Marks a file for deletion at its owner's wish, and plans the deletion. A file that a message shows is refused.
pub fn discard(
    connection: &mut PgConnection,
    id: FileId,
    owner: UserNo,
) -> Result<Result<(), Refusal>, Error> {
    connection.transaction(|connection| {
        let no: Option<i64> = files::table
            .filter(files::id.eq(id.0))
            .filter(files::owner_no.eq(owner.0))
            .select(files::no)
            .first(connection)
            .optional()
            .map_err(explain)?;
        let Some(no) = no.map(FileNo) else {
            return Ok(Err(Refusal::FileNotFound));
        };
        let state = locked(connection, no)?.map(|file| file.state);
        if matches!(state, None | Some(FileState::Dropping | FileState::Gone)) {
            return Ok(Err(Refusal::FileGone));
        }
        if is_used(connection, no)? {
            let why = "A message shows the file: delete the message";
            return Ok(Err(Refusal::Conflict(why)));
        }
        mark(connection, no)?;
        jobs::add(
            connection,
            None,
            &Job::DropFile { file_no: no },
            Duration::ZERO,
        )?;
        Ok(Ok(()))
    })
}

/// Ends the job that deleted a file's objects and pieces: the file is gone. Its row is deleted later.
pub fn finish(connection: &mut PgConnection, lease: Lease, no: FileNo) -> Result<(), Error> {
    let done = jobs::finish_with(connection, lease, |connection| {
        diesel::update(files::table.find(no.0))
            .set((
                files::state.eq(FileState::Gone.name()),
                files::expires_at.eq(after_now(REMEMBERED)),
                files::name.eq("file"),
                files::declared_type.eq(None::<String>),
                files::sha256.eq(None::<Vec<u8>>),
                files::measures.eq(json!({})),
            ))
            .execute(connection)
            .map_err(explain)?;
        jobs::add(connection, None, &Job::DropFile { file_no: no }, REMEMBERED)
    });
    done.map(drop)
}
