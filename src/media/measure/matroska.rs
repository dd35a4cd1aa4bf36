//! WebM and Matroska: the sides of the first track that is seen, and how long the whole plays. A recorder writes no length: then the last
//! block says it.

use super::{Found, Sides};
use crate::media::reading::{Reader, Trouble};

/// The most elements that are looked at.
const ELEMENTS: u32 = 1_000_000;

// The ids of elements.
const SEGMENT: u32 = 0x1853_8067;
const INFO: u32 = 0x1549_A966;
const TRACKS: u32 = 0x1654_AE6B;
const TRACK: u32 = 0xAE;
const VIDEO: u32 = 0xE0;
const CLUSTER: u32 = 0x1F43_B675;
const GROUP: u32 = 0xA0;
const SCALE: u32 = 0x2A_D7B1;
const DURATION: u32 = 0x4489;
const WIDTH: u32 = 0xB0;
const HEIGHT: u32 = 0xBA;
const CLUSTER_TIME: u32 = 0xE7;
const SIMPLE_BLOCK: u32 = 0xA3;
const BLOCK: u32 = 0xA1;

/// Nanoseconds of a unit of time, if the file does not say it.
const USUAL_SCALE: u64 = 1_000_000;
const NANOSECONDS: u64 = 1_000_000;

/// What was read.
struct Film {
    scale: u64,
    /// In units, as the file says it.
    duration: Option<f64>,
    width: Option<u32>,
    height: Option<u32>,
    cluster: u64,
    /// Where the last block begins, in units.
    last: Option<u64>,
}

pub(super) fn measure(reader: &mut Reader<'_>) -> Result<Found, Trouble> {
    let mut film = Film {
        scale: USUAL_SCALE,
        duration: None,
        width: None,
        height: None,
        cluster: 0,
        last: None,
    };
    let mut left = ELEMENTS;
    while reader.left() > 2 && left > 0 {
        left -= 1;
        match element(reader, &mut film) {
            Ok(()) => {}
            // A recording that was cut off ends anywhere.
            Err(Trouble::Malformed) => break,
            Err(trouble) => return Err(trouble),
        }
    }
    let sides = film.width.zip(film.height);
    let sides = sides.map(|(width, height)| Sides { width, height });
    Ok((sides, film.milliseconds()))
}

impl Film {
    fn milliseconds(&self) -> Option<u64> {
        let told = self
            .duration
            .map(|units| units * self.scale as f64 / NANOSECONDS as f64);
        let told = told.filter(|all| all.is_finite() && *all >= 1.0);
        let last = self
            .last
            .map(|last| last.saturating_mul(self.scale) / NANOSECONDS);
        told.map(|all| all as u64).or(last)
    }
}

/// Reads an element. The position is behind it then, or at its content if that is elements.
fn element(reader: &mut Reader<'_>, film: &mut Film) -> Result<(), Trouble> {
    let id = id(reader)?;
    let length = length(reader)?;
    if matches!(
        id,
        SEGMENT | INFO | TRACKS | TRACK | VIDEO | CLUSTER | GROUP
    ) {
        return Ok(());
    }
    // Only elements of elements may have no length.
    let length = length.ok_or(Trouble::Malformed)?;
    let end = reader.at().checked_add(length).ok_or(Trouble::Malformed)?;
    match id {
        SCALE => film.scale = whole(reader, length)?.max(1),
        DURATION => film.duration = float(reader, length)?,
        WIDTH => film.width = film.width.or(u32::try_from(whole(reader, length)?).ok()),
        HEIGHT => film.height = film.height.or(u32::try_from(whole(reader, length)?).ok()),
        CLUSTER_TIME => film.cluster = whole(reader, length)?,
        SIMPLE_BLOCK | BLOCK => {
            id_of_track(reader)?;
            let relative = i16::from_be_bytes(reader.array()?);
            let at = film.cluster.saturating_add_signed(i64::from(relative));
            film.last = film.last.max(Some(at));
        }
        _ => {}
    }
    reader.seek(end)
}

fn id_of_track(reader: &mut Reader<'_>) -> Result<(), Trouble> {
    length(reader).map(drop)
}

/// An id, with the bits that say how long it is.
fn id(reader: &mut Reader<'_>) -> Result<u32, Trouble> {
    let first = reader.byte()?;
    let more = first.leading_zeros();
    if more > 3 {
        return Err(Trouble::Malformed);
    }
    (0..more).try_fold(u32::from(first), |id, _| {
        Ok((id << 8) | u32::from(reader.byte()?))
    })
}

/// A length; `None` if it is not known.
fn length(reader: &mut Reader<'_>) -> Result<Option<u64>, Trouble> {
    let first = reader.byte()?;
    let more = first.leading_zeros();
    if more > 7 {
        return Err(Trouble::Malformed);
    }
    let mask = 0x7F_u8.checked_shr(more).unwrap_or_default();
    let (mut length, mut is_unknown) = (u64::from(first & mask), first & mask == mask);
    for _ in 0..more {
        let byte = reader.byte()?;
        is_unknown &= byte == 0xFF;
        length = (length << 8) | u64::from(byte);
    }
    Ok((!is_unknown).then_some(length))
}

fn whole(reader: &mut Reader<'_>, length: u64) -> Result<u64, Trouble> {
    match u8::try_from(length) {
        Ok(length) if length <= 8 => reader.number(length),
        Ok(_) | Err(_) => Err(Trouble::Malformed),
    }
}

fn float(reader: &mut Reader<'_>, length: u64) -> Result<Option<f64>, Trouble> {
    Ok(match length {
        4 => Some(f64::from(f32::from_be_bytes(reader.array()?))),
        8 => Some(f64::from_be_bytes(reader.array()?)),
        _ => None,
    })
}
