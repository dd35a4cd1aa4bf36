//! Masks for values that differ from run to run: ids, times, tokens, offsets, addresses.

use super::json::Json;

/// Whole numbers that are measured, by their field.
const MEASURED: [&str; 2] = ["took_ms", "retry_after_seconds"];
/// Texts that are secret or drawn by chance, by their field.
const DRAWN: [&str; 3] = ["sid", "pid", "next_cursor"];

/// A value without what differs from run to run.
pub fn masked(value: &Json) -> Json {
    masked_field("", value)
}

fn masked_field(field: &str, value: &Json) -> Json {
    match value {
        Json::Number(_) if MEASURED.contains(&field) => Json::text("<number>"),
        Json::Text(text) if DRAWN.contains(&field) && text.parse::<u64>().is_err() => {
            Json::Text(format!("<{field}>"))
        }
        Json::Text(text) => Json::Text(masked_text(text)),
        Json::List(values) => Json::List(values.iter().map(masked).collect()),
        Json::Object(fields) => {
            let masked =
                |(name, value): &(String, Json)| (masked_text(name), masked_field(name, value));
            Json::Object(fields.iter().map(masked).collect())
        }
        other => other.clone(),
    }
}

fn belongs_to_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "_.:+-".contains(letter)
}

/// The same text with its words masked.
fn masked_text(text: &str) -> String {
    if let Some((path, _)) = text.split_once("?e=")
        && path.contains("/files/")
    {
        return format!("{}?e=<end>&s=<signature>", masked_text(path));
    }
    let mut whole = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(belongs_to_word) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|letter| !belongs_to_word(letter));
        let (run, after) = from.split_at(end.unwrap_or(from.len()));
        let word = run.trim_end_matches(['.', ':']);
        whole.push_str(before);
        whole.push_str(mask_of(word).unwrap_or(word));
        whole.push_str(&run[word.len()..]);
        rest = after;
    }
    whole + rest
}

/// What a word is replaced by, where it is one that differs.
fn mask_of(word: &str) -> Option<&'static str> {
    let opening = |(start, _): &&(&str, &str)| word.starts_with(start);
    const OPENINGS: [(&str, &str); 6] = [
        ("order_sandbox", "<order>"),
        ("order_", "<order>"),
        ("pay_", "<payment>"),
        ("evt_", "<event>"),
        ("rfnd_", "<refund>"),
        ("eyJ", "<token>"),
    ];
    let is_drawn = word.len() >= 16;
    match word {
        _ if word.len() == 36 && uuid::Uuid::parse_str(word).is_ok() => Some("<id>"),
        // What a server gives to a message whose sender gave it no `client_id`.
        _ if word.len() == 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            Some("<id without dashes>")
        }
        _ if chrono::DateTime::parse_from_rfc3339(word).is_ok() => {
            Some(match word.ends_with('Z') {
                true => "<time>",
                false => "<time with an offset>",
            })
        }
        _ if is_offset(word) => Some("<offset>"),
        _ if word.starts_with("127.0.0.1:") => Some("<address>"),
        _ if is_drawn => OPENINGS.iter().find(opening).map(|(_, mask)| *mask),
        _ => None,
    }
}

/// Whether a word is what Socket.IO clients come back with, as `868481617:41.17`.
fn is_offset(word: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    word.split_once(':')
        .is_some_and(|(list, seqs)| digits(list) && seqs.split('.').all(digits))
}

#[test]
fn what_differs_is_masked_and_the_rest_stays() {
    let id = "0192f0c0-0000-7000-8000-000000000000";
    for (text, wanted) in [
        (format!("/conversations/{id}/x"), "/conversations/<id>/x"),
        ("at 2026-01-31T09:05:00.123Z.".to_owned(), "at <time>."),
        ("2026-01-31T09:05:00Z".to_owned(), "<time>"),
        (
            "2026-01-31T09:05:00+01:00".to_owned(),
            "<time with an offset>",
        ),
        ("868481617:41.17.9".to_owned(), "<offset>"),
        (id.replace('-', ""), "<id without dashes>"),
        ("127.0.0.1:8080".to_owned(), "<address>"),
        ("evt_0192f0c000007000800000000000".to_owned(), "<event>"),
        ("order_by:5 ₹5,000.00".to_owned(), "order_by:5 ₹5,000.00"),
    ] {
        assert_eq!(masked_text(&text), wanted);
    }
    let took = Json::object([("took_ms", Json::number(5)), ("seq", Json::number(5))]);
    let wanted = Json::object([
        ("took_ms", Json::text("<number>")),
        ("seq", Json::number(5)),
    ]);
    assert_eq!(masked(&took), wanted);
}
