//! Files that people upload: their rows, the pieces of an upload, and the messages that show them.

pub mod dropping;
mod schema;
pub mod seeing;
pub mod uploading;
pub mod uses;

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use serde_json::Value;
use std::time::Duration;
use uuid::Uuid;

use self::schema::files;
use super::clock::after_now;
use super::pool::explain;
use crate::domain::file::{CheckEnd, FileId, FileNo, FileState, Purpose, Unfit};
use crate::domain::file_name::FileName;
use crate::domain::ids::UserNo;
use crate::domain::measures::Measures;
use crate::error::Error;

/// A stored file.
#[derive(Clone, Debug)]
pub struct File {
    /// Its number.
    pub no: FileNo,
    /// Its public id.
    pub id: FileId,
    /// Who uploaded it.
    pub owner: UserNo,
    /// How far it has come.
    pub state: FileState,
    /// What it is for.
    pub purpose: Purpose,
    /// Its name.
    pub name: FileName,
    /// The media type that its owner gave it.
    pub declared_type: Option<String>,
    /// Its media type by its content; `None` until it was checked.
    pub media_type: Option<String>,
    /// Its size in bytes: what is announced, until all bytes have come.
    pub size: u64,
    /// The bytes that are stored.
    pub received: u64,
    /// The SHA-256 of its bytes; `None` until it was checked.
    pub sha256: Option<Vec<u8>>,
    /// Why it was refused.
    pub refusal: Option<Unfit>,
    /// When its upload began.
    pub created_at: DateTime<Utc>,
    /// When it is dropped if no message has used it by then.
    pub expires_at: DateTime<Utc>,
    /// When a message last gave it up.
    pub released_at: Option<DateTime<Utc>>,
    /// How large it is shown and how long it plays; until it was checked, only what its owner says.
    pub measures: Measures,
}

impl File {
    /// How its check has ended; `None` if it has not, or the file is deleted.
    pub fn check_end(&self) -> Option<CheckEnd> {
        let refusal = match self.state {
            FileState::Ready => None,
            FileState::Refused => Some(self.refusal.unwrap_or(Unfit::Other)),
            FileState::Uploading | FileState::Checking => return None,
            FileState::Dropping | FileState::Gone => return None,
        };
        let file = self.id;
        Some(CheckEnd { file, refusal })
    }
}

#[derive(Queryable, QueryableByName, Selectable)]
#[diesel(table_name = files)]
struct Row {
    no: i64,
    id: Uuid,
    owner_no: i64,
    state: String,
    purpose: String,
    name: String,
    declared_type: Option<String>,
    media_type: Option<String>,
    size: i64,
    received: i64,
    sha256: Option<Vec<u8>>,
    refusal: Option<String>,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    released_at: Option<DateTime<Utc>>,
    measures: Value,
}

impl TryFrom<Row> for File {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let state = FileState::named(&row.state);
        let purpose = Purpose::named(&row.purpose);
        Ok(Self {
            no: FileNo(row.no),
            id: FileId(row.id),
            owner: UserNo(row.owner_no),
            state: state.ok_or_else(|| Error::internal("unknown state of a file"))?,
            purpose: purpose.ok_or_else(|| Error::internal("unknown purpose of a file"))?,
            name: FileName::stored(row.name),
            declared_type: row.declared_type,
            media_type: row.media_type,
            size: row.size.unsigned_abs(),
            received: row.received.unsigned_abs(),
            sha256: row.sha256,
            refusal: row.refusal.as_deref().map(Unfit::named),
            created_at: row.created_at,
            expires_at: row.expires_at,
            released_at: row.released_at,
            measures: serde_json::from_value(row.measures).map_err(Error::internal)?,
        })
    }
}

/// Reads the file with this id.
pub fn find(connection: &mut PgConnection, id: FileId) -> Result<Option<File>, Error> {
    let found = files::table
        .filter(files::id.eq(id.0))
        .select(Row::as_select())
        .first::<Row>(connection);
    found
        .optional()
        .map_err(explain)?
        .map(File::try_from)
        .transpose()
}

/// Reads the file with this number.
pub fn find_by_no(connection: &mut PgConnection, no: FileNo) -> Result<Option<File>, Error> {
    let found = files::table
        .find(no.0)
        .select(Row::as_select())
        .first::<Row>(connection);
    found
        .optional()
        .map_err(explain)?
        .map(File::try_from)
        .transpose()
}

/// Reads those of the files that one of these users uploaded.
pub fn owned(
    connection: &mut PgConnection,
    ids: &[FileId],
    owners: &[UserNo],
) -> Result<Vec<File>, Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let owners: Vec<i64> = owners.iter().map(|owner| owner.0).collect();
    files::table
        .filter(files::id.eq_any(ids))
        .filter(files::owner_no.eq_any(owners))
        .select(Row::as_select())
        .load::<Row>(connection)
        .map_err(explain)?
        .into_iter()
        .map(File::try_from)
        .collect()
}

/// What the check of a file found.
#[derive(Clone, Debug)]
pub enum Checked {
    /// It can be sent.
    Ready {
        /// What it is, by its content.
        media_type: String,
        /// Its size in bytes as it is stored.
        size: u64,
        /// The SHA-256 of the stored bytes.
        sha256: Vec<u8>,
        /// How large it is shown and how long it plays.
        measures: Measures,
    },
    /// It is refused.
    Refused(Unfit),
}

/// Records what the check found. Returns false if the file is not being checked any more. From now on the file is kept for `keep` if
/// no message shows it.
pub fn record_check(
    connection: &mut PgConnection,
    no: FileNo,
    checked: &Checked,
    keep: Duration,
) -> Result<bool, Error> {
    let being_checked = files::table
        .find(no.0)
        .filter(files::state.eq(FileState::Checking.name()));
    let update = diesel::update(being_checked);
    let changed = match checked {
        Checked::Ready {
            media_type,
            size,
            sha256,
            measures,
        } => update
            .set((
                files::state.eq(FileState::Ready.name()),
                files::media_type.eq(media_type),
                files::size.eq(as_stored(*size)),
                files::received.eq(as_stored(*size)),
                files::sha256.eq(sha256),
                files::measures.eq(as_column(measures)?),
                files::expires_at.eq(after_now(keep)),
            ))
            .execute(connection),
        Checked::Refused(unfit) => update
            .set((
                files::state.eq(FileState::Refused.name()),
                files::refusal.eq(unfit.name()),
            ))
            .execute(connection),
    };
    Ok(changed.map_err(explain)? == 1)
}

fn as_column(measures: &Measures) -> Result<Value, Error> {
    serde_json::to_value(measures).map_err(Error::internal)
}

fn as_stored(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
