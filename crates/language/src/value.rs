//! Values: what each type accepts, and how people see it.

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::field::FieldKind;
use crate::money::Money;
use crate::web_address::{Wrong, https_host};
use crate::whole;

/// The longest context text, in characters.
pub const LONGEST_TEXT: usize = 4_000;
/// The longest URL.
const LONGEST_URL: usize = 2_000;
/// The longest e-mail address.
const LONGEST_EMAIL: usize = 254;

/// The shape of a value, whatever kind of field it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A text or an address.
    Text,
    /// A whole number.
    Integer,
    /// A date, `YYYY-MM-DD`.
    Date,
    /// A `Money`.
    Money,
    /// True or false.
    Truth,
    /// A point in time, RFC 3339.
    Instant,
}

impl From<FieldKind> for Shape {
    fn from(kind: FieldKind) -> Self {
        match kind {
            FieldKind::Text | FieldKind::Textarea | FieldKind::Email | FieldKind::Url => Self::Text,
            FieldKind::Number => Self::Integer,
            FieldKind::Date => Self::Date,
            FieldKind::Money => Self::Money,
        }
    }
}

/// Checks a text. The error says what it must be.
pub fn text(value: &Value, most: usize) -> Result<String, String> {
    let text = value.as_str().ok_or("must be a string")?.trim();
    if text.chars().count() > most {
        return Err(format!("must have at most {most} characters"));
    }
    if text
        .chars()
        .any(|c| c.is_control() && !"\n\r\t".contains(c))
    {
        return Err("must not have control characters".to_owned());
    }
    Ok(text.to_owned())
}

/// Checks an https URL. The error says what it must be.
pub fn url(value: &Value) -> Result<String, String> {
    let text = text(value, LONGEST_URL)?;
    match https_host(&text) {
        Ok(_) if !text.contains(['\'', '`']) => Ok(text),
        Ok(_) | Err(Wrong::Scheme | Wrong::Host | Wrong::Character) => {
            Err("must be an https address".to_owned())
        }
        Err(Wrong::User) => {
            Err("must be an https address without a user or a password in it".to_owned())
        }
        Err(Wrong::Invisible) => {
            Err("must be an https address whose host has no invisible characters".to_owned())
        }
    }
}

/// Checks an e-mail address. The error says what it must be.
pub fn email(value: &Value) -> Result<String, String> {
    let text = text(value, LONGEST_EMAIL)?;
    let parts = text.split_once('@');
    let plain = |part: &str| {
        !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || "@<>\",;".contains(c))
    };
    if parts.is_some_and(|(name, host)| plain(name) && plain(host) && host.contains('.')) {
        return Ok(text);
    }
    Err("must be an e-mail address".to_owned())
}

/// Checks a date. The error says what it must be.
pub fn date(value: &Value) -> Result<String, String> {
    let wrong = "must be a date like 2026-01-31";
    let text = value.as_str().ok_or(wrong)?;
    let day = day(text).ok_or(wrong)?;
    Ok(day.format("%Y-%m-%d").to_string())
}

/// Parses a date.
pub fn day(text: &str) -> Option<NaiveDate> {
    let digits = |c: &u8| c.is_ascii_digit() || *c == b'-';
    let plain = text.len() == 10 && text.as_bytes().iter().all(digits);
    plain.then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok())?
}

