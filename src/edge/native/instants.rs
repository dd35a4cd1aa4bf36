//! Times as JSON: RFC 3339 with milliseconds, in UTC.

use chrono::{DateTime, Datelike, SecondsFormat, Timelike, Utc};
use serde::Serializer;

/// RFC 3339 with milliseconds, as in `2026-01-31T09:05:00.123Z`. Every event has at least one, and chrono's formatting takes ten
/// times as long.
pub fn instant<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    let (day, time) = (at.date_naive(), at.time());
    let Ok(year @ 0..=9_999) = u32::try_from(day.year()) else {
        return serializer.serialize_str(&at.to_rfc3339_opts(SecondsFormat::Millis, true));
    };
    let mut text = *b"0000-00-00T00:00:00.000Z";
    let fields = [
        (year, 0..4),
        (day.month(), 5..7),
        (day.day(), 8..10),
        (time.hour(), 11..13),
        (time.minute(), 14..16),
        (time.second(), 17..19),
        (time.nanosecond() / 1_000_000 % 1_000, 20..23),
    ];
    for (mut number, range) in fields {
        for digit in text.get_mut(range).into_iter().flatten().rev() {
            *digit = b'0' + (number % 10) as u8;
            number /= 10;
        }
    }
    serializer.serialize_str(std::str::from_utf8(&text).unwrap_or_default())
}

/// The same as a text, where no event is encoded.
pub fn instant_text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// As `instant`, or null.
pub fn maybe_instant<S: Serializer>(
    at: &Option<DateTime<Utc>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => instant(at, serializer),
        None => serializer.serialize_none(),
    }
}
