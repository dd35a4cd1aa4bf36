//! MP4 and QuickTime: the sides of the first track that is seen, and how long the whole plays.

use super::{Found, Sides, iso_fragments, milliseconds};
use crate::media::boxes::{BoxAt, child, each_child, whole_file};
use crate::media::reading::{Reader, Trouble};

/// A track, as its fragments need it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Track {
    pub(super) id: u32,
    /// Units of time in a second.
    pub(super) scale: u64,
}

/// What the box before the media says.
#[derive(Default)]
struct Film {
    scale: u64,
    /// How long it plays; 0 where only its fragments know.
    duration: u64,
    sides: Option<Sides>,
    tracks: Vec<Track>,
}

pub(super) fn measure(reader: &mut Reader<'_>) -> Result<Found, Trouble> {
    let file = whole_file(reader);
    let Some(head) = child(reader, file, b"moov")? else {
        return Ok((None, None));
    };
    let mut film = Film::default();
    let mut extension = None;
    each_child(reader, head, |reader, found| {
        match &found.kind {
            b"mvhd" => (film.scale, film.duration) = times(reader)?,
            b"mvex" => extension = Some(found),
            b"trak" => {
                let sides = track(reader, found, &mut film.tracks)?;
                film.sides = film.sides.or(sides);
            }
            _ => {}
        }
        Ok(())
    })?;
    let duration = match (film.duration, extension) {
        (0, Some(extension)) => iso_fragments::duration(reader, extension, &film.tracks)?,
        (duration, _) => milliseconds(duration, film.scale),
    };
    Ok((film.sides, duration))
}

/// The units of time in a second and how many of them it plays, in a box whose position is at its content.
fn times(reader: &mut Reader<'_>) -> Result<(u64, u64), Trouble> {
    let version = reader.byte()?;
    reader.skip(3)?;
    match version {
        1 => {
            reader.skip(16)?;
            Ok((u64::from(reader.u32()?), reader.u64()?))
        }
        _ => {
            reader.skip(8)?;
            let (scale, duration) = (reader.u32()?, reader.u32()?);
            // All bits stand for a duration that is not known.
            let duration = if duration == u32::MAX { 0 } else { duration };
            Ok((u64::from(scale), u64::from(duration)))
        }
    }
}

/// Notes a track. Returns its sides if it is seen.
fn track(
    reader: &mut Reader<'_>,
    track: BoxAt,
    tracks: &mut Vec<Track>,
) -> Result<Option<Sides>, Trouble> {
    let Some(head) = child(reader, track, b"tkhd")? else {
        return Ok(None);
    };
    let (id, sides) = track_head(reader, head)?;
    let Some(media) = child(reader, track, b"mdia")? else {
        return Ok(None);
    };
    if let Some(head) = child(reader, media, b"mdhd")? {
        reader.seek(head.content)?;
        let (scale, _) = times(reader)?;
        tracks.push(Track { id, scale });
    }
    let Some(handler) = child(reader, media, b"hdlr")? else {
        return Ok(None);
    };
    reader.seek(handler.content)?;
    reader.skip(8)?;
    let kind: [u8; 4] = reader.array()?;
    Ok((&kind == b"vide").then_some(sides))
}

/// A track's id, and its sides as it is shown.
fn track_head(reader: &mut Reader<'_>, head: BoxAt) -> Result<(u32, Sides), Trouble> {
    reader.seek(head.content)?;
    let version = reader.byte()?;
    let is_long = version == 1;
    // Flags and times; then the duration, the layer and the volume stand before the matrix.
    let (before, after) = if is_long { (19, 28) } else { (11, 24) };
    reader.skip(before)?;
    let id = reader.u32()?;
    reader.skip(after)?;
    let mut matrix = [0_u32; 9];
    for value in &mut matrix {
        *value = reader.u32()?;
    }
    let [a, b, _, _, d, ..] = matrix;
    let sides = Sides {
        width: reader.u32()? >> 16,
        height: reader.u32()? >> 16,
    };
    let is_turned = a == 0 && d == 0 && b != 0;
    Ok((id, if is_turned { sides.turned() } else { sides }))
}
