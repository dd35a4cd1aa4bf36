//! What is wrong with a flow file, and where.

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;

/// More than these are not told at once.
const MOST: usize = 200;

/// One thing that is wrong with a flow file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: {}", self.line, self.column, self.message)?;
        match &self.help {
            Some(help) => write!(formatter, " ({help})"),
            None => Ok(()),
        }
    }
}

/// What has been found while a file is read: reading goes on after a problem, so that all are told at once.
#[derive(Default)]
pub(super) struct Problems {
    found: RefCell<Vec<(usize, String, Option<String>)>>,
}

impl Problems {
    /// Notes a problem at a byte of the source.
    pub(super) fn add(&self, at: usize, message: impl Into<String>) {
        self.found.borrow_mut().push((at, message.into(), None));
    }

    /// Notes a problem, and what would be right.
    pub(super) fn advise(&self, at: usize, message: impl Into<String>, help: impl Into<String>) {
        let entry = (at, message.into(), Some(help.into()));
        self.found.borrow_mut().push(entry);
    }

    /// Whether nothing was found.
    pub(super) fn is_empty(&self) -> bool {
        self.found.borrow().is_empty()
    }

    /// Everything that was found, in the order of the file.
    pub(super) fn told(self, source: &str) -> Vec<Problem> {
        let mut found: Vec<Problem> = self
            .found
            .into_inner()
            .into_iter()
            .map(|(at, message, help)| {
                let (line, column) = place(source, at);
                Problem {
                    line,
                    column,
                    message,
                    help,
                }
            })
            .collect();
        found.sort();
        found.dedup();
        found.truncate(MOST);
        found
    }
}

/// The line and the character of a byte of the source.
fn place(source: &str, at: usize) -> (usize, usize) {
    let before = source.get(..at).unwrap_or(source);
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let column = before.get(start..).unwrap_or("").chars().count() + 1;
    (line, column)
}

/// "did you mean …", where one of the known names is near.
pub(super) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let scored = known
        .into_iter()
        .map(|other| (distance(name, other), other));
    let (distance, other) = scored.min()?;
    (distance <= name.len().max(3) / 3).then_some(other)
}

/// How many characters must be changed, added or taken away.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (line, a) in one.chars().enumerate() {
        let mut above = std::mem::replace(row.first_mut().unwrap_or(&mut 0), line + 1);
        let mut left = line + 1;
        for (cell, b) in row.iter_mut().skip(1).zip(other.chars()) {
            let changed = above + usize::from(a != b);
            above = *cell;
            *cell = changed.min(above + 1).min(left + 1);
            left = *cell;
        }
    }
    row.last().copied().unwrap_or(0)
}

/// The problem's span as a byte to point at.
pub(super) fn start(span: Option<Range<usize>>) -> usize {
    span.map_or(0, |span| span.start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_has_its_line_and_character() {
        assert_eq!(place("ä\nöü = 1", 0), (1, 1));
        assert_eq!(place("ä\nöü = 1", 7), (2, 3));
        assert_eq!(place("x", 99), (1, 2));
    }

    #[test]
    fn near_names_are_found() {
        let known = ["chat_closed", "real_time", "initial"];
        assert_eq!(nearest("chat_clsed", known), Some("chat_closed"));
        assert_eq!(nearest("realtime", known), Some("real_time"));
        assert_eq!(nearest("payment", known), None);
    }
}
