//! A TOML file as a tree that knows positions and reports problems there.

use serde_json::{Map, Value, json};
use std::cell::RefCell;
use std::ops::RangeInclusive;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::problem::{Origin, Problems, nearest};

/// A value with its key.
#[derive(Clone, Copy)]
pub struct Item<'a> {
    /// Its key; an element of a list has the list's key.
    pub key: &'a str,
    /// The position of the key.
    pub key_at: usize,
    value: &'a Spanned<DeValue<'a>>,
    problems: &'a Problems,
}

/// A table whose keys are taken one by one; a key that is never taken is unknown.
pub struct Section<'a> {
    /// What the table is, for messages: `a state`.
    what: &'static str,
    /// Its position.
    pub at: usize,
    entries: Vec<Item<'a>>,
    taken: RefCell<Vec<&'static str>>,
    /// Receives the problems.
    pub problems: &'a Problems,
}

impl<'a> Section<'a> {
    /// The whole file. `what` names it in messages: `a flow file`.
    pub fn of_file(what: &'static str, table: &'a DeTable<'a>, problems: &'a Problems) -> Self {
        Self::new(what, 0, table, problems)
    }

    fn new(what: &'static str, at: usize, table: &'a DeTable<'a>, problems: &'a Problems) -> Self {
        let mut entries: Vec<Item<'a>> = table
            .iter()
            .map(|(key, value)| Item {
                key: key.get_ref(),
                key_at: key.span().start,
                value,
                problems,
            })
            .collect();
        entries.sort_by_key(|entry| entry.key_at);
        Self {
            what,
            at,
            entries,
            taken: RefCell::default(),
            problems,
        }
    }

    /// All items, in the order of the file; for tables whose keys are names.
    pub fn all(&self) -> &[Item<'a>] {
        &self.entries
    }

    /// The item with this key.
    pub fn item(&self, key: &'static str) -> Option<Item<'a>> {
        self.taken.borrow_mut().push(key);
        self.entries.iter().find(|entry| entry.key == key).copied()
    }

    /// The item with this key; reports a missing one.
    pub fn need(&self, key: &'static str) -> Option<Item<'a>> {
        let found = self.item(key);
        if found.is_none() {
            let message = format!("{} needs `{key}`", self.what);
            self.problems.add(self.at, message);
        }
        found
    }

    /// The table with this key.
    pub fn section(&self, key: &'static str, what: &'static str) -> Option<Section<'a>> {
        self.item(key)?.section(what)
    }

    /// The boolean with this key; false if absent.
    pub fn flag(&self, key: &'static str) -> bool {
        self.item(key).and_then(|item| item.flag()).unwrap_or(false)
    }

    /// Reports every key that was not taken.
    pub fn finish(&self) {
        let taken = self.taken.borrow();
        let mut known: Vec<&str> = Vec::new();
        for key in taken.iter() {
            if !known.contains(key) {
                known.push(key);
            }
        }
        for entry in &self.entries {
            if taken.contains(&entry.key) {
                continue;
            }
            let message = format!("{} has no key `{}`", self.what, entry.key);
            match nearest(entry.key, taken.iter().copied()) {
                Some(known) => {
                    let help = format!("did you mean `{known}`?");
                    self.problems.advise(entry.key_at, message, help);
                }
                None => {
                    let help = format!("it knows {}", known.join(", "));
                    self.problems.advise(entry.key_at, message, help);
                }
            }
        }
    }
}

impl<'a> Item<'a> {
    /// The position of the value.
    pub fn at(self) -> usize {
        self.value.span().start
    }

    /// Reports a problem at the value.
    pub fn complain(self, message: impl Into<String>) {
        self.problems.add(self.at(), message);
    }

    /// Reports a problem at the value, with a hint about what would be right.
    pub fn advise(self, message: impl Into<String>, help: impl Into<String>) {
        self.problems.advise(self.at(), message, help);
    }

    fn mismatch(self, wanted: &str) {
        let found = match self.value.get_ref() {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a decimal number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.complain(format!("`{}` must be {wanted}, not {found}", self.key));
    }

    /// Whether it is a string.
    pub fn is_text(self) -> bool {
        matches!(self.value.get_ref(), DeValue::String(_))
    }

    /// Whether it is a table.
    pub fn is_table(self) -> bool {
        matches!(self.value.get_ref(), DeValue::Table(_))
    }

    /// Whether it is a list.
    pub fn is_list(self) -> bool {
        matches!(self.value.get_ref(), DeValue::Array(_))
    }

    /// A string of 1 to `most` characters.
    pub fn text(self, most: usize) -> Option<&'a str> {
        let DeValue::String(text) = self.value.get_ref() else {
            self.mismatch("a string");
            return None;
        };
        let length = text.chars().count();
        if text.trim().is_empty() {
            self.complain(format!("`{}` is empty", self.key));
        } else if length > most {
            let message = format!("`{}` has {length} characters; at most {most}", self.key);
            self.complain(message);
        } else if text
            .chars()
            .any(|c| c.is_control() && c != '\n' && c != '\t')
        {
            self.complain(format!("`{}` has control characters in it", self.key));
        } else if let Some(character) = text.chars().find(|c| !is_xml(*c))
            && self.problems.origin() == Origin::File
        {
            let code = u32::from(character);
            let message = format!("`{}` has the character U+{code:04X} in it", self.key);
            self.advise(message, "a picture of the flow cannot show it");
        } else {
            return Some(text);
        }
        None
    }

