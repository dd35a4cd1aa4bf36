//! JSON in: parsing that names the field that is wrong.

use serde::Deserialize;

use crate::domain::refusal::Refusal;

/// Reads a value that is no array; a failure names the field, from serde's own words or from the path at which it stopped.
pub fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Refusal> {
    // serde would fill in a structure's fields from an array, by their places.
    if text.trim_start().starts_with('[') {
        return Err(Refusal::invalid("body", "must be an object"));
    }
    serde_json::from_str(text).map_err(|error| explain(text, &error))
}

fn explain(text: &str, error: &serde_json::Error) -> Refusal {
    let said = error.to_string();
    if error.is_syntax() || error.is_eof() {
        return Refusal::invalid("body", "is not JSON");
    }
    for (opening, reason) in [
        ("missing field `", "is missing"),
        ("duplicate field `", "is given twice"),
    ] {
        let rest = said.strip_prefix(opening);
        if let Some(field) = rest.and_then(|rest| rest.split('`').next()) {
            return Refusal::invalid(field.to_owned(), reason);
        }
    }
    let reason = said.split(" at line ").next().unwrap_or_default();
    let field = field_before(text, error.column()).unwrap_or("body");
    Refusal::invalid(field.to_owned(), plain_words(reason))
}

/// What is wrong with a value, without the words of the language that this is written in, and without the value.
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

/// A kind of value, as serde names it.
fn plain_kind(expected: &str) -> &str {
    match expected {
        "a string" | "a borrowed string" | "a character" => "a text",
        "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number",
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a map" => "an object",
        "a sequence" => "an array",
        structure if structure.starts_with("struct ") => "an object",
        other => other,
    }
}

/// The name of the last member that begins before a column of a one-line text, or of the whole text's last line.
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

    #[test]
    fn what_is_wrong_is_told_in_plain_words() {
        let told = |text: &str| match read::<Sample>(text) {
            Err(Refusal::Invalid { reason, .. }) => reason,
            other => panic!("{other:?}"),
        };
        for (text, reason) in [
            ("{}", "is missing"),
            (r#"{"body":null}"#, "is missing"),
            (r#"{"body":5}"#, "must be a text"),
            (r#"{"body":{}}"#, "must be a text"),
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

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,200}") {
            let _ = read::<Sample>(&text);
        }
    }
}
