//! Checks files: puts the pieces of an upload together, finds out what it is, removes what it says beside what it shows, measures it,
//! makes its previews, and stores it as one object.

use std::sync::Arc;
use std::time::Duration;

use super::previewing::preview;
use super::scanning::scanned;
use super::spool::{Spool, Spooled};
use super::stripping::{Stripped, strip};
use super::{JobDeps, JobEnd};
use crate::domain::file::{CheckEnd, FileId, FileNo, FileState, Purpose, Unfit};
use crate::domain::measures::Measures;
use crate::domain::preview::PreviewKind;
use crate::error::Error;
use crate::media::measure::measure;
use crate::media::{Placement, UNKNOWN, sniff};
use crate::nodes::FILES_CHECKED;
use crate::objects::{Key, Objects, blocking};
use crate::store::files::uploading::{self, Piece};
use crate::store::files::{self, Checked, File};
use crate::wire::section::Section;

/// After this time, an object that a request began to store is there or will never be: requests give up earlier.
const LONGEST_WRITE: Duration = Duration::from_secs(120);
/// Pause before a job looks again whether another one has ended that works on the same file.
const BUSY: Duration = Duration::from_secs(5);
/// The longest recording, with a second for what recorders add.
const LONGEST_RECORDING_MS: u32 = 601_000;

/// The name of a file's object as it is downloaded.
const ORIGINAL: &str = "original";

/// Marks a file as being worked on in this process, until it is dropped.
struct Turn {
    deps: Arc<JobDeps>,
    no: FileNo,
}

impl Turn {
    fn take(deps: &Arc<JobDeps>, no: FileNo) -> Option<Self> {
        let deps = Arc::clone(deps);
        let is_first = deps.files_under_check.lock().insert(no);
        is_first.then(|| Self { deps, no })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.deps.files_under_check.lock().remove(&self.no);
    }
}

/// Checks a file. It may run twice: the second run finds out how far the first one came.
pub(super) async fn check(deps: &Arc<JobDeps>, no: FileNo) -> Result<JobEnd, Error> {
    let Some(objects) = &deps.objects else {
        return Ok(JobEnd::Retry("files_off".to_owned()));
    };
    // A lease may expire while a large file is checked.
    let Some(_turn) = Turn::take(deps, no) else {
        return Ok(JobEnd::Wait(BUSY));
    };
    let found = deps
        .pool
        .run(move |connection| files::find_by_no(connection, no));
    let Some(file) = found.await? else {
        return Ok(JobEnd::Done);
    };
    let is_wanted = match file.state {
        FileState::Checking => examine_and_record(deps, objects, &file).await?,
        FileState::Uploading | FileState::Ready => true,
        FileState::Refused | FileState::Dropping | FileState::Gone => false,
    };
    if !is_wanted {
        delete_variants(objects, file.id).await?;
    }
    Ok(match clear_pieces(deps, objects, &file).await? {
        None => JobEnd::Done,
        Some(left) => JobEnd::Wait(left),
    })
}

/// Returns whether the file's object is wanted: it is not, if the file was refused, or dropped meanwhile.
async fn examine_and_record(
    deps: &Arc<JobDeps>,
    objects: &Objects,
    file: &File,
) -> Result<bool, Error> {
    let no = file.no;
    let pieces = deps
        .pool
        .run(move |connection| uploading::stored_pieces(connection, no));
    let checked = examine(deps, objects, file, pieces.await?).await?;
    let refusal = match &checked {
        Checked::Ready { .. } => None,
        Checked::Refused(unfit) => Some(*unfit),
    };
    let keep = Duration::from_secs(3_600 * u64::from(deps.config.files.unsent_file_hours));
    let recorded = deps
        .pool
        .run(move |connection| files::record_check(connection, no, &checked, keep));
    let recorded = recorded.await?;
    deps.files_checked.notify();
    if recorded {
        tell_owner(deps, file, refusal);
    }
    let is_ready = refusal.is_none();
    log::debug!(event = "file_checked", file_id:% = file.id, ready = is_ready, recorded = recorded; "");
    Ok(is_ready && recorded)
}

/// Tells the owner's sessions, here and at the other servers.
fn tell_owner(deps: &JobDeps, file: &File, refusal: Option<Unfit>) {
    let (id, owner, no) = (file.id, file.owner, file.no);
    let end = CheckEnd { file: id, refusal };
    deps.directory.tell_of_file(owner, end);
    deps.outgoing.say(|| Section::Hint {
        topic: FILES_CHECKED.to_owned(),
        numbers: vec![owner.0, no.0],
    });
}

