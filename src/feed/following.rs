//! One pass of one consumer: what is new is read, takes effect, and is noted as read, in one transaction.

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

/// How much one pass takes at most. What is left is for the next.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Rows of the feed.
    pub rows: i64,
    /// Conversations; one row may name more of them, and is taken whole.
    pub conversations: i64,
    /// Entries.
    pub entries: i64,
    /// For how long a server that says nothing more keeps a consumer.
    pub lease: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            rows: 2_000,
            conversations: 5_000,
            entries: 20_000,
            lease: Duration::from_secs(10),
        }
    }
}

/// What a pass has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing new, or another server runs this consumer.
    Nothing,
    /// Everything new was taken in.
    Everything,
    /// More is left than one pass may take.
    More,
}

/// What a pass is to read.
struct Reading {
    conversations: Vec<ConversationNo>,
    /// What is read next, once all of it is read; none at the end of a sweep.
    then: Option<Next>,
    fills_bounds: bool,
}

/// Takes in what is new to a consumer, for a server. Whatever ends it, and wherever: its effect, the watermarks and the position are there
/// together, or none of them is.
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
        let Some(reading) = read(connection, claimed.next, bounds)? else {
            return Ok(Found::Nothing);
        };
        let new = feed_watermarks::new_entries(connection, claimed.no, &reading.conversations)?;
        let (new, is_whole) = within(new, bounds.entries);
        if !new.is_empty() {
            consumer.take_in(connection, &new)?;
            feed_watermarks::advance(connection, claimed.no, &new)?;
        }
        if !is_whole {
            return Ok(Found::More);
        }
        feed_consumers::advance(connection, claimed.no, reading.then.as_ref())?;
        Ok(match reading.fills_bounds {
            true => Found::More,
            false => Found::Everything,
        })
    })
}

fn read(
    connection: &mut PgConnection,
    next: Next,
    bounds: Bounds,
) -> Result<Option<Reading>, Error> {
    match next {
        Next::Sweep(after) => {
            let limit = bounds.conversations;
            let found = feed_watermarks::conversations_after(connection, after, limit)?;
            Ok(Some(Reading {
                // A sweep that ends goes on with the rows since its beginning.
                fills_bounds: true,
                then: found.last().copied().map(Next::Sweep),
                conversations: found,
            }))
        }
        Next::Rows(position) => {
            let (rows, conversations) = (bounds.rows, bounds.conversations);
            let found = changed::after(connection, &position, rows, conversations)?;
            Ok(found.map(|found| Reading {
                fills_bounds: found.fills_bounds,
                conversations: found.conversations,
                then: Some(Next::Rows(found.last)),
            }))
        }
    }
}

/// As many of them as the bound allows, the last one perhaps in part; and whether these are all.
fn within(new: Vec<NewEntries>, entries: i64) -> (Vec<NewEntries>, bool) {
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
        assert_eq!(within(all.clone(), 9), (all.clone(), true));
        let part = vec![new(1, None, 3), new(2, Some(5), 7), new(4, None, 0)];
        assert_eq!(within(all.clone(), 5), (part, false));
        let whole = vec![new(1, None, 3), new(4, None, 0)];
        assert_eq!(within(all, 3), (whole, false));
    }
}
