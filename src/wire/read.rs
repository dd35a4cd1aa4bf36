//! JSON in: parsing that names the field that is wrong.

use serde::Deserialize;

use crate::domain::refusal::Refusal;

/// Reads a value; a failure names the field, from serde's own words or from the path at which it stopped.
pub fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Refusal> {
    serde_json::from_str(text).map_err(|error| explain(text, &error))
}

fn explain(text: &str, error: &serde_json::Error) -> Refusal {
    let said = error.to_string();
    if error.is_syntax() || error.is_eof() {
        return Refusal::invalid("body", "is not JSON");
    }
    if let Some(field) = said
        .strip_prefix("missing field `")
        .and_then(|rest| rest.split('`').next())
    {
        return Refusal::invalid(field.to_owned(), "is missing");
    }
    let reason = said
        .split(" at line ")
        .next()
        .unwrap_or("is not valid")
        .to_owned();
    Refusal::invalid(
        field_before(text, error.column())
            .unwrap_or("body")
            .to_owned(),
        format!("is not valid: {reason}"),
    )
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
        .filter(|(at, _)| *at + 2 < end)
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
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,200}") {
            let _ = read::<Sample>(&text);
        }
    }
}
