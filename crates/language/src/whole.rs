//! Whole numbers in JSON: 1, 1.0 and 1e0 are the same number, 1.5 is not whole.

use serde::Deserializer;
use serde::de::{Error, Unexpected, Visitor};
use serde_json::Value;
use std::fmt;
use std::marker::PhantomData;

/// The greatest integer that every JSON parser represents exactly: 2^53 − 1. Browsers round greater ones.
pub const EXACT: i64 = 9_007_199_254_740_991;

/// For `deserialize_with`: a required field.
pub fn required<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<i128>,
{
    // `deserialize_any`, because a parser asked for an integer may refuse 1.0.
    deserializer.deserialize_any(Whole(PhantomData))
}

/// For `deserialize_with`, together with `default`: a field that may be absent or null.
pub fn optional<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<i128>,
{
    deserializer.deserialize_option(Maybe(PhantomData))
}

/// A value as a whole number.
///
/// ```
/// use serde_json::json;
///
/// // JSON has numbers, and no integers (RFC 8259, section 6); beyond 2^53 readers may round (RFC 7493, section 2.2).
/// assert_eq!(language::whole::of(&json!(5e2)), Some(500));
/// assert_eq!(language::whole::of(&json!(1.5)), None);
/// assert_eq!(language::whole::of(&json!(9_007_199_254_740_994.0)), None);
/// ```
pub fn of(value: &Value) -> Option<i64> {
    let number = value.as_number()?;
    number
        .as_i64()
        .or_else(|| of_fraction(number.as_f64()?)?.try_into().ok())
}

/// A floating point number as a whole number; `None` above 2^53, where it may stand for several.
fn of_fraction(number: f64) -> Option<i128> {
    let is_whole = number.fract() == 0.0 && number.abs() <= EXACT as f64;
    is_whole.then_some(number as i128)
}

struct Whole<T>(PhantomData<T>);

impl<T: TryFrom<i128>> Visitor<'_> for Whole<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        let wrong = Unexpected::Signed(number);
        T::try_from(number.into()).map_err(|_| E::invalid_value(wrong, &self))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        let wrong = Unexpected::Unsigned(number);
        T::try_from(number.into()).map_err(|_| E::invalid_value(wrong, &self))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<T, E> {
        of_fraction(number)
            .and_then(|whole| T::try_from(whole).ok())
            .ok_or_else(|| E::invalid_value(Unexpected::Float(number), &self))
    }
}

struct Maybe<T>(PhantomData<T>);

impl<'de, T: TryFrom<i128>> Visitor<'de> for Maybe<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number")
    }

    fn visit_none<E: Error>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_unit<E: Error>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
        required(deserializer).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    struct Sample {
        #[serde(deserialize_with = "required")]
        must: i64,
        #[serde(default, deserialize_with = "optional")]
        may: Option<u64>,
    }

    fn must(number: &str) -> Option<i64> {
        let read: Result<Sample, _> = serde_json::from_str(&format!(r#"{{"must":{number}}}"#));
        read.ok().map(|sample| sample.must)
    }

    fn may(number: &str) -> Result<Option<u64>, String> {
        let text = format!(r#"{{"must":1,"may":{number}}}"#);
        let read: Result<Sample, _> = serde_json::from_str(&text);
        read.map(|sample| sample.may)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn one_number_has_several_spellings() {
        for (spelling, number) in [
            ("7", 7),
            ("7.0", 7),
            ("7e0", 7),
            ("0.7E+1", 7),
            ("-7.0", -7),
            ("-0.0", 0),
            ("5e5", 500_000),
            ("9007199254740993", 9_007_199_254_740_993),
            ("9223372036854775807", i64::MAX),
        ] {
            assert_eq!(must(spelling), Some(number), "{spelling}");
            let value: Value = serde_json::from_str(spelling).unwrap();
            assert_eq!(of(&value), Some(number), "{spelling}");
        }
        assert_eq!(may("null"), Ok(None));
        assert_eq!(may("18446744073709551615"), Ok(Some(u64::MAX)));
        let absent: Sample = serde_json::from_str(r#"{"must":1}"#).unwrap();
        assert_eq!(absent.may, None);
    }

    #[test]
    fn what_is_no_whole_number_or_not_exactly_one_is_refused() {
        for wrong in [
            "1.5",
            "1e-1",
            "\"7\"",
            "true",
            "null",
            "[7]",
            "9007199254740993.0",
            "1e300",
            "9223372036854775808",
        ] {
            assert_eq!(must(wrong), None, "{wrong}");
            let value: Value = serde_json::from_str(wrong).unwrap();
            assert_eq!(of(&value), None, "{wrong}");
        }
        for wrong in ["-1", "-1.0", "1.5", "\"1\""] {
            let told = may(wrong).unwrap_err();
            assert!(told.contains("expected a whole number"), "{told}");
        }
    }

    proptest! {
        #[test]
        fn a_point_and_a_nought_change_nothing(number in -EXACT..=EXACT) {
            prop_assert_eq!(must(&format!("{number}.0")), Some(number));
            prop_assert_eq!(must(&number.to_string()), Some(number));
        }
    }
}
