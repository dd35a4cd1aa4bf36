//! Deletes files that no message shows any more: their objects first, then their rows.

use std::sync::Arc;
use std::time::Duration;

use super::checking::{clear_pieces, delete_variants};
use super::{JobDeps, JobEnd};
use crate::domain::file::FileNo;
use crate::error::Error;
use crate::store::files::dropping::{self, Verdict};
use crate::store::jobs::Lease;

/// Deletes a file if it is due.
pub(super) async fn drop_file(
    deps: &Arc<JobDeps>,
    lease: Lease,
    no: FileNo,
) -> Result<JobEnd, Error> {
    let Some(objects) = &deps.objects else {
        return Ok(JobEnd::Retry("files_off".to_owned()));
    };
    let after_release =
        Duration::from_secs(3_600 * u64::from(deps.config.files.deleted_file_hours));
    let judged = deps
        .pool
        .run(move |connection| dropping::judge(connection, no, after_release));
    let file = match judged.await? {
        Verdict::Keep => return Ok(JobEnd::Done),
        Verdict::Wait(left) => return Ok(JobEnd::Wait(left)),
        Verdict::Drop(file) => file,
    };
    delete_variants(objects, file.id).await?;
    if let Some(left) = clear_pieces(deps, objects, &file).await? {
        return Ok(JobEnd::Wait(left));
    }
    let finished = deps
        .pool
        .run(move |connection| dropping::finish(connection, lease, no));
    finished.await?;
    log::debug!(event = "file_dropped", file_id:% = file.id; "");
    Ok(JobEnd::Finished)
}
