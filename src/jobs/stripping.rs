//! Writes what is kept of a picture or a film: everything but what it says beside what it shows.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use super::spool::{Spool, Spooled};
use crate::error::Error;
use crate::media::Trouble;
use crate::media::strip::{self, Part, Plan};
use crate::objects::{Objects, blocking};

/// Bytes that are copied at a time.
const WINDOW: usize = 262_144;

/// What came of a file.
pub(super) enum Stripped {
    /// It is as it was, or only what is kept is left.
    Clean(Spooled),
    /// It is not what its first bytes say: nobody knows what is in it.
    Malformed(Spooled),
}

/// Removes from a file of this type what it says beside what it shows.
pub(super) async fn strip(
    objects: &Objects,
    whole: Spooled,
    media_type: &'static str,
) -> Result<Stripped, Error> {
    let (whole, planned) = blocking(move || {
        let planned = match strip::plan(media_type, &whole) {
            Ok(plan) => Ok(plan),
            Err(Trouble::Malformed) => Err(()),
            Err(Trouble::Io(error)) => return Err(error),
        };
        Ok((whole, planned))
    })
    .await?;
    let Ok(plan) = planned else {
        return Ok(Stripped::Malformed(whole));
    };
    let Some(plan) = plan.filter(|plan| !keeps_all(plan, whole.size)) else {
        return Ok(Stripped::Clean(whole));
    };
    let kept = Spool::new(objects.nameless_file().await?);
    let kept = blocking(move || write(&whole.file, &plan, kept)).await?;
    Ok(Stripped::Clean(kept.finish()))
}

/// Whether a file is left as it is.
fn keeps_all(plan: &Plan, size: u64) -> bool {
    matches!(plan.parts(), [Part::Copy(whole)] if *whole == (0..size))
}

fn write(source: &File, plan: &Plan, mut kept: Spool) -> io::Result<Spool> {
    let zeros = [0; 4_096];
    for part in plan.parts() {
        match part {
            Part::Copy(range) => copy(source, range.clone(), &mut kept)?,
            Part::Bytes(bytes) => kept.write(bytes)?,
            Part::Zeros(count) => {
                let mut left = *count;
                while left > 0 {
                    let some = zeros.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                    kept.write(zeros.get(..some).unwrap_or_default())?;
                    left -= some as u64;
                }
            }
        }
    }
    Ok(kept)
}

fn copy(source: &File, range: Range<u64>, kept: &mut Spool) -> io::Result<()> {
    let mut window = vec![0; WINDOW];
    let mut at = range.start;
    while at < range.end {
        let some = WINDOW.min(usize::try_from(range.end - at).unwrap_or(usize::MAX));
        let part = window.get_mut(..some).unwrap_or_default();
        source.read_exact_at(part, at)?;
        kept.write(part)?;
        at += some as u64;
    }
    Ok(())
}
