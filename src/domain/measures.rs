//! How large a picture is shown and which previews it has, how long a recording plays, and how loud it is over time.

use serde::{Deserialize, Serialize};

use super::preview::{Preview, PreviewKind};
use super::refusal::Refusal;

/// How a file is shown or played: what its bytes say, and what its uploader measured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measures {
    /// The width in pixels, as a picture or a film is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// The height in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// How long a recording or a film plays, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u32>,
    /// How loud a recording is over time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waveform: Option<Waveform>,
    /// A small picture of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thumb: Option<Preview>,
    /// A larger one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub view: Option<Preview>,
}

impl Measures {
    /// The preview of this kind, if there is one.
    pub fn preview(&self, kind: PreviewKind) -> Option<Preview> {
        match kind {
            PreviewKind::Thumb => self.thumb,
            PreviewKind::View => self.view,
        }
    }
}

/// How loud a recording is over time: 16 to 64 numbers from 0 to 100, as its uploader measured it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Waveform(Vec<u8>);

impl Waveform {
    /// The fewest and the most numbers.
    const COUNT: std::ops::RangeInclusive<usize> = 16..=64;
    /// The largest number.
    const LOUDEST: u8 = 100;

    /// Reads numbers that are separated by commas.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let numbers = text.split(',').map(|number| number.trim().parse::<u8>());
        let numbers: Result<Vec<u8>, _> = numbers.take(Self::COUNT.end() + 1).collect();
        let wrong = || {
            let must = "must be 16 to 64 numbers from 0 to 100, separated by commas";
            Refusal::invalid("waveform", must)
        };
        Self::stored(numbers.map_err(|_| wrong())?).ok_or_else(wrong)
    }

    /// Numbers from the database; `None` if they are not such ones.
    pub fn stored(numbers: Vec<u8>) -> Option<Self> {
        let fits = Self::COUNT.contains(&numbers.len())
            && numbers.iter().all(|number| *number <= Self::LOUDEST);
        fits.then_some(Self(numbers))
    }

    /// The numbers.
    pub fn numbers(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_waveform_has_16_to_64_numbers_up_to_100() {
        let of = |count: usize, number: &str| Waveform::parse(&vec![number; count].join(","));
        for count in [16, 64] {
            assert_eq!(
                of(count, " 100").map(|wave| wave.numbers().len()),
                Ok(count)
            );
        }
        for (count, number) in [
            (15, "1"),
            (65, "1"),
            (16, "101"),
            (16, "-1"),
            (16, ""),
            (16, "1.5"),
        ] {
            assert!(of(count, number).is_err(), "{count} of {number}");
        }
    }
}
