//! Uploads: a file begins, its pieces are stored one after the other, and it is complete.

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use std::time::Duration;

use super::schema::{file_pieces, files};
use super::{File, Row, as_column, as_stored};
use crate::domain::file::{FileId, FileNo, FileState, Purpose};
use crate::domain::file_name::FileName;
use crate::domain::ids::UserNo;
use crate::domain::job::Job;
use crate::domain::measures::{Measures, Waveform};
use crate::domain::refusal::Refusal;
use crate::error::Error;
use crate::store::clock::after_now;
use crate::store::jobs;
use crate::store::pool::explain;
use crate::store::schema::users;

/// The bytes that a small file counts as, so that a user's files are few enough to be added up.
const LEAST_BYTES: u64 = 65_536;
/// The pieces of a file beyond those that its size needs: connections that are lost leave small ones.
const MORE_PIECES: u64 = 2_000;
/// The largest piece, in bytes.
pub const PIECE_BYTES: usize = 4 * 1024 * 1024;

/// A file whose upload begins.
#[derive(Clone, Debug)]
pub struct NewFile {
    /// Its public id.
    pub id: FileId,
    /// Who uploads it.
    pub owner: UserNo,
    /// What it is for.
    pub purpose: Purpose,
    /// Its name.
    pub name: FileName,
    /// The media type that its owner gives it.
    pub declared_type: Option<String>,
    /// Its announced size in bytes, or the most that it may have.
    pub size: u64,
    /// How loud it is over time, as its owner says.
    pub waveform: Option<Waveform>,
    /// How long it is kept if it is not sent.
    pub keep: Duration,
}

/// What users may store, in bytes, and how many files a user may upload at the same time.
#[derive(Clone, Copy, Debug)]
pub struct Quotas {
    /// Bytes that a user may upload in 24 hours.
    pub a_day: u64,
    /// Bytes that a user may have.
    pub a_user: u64,
    /// Bytes that all users together may have; `None` for any number.
    pub in_all: Option<u64>,
    /// Uploads of a user that may be open at the same time.
    pub open: u32,
}

#[derive(QueryableByName)]
struct Usage {
    #[diesel(sql_type = BigInt)]
    today: i64,
    #[diesel(sql_type = BigInt)]
    stored: i64,
    #[diesel(sql_type = BigInt)]
    open: i64,
}

// Raw SQL: three sums in one pass over the index of a user's files.
const USAGE: &str = "
select coalesce(sum(greatest(size, $2)) filter (where created_at > now() - interval '1 day'), 0)::bigint as today,
       coalesce(sum(greatest(size, $2)) filter (where state not in ('refused', 'gone')), 0)::bigint as stored,
       count(*) filter (where state = 'uploading') as open
from files where owner_no = $1";

#[derive(QueryableByName)]
struct Stored {
    #[diesel(sql_type = BigInt)]
    stored: i64,
}

const STORED: &str = "
select coalesce(sum(greatest(size, $1)), 0)::bigint as stored from files where state not in ('refused', 'gone')";

/// Begins an upload, if the quotas permit it, and plans when the file is dropped if it is not sent.
pub fn begin(
    connection: &mut PgConnection,
    new: &NewFile,
    quotas: Quotas,
) -> Result<Result<File, Refusal>, Error> {
    connection.transaction(|connection| {
        if let Err(refusal) = admit(connection, new, quotas)? {
            return Ok(Err(refusal));
        }
        let measures = Measures {
            waveform: new.waveform.clone(),
            ..Measures::default()
        };
        let row: Row = diesel::insert_into(files::table)
            .values((
                files::id.eq(new.id.0),
                files::owner_no.eq(new.owner.0),
                files::state.eq(FileState::Uploading.name()),
                files::purpose.eq(new.purpose.name()),
                files::name.eq(new.name.as_str()),
                files::declared_type.eq(&new.declared_type),
                files::size.eq(as_stored(new.size)),
                files::measures.eq(as_column(&measures)?),
                files::expires_at.eq(after_now(new.keep)),
            ))
            .returning(Row::as_returning())
            .get_result(connection)
            .map_err(explain)?;
        let file = File::try_from(row)?;
        let job = Job::DropFile { file_no: file.no };
        jobs::add(connection, None, &job, new.keep)?;
        Ok(Ok(file))
    })
}

/// Checks the quotas. The user's row is locked, so that uploads that begin together are counted one after the other.
fn admit(
    connection: &mut PgConnection,
    new: &NewFile,
    quotas: Quotas,
) -> Result<Result<(), Refusal>, Error> {
    users::table
        .find(new.owner.0)
        .select(users::no)
        .for_no_key_update()
        .first::<i64>(connection)
        .map_err(explain)?;
    let used: Usage = diesel::sql_query(USAGE)
        .bind::<BigInt, _>(new.owner.0)
        .bind::<BigInt, _>(as_stored(LEAST_BYTES))
        .get_result(connection)
        .map_err(explain)?;
    let wanted = as_stored(new.size.max(LEAST_BYTES));
    let fits = |used: i64, most: u64| used.saturating_add(wanted) <= as_stored(most);
    let refused = |why| Ok(Err(Refusal::QuotaExceeded(why)));
    if used.open >= i64::from(quotas.open) {
        return refused("You have too many unfinished uploads");
    }
    if !fits(used.today, quotas.a_day) {
        return refused("You have uploaded as much as you may in a day");
    }
    if !fits(used.stored, quotas.a_user) {
        return refused("Your files take as much room as they may");
    }
    if let Some(in_all) = quotas.in_all
        && !fits(stored_in_all(connection)?, in_all)
    {
        return refused("This server has no room for more files");
    }
    Ok(Ok(()))
}