    /// A name: lower-case letters, digits and underscores, at most 64.
    pub fn name(self) -> Option<&'a str> {
        let name = self.text(64)?;
        if is_name(name) {
            return Some(name);
        }
        self.advise(
            format!("`{name}` is not a name"),
            "small letters, digits and underscores, beginning with a letter",
        );
        None
    }

    /// The key as a name.
    pub fn key_name(self) -> Option<&'a str> {
        if is_name(self.key) && self.key.len() <= 64 {
            return Some(self.key);
        }
        self.problems.advise(
            self.key_at,
            format!("`{}` is not a name", self.key),
            "small letters, digits and underscores, beginning with a letter, at most 64",
        );
        None
    }

    /// A whole number in this range.
    pub fn integer(self, range: RangeInclusive<i64>) -> Option<i64> {
        let DeValue::Integer(number) = self.value.get_ref() else {
            self.mismatch("a whole number");
            return None;
        };
        let found = i64::from_str_radix(number.as_str(), number.radix()).ok();
        let found = found.filter(|found| range.contains(found));
        if found.is_none() {
            let (least, most) = range.into_inner();
            let message = format!("`{}` must be from {least} to {most}", self.key);
            self.complain(message);
        }
        found
    }

    /// A boolean.
    pub fn flag(self) -> Option<bool> {
        let DeValue::Boolean(truth) = self.value.get_ref() else {
            self.mismatch("true or false");
            return None;
        };
        Some(*truth)
    }

    /// A list of at most `most` items.
    pub fn list(self, most: usize) -> Option<Vec<Item<'a>>> {
        let DeValue::Array(list) = self.value.get_ref() else {
            self.mismatch("a list");
            return None;
        };
        if list.len() > most {
            let message = format!("`{}` has {} entries; at most {most}", self.key, list.len());
            self.complain(message);
            return None;
        }
        Some(list.iter().map(|value| Item { value, ..self }).collect())
    }

    /// A list, or a single item.
    pub fn one_or_many(self, most: usize) -> Option<Vec<Item<'a>>> {
        if self.is_list() {
            self.list(most)
        } else {
            Some(vec![self])
        }
    }

    /// The value as JSON. Reports decimal numbers and dates, and returns `None` for them.
    pub fn json(self) -> Option<Value> {
        match self.value.get_ref() {
            DeValue::String(text) => Some(json!(text)),
            DeValue::Integer(_) => self.integer(i64::MIN..=i64::MAX).map(Value::from),
            DeValue::Boolean(truth) => Some(json!(truth)),
            DeValue::Array(_) => {
                let items = self.list(1_000)?;
                items.into_iter().map(Self::json).collect()
            }
            DeValue::Table(_) => {
                let section = self.section("a table")?;
                let fields = section.all().iter();
                let fields = fields.map(|item| Some((item.key.to_owned(), item.json()?)));
                fields
                    .collect::<Option<Map<String, Value>>>()
                    .map(Value::Object)
            }
            DeValue::Float(_) | DeValue::Datetime(_) => {
                self.mismatch("a string, a whole number, true or false, a list or a table");
                None
            }
        }
    }

    /// A table.
    pub fn section(self, what: &'static str) -> Option<Section<'a>> {
        let DeValue::Table(table) = self.value.get_ref() else {
            self.mismatch("a table");
            return None;
        };
        let at = match self.value.span() {
            // The table of a dotted key has no position of its own.
            span if span.is_empty() => self.key_at,
            span => span.start,
        };
        Some(Section::new(what, at, table, self.problems))
    }
}

/// Whether XML 1.0 (section 2.2) permits a character, without control characters; a picture of the flow
/// contains it.
pub fn is_xml(character: char) -> bool {
    !matches!(character, '\u{fffe}' | '\u{ffff}')
        && (!character.is_control() || matches!(character, '\n' | '\t'))
}

/// Whether a text has only lower-case letters, digits and underscores and begins with a letter.
pub fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}
