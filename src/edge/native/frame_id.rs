//! The id of a native frame: a whole number of the client's choosing, echoed in its acknowledgement.

use serde::{Serialize, Serializer};

use crate::domain::whole;

/// A whole number of 64 bits, with a sign or without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameId(i128);

impl FrameId {
    /// Reads a number as it stands in JSON.
    pub fn parse(number: &str) -> Option<Self> {
        let mut reading = serde_json::Deserializer::from_str(number);
        whole::required(&mut reading).ok().map(Self)
    }
}

impl Serialize for FrameId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (u64::try_from(self.0), i64::try_from(self.0)) {
            (Ok(number), _) => serializer.serialize_u64(number),
            (_, Ok(number)) => serializer.serialize_i64(number),
            (Err(_), Err(_)) => serializer.serialize_i128(self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn echoed(number: &str) -> Option<String> {
        FrameId::parse(number).map(|id| serde_json::to_string(&id).unwrap())
    }

    #[test]
    fn whole_numbers_are_echoed_however_they_are_written() {
        for (number, echo) in [
            ("0", "0"),
            ("-0", "0"),
            ("-1", "-1"),
            ("1.0", "1"),
            ("1e0", "1"),
            ("1E3", "1000"),
            ("-2.0", "-2"),
            ("9007199254740993", "9007199254740993"),
            ("18446744073709551615", "18446744073709551615"),
            ("-9223372036854775808", "-9223372036854775808"),
        ] {
            assert_eq!(echoed(number).as_deref(), Some(echo), "{number}");
        }
    }

    #[test]
    fn what_is_not_whole_or_too_large_is_none() {
        for number in [
            "1.5",
            "1e-1",
            "1e300",
            "18446744073709551616",
            "-9223372036854775809",
            "\"7\"",
            "true",
            "{}",
            "",
        ] {
            assert_eq!(FrameId::parse(number), None, "{number}");
        }
    }

    proptest! {
        #[test]
        fn every_whole_number_comes_back(number in any::<i64>(), large in any::<u64>()) {
            prop_assert_eq!(echoed(&number.to_string()), Some(number.to_string()));
            prop_assert_eq!(echoed(&large.to_string()), Some(large.to_string()));
        }
    }
}
