//! How a participant's conversations are searched: walk the newest documents first, and look words up in the index
//! if the walk finds too few.

use chrono::TimeDelta;
use diesel::pg::PgConnection;
use std::time::Duration;

use super::conditions::{Conditions, Position};
use super::places::SearchedConversation;
use super::walking::{Slice, last_before, look_up, sent_at, walk};
use crate::error::Error;

/// How much is read before another plan is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// How many of the newest documents are walked, more with each step. Who has no more than the last number is answered by one walk.
    pub steps: [i64; 3],
    /// The time that all statements of a search have together.
    pub time: Duration,
    /// How much the times of two commits to a conversation may differ from the order of their seqs.
    pub overlap: TimeDelta,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            time: Duration::from_millis(500),
            steps: [2_000, 10_000, 50_000],
            overlap: TimeDelta::seconds(10),
        }
    }
}

impl Bounds {
    /// The most documents that are walked.
    pub(super) fn most(self) -> i64 {
        let [.., most] = self.steps;
        most
    }
}

/// What was found in some places.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcome {
    /// The hits after the position, newest first.
    pub(super) positions: Vec<Position>,
    /// The number of all hits; `None` if not everything was read.
    pub(super) total: Option<i64>,
    /// Where to go on, if not everything was read and there may be more.
    pub(super) rest: Option<Position>,
    /// The plan, for the metrics.
    pub(super) plan: &'static str,
}

/// Finds at least `wanted` hits after a position, if there are as many.
pub(super) fn among(
    connection: &mut PgConnection,
    places: &[SearchedConversation],
    conditions: &Conditions,
    has_words: bool,
    position: Option<Position>,
    wanted: usize,
) -> Result<Outcome, Error> {
    let documents: i64 = places.iter().map(SearchedConversation::documents).sum();
    if documents <= conditions.bounds.most() {
        let whole = |place| Slice {
            place,
            above: SearchedConversation::clone(place).sees_from,
            up_to: SearchedConversation::clone(place).indexed,
        };
        let slices: Vec<Slice<'_>> = places.iter().map(whole).collect();
        let found = walk(connection, &slices, conditions, position, wanted)?;
        return Ok(Outcome {
            positions: found.positions,
            total: Some(found.total),
            rest: None,
            plan: "walk",
        });
    }
    let bounded = bounded(connection, places, conditions, position)?;
    let mut walked = Outcome::default();
    for step in conditions.bounds.steps {
        let (slices, border) = newest(connection, &bounded, step)?;
        let found = walk(connection, &slices, conditions, position, wanted)?;
        let Some(border) = border else {
            return Ok(Outcome {
                positions: found.positions,
                // The places were cut off at the position.
                total: position.is_none().then_some(found.total),
                rest: None,
                plan: "walk",
            });
        };
        walked = certain(found.positions, border, position, conditions.bounds.overlap);
        if walked.positions.len() >= wanted {
            return Ok(walked);
        }
    }
    match has_words {
        false => Ok(walked),
        true => {
            let found = look_up(connection, places, conditions, position, wanted)?;
            Ok(Outcome {
                positions: found.positions,
                total: Some(found.total),
                rest: None,
                plan: "index",
            })
        }
    }
}

/// The hits that are newer than everything that was not read.
fn certain(
    mut positions: Vec<Position>,
    border: Position,
    position: Option<Position>,
    overlap: TimeDelta,
) -> Outcome {
    // The first position of which nothing unread is: the next page begins right after it.
    let next = Position {
        seq: border.seq.saturating_add(1),
        ..border
    };
    let later = Position {
        at: border.at + overlap,
        ..next
    };
    let rest = match position {
        // Also where everything happened within the overlap, a page must get somewhere.
        Some(before) if later >= before => next,
        Some(_) | None => later,
    };
    positions.retain(|one| *one >= rest);
    Outcome {
        positions,
        total: None,
        rest: Some(rest),
        plan: "walk",
    }
}

/// The places without the documents that are not before the position or the end of the time that is searched. What is
/// left of each is before the position, so that every page gets further.
fn bounded(
    connection: &mut PgConnection,
    places: &[SearchedConversation],
    conditions: &Conditions,
    position: Option<Position>,
) -> Result<Vec<SearchedConversation>, Error> {
    let end = [position, conditions.until.map(Position::before)];
    let Some(end) = end.into_iter().flatten().min() else {
        return Ok(places.to_vec());
    };
    let reaches = |place: &&SearchedConversation| place.active >= end.at && place.documents() > 0;
    let newer: Vec<i64> = places
        .iter()
        .filter(reaches)
        .map(|place| place.no)
        .collect();
    let last = last_before(connection, newer, end, conditions)?;
    let mut left = Vec::with_capacity(places.len());
    for place in places {
        let mut place = place.clone();
        if reaches(&&place) {
            let Some(last) = last.get(&place.no) else {
                continue;
            };
            place.indexed = place.indexed.min(last.seq);
            place.active = last.at;
        }
        left.push(place);
    }
    left.sort_by_key(|place| std::cmp::Reverse((place.active, place.no)));
    Ok(left)
}

/// The newest documents of the most recently changed places, and a position at which or before which all others are;
/// `None` if there are no others.
fn newest<'a>(
    connection: &mut PgConnection,
    places: &'a [SearchedConversation],
    most: i64,
) -> Result<(Vec<Slice<'a>>, Option<Position>), Error> {
    let (mut left, mut slices, mut border) = (most, Vec::new(), None);
    for place in places.iter().filter(|place| place.documents() > 0) {
        if left == 0 {
            border = border.max(Some(place.end()));
            break;
        }
        let count = place.documents().min(left);
        let above = place.indexed - count;
        left -= count;
        slices.push(Slice {
            place,
            above,
            up_to: place.indexed,
        });
        if above > place.sees_from {
            let sent = sent_at(connection, place.no, above)?;
            border = border.max(sent.map(|at| Position {
                at,
                conversation: place.no,
                seq: above,
            }));
        }
    }
    Ok((slices, border))
}
