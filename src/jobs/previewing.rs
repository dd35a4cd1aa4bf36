//! Has the previews of a picture made by a process of its own, which may use little memory and time: decoders read what strangers send.

use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::process::Command;

use super::JobDeps;
use super::spool::Spooled;
use crate::config::Previews;
use crate::domain::file::FileId;
use crate::domain::measures::Measures;
use crate::domain::preview::{Preview, PreviewKind};
use crate::error::Error;
use crate::media::previews::{self, MOST_BYTES, MadePreview};
use crate::objects::{Key, Objects, blocking};

/// How long a process may take, whatever it waits for.
const PATIENCE: Duration = Duration::from_secs(20);

/// Stores the previews of a picture, and notes them in its measures. A picture that cannot be decoded has none.
pub(super) async fn preview(
    deps: &JobDeps,
    objects: &Objects,
    id: FileId,
    media_type: &'static str,
    (whole, measures): (&Spooled, &mut Measures),
) -> Result<(), Error> {
    let Some(program) = program(&deps.config.files.previews) else {
        return Ok(());
    };
    let Some(sides) = measures.width.zip(measures.height) else {
        return Ok(());
    };
    if !previews::is_worth_it(sides) || !previews::is_decodable(media_type, whole.size, sides) {
        return Ok(());
    }
    let picture = whole.file.try_clone().map_err(Error::internal)?;
    let made = match make(program, media_type, picture).await {
        Ok(made) => made,
        Err(why) => {
            log::warn!(event = "previews_not_made", file_id:% = id; "{why}");
            return Ok(());
        }
    };
    for preview in made {
        let stored = Preview {
            format: preview.format,
            size: u32::try_from(preview.bytes.len()).map_err(Error::internal)?,
        };
        let key = Key::variant(id.0, preview.kind.name());
        objects.put(&key, vec![preview.bytes.into()]).await?;
        match preview.kind {
            PreviewKind::Thumb => measures.thumb = Some(stored),
            PreviewKind::View => measures.view = Some(stored),
        }
    }
    Ok(())
}

/// The program that makes previews; `None` if none are made. On Linux the link names the program that runs also after its file was
/// replaced by a newer one.
fn program(how: &Previews) -> Option<PathBuf> {
    match how {
        Previews::Off => None,
        Previews::Program(path) => Some(path.clone()),
        Previews::OwnProgram if cfg!(target_os = "linux") => Some("/proc/self/exe".into()),
        Previews::OwnProgram => std::env::current_exe().ok(),
    }
}

async fn make(
    program: PathBuf,
    media_type: &str,
    picture: File,
) -> Result<Vec<MadePreview>, String> {
    let picture = blocking(move || {
        (&picture).seek(SeekFrom::Start(0))?;
        Ok(picture)
    });
    let picture = picture.await.map_err(|error| error.to_string())?;
    let mut command = Command::new(program);
    command
        .args(["picture", media_type])
        // It must not know what secrets the environment holds. Libraries are found as this process found them.
        .env_clear()
        .envs(std::env::var_os("LD_LIBRARY_PATH").map(|path| ("LD_LIBRARY_PATH", path)))
        // The allocator would reserve a gigabyte, which the limit of its memory does not permit.
        .env("MIMALLOC_ARENA_RESERVE", "0")
        .current_dir("/")
        .stdin(Stdio::from(picture))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let answered = tokio::time::timeout(PATIENCE, answer(command)).await;
    let answer = answered.map_err(|_| "it took too long".to_owned())??;
    previews::read(&answer).ok_or_else(|| "its answer is not whole".to_owned())
}

async fn answer(mut command: Command) -> Result<Vec<u8>, String> {
    let mut process = command.spawn().map_err(|error| error.to_string())?;
    let mut answer = Vec::new();
    if let Some(output) = process.stdout.take() {
        let mut output = output.take(MOST_BYTES);
        let read = output.read_to_end(&mut answer).await;
        read.map_err(|error| error.to_string())?;
    }
    let ended = process.wait().await.map_err(|error| error.to_string())?;
    match ended.success() {
        true => Ok(answer),
        false => Err(ended.to_string()),
    }
}
