//! Problems of a file, with positions.

use std::cell::RefCell;
use std::fmt;

/// The most problems that are returned.
const MOST: usize = 200;

/// A problem of a file.
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

/// The source of a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A file: all rules apply.
    File,
    /// The database: rules of later releases do not apply, because deals may run by it.
    Store,
}

/// The position in bytes, the message, the help.
type Finding = (usize, String, Option<String>);

/// Collects problems while a file is read. Reading continues after a problem, so that all are reported at once.
pub struct Problems {
    origin: Origin,
    found: RefCell<Vec<Finding>>,
    warned: RefCell<Vec<Finding>>,
}

impl Problems {
    /// An empty collection.
    pub fn new(origin: Origin) -> Self {
        Self {
            origin,
            found: RefCell::default(),
            warned: RefCell::default(),
        }
    }

    /// The source of the definition.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// Adds a warning: something that is permitted but probably unintended.
    pub fn warn(&self, at: usize, message: impl Into<String>, help: impl Into<String>) {
        let entry = (at, message.into(), Some(help.into()));
        self.warned.borrow_mut().push(entry);
    }

    /// Adds the errors of the TOML parser.
    pub fn add_toml(&self, source: &str, errors: &[toml::de::Error]) {
        for error in errors {
            let at = error.span().map_or(0, |span| span.start);
            if is_bare_word(source, at) {
                let help = "texts and expressions stand in quotes: \"input.price\"";
                self.advise(at, "this is not a TOML value", help);
            } else {
                self.add(at, error.message());
            }
        }
    }

    /// Adds a problem at a byte of the source.
    pub fn add(&self, at: usize, message: impl Into<String>) {
        self.found.borrow_mut().push((at, message.into(), None));
    }

    /// Adds a problem with a hint about what would be right.
    pub fn advise(&self, at: usize, message: impl Into<String>, help: impl Into<String>) {
        let entry = (at, message.into(), Some(help.into()));
        self.found.borrow_mut().push(entry);
    }

    /// Whether there are no problems.
    pub fn is_empty(&self) -> bool {
        self.found.borrow().is_empty()
    }

    /// All problems, in the order of the file.
    pub fn all(&self, source: &str) -> Vec<Problem> {
        placed(&self.found.borrow(), source)
    }

    /// All warnings, in the order of the file.
    pub fn warnings(&self, source: &str) -> Vec<Problem> {
        placed(&self.warned.borrow(), source)
    }
}

fn placed(found: &[Finding], source: &str) -> Vec<Problem> {
    let placed = found.iter().map(|(at, message, help)| {
        let (line, column) = line_and_column(source, *at);
        Problem {
            line,
            column,
            message: message.clone(),
            help: help.clone(),
        }
    });
    let mut found: Vec<Problem> = placed.collect();
    found.sort();
    found.dedup();
    found.truncate(MOST);
    found
}

/// Whether the value at this position is a word without quotes that TOML does not know.
fn is_bare_word(source: &str, at: usize) -> bool {
    let (before, after) = source.split_at_checked(at).unwrap_or((source, ""));
    let end = after.find(|c: char| !(c.is_alphanumeric() || c == '_'));
    let word = after.get(..end.unwrap_or(after.len())).unwrap_or("");
    before.trim_end_matches([' ', '\t']).ends_with('=')
        && word.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && !["true", "false", "inf", "nan"].contains(&word)
}

/// The line and character of a byte of the source.
fn line_and_column(source: &str, at: usize) -> (usize, usize) {
    let before = source.get(..at).unwrap_or(source);
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let column = before.get(start..).unwrap_or("").chars().count() + 1;
    (line, column)
}

/// The most similar known name, for "did you mean …".
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let scored = known
        .into_iter()
        .map(|other| (distance(name, other), other));
    let (distance, other) = scored.min()?;
    (distance <= name.len().max(3) / 3).then_some(other)
}

/// The number of characters that must be changed, added, removed or swapped with a neighbour.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    // The two previous rows, because neighbours may be swapped.
    let (mut before, mut above): (Vec<usize>, Vec<usize>) =
        (Vec::new(), (0..=other.len()).collect());
    for (line, a) in one.iter().enumerate() {
        let mut row = vec![line + 1];
        for (column, b) in other.iter().enumerate() {
            let cell = |row: &[usize], column: usize| row.get(column).copied();
            let changed = cell(&above, column).map(|cost| cost + usize::from(a != b));
            let removed = cell(&above, column + 1).map(|cost| cost + 1);
            let added = cell(&row, column).map(|cost| cost + 1);
            let previous = |list: &[char], index: usize| list.get(index.checked_sub(1)?).copied();
            let is_swap = previous(&one, line) == Some(*b) && previous(&other, column) == Some(*a);
            let swapped = column.checked_sub(1).filter(|_| is_swap);
            let swapped = swapped
                .and_then(|column| cell(&before, column))
                .map(|cost| cost + 1);
            let costs = [changed, removed, added, swapped];
            row.push(costs.into_iter().flatten().min().unwrap_or(0));
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_has_its_line_and_character() {
        assert_eq!(line_and_column("ä\nöü = 1", 0), (1, 1));
        assert_eq!(line_and_column("ä\nöü = 1", 7), (2, 3));
        assert_eq!(line_and_column("x", 99), (1, 2));
    }

    #[test]
    fn near_names_are_found() {
        let known = ["chat_closed", "real_time", "initial"];
        assert_eq!(nearest("chat_clsed", known), Some("chat_closed"));
        assert_eq!(nearest("realtime", known), Some("real_time"));
        assert_eq!(nearest("payment", known), None);
        assert_eq!(nearest("ovre", ["over", "asked"]), Some("over"));
    }
}