async fn examine(
    deps: &Arc<JobDeps>,
    objects: &Objects,
    file: &File,
    pieces: Vec<Piece>,
) -> Result<Checked, Error> {
    let mut spool = Spool::new(objects.nameless_file().await?);
    for piece in pieces {
        let bytes = objects.get(&Key::piece(file.id.0, piece.no)).await?;
        spool = spool.append(bytes).await?;
    }
    let whole = spool.finish();
    if whole.size != file.size {
        let (has, size) = (whole.size, file.size);
        return Err(Error::internal(format!(
            "the pieces of a file have {has} bytes, not {size}"
        )));
    }
    let found = sniff(&whole.head, file.declared_type.as_deref());
    let (whole, media_type) = match strip(objects, whole, found.0).await? {
        Stripped::Clean(whole) => (whole, found),
        Stripped::Malformed(whole) => (whole, UNKNOWN),
    };
    let (whole, measures) = measured(whole, media_type.0).await?;
    let waveform = file.measures.waveform.clone();
    let mut measures = Measures {
        waveform,
        ..measures
    };
    if let Some(unfit) = unfit(file.purpose, media_type.0, &measures) {
        return Ok(Checked::Refused(unfit));
    }
    let (whole, unfit) = scanned(deps, whole).await?;
    if let Some(unfit) = unfit {
        return Ok(Checked::Refused(unfit));
    }
    preview(
        deps,
        objects,
        file.id,
        media_type.0,
        (&whole, &mut measures),
    )
    .await?;
    let original = Key::variant(file.id.0, ORIGINAL);
    objects.put_file(&original, whole.file, whole.size).await?;
    Ok(Checked::Ready {
        media_type: media_type.0.to_owned(),
        size: whole.size,
        sha256: whole.sha256,
        measures,
    })
}

/// Deletes a file's object, and its previews.
pub(super) async fn delete_variants(objects: &Objects, id: FileId) -> Result<(), Error> {
    let previews = PreviewKind::ALL.map(PreviewKind::name);
    for name in previews.into_iter().chain([ORIGINAL]) {
        objects.delete(&Key::variant(id.0, name)).await?;
    }
    Ok(())
}

/// How large a file is shown and how long it plays.
async fn measured(whole: Spooled, media_type: &'static str) -> Result<(Spooled, Measures), Error> {
    blocking(move || measure(media_type, &whole).map(|measures| (whole, measures))).await
}

/// Why a file of this type cannot be used for this.
fn unfit(purpose: Purpose, media_type: &str, measures: &Measures) -> Option<Unfit> {
    let is_shown = Placement::of(media_type) == Placement::Inline;
    let is_long = measures.duration_ms > Some(LONGEST_RECORDING_MS);
    match purpose {
        Purpose::Message => None,
        Purpose::Voice if is_long => Some(Unfit::TooLong),
        Purpose::Voice if is_shown && media_type.starts_with("audio/") => None,
        Purpose::Avatar if is_shown && media_type.starts_with("image/") => None,
        Purpose::Voice => Some(Unfit::NotAudio),
        Purpose::Avatar => Some(Unfit::NotAnImage),
    }
}

/// Deletes the pieces of a file that are not needed any more. Returns how long to wait if the objects of some may still be written.
pub(super) async fn clear_pieces(
    deps: &Arc<JobDeps>,
    objects: &Objects,
    file: &File,
) -> Result<Option<Duration>, Error> {
    let no = file.no;
    let pieces = deps
        .pool
        .run(move |connection| uploading::all_pieces(connection, no));
    let now = deps.pool.clock().now();
    let (mut settled, mut wait) = (Vec::new(), None);
    for piece in pieces.await? {
        objects.delete(&Key::piece(file.id.0, piece.no)).await?;
        let age = (now - piece.created_at).to_std().unwrap_or_default();
        match LONGEST_WRITE.checked_sub(age) {
            Some(left) if !piece.stored => wait = wait.max(Some(left)),
            Some(_) | None => settled.push(piece.no),
        }
    }
    let forgotten = deps
        .pool
        .run(move |connection| uploading::forget_pieces(connection, &settled));
    forgotten.await?;
    Ok(wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_is_audio_and_a_picture_is_a_picture() {
        let unfit = |purpose, media_type| unfit(purpose, media_type, &Measures::default());
        assert_eq!(unfit(Purpose::Message, "application/octet-stream"), None);
        assert_eq!(unfit(Purpose::Voice, "audio/webm"), None);
        assert_eq!(unfit(Purpose::Voice, "audio/flac"), Some(Unfit::NotAudio));
        assert_eq!(unfit(Purpose::Avatar, "image/png"), None);
        assert_eq!(
            unfit(Purpose::Avatar, "image/heic"),
            Some(Unfit::NotAnImage)
        );
    }

    #[test]
    fn a_recording_plays_for_ten_minutes_at_most() {
        let with = |milliseconds| Measures {
            duration_ms: Some(milliseconds),
            ..Measures::default()
        };
        let kind = "audio/webm";
        assert_eq!(unfit(Purpose::Voice, kind, &with(600_500)), None);
        let long = with(602_000);
        assert_eq!(unfit(Purpose::Voice, kind, &long), Some(Unfit::TooLong));
        assert_eq!(unfit(Purpose::Message, kind, &long), None);
    }
}
