//! What a client reads: a line for each field with its type, and the check of an answer against it.
//!
//! `conversations[].other_user.name text|null` says that each of the conversations, of which there is one at least, has this field.
//! `[0]` and `[-1]` name one item, `[]` all. `.` is the whole. A type is `text`, `number`, `whole`, `boolean`, `time`, `object`,
//! `list`, `empty` (a list), `null`, `absent`, `any`, or `=` and the value itself: JSON, or else a text.

use serde_json::Value;

/// A line.
struct Field {
    path: Vec<Step>,
    wanted: String,
}

enum Step {
    Name(String),
    Each,
    Item(i64),
}

/// The first field of these lines that is missing or of another type.
pub fn check(lines: &str, answer: &Value) -> Result<(), String> {
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let field = Field::read(line);
        visit(answer, &field.path, &mut |found| match found {
            found if field.fits(found) => Ok(()),
            None => Err(format!("{line}: it is missing in {answer}")),
            Some(found) => Err(format!("{line}: it is {found} in {answer}")),
        })?;
    }
    Ok(())
}

/// What stands at a path.
pub fn at(path: &str, answer: &Value) -> Option<Value> {
    let mut last = None;
    let _ = visit(answer, &steps(path), &mut |found| {
        last = found.cloned();
        Ok(())
    });
    last
}

impl Field {
    fn read(line: &str) -> Self {
        let (path, wanted) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let wanted = wanted.trim().to_owned();
        assert!(!wanted.is_empty(), "{line}: no type");
        Self {
            path: steps(path),
            wanted,
        }
    }

    fn fits(&self, found: Option<&Value>) -> bool {
        match self.wanted.strip_prefix('=') {
            Some(literal) => {
                let wanted = serde_json::from_str(literal);
                let wanted = wanted.unwrap_or_else(|_| Value::String(literal.to_owned()));
                found == Some(&wanted)
            }
            None => self.wanted.split('|').any(|kind| is(kind, found)),
        }
    }
}

fn is(kind: &str, found: Option<&Value>) -> bool {
    let Some(found) = found else {
        return kind == "absent";
    };
    match kind {
        "text" => found.is_string(),
        "time" => found.as_str().is_some_and(is_time),
        "number" => found.is_number(),
        "whole" => found.is_i64() || found.is_u64(),
        "boolean" => found.is_boolean(),
        "object" => found.is_object(),
        "list" => found.is_array(),
        "empty" => found.as_array().is_some_and(Vec::is_empty),
        "null" => found.is_null(),
        "any" => true,
        "absent" => false,
        other => panic!("{other:?} is no type"),
    }
}

/// Whether JavaScript's `Date` reads it: ISO 8601 with a zone.
fn is_time(text: &str) -> bool {
    chrono::DateTime::parse_from_rfc3339(text).is_ok()
}

fn steps(path: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    for part in path.split('.').filter(|part| !part.is_empty()) {
        let mut pieces = part.split('[');
        let name = pieces.next().filter(|name| !name.is_empty());
        steps.extend(name.map(|name| Step::Name(name.to_owned())));
        steps.extend(pieces.map(|piece| match piece.trim_end_matches(']') {
            "" => Step::Each,
            index => Step::Item(index.parse().expect("an index")),
        }));
    }
    steps
}

type Look<'a> = dyn FnMut(Option<&Value>) -> Result<(), String> + 'a;

fn visit(value: &Value, steps: &[Step], look: &mut Look<'_>) -> Result<(), String> {
    let Some((step, rest)) = steps.split_first() else {
        return look(Some(value));
    };
    match step {
        Step::Name(name) => match value.get(name) {
            Some(inner) => visit(inner, rest, look),
            None => look(None),
        },
        Step::Each => match value.as_array().filter(|items| !items.is_empty()) {
            Some(items) => items.iter().try_for_each(|item| visit(item, rest, look)),
            None => look(None),
        },
        Step::Item(index) => {
            let items = value.as_array().map_or(&[][..], Vec::as_slice);
            let index = if *index < 0 {
                items.len() as i64 + index
            } else {
                *index
            };
            let item = usize::try_from(index)
                .ok()
                .and_then(|index| items.get(index));
            match item {
                Some(item) => visit(item, rest, look),
                None => look(None),
            }
        }
    }
}
