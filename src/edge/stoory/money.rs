//! Amounts in Stoory's form: whole units of the currency, as numbers or as people type them.

use serde_json::{Number, Value, json};

use crate::domain::flow::{Field, Money};
use crate::domain::whole;

/// The reason that a refused amount gets.
pub const NOT_AN_AMOUNT: &str = "must be an amount, like 5000 or 5,000.50";

/// The number of decimal digits of a field's currency.
pub fn digits_of(field: &Field) -> u32 {
    Money::digits(field.currency.as_deref().unwrap_or(""))
}

/// An amount of the smallest unit as a number of whole units.
pub fn units(smallest: i64, digits: u32) -> Value {
    let unit = 10_i64.pow(digits.min(4));
    match smallest % unit {
        0 => json!(smallest / unit),
        _ => json!(smallest as f64 / unit as f64),
    }
}

/// Money as a number of whole units; `None` for what is no money.
pub fn in_units(money: &Value) -> Option<Value> {
    let money: Money = serde_json::from_value(money.clone()).ok()?;
    Some(units(money.amount, Money::digits(&money.currency)))
}

/// A number of whole units as an amount of the smallest unit.
pub fn of_number(number: &Number, digits: u32) -> Option<i64> {
    // 500.0 is 500, even if a currency has no decimal digits.
    match whole::of(&Value::Number(number.clone())) {
        Some(units) => plain(&units.to_string(), digits),
        None => plain(&number.to_string(), digits),
    }
}

/// Reads a typed amount in the smallest unit: `5000`, `₹5000`, `5,000.50`, `Rs 5000`, `5000 INR`, `₹5,000/-`. Ambiguous input, such
/// as `5,00` or `5.000`, is refused.
pub fn of_text(text: &str, currency: &str) -> Option<i64> {
    let text = text.trim().to_lowercase();
    let bare = unsigned(&text, currency);
    let (whole, rest) = bare.split_once('.').map_or((bare, None), split_off);
    let whole = ungrouped(whole)?;
    let number = match rest {
        Some(rest) => format!("{whole}.{rest}"),
        None => whole,
    };
    plain(&number, Money::digits(currency))
}

fn split_off<'a>((whole, rest): (&'a str, &'a str)) -> (&'a str, Option<&'a str>) {
    (whole, Some(rest))
}

/// The signs and words of a currency beside an amount, in lower case, longer ones first.
fn signs(currency: &str) -> Vec<String> {
    let known: &[&str] = match currency {
        "INR" => &["rupees", "rupee", "rs.", "rs", "₹", "/-"],
        "USD" => &["us$", "$"],
        "EUR" => &["€"],
        "GBP" => &["£"],
        "JPY" => &["¥"],
        _ => &[],
    };
    let code = currency.to_lowercase();
    let mut all: Vec<String> = known.iter().map(|sign| (*sign).to_owned()).collect();
    all.extend((!code.is_empty()).then_some(code));
    all
}

/// Strips one sign before the amount and the signs after it.
fn unsigned<'a>(text: &'a str, currency: &str) -> &'a str {
    let signs = signs(currency);
    let before = signs.iter().find_map(|sign| text.strip_prefix(sign));
    let mut bare = before.unwrap_or(text).trim();
    for sign in &signs {
        bare = bare.strip_suffix(sign.as_str()).unwrap_or(bare).trim_end();
    }
    bare
}

/// Strips the commas between thousands, Indian or Western; `None` if they are elsewhere.
fn ungrouped(whole: &str) -> Option<String> {
    let groups: Vec<&str> = whole.split(',').collect();
    let [first, middle @ .., last] = groups.as_slice() else {
        return Some(whole.to_owned());
    };
    let all = |width: usize| middle.iter().all(|group| group.len() == width);
    let western = (1..=3).contains(&first.len()) && all(3);
    let indian = (1..=2).contains(&first.len()) && all(2);
    ((western || indian) && last.len() == 3).then(|| groups.concat())
}

