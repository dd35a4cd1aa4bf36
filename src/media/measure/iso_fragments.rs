//! How long an MP4 in fragments plays: recorders write one when they do not know its length in advance.

use std::collections::HashMap;

use super::iso::Track;
use super::milliseconds;
use crate::media::boxes::{BoxAt, child, each_child, whole_file};
use crate::media::reading::{Reader, Trouble};

/// The most samples whose durations are added up.
const SAMPLES: u64 = 2_000_000;

/// A track, and where it ends by the fragments that were read.
struct Progress {
    scale: u64,
    /// How long a sample plays that does not say it.
    usual: u64,
    end: u64,
}

/// How long the longest track plays, in milliseconds.
pub(super) fn duration(
    reader: &mut Reader<'_>,
    extension: BoxAt,
    tracks: &[Track],
) -> Result<Option<u64>, Trouble> {
    let fresh = |track: &Track| {
        let scale = track.scale;
        let (usual, end) = (0, 0);
        (track.id, Progress { scale, usual, end })
    };
    let mut tracks: HashMap<u32, Progress> = tracks.iter().map(fresh).collect();
    each_child(reader, extension, |reader, found| {
        if &found.kind == b"trex" {
            reader.skip(4)?;
            let id = reader.u32()?;
            reader.skip(4)?;
            let usual = u64::from(reader.u32()?);
            if let Some(track) = tracks.get_mut(&id) {
                track.usual = usual;
            }
        }
        Ok(())
    })?;
    let mut samples = 0;
    let file = whole_file(reader);
    each_child(reader, file, |reader, found| match &found.kind {
        b"moof" => each_child(reader, found, |reader, found| match &found.kind {
            b"traf" => fragment(reader, found, &mut tracks, &mut samples),
            _ => Ok(()),
        }),
        _ => Ok(()),
    })?;
    let ends = tracks.values();
    Ok(ends
        .filter_map(|track| milliseconds(track.end, track.scale))
        .max())
}

/// Adds a fragment of a track.
fn fragment(
    reader: &mut Reader<'_>,
    fragment: BoxAt,
    tracks: &mut HashMap<u32, Progress>,
    samples: &mut u64,
) -> Result<(), Trouble> {
    let head = child(reader, fragment, b"tfhd")?.ok_or(Trouble::Malformed)?;
    reader.seek(head.content)?;
    let flags = reader.u32()?;
    let Some(track) = tracks.get_mut(&reader.u32()?) else {
        return Ok(());
    };
    reader.skip(u64::from(flags & 1) * 8 + u64::from((flags >> 1) & 1) * 4)?;
    let usual = match flags & 8 {
        0 => track.usual,
        _ => u64::from(reader.u32()?),
    };
    if let Some(start) = child(reader, fragment, b"tfdt")? {
        reader.seek(start.content)?;
        let version = reader.byte()?;
        reader.skip(3)?;
        track.end = match version {
            1 => reader.u64()?,
            _ => u64::from(reader.u32()?),
        };
    }
    each_child(reader, fragment, |reader, found| {
        if &found.kind == b"trun" {
            let played = run(reader, usual, samples)?;
            track.end = track.end.saturating_add(played);
        }
        Ok(())
    })
}

/// How long a run of samples plays.
fn run(reader: &mut Reader<'_>, usual: u64, samples: &mut u64) -> Result<u64, Trouble> {
    let flags = reader.u32()?;
    let count = u64::from(reader.u32()?);
    if flags & 0x100 == 0 {
        return Ok(count.saturating_mul(usual));
    }
    *samples += count;
    if *samples > SAMPLES {
        return Err(Trouble::Malformed);
    }
    reader.skip(u64::from(flags & 1) * 4 + u64::from((flags >> 2) & 1) * 4)?;
    let others = u64::from((flags & 0xE00).count_ones()) * 4;
    let mut played = 0;
    for _ in 0..count {
        played += u64::from(reader.u32()?);
        reader.skip(others)?;
    }
    Ok(played)
}
