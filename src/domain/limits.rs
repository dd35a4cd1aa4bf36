//! Limits of user input: sizes, alphabets, counts.

use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::borrow::Cow;

use language::bounds;

use super::flow::BUILT_IN;
use super::refusal::Refusal;
use super::{visible, web_address};

/// The name of a field, or its path: `participants[0].role`.
type Field = Cow<'static, str>;

/// Characters of a message's body.
pub const BODY_CHARACTERS: usize = 8_000;
/// Attachments of a message.
pub const ATTACHMENTS: usize = 10;
/// Characters of a title.
pub const TITLE_CHARACTERS: usize = 200;
/// Participants of a conversation.
pub const PARTICIPANTS: usize = 256;
/// Users whom one user may block.
pub const BLOCKS: i64 = 1_000;
/// Changes that a join replays. A client that missed more starts afresh.
pub const REPLAY_CHANGES: i64 = 1_000;
/// Messages in the answer to a first join.
pub const FIRST_MESSAGES: i64 = 50;

/// Checks a user's text: no NUL (PostgreSQL cannot store it) and at most `most` characters.
pub fn text(value: &str, field: impl Into<Field>, most: usize) -> Result<(), Refusal> {
    bounds::text(value, most).map_err(|why| Refusal::invalid(field, why))
}

/// Like `text`, and at least one visible character.
pub fn required_text(value: &str, field: impl Into<Field>, most: usize) -> Result<(), Refusal> {
    bounds::required_text(value, most).map_err(|why| Refusal::invalid(field, why))
}

/// Checks a client's id of a message: 1–64 visible ASCII characters.
pub fn client_id(value: &str) -> Result<(), Refusal> {
    let fits = (1..=64).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_graphic());
    fits.then_some(())
        .ok_or_else(|| Refusal::invalid("client_id", "must be 1–64 visible ASCII characters"))
}

/// Checks a participant's role: 1–32 characters of `a–z 0–9 _`, and none of the flow actors' names (`staff`,
/// `system`, `timer`, `payment`).
pub fn role(value: &str) -> Result<(), Refusal> {
    role_at(value, "role")
}

/// Like `role`, for a field with another name.
pub fn role_at(value: &str, field: impl Into<Field>) -> Result<(), Refusal> {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    let fits = (1..=32).contains(&value.len()) && value.bytes().all(allowed);
    if !fits {
        let why = "must be 1–32 characters of a–z 0–9 _";
        return Err(Refusal::invalid(field, why));
    }
    if BUILT_IN.contains(&value) {
        let why = "must not be staff, system, timer or payment: these act without taking part";
        return Err(Refusal::invalid(field, why));
    }
    Ok(())
}

/// Checks how many may take part in a conversation of a kind that has at most `most`.
pub fn participants(wanted: usize, most: usize) -> Result<(), Refusal> {
    let fits = (1..=most).contains(&wanted);
    let why = || Refusal::invalid("max_participants", format!("must be 1–{most}"));
    fits.then_some(()).ok_or_else(why)
}

/// The longest wait between two messages in slow mode, in seconds.
pub const SLOW_SECONDS: u16 = 3_600;
/// The longest reason for closing a conversation, in characters.
pub const REASON_CHARACTERS: usize = 500;
/// The longest id that the platform gives to a conversation, in characters.
pub const EXTERNAL_ID_CHARACTERS: usize = 128;

/// Checks a link: https only, and the host must be what it looks like.
pub fn https_url(value: &str, field: impl Into<Field>) -> Result<(), Refusal> {
    let field = field.into();
    text(value, field.clone(), 2_048)?;
    if let Err(wrong) = web_address::https_host(value) {
        return Err(Refusal::invalid(field, wrong.reason()));
    }
    match value.contains(|c: char| !visible::is_visible(c)) {
        true => Err(Refusal::invalid(
            field,
            "must not contain invisible characters",
        )),
        false => Ok(()),
    }
}

/// Checks JSON that is stored as text: at most `JSON_BYTES` and no escaped NUL, which `jsonb` refuses.
pub fn json(raw: &str, field: &'static str) -> Result<(), Refusal> {
    bounds::json(raw).map_err(|why| Refusal::invalid(field, why))
}

/// Serialises a client's JSON object for storage. It takes a tree, because JSON text may contain what cannot be
/// read back: huge numbers, lone surrogates, unlimited depth.
pub fn json_object(
    object: Option<Map<String, Value>>,
    field: &'static str,
) -> Result<Option<Box<RawValue>>, Refusal> {
    let text = object.map(|fields| Value::Object(fields).to_string());
    let raw = text.map(RawValue::from_string).transpose();
    let raw = raw.map_err(|_| Refusal::invalid(field, "is not JSON"))?;
    raw.as_ref().map_or(Ok(()), |raw| json(raw.get(), field))?;
    Ok(raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_counted_in_characters() {
        assert!(text(&"é".repeat(BODY_CHARACTERS), "body", BODY_CHARACTERS).is_ok());
        assert!(text(&"é".repeat(BODY_CHARACTERS + 1), "body", BODY_CHARACTERS).is_err());
        assert!(text("a\0b", "body", BODY_CHARACTERS).is_err());
    }

    #[test]
    fn only_https_is_a_link() {
        assert!(https_url("https://example.com/a.png", "url").is_ok());
        assert!(https_url("https://[2001:db8::1]/x", "url").is_ok());
        assert!(https_url("HTTPS://A.example/x?mail=a@b.c", "url").is_ok());
        for wrong in [
            "http://example.com",
            "javascript:alert(1)",
            "https://",
            "https:// x",
            "//x",
            "https://a\"b",
            "data:,x",
            "https://user:pw@a.example/",
            "https://a.example@evil.example/",
            "https://a.example\u{202E}moc.evil/",
            "https://a.example/\u{200B}",
        ] {
            assert!(https_url(wrong, "url").is_err(), "{wrong}");
        }
    }

    #[test]
    fn client_ids_are_visible_ascii() {
        assert!(client_id("a-1").is_ok());
        for wrong in ["", " ", "ü", "a b", &"x".repeat(65)] {
            assert!(client_id(wrong).is_err(), "{wrong:?}");
        }
    }
}