/// Reads digits, with at most this many after an optional point.
fn plain(number: &str, digits: u32) -> Option<i64> {
    let (whole, rest) = number.split_once('.').map_or((number, ""), |parts| parts);
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let has_point = number.len() > whole.len();
    let fits = !whole.is_empty() && rest.len() <= digits as usize && has_point != rest.is_empty();
    if !fits || !are_digits(whole) || !are_digits(rest) {
        return None;
    }
    format!("{whole}{rest:0<width$}", width = digits as usize)
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_ways_in_which_people_write_rupees() {
        for (text, paise) in [
            ("5000", 500_000),
            ("₹5000", 500_000),
            ("₹ 5,000", 500_000),
            ("5,000.50", 500_050),
            ("5000.5", 500_050),
            ("Rs 5000", 500_000),
            ("Rs. 5,000/-", 500_000),
            ("rs5000", 500_000),
            ("INR 5000", 500_000),
            ("5000 INR", 500_000),
            ("5000 rupees", 500_000),
            ("1,25,000", 12_500_000),
            ("12,34,56,789.01", 12_345_678_901),
            ("1,234,567", 123_456_700),
            (" 0.01 ", 1),
            ("0", 0),
        ] {
            assert_eq!(of_text(text, "INR"), Some(paise), "{text}");
        }
    }

    #[test]
    fn what_might_mean_two_things_means_nothing() {
        for text in [
            "",
            " ",
            "₹",
            "rs.",
            ".",
            "5.",
            ".5",
            "5,00",
            "5.000",
            "50,00",
            "1,2345",
            ",500",
            "5,,000",
            "1,234,56",
            "1,25,00,0",
            "5 000",
            "-5",
            "+5",
            "5e3",
            "5k",
            "five",
            "0x10",
            "5000.505",
            "₹₹5",
            "$5",
            "5 lakh",
            "５",
            "5-6",
            "NaN",
            "inf",
            "1/2",
            "5\u{0}",
            "99999999999999999999",
        ] {
            assert_eq!(of_text(text, "INR"), None, "{text}");
        }
        assert_eq!(of_text("$12.50", "USD"), Some(1_250));
        assert_eq!(of_text("¥5,000", "JPY"), Some(5_000));
        assert_eq!(of_text("5.5", "JPY"), None);
        assert_eq!(of_text("₹5", "USD"), None);
    }

    #[test]
    fn numbers_are_whole_units() {
        let number = |value: Value| match value {
            Value::Number(number) => of_number(&number, 2),
            _ => None,
        };
        assert_eq!(number(json!(5000)), Some(500_000));
        assert_eq!(number(json!(5000.5)), Some(500_050));
        assert_eq!(number(json!(0.1)), Some(10));
        for wrong in [
            json!(-1),
            json!(1e300),
            json!(0.001),
            json!(1e19),
            json!(i64::MAX),
        ] {
            assert_eq!(number(wrong), None);
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,40}", currency in "[A-Z]{0,3}") {
            let _ = of_text(&text, &currency);
        }

        #[test]
        fn no_text_like_an_amount_makes_it_panic(text in "[₹Rrs. ,0-9/-]{0,24}") {
            if let Some(paise) = of_text(&text, "INR") {
                prop_assert!(paise >= 0);
                prop_assert!(text.chars().any(|c| c.is_ascii_digit()));
            }
        }

        #[test]
        fn every_amount_comes_back_however_it_is_written(paise in 0_i64..1_000_000_000_000, sign in "(₹|Rs |Rs\\.|INR )?") {
            let (rupees, rest) = (paise / 100, paise % 100);
            let written = format!("{sign}{rupees}.{rest:02}");
            prop_assert_eq!(of_text(&written, "INR"), Some(paise));
            let western = rupees.to_string().as_bytes().rchunks(3).rev()
                .map(|group| String::from_utf8_lossy(group).into_owned()).collect::<Vec<_>>().join(",");
            let grouped = format!("{sign}{western}.{rest:02}");
            prop_assert_eq!(of_text(&grouped, "INR"), Some(paise));
        }

        #[test]
        fn units_come_back(paise in 0_i64..1_000_000_000_000) {
            let shown = units(paise, 2);
            prop_assert_eq!(of_text(&shown.to_string(), "INR"), Some(paise));
        }
    }
}
