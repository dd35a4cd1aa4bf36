//! Limits of texts and objects from users.

use crate::visible;

/// Bytes of a client's own JSON object.
pub const JSON_BYTES: usize = 8 * 1024;

/// Checks a user's text: no NUL character (PostgreSQL cannot store it), at most `most` characters.
///
/// # Errors
///
/// What it must be.
pub fn text(value: &str, most: usize) -> Result<(), String> {
    if value.contains('\0') {
        return Err("must not contain a NUL character".to_owned());
    }
    if value.len() > most && value.chars().count() > most {
        return Err(format!("must have at most {most} characters"));
    }
    Ok(())
}

/// Like [`text`], and at least one visible character.
///
/// # Errors
///
/// What it must be.
pub fn required_text(value: &str, most: usize) -> Result<(), String> {
    if !visible::shows_something(value) {
        return Err("must not be empty".to_owned());
    }
    text(value, most)
}

/// Checks the text of a JSON object: at most [`JSON_BYTES`] and no escaped NUL, which PostgreSQL's `jsonb`
/// refuses.
///
/// # Errors
///
/// What it must be.
pub fn json(raw: &str) -> Result<(), String> {
    if raw.len() > JSON_BYTES {
        return Err(format!("must be at most {JSON_BYTES} bytes of JSON"));
    }
    if !raw.trim_start().starts_with('{') {
        return Err("must be an object".to_owned());
    }
    if holds_escaped_nul(raw) {
        return Err("must not contain a NUL character".to_owned());
    }
    Ok(())
}

/// Finds `\u0000` whose backslash is not itself escaped.
fn holds_escaped_nul(raw: &str) -> bool {
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        let after = rest.get(at + 1..).unwrap_or("");
        if after.starts_with("u0000") {
            return true;
        }
        let mut skipped = after.chars();
        skipped.next();
        rest = skipped.as_str();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nul_hides_in_no_escape() {
        assert!(json(r#"{"a":"\u0000"}"#).is_err());
        assert!(json(r#"{"a":"\\u0000"}"#).is_ok());
        assert!(json(r#"{"a":"\\\u0000"}"#).is_err());
        assert!(json("[1]").is_err());
    }
}
