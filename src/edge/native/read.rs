//! Parses JSON; an error names the field that is wrong.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::domain::refusal::Refusal;

/// The number of characters of a path that an error names; its names are the caller's.
const LONGEST_PATH: usize = 100;

/// Parses a value that is not an array. An error names the field, from serde's message or from the path at which parsing stopped.
pub fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Refusal> {
    // serde would fill a structure's fields from an array, by position.
    if text.trim_start().starts_with('[') {
        return Err(Refusal::invalid("body", "must be an object"));
    }
    serde_json::from_str(text).map_err(|error| explain::<T>(text, &error))
}

/// The reason for JSON that escapes half of a surrogate pair, as JavaScript produces when it cuts a string.
pub const HALF_A_CHARACTER: &str = "contains half of a character (a lone surrogate)";

fn explain<'a, T: Deserialize<'a>>(text: &'a str, error: &serde_json::Error) -> Refusal {
    let said = error.to_string();
    let path = path_of::<T>(text);
    if error.is_syntax() || error.is_eof() {
        return unreadable(text, &said, path, before(text, error));
    }
    for (opening, reason) in [
        ("missing field `", "is missing"),
        ("duplicate field `", "is given twice"),
        ("unknown field `", "is not known"),
    ] {
        let rest = said.strip_prefix(opening);
        if let Some(field) = rest.and_then(|rest| rest.split('`').next()) {
            return Refusal::invalid(member(path, field), reason);
        }
    }
    let reason = said.split(" at line ").next().unwrap_or_default();
    let last_named = || field_before(text, error.column()).unwrap_or("body");
    let field = path.unwrap_or_else(|| last_named().to_owned());
    Refusal::invalid(field, plain_words(reason))
}

/// The path at which parsing stops, such as `participants[0].role`; `None` at the top.
fn path_of<'a, T: Deserialize<'a>>(text: &'a str) -> Option<String> {
    let mut source = serde_json::Deserializer::from_str(text);
    let stopped = serde_path_to_error::deserialize::<_, T>(&mut source).err()?;
    let path = stopped.path().to_string();
    let shown: String = path.chars().take(LONGEST_PATH).collect();
    (shown != "." && !shown.contains('?')).then_some(shown)
}

/// The path of a member. If parsing stops at a member's name, the path may include it already.
fn member(path: Option<String>, field: &str) -> String {
    match path {
        None => field.to_owned(),
        Some(path) if path == field || path.ends_with(&format!(".{field}")) => path,
        Some(path) => format!("{path}.{field}"),
    }
}

/// Explains a text that was not parsed to its end: it is not JSON, or it is JSON that cannot be stored.
fn unreadable(text: &str, said: &str, path: Option<String>, before: &str) -> Refusal {
    if serde_json::from_str::<IgnoredAny>(text).is_err() {
        return Refusal::invalid("body", "is not JSON");
    }
    let outermost = || open_names(before).first().map(|name| (*name).to_owned());
    let (field, reason) = if said.starts_with("recursion limit") {
        (outermost(), "is nested too deep")
    } else if said.contains("hex escape") || said.contains("surrogate") {
        (path.or_else(outermost), HALF_A_CHARACTER)
    } else if said.starts_with("number out of range") {
        (
            path.or_else(outermost),
            "must be a number within the range of a 64-bit float",
        )
    } else {
        (None, "is not JSON")
    };
    Refusal::invalid(field.unwrap_or_else(|| "body".to_owned()), reason)
}

/// The text before the position at which parsing stopped.
fn before<'a>(text: &'a str, error: &serde_json::Error) -> &'a str {
    let lines = text.split_inclusive('\n');
    let earlier: usize = lines
        .take(error.line().saturating_sub(1))
        .map(str::len)
        .sum();
    let mut end = earlier.saturating_add(error.column()).min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or(text)
}