/// Checks a point in time. The error says what it must be.
pub fn instant(value: &Value) -> Result<String, String> {
    let at = value.as_str().and_then(instant_of);
    let at = at.ok_or("must be a time like 2026-01-31T12:00:00Z")?;
    Ok(at.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

/// Parses a point in time (RFC 3339).
pub fn instant_of(text: &str) -> Option<DateTime<Utc>> {
    let at = DateTime::parse_from_rfc3339(text).ok()?;
    Some(at.with_timezone(&Utc))
}

/// Checks a whole number that browsers can represent and that is within these bounds. The error names the
/// bounds first.
pub fn integer(
    value: &Value,
    bounded: impl FnOnce(i64) -> Result<(), String>,
) -> Result<i64, String> {
    let number = whole::of(value).ok_or("must be a whole number")?;
    bounded(number)?;
    if number.unsigned_abs() > whole::EXACT.unsigned_abs() {
        let most = whole::EXACT;
        return Err(format!(
            "must be from -{most} to {most}: browsers cannot read others exactly"
        ));
    }
    Ok(number)
}

/// Checks an amount in this currency, not negative and within these bounds: a `Money`, or a number of smallest
/// units.
pub fn money(
    value: &Value,
    currency: &str,
    bounded: impl FnOnce(i64) -> Result<(), String>,
) -> Result<Money, String> {
    let (amount, named) = match value {
        Value::Object(fields) => {
            if fields
                .keys()
                .any(|key| key != "amount" && key != "currency")
            {
                return Err("must have an amount and a currency, nothing else".to_owned());
            }
            (fields.get("amount"), fields.get("currency"))
        }
        bare => (Some(bare), None),
    };
    let amount = amount.and_then(whole::of);
    let amount = amount.ok_or("must be an amount: a whole number of the smallest unit")?;
    if named.is_some_and(|named| named.as_str() != Some(currency)) {
        return Err(format!("must be in {currency}"));
    }
    if amount < 0 {
        return Err("must not be negative".to_owned());
    }
    bounded(amount)?;
    if amount > whole::EXACT {
        let most = whole::EXACT;
        return Err(format!(
            "must be at most {most}: browsers cannot read greater amounts exactly"
        ));
    }
    Ok(Money {
        amount,
        currency: currency.to_owned(),
    })
}

/// The JSON of a `Money`.
pub fn of_money(money: &Money) -> Value {
    json!({ "amount": money.amount, "currency": money.currency })
}

/// A value as people see it; `None` if it is missing.
pub fn shown(value: Option<&Value>, shape: Shape) -> Option<String> {
    let found = value.and_then(|value| match shape {
        Shape::Text => value.as_str().map(str::to_owned),
        Shape::Integer => value.as_i64().map(|number| number.to_string()),
        Shape::Date => {
            let day = day(value.as_str()?)?;
            Some(day.format("%-d %B %Y").to_string())
        }
        Shape::Money => {
            let amount = value.get("amount")?.as_i64()?;
            Some(shown_money(amount, value.get("currency")?.as_str()?))
        }
        Shape::Truth => value.as_bool().map(|truth| truth.to_string()),
        Shape::Instant => {
            let at = instant_of(value.as_str()?)?;
            Some(at.format("%-d %B %Y, %H:%M UTC").to_string())
        }
    });
    found.filter(|text| !text.is_empty())
}

/// `₹1,25,000.00`, `$12.50`, `CHF 8.00`.
pub fn shown_money(amount: i64, currency: &str) -> String {
    let digits = Money::digits(currency);
    let sign = match currency {
        "INR" => "₹".to_owned(),
        "USD" => "$".to_owned(),
        "EUR" => "€".to_owned(),
        "GBP" => "£".to_owned(),
        "JPY" => "¥".to_owned(),
        other => format!("{other} "),
    };
    let unit = 10_u64.pow(digits);
    let size = amount.unsigned_abs();
    let minus = if amount < 0 { "-" } else { "" };
    let whole = grouped(size / unit, currency == "INR");
    match digits as usize {
        0 => format!("{minus}{sign}{whole}"),
        width => format!("{minus}{sign}{whole}.{:0width$}", size % unit),
    }
}

/// With commas between groups of three digits; in the Indian system, groups of two above the first three.
fn grouped(number: u64, indian: bool) -> String {
    let digits = number.to_string();
    let mut told = String::new();
    for (index, digit) in digits.chars().enumerate() {
        let left = digits.len() - index;
        let comma = if indian {
            left >= 3 && left % 2 == 1
        } else {
            left.is_multiple_of(3)
        };
        if index > 0 && comma {
            told.push(',');
        }
        told.push(digit);
    }
    told
}

/// Whether a text is three capital letters.
pub fn is_currency(text: &str) -> bool {
    text.len() == 3 && text.chars().all(|c| c.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_shown_as_people_write_it() {
        for (amount, currency, wanted) in [
            (500_000, "INR", "₹5,000.00"),
            (12_500_050, "INR", "₹1,25,000.50"),
            (12_345_678_900, "INR", "₹12,34,56,789.00"),
            (1_250, "USD", "$12.50"),
            (12_345_678_905, "USD", "$123,456,789.05"),
            (5, "EUR", "€0.05"),
            (5_000, "JPY", "¥5,000"),
            (8_000, "KWD", "KWD 8.000"),
            (-100, "CHF", "-CHF 1.00"),
        ] {
            assert_eq!(shown_money(amount, currency), wanted);
        }
    }

    #[test]
    fn values_are_shown() {
        let shown = |value, shape| shown(Some(&value), shape).unwrap_or_default();
        assert_eq!(shown(json!("2026-03-01"), Shape::Date), "1 March 2026");
        assert_eq!(shown(json!(7), Shape::Integer), "7");
        assert_eq!(shown(json!("x"), Shape::Text), "x");
        assert_eq!(shown(json!(true), Shape::Truth), "true");
        let at = shown(json!("2026-03-01T10:05:00+01:00"), Shape::Instant);
        assert_eq!(at, "1 March 2026, 09:05 UTC");
        assert_eq!(shown(json!({ "amount": 1 }), Shape::Money), "");
        assert_eq!(super::shown(None, Shape::Money), None);
    }

    #[test]
    fn forms_are_checked() {
        assert!(url(&json!("https://drive.google.com/x")).is_ok());
        for wrong in ["http://x.y", "https://", "https:// x", "javascript:x", "x"] {
            assert!(url(&json!(wrong)).is_err(), "{wrong}");
        }
        assert!(email(&json!("a@b.c")).is_ok());
        for wrong in ["a@b", "@b.c", "a b@c.d", "a@b@c.d"] {
            assert!(email(&json!(wrong)).is_err(), "{wrong}");
        }
        assert!(date(&json!("2026-02-28")).is_ok());
        for wrong in ["2026-02-30", "26-02-03", "2026-2-3", "+026-02-03"] {
            assert!(date(&json!(wrong)).is_err(), "{wrong}");
        }
        assert_eq!(
            instant(&json!("2026-03-01T10:05:00.5+01:00")).as_deref(),
            Ok("2026-03-01T09:05:00.500Z")
        );
        for wrong in ["2026-03-01", "2026-03-01T10:05:00", "now"] {
            assert!(instant(&json!(wrong)).is_err(), "{wrong}");
        }
        let any = |value| integer(&value, |_| Ok(()));
        assert_eq!(any(json!(-5.0)), Ok(-5));
        assert_eq!(any(json!(-whole::EXACT)), Ok(-whole::EXACT));
        for wrong in [
            json!(0.5),
            json!("5"),
            json!(i64::MIN),
            json!(whole::EXACT + 1),
        ] {
            assert!(any(wrong.clone()).is_err(), "{wrong}");
        }
        let rupees = |value| money(&value, "INR", |_| Ok(())).map(|money| money.amount);
        assert_eq!(rupees(json!(5)), Ok(5));
        assert_eq!(rupees(json!(5.0)), Ok(5));
        assert_eq!(rupees(json!(whole::EXACT)), Ok(whole::EXACT));
        assert_eq!(rupees(json!({ "amount": 5, "currency": "INR" })), Ok(5));
        for wrong in [
            json!(-1),
            json!(1.5),
            json!(whole::EXACT + 1),
            json!(i64::MAX),
            json!("5"),
            json!({ "amount": 5, "currency": "USD" }),
            json!({ "amount": 5, "tip": 1 }),
        ] {
            assert!(rupees(wrong).is_err());
        }
    }
}
