//! Durations as flow files write them (ISO 8601): `PT48H`, `P3D`, `P1DT12H30M`.

use chrono::TimeDelta;

/// The longest time that a deal may wait in one state.
const LONGEST_DAYS: i64 = 1_000;

/// Parses an ISO 8601 duration of weeks, days, hours, minutes and seconds; positive, at most 1,000 days.
///
/// ```
/// use chrono::TimeDelta;
/// use language::period::parse;
///
/// // RFC 3339, appendix A: `P`, the days, `T`, the time.
/// assert_eq!(parse("P1DT12H30M"), Some(TimeDelta::minutes(36 * 60 + 30)));
/// // A month and a year have no fixed length.
/// assert_eq!(parse("P1M"), None);
/// ```
pub fn parse(text: &str) -> Option<TimeDelta> {
    let rest = text.strip_prefix('P')?;
    let (days, clock) = match rest.split_once('T') {
        Some((_, "")) => return None,
        Some((days, clock)) => (days, clock),
        None => (rest, ""),
    };
    let seconds = sum(days, &[('W', 604_800), ('D', 86_400)])?
        .checked_add(sum(clock, &[('H', 3_600), ('M', 60), ('S', 1)])?)?;
    let span = TimeDelta::try_seconds(seconds)?;
    (seconds > 0 && span <= TimeDelta::try_days(LONGEST_DAYS)?).then_some(span)
}

/// The sum of numbers with units; the units must be in this order, each at most once.
fn sum(mut text: &str, units: &[(char, i64)]) -> Option<i64> {
    let (mut units, mut seconds) = (units.iter(), 0_i64);
    while !text.is_empty() {
        let end = text.find(|c: char| !c.is_ascii_digit())?;
        let (number, rest) = text.split_at_checked(end)?;
        let unit = rest.chars().next()?;
        let (_, length) = units.find(|(name, _)| *name == unit)?;
        let number: i64 = number.parse().ok()?;
        seconds = seconds.checked_add(number.checked_mul(*length)?)?;
        text = rest.get(unit.len_utf8()..)?;
    }
    Some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read() {
        for (text, seconds) in [
            ("PT48H", 172_800),
            ("P3D", 259_200),
            ("P1W", 604_800),
            ("P1DT12H30M", 131_400),
            ("PT90S", 90),
        ] {
            assert_eq!(parse(text), TimeDelta::try_seconds(seconds), "{text}");
        }
    }

    #[test]
    fn what_is_no_span_is_refused() {
        for text in [
            "",
            "P",
            "PT",
            "48H",
            "PT48",
            "P3H",
            "PT0S",
            "P-1D",
            "PT1M1H",
            "P1Y",
            "P1001D",
            "PTH",
            "P1D1D",
            "PT99999999999999999999H",
            "P1é",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
