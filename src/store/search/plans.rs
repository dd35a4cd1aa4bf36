//! How a participant's conversations are searched: walk the newest documents first, and look words up in the index
//! if the walk finds too few.

use chrono::TimeDelta;
use diesel::pg::PgConnection;
use std::time::Duration;

use super::conditions::{Conditions, Position};
use super::searched_conversation::SearchedConversation;
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

/// What was found in some conversations.
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
    searched: &[SearchedConversation],
    conditions: &Conditions,
    has_words: bool,
    position: Option<Position>,
    wanted: usize,
) -> Result<Outcome, Error> {
    let documents: i64 = searched.iter().map(SearchedConversation::documents).sum();
    if documents <= conditions.bounds.most() {
        let whole = |conversation| Slice {
            conversation,
            above: SearchedConversation::clone(conversation).sees_from,
            up_to: SearchedConversation::clone(conversation).indexed,
        };
        let slices: Vec<Slice<'_>> = searched.iter().map(whole).collect();
        let found = walk(connection, &slices, conditions, position, wanted)?;
        return Ok(Outcome {
            positions: found.positions,
            total: Some(found.total),
            rest: None,
            plan: "walk",
        });
    }
    let bounded = bounded(connection, searched, conditions, position)?;
    let mut walked = Outcome::default();
    for step in conditions.bounds.steps {
        let (slices, border) = newest(connection, &bounded, step)?;
        let found = walk(connection, &slices, conditions, position, wanted)?;
        let Some(border) = border else {
            return Ok(Outcome {
                positions: found.positions,
                // The conversations were cut off at the position.
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
            let found = look_up(connection, searched, conditions, position, wanted)?;
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

/// The conversations without the documents that are not before the position or the end of the time that is searched. What is
/// left of each is before the position, so that every page gets further.
fn bounded(
    connection: &mut PgConnection,
    searched: &[SearchedConversation],
    conditions: &Conditions,
    position: Option<Position>,
) -> Result<Vec<SearchedConversation>, Error> {
    let end = [position, conditions.until.map(Position::before)];
    let Some(end) = end.into_iter().flatten().min() else {
        return Ok(searched.to_vec());
    };
    let reaches = |conversation: &&SearchedConversation| {
        conversation.active >= end.at && conversation.documents() > 0
    };
    let newer: Vec<i64> = searched
        .iter()
        .filter(reaches)
        .map(|conversation| conversation.no)
        .collect();
    let last = last_before(connection, newer, end, conditions)?;
    let mut left = Vec::with_capacity(searched.len());
    for conversation in searched {
        let mut conversation = conversation.clone();
        if reaches(&&conversation) {
            let Some(last) = last.get(&conversation.no) else {
                continue;
            };
            conversation.indexed = conversation.indexed.min(last.seq);
            conversation.active = last.at;
        }
        left.push(conversation);
    }
    left.sort_by_key(|conversation| std::cmp::Reverse((conversation.active, conversation.no)));
    Ok(left)
}

/// The newest documents of the most recently changed conversations, and a position at which or before which all others are;
/// `None` if there are no others.
fn newest<'a>(
    connection: &mut PgConnection,
    searched: &'a [SearchedConversation],
    most: i64,
) -> Result<(Vec<Slice<'a>>, Option<Position>), Error> {
    let (mut left, mut slices, mut border) = (most, Vec::new(), None);
    for conversation in searched.iter().filter(|one| one.documents() > 0) {
        if left == 0 {
            border = border.max(Some(conversation.end()));
            break;
        }
        let count = conversation.documents().min(left);
        let above = conversation.indexed - count;
        left -= count;
        slices.push(Slice {
            conversation,
            above,
            up_to: conversation.indexed,
        });
        if conversation.sees_seq(above) {
            let sent = sent_at(connection, conversation.no, above)?;
            border = border.max(sent.map(|at| Position {
                at,
                conversation: conversation.no,
                seq: above,
            }));
        }
    }
    Ok((slices, border))
}