/// The names of the members whose values are open at the end of a JSON prefix, outermost first.
fn open_names(beginning: &str) -> Vec<&str> {
    let (mut open, mut last): (Vec<Option<&str>>, Option<&str>) = (vec![None], None);
    let mut rest = beginning;
    while let Some(at) = rest.find(['"', ':', ',', '{', '[', '}', ']']) {
        let (mark, after) = (rest.as_bytes().get(at), rest.get(at + 1..));
        rest = after.unwrap_or_default();
        match mark {
            Some(b'"') => {
                let Some(end) = end_of_text(rest) else {
                    break;
                };
                last = rest.get(..end);
                rest = rest.get(end + 1..).unwrap_or_default();
            }
            Some(b':') => open.last_mut().into_iter().for_each(|name| *name = last),
            Some(b',') => open.last_mut().into_iter().for_each(|name| *name = None),
            Some(b'{' | b'[') => open.push(None),
            _ => drop(open.pop()),
        }
    }
    open.into_iter().flatten().collect()
}

/// The end of a string whose opening quote was read.
fn end_of_text(rest: &str) -> Option<usize> {
    let mut escaped = false;
    rest.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })
}

/// Explains a wrong value without Rust's terms and without the value.
pub fn plain_words(said: &str) -> String {
    let expected = said.split_once(", expected ").map(|(_, rest)| rest);
    match (said, expected) {
        ("invalid digit found in string", _)
        | ("cannot parse integer from empty string", _)
        | ("number too large to fit in target type", _)
        | ("number too small to fit in target type", _) => "must be a whole number".to_owned(),
        (_, Some(_)) if said.starts_with("invalid type: null") => "is missing".to_owned(),
        (_, Some(expected)) => format!("must be {}", plain_kind(expected)),
        _ if said.starts_with("duplicate field") => "is given twice".to_owned(),
        _ if said.contains("`true` or `false`") => "must be true or false".to_owned(),
        _ => format!("is not valid: {said}"),
    }
}

/// A client's term for a type that serde names.
fn plain_kind(expected: &str) -> &str {
    match expected {
        "a string" | "a borrowed string" | "a character" => "a string",
        "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number",
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a map" => "an object",
        "a sequence" => "an array",
        structure if structure.starts_with("struct ") => "an object",
        other => other,
    }
}

