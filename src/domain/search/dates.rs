//! Dates of a query: a day of UTC, or a moment.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};

/// The beginning and the end of a day, or a moment twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct When {
    pub(super) begin: DateTime<Utc>,
    pub(super) end: DateTime<Utc>,
}

/// Years that the database can store and a day can be added to.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=9999;

/// Reads `2026-11-27` or `2026-11-27T10:00:00Z`.
pub(super) fn read(text: &str) -> Option<When> {
    use chrono::Datelike;
    let when = day(text).or_else(|| moment(text))?;
    YEARS.contains(&when.begin.year()).then_some(when)
}

/// Reads `2026-11-27`.
pub(super) fn day(text: &str) -> Option<When> {
    // chrono would also read `2026-1-2`, and spaces.
    if text.len() != 10 {
        return None;
    }
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    let next = day.checked_add_days(Days::new(1))?;
    let start = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
    Some(When {
        begin: start(day),
        end: start(next),
    })
}

fn moment(text: &str) -> Option<When> {
    let moment = DateTime::parse_from_rfc3339(text).ok()?.with_timezone(&Utc);
    Some(When {
        begin: moment,
        end: moment,
    })
}