fn stored_in_all(connection: &mut PgConnection) -> Result<i64, Error> {
    let found: Stored = diesel::sql_query(STORED)
        .bind::<BigInt, _>(as_stored(LEAST_BYTES))
        .get_result(connection)
        .map_err(explain)?;
    Ok(found.stored)
}

/// A piece of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Queryable)]
pub struct Piece {
    /// Its number, which names its object.
    pub no: i64,
    /// The offset of its first byte.
    pub start: i64,
    /// Its size in bytes.
    pub size: i32,
}

/// Notes a piece before its object is stored. Returns `None` if the file is not uploaded any more, or has as many pieces as it may.
pub fn begin_piece(
    connection: &mut PgConnection,
    file: &File,
    start: u64,
    size: usize,
) -> Result<Option<Piece>, Error> {
    connection.transaction(|connection| {
        // Dropping a file locks its row for update, and so finds each piece that was noted before.
        let state: Option<String> = files::table
            .find(file.no.0)
            .filter(files::state.eq(FileState::Uploading.name()))
            .select(files::state)
            .for_key_share()
            .first(connection)
            .optional()
            .map_err(explain)?;
        let of_file = file_pieces::table.filter(file_pieces::file_no.eq(file.no.0));
        let pieces: i64 = of_file.count().get_result(connection).map_err(explain)?;
        let most = file.size / PIECE_BYTES as u64 + MORE_PIECES;
        if state.is_none() || pieces.unsigned_abs() >= most {
            return Ok(None);
        }
        let piece = diesel::insert_into(file_pieces::table)
            .values((
                file_pieces::file_no.eq(file.no.0),
                file_pieces::start.eq(as_stored(start)),
                file_pieces::size.eq(i32::try_from(size).unwrap_or(i32::MAX)),
            ))
            .returning((file_pieces::no, file_pieces::start, file_pieces::size))
            .get_result(connection)
            .map_err(explain)?;
        Ok(Some(piece))
    })
}

/// Counts pieces whose objects are stored, which follow each other. Returns the bytes that the file has then; `None` if the first does
/// not begin where the file ends, because another request stored one there, or if the file is not uploaded any more.
pub fn finish_pieces(
    connection: &mut PgConnection,
    file: FileNo,
    pieces: &[Piece],
) -> Result<Option<u64>, Error> {
    let start = pieces.first().map_or(0, |piece| piece.start);
    let length: i64 = pieces.iter().map(|piece| i64::from(piece.size)).sum();
    let numbers: Vec<i64> = pieces.iter().map(|piece| piece.no).collect();
    connection.transaction(|connection| {
        let awaited = files::table
            .find(file.0)
            .filter(files::state.eq(FileState::Uploading.name()))
            .filter(files::received.eq(start));
        let received: Option<i64> = diesel::update(awaited)
            .set(files::received.eq(files::received + length))
            .returning(files::received)
            .get_result(connection)
            .optional()
            .map_err(explain)?;
        if received.is_some() {
            diesel::update(file_pieces::table.filter(file_pieces::no.eq_any(numbers)))
                .set(file_pieces::stored.eq(true))
                .execute(connection)
                .map_err(explain)?;
        }
        Ok(received.map(i64::unsigned_abs))
    })
}

/// Ends an upload of which all bytes have come, and plans its check. Returns false if the file is not uploaded any more.
pub fn complete(connection: &mut PgConnection, file: FileNo) -> Result<bool, Error> {
    connection.transaction(|connection| {
        let uploading = files::table
            .find(file.0)
            .filter(files::state.eq(FileState::Uploading.name()));
        let changed = diesel::update(uploading)
            .set((
                files::state.eq(FileState::Checking.name()),
                files::size.eq(sql::<BigInt>("received")),
            ))
            .execute(connection)
            .map_err(explain)?;
        if changed == 1 {
            let job = Job::CheckFile { file_no: file };
            jobs::add(connection, None, &job, Duration::ZERO)?;
        }
        Ok(changed == 1)
    })
}

/// The pieces of a file that count, in order.
pub fn stored_pieces(connection: &mut PgConnection, file: FileNo) -> Result<Vec<Piece>, Error> {
    file_pieces::table
        .filter(file_pieces::file_no.eq(file.0))
        .filter(file_pieces::stored)
        .order(file_pieces::start)
        .select((file_pieces::no, file_pieces::start, file_pieces::size))
        .load(connection)
        .map_err(explain)
}

/// A piece whose object may exist.
#[derive(Clone, Copy, Debug, Queryable)]
pub struct Trace {
    /// The piece's number.
    pub no: i64,
    /// Whether its object is stored, and counts. If not, it may still be written.
    pub stored: bool,
    /// When it was noted.
    pub created_at: DateTime<Utc>,
}

/// All pieces of a file whose objects may exist.
pub fn all_pieces(connection: &mut PgConnection, file: FileNo) -> Result<Vec<Trace>, Error> {
    file_pieces::table
        .filter(file_pieces::file_no.eq(file.0))
        .select((
            file_pieces::no,
            file_pieces::stored,
            file_pieces::created_at,
        ))
        .load(connection)
        .map_err(explain)
}

/// Deletes the rows of pieces whose objects are deleted.
pub fn forget_pieces(connection: &mut PgConnection, pieces: &[i64]) -> Result<(), Error> {
    diesel::delete(file_pieces::table.filter(file_pieces::no.eq_any(pieces)))
        .execute(connection)
        .map(drop)
        .map_err(explain)
}