/// The name of the last member that begins before a column of the text's last line.
fn field_before(text: &str, column: usize) -> Option<&str> {
    let line = text.lines().next_back()?;
    let mut end = column.min(line.len());
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    let before = line.get(..end)?;
    let colon = before
        .match_indices("\":")
        .filter(|(at, _)| *at + 2 <= end)
        .last()?
        .0;
    before.get(..colon)?.rsplit('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, Deserialize)]
    #[allow(dead_code, reason = "only its reading is tested")]
    struct Sample {
        body: String,
        seq: Option<i64>,
    }

    #[test]
    fn the_wrong_field_is_named() {
        let field = |text: &str| match read::<Sample>(text) {
            Err(Refusal::Invalid { field, .. }) => field.into_owned(),
            other => panic!("{other:?}"),
        };
        assert_eq!(field(r#"{"seq":1}"#), "body");
        assert_eq!(field(r#"{"body":1}"#), "body");
        assert_eq!(field(r#"{"body":"x","seq":"y"}"#), "seq");
        assert_eq!(field("nonsense"), "body");
        assert_eq!(field("[]"), "body");
        assert_eq!(field(r#"{"seq":1,"body":{"a":2}}"#), "body");
    }

    #[derive(Debug, Deserialize)]
    #[allow(dead_code, reason = "only its reading is tested")]
    struct Nested {
        people: Vec<Sample>,
        files: Option<Vec<Strict>>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "only its reading is tested")]
    struct Strict {
        url: String,
    }

    #[test]
    fn a_nested_field_is_named_by_its_path() {
        for (text, told) in [
            (r#"{"people":["jonas"]}"#, "people[0] must be an object"),
            (
                r#"{"people":[{"body":"x"},{"body":1}]}"#,
                "people[1].body must be a string",
            ),
            (
                r#"{"people":[{"body":"x"},{}]}"#,
                "people[1].body is missing",
            ),
            (
                r#"{"people":[{"body":"x","body":"y"}]}"#,
                "people[0].body is given twice",
            ),
            (
                r#"{"people":[{"body":"x","seq":"y"}]}"#,
                "people[0].seq must be a whole number",
            ),
            (
                r#"{"people":[],"files":[{"url":"x","u":1}]}"#,
                "files[0].u is not known",
            ),
            (r#"{"people":{}}"#, "people must be an array"),
        ] {
            match read::<Nested>(text) {
                Err(refusal) => assert_eq!(refusal.message(), told, "{text}"),
                Ok(read) => panic!("{text}: {read:?}"),
            }
        }
    }

    #[test]
    fn what_is_wrong_is_told_in_plain_words() {
        let told = |text: &str| match read::<Sample>(text) {
            Err(Refusal::Invalid { reason, .. }) => reason,
            other => panic!("{other:?}"),
        };
        for (text, reason) in [
            ("{}", "is missing"),
            (r#"{"body":null}"#, "is missing"),
            (r#"{"body":5}"#, "must be a string"),
            (r#"{"body":{}}"#, "must be a string"),
            (r#"{"body":"x","body":"y"}"#, "is given twice"),
            (r#"{"body":"x","seq":"long"}"#, "must be a whole number"),
            (r#"{"body":"x","seq":1.5}"#, "must be a whole number"),
            (r#"["x",1]"#, "must be an object"),
            ("7", "must be an object"),
            ("{", "is not JSON"),
        ] {
            assert_eq!(told(text), reason, "{text}");
        }
    }

    #[test]
    fn what_is_json_and_cannot_be_kept_is_told_by_its_field() {
        #[derive(Debug, Deserialize)]
        #[allow(dead_code, reason = "only its reading is tested")]
        struct Kept {
            title: Option<String>,
            context: Option<serde_json::Value>,
        }
        let told = |text: &str| match read::<Kept>(text) {
            Err(refusal) => refusal.message(),
            Ok(kept) => format!("{kept:?}"),
        };
        let half = |field: &str| format!("{field} {HALF_A_CHARACTER}");
        for (text, wanted) in [
            (r#"{"title":"\ud83d"}"#, "title"),
            (r#"{"title":"\ude00 x"}"#, "title"),
            (r#"{"title":"\ud83dx"}"#, "title"),
            (r#"{"title":"\ud83d\ud83d"}"#, "title"),
            (
                "{\"context\":{},\n \"title\":\n\"say \\\"x\\\": \\ud83d\"}",
                "title",
            ),
            (
                r#"{"context":{"a":{"b":1},"c":[1,"\ud83d"]}}"#,
                "context.c[1]",
            ),
            (r#"{"context":{"\ud83d":1}}"#, "context"),
        ] {
            assert_eq!(told(text), half(wanted), "{text}");
        }
        assert!(read::<Kept>(r#"{"unknown":"\ud83d","title":"\ud83d\ude00"}"#).is_ok());
        let deep = |levels: usize| {
            let (open, close) = (r#"{"a":"#.repeat(levels), "}".repeat(levels));
            told(&format!(r#"{{"title":"x","context":{open}1{close}}}"#))
        };
        assert_eq!(deep(127), "context is nested too deep");
        assert!(deep(100).starts_with("Kept"), "{}", deep(100));
        let infinite = told(r#"{"context":{"a":1e999}}"#);
        assert!(
            infinite.starts_with("context.a must be a number"),
            "{infinite}"
        );
        for text in [r#"{"title":"\ud83"}"#, r#"{"title":"\q"}"#, "{"] {
            assert_eq!(told(text), "body is not JSON", "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,200}") {
            let _ = read::<Sample>(&text);
        }

        #[test]
        fn half_a_character_is_told_by_the_field_that_it_is_in(fields in prop::collection::vec(("[a-z]{1,8}", "[ -~]{0,20}"), 0..5), body in "[ -~]{0,20}") {
            let mut text = String::from("{");
            for (name, value) in &fields {
                text.push_str(&format!("{}:{},", serde_json::json!(format!("other_{name}")), serde_json::json!(value)));
            }
            let body = serde_json::json!(body).to_string();
            let cut = body.len() - 1;
            text.push_str(&format!("\"body\":{}\\ud83d\"}}", &body[..cut]));
            if serde_json::from_str::<IgnoredAny>(&text).is_ok() {
                let refused = read::<Sample>(&text).unwrap_err();
                prop_assert_eq!(refused.message(), format!("body {HALF_A_CHARACTER}"));
            }
        }
    }
}
