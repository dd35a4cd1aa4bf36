//! What is kept of a file, as a list of parts.

use std::ops::Range;

use crate::media::reading::Trouble;

/// The most parts: a file that needs more is made to need them.
const MOST: usize = 20_000;

/// A part of what is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// These bytes of the file.
    Copy(Range<u64>),
    /// Other bytes.
    Bytes(Vec<u8>),
    /// So many zeros.
    Zeros(u64),
}

/// What is kept of a file, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan(Vec<Part>);

impl Plan {
    /// The parts.
    pub fn parts(&self) -> &[Part] {
        &self.0
    }

    /// The size of the result.
    pub fn size(&self) -> u64 {
        let sizes = self.0.iter().map(|part| match part {
            Part::Copy(range) => range.end - range.start,
            Part::Bytes(bytes) => bytes.len() as u64,
            Part::Zeros(count) => *count,
        });
        sizes.sum()
    }

    /// Appends these bytes of the file.
    pub(super) fn copy(&mut self, range: Range<u64>) -> Result<(), Trouble> {
        if range.is_empty() {
            return Ok(());
        }
        match self.0.last_mut() {
            Some(Part::Copy(last)) if last.end == range.start => last.end = range.end,
            _ => self.push(Part::Copy(range))?,
        }
        Ok(())
    }

    /// Appends other bytes.
    pub(super) fn bytes(&mut self, bytes: Vec<u8>) -> Result<(), Trouble> {
        self.push(Part::Bytes(bytes))
    }

    /// Appends zeros.
    pub(super) fn zeros(&mut self, count: u64) -> Result<(), Trouble> {
        match count {
            0 => Ok(()),
            count => self.push(Part::Zeros(count)),
        }
    }

    /// Appends another plan for the same file.
    pub(super) fn append(&mut self, other: Self) -> Result<(), Trouble> {
        other.0.into_iter().try_for_each(|part| match part {
            Part::Copy(range) => self.copy(range),
            part => self.push(part),
        })
    }

    fn push(&mut self, part: Part) -> Result<(), Trouble> {
        if self.0.len() >= MOST {
            return Err(Trouble::Malformed);
        }
        self.0.push(part);
        Ok(())
    }
}
