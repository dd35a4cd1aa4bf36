//! One pass of one consumer: reads new entries, handles them, and advances the watermarks, in one transaction.

use diesel::Connection;
use diesel::pg::PgConnection;
use std::time::Duration;
use uuid::Uuid;

use super::{Consumer, NewEntries};
use crate::domain::ids::ConversationNo;
use crate::error::Error;
use crate::store::changed;
use crate::store::feed_consumers::{self, Next};
use crate::store::feed_watermarks;

/// The most that one pass reads; the next pass reads the rest.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Rows of the feed.
    pub rows: i64,
    /// Conversations. A row that names more of them is still read whole.
    pub conversations: i64,
    /// Entries.
    pub entries: i64,
    /// Entries that the consumer handles at once, so that it need not hold the texts of a whole pass.
    pub part: i64,
    /// How long a server that stopped responding keeps a consumer.
    pub lease: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            rows: 2_000,
            conversations: 5_000,
            entries: 20_000,
            part: 1_000,
            lease: Duration::from_secs(10),
        }
    }
}

/// The result of a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing is new, or another server runs this consumer.
    Nothing,
    /// All new entries were handled.
    CaughtUp,
    /// More entries are left.
    More,
}

/// What one pass reads.
struct ReadPlan {
    conversations: Vec<ConversationNo>,
    /// Where the next pass begins once all of this is read; `None` at the end of a sweep.
    next: Option<Next>,
    fills_bounds: bool,
}

/// Handles the new entries of a consumer on behalf of a server. The consumer's effect, its watermarks and its
/// position are committed together or not at all.
pub fn pass(
    connection: &mut PgConnection,
    consumer: &dyn Consumer,
    server: Uuid,
    bounds: Bounds,
) -> Result<Found, Error> {
    connection.transaction(|connection| {
        let claimed = feed_consumers::claim(connection, consumer.name(), server, bounds.lease)?;
        let Some(claimed) = claimed else {
            return Ok(Found::Nothing);
        };
        let Some(next) = claimed.next else {
            return Ok(Found::More);
        };
        let Some(plan) = read(connection, next, bounds)? else {
            return Ok(Found::Nothing);
        };
        let new = feed_watermarks::new_entries(connection, claimed.no, &plan.conversations)?;
        let (new, is_whole) = within_bound(new, bounds.entries);
        if !new.is_empty() {
            for part in in_parts(&new, bounds.part) {
                consumer.handle(connection, &part)?;
            }
            feed_watermarks::advance(connection, claimed.no, &new)?;
        }
        if !is_whole {
            return Ok(Found::More);
        }
        feed_consumers::advance(connection, claimed.no, plan.next.as_ref())?;
        Ok(match plan.fills_bounds {
            true => Found::More,
            false => Found::CaughtUp,
        })
    })
}

fn read(
    connection: &mut PgConnection,
    next: Next,
    bounds: Bounds,
) -> Result<Option<ReadPlan>, Error> {
    match next {
        Next::Sweep(after) => {
            let limit = bounds.conversations;
            let found = feed_watermarks::conversations_after(connection, after, limit)?;
            Ok(Some(ReadPlan {
                // After a sweep, the rows since its beginning are still to be read.
                fills_bounds: true,
                next: found.last().copied().map(Next::Sweep),
                conversations: found,
            }))
        }
        Next::Rows(position) => {
            let (rows, conversations) = (bounds.rows, bounds.conversations);
            let found = changed::after(connection, &position, rows, conversations)?;
            Ok(found.map(|found| ReadPlan {
                fills_bounds: found.fills_bounds,
                conversations: found.conversations,
                next: Some(Next::Rows(found.last)),
            }))
        }
    }
}

/// Cuts the list to at most `entries` entries, the last conversation perhaps in part; also returns whether
/// nothing was cut off.
fn within_bound(new: Vec<NewEntries>, entries: i64) -> (Vec<NewEntries>, bool) {
    let (mut left, mut is_whole) = (entries, true);
    let mut taken = Vec::with_capacity(new.len());
    for mut one in new {
        let count = one.count();
        if count > left {
            is_whole = false;
            one.last -= count - left;
        }
        left -= one.count();
        let is_empty = count > 0 && one.count() == 0;
        if !is_empty {
            taken.push(one);
        }
    }
    (taken, is_whole)
}

/// Divides the list into parts of at most `most` entries, in the same order.
fn in_parts(new: &[NewEntries], most: i64) -> Vec<Vec<NewEntries>> {
    let (mut parts, mut part, mut left) = (Vec::new(), Vec::new(), most);
    for one in new {
        let mut rest = one.clone();
        loop {
            let mut taken = rest.clone();
            taken.last = rest.last.min(rest.after.unwrap_or(0) + left);
            left -= taken.count();
            rest.after = Some(taken.last);
            part.push(taken);
            if left <= 0 {
                parts.push(std::mem::take(&mut part));
                left = most;
            }
            if rest.count() <= 0 {
                break;
            }
        }
    }
    parts.extend((!part.is_empty()).then_some(part));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(no: i64, after: Option<i64>, last: i64) -> NewEntries {
        NewEntries {
            conversation: ConversationNo(no),
            after,
            last,
        }
    }

    #[test]
    fn what_fits_is_taken_whole_and_one_conversation_in_part() {
        let all = vec![
            new(1, None, 3),
            new(2, Some(5), 9),
            new(3, Some(0), 2),
            new(4, None, 0),
        ];
        assert_eq!(within_bound(all.clone(), 9), (all.clone(), true));
        let part = vec![new(1, None, 3), new(2, Some(5), 7), new(4, None, 0)];
        assert_eq!(within_bound(all.clone(), 5), (part, false));
        let whole = vec![new(1, None, 3), new(4, None, 0)];
        assert_eq!(within_bound(all, 3), (whole, false));
    }

    #[test]
    fn parts_have_no_more_than_they_may_and_meet() {
        let all = [new(1, None, 3), new(2, None, 0), new(3, Some(5), 12)];
        let parts = [
            vec![new(1, None, 3), new(2, None, 0), new(3, Some(5), 6)],
            vec![new(3, Some(6), 10)],
            vec![new(3, Some(10), 12)],
        ];
        assert_eq!(in_parts(&all, 4), parts);
        assert_eq!(in_parts(&all, 10), [all.to_vec()]);
        assert_eq!(
            in_parts(&all, 1).len(),
            10,
            "the new conversation goes with another"
        );
        assert!(in_parts(&[], 4).is_empty());
    }
}
