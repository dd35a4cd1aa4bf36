//! What can be read as an event, and what is refused.

use super::*;
use proptest::prelude::*;
use rules::RuleSet;
use serde_json::json;

const RULES: &str = r#"
name = "shop"
version = 1
[modules]
orders = "Orders"
[events."order.placed"]
module = "orders"
subject = "order"
data = { pharmacy = "user", total = { type = "money", required = false }, note = { type = "text", required = false } }
"#;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_773_000, 0).unwrap()
}

fn book() -> RuleBook {
    RuleBook::of(vec![RuleSet::parse(RULES).unwrap()]).unwrap()
}

fn read(value: &Value) -> Vec<Told> {
    read_batch(&value.to_string(), &book(), now()).unwrap()
}

fn placed() -> Value {
    json!({ "specversion": "1.0", "source": "/shop", "id": "1", "type": "order.placed", "actor": "ada", "subject": "order/7",
        "time": "2026-11-27T09:49:00Z", "data": { "pharmacy": "corner", "total": { "amount": 5, "currency": "EUR" } } })
}

fn with(key: &str, value: Value) -> Value {
    let mut event = placed();
    event[key] = value;
    event
}

fn refusal(event: &Value) -> Option<(&'static str, String)> {
    let told = read(event).pop().unwrap();
    let refusal = told.event.err()?;
    Some((refusal.code_and_status().0, refusal.message()))
}

#[test]
fn an_event_is_read_with_and_without_the_envelope_of_cloud_events() {
    let first = read(&placed()).pop().unwrap().event.unwrap();
    assert_eq!(
        first.users,
        [("pharmacy".to_owned(), UserId::parse("corner", "x").unwrap())]
    );
    let mut plain = placed();
    plain.as_object_mut().unwrap().remove("specversion");
    assert_eq!(read(&plain).pop().unwrap().event.unwrap(), first);
    let both = read(&json!([placed(), plain]));
    assert!(both.iter().all(|told| told.event.as_ref() == Ok(&first)));
}

#[test]
fn what_is_not_declared_is_named_and_left_out() {
    let data = json!({ "pharmacy": "corner", "phone": "+49 30 123", "address": { "street": "x" } });
    let mut event = with("data", data);
    event["traceparent"] = json!("00-1");
    let read = read(&event).pop().unwrap().event.unwrap();
    assert_eq!(read.dropped, ["data.address", "data.phone", "traceparent"]);
    assert_eq!(Value::Object(read.data), json!({ "pharmacy": "corner" }));
}

/// A field, its JSON, the code, and a part of the sentence.
const BAD: [(&str, &str, &str, &str); 18] = [
    (
        "specversion",
        "\"0.3\"",
        "INVALID_REQUEST",
        "specversion must be 1.0",
    ),
    ("source", "null", "INVALID_REQUEST", "source is missing"),
    ("id", "7", "INVALID_REQUEST", "id must be a string"),
    (
        "id",
        "\"a\\nb\"",
        "INVALID_REQUEST",
        "id must not have control characters",
    ),
    (
        "type",
        "\"order.palced\"",
        "UNKNOWN_EVENT_TYPE",
        "did you mean order.placed?",
    ),
    ("actor", "\"a b\"", "INVALID_REQUEST", "actor"),
    ("subject", "\"order\"", "INVALID_REQUEST", "order/42"),
    (
        "subject",
        "\"job/7\"",
        "INVALID_REQUEST",
        "must be a subject of type `order`",
    ),
    (
        "subject",
        "null",
        "INVALID_REQUEST",
        "must be a subject of type `order`",
    ),
    (
        "time",
        "\"yesterday\"",
        "INVALID_REQUEST",
        "time must be a time",
    ),
    (
        "time",
        "\"2026-11-20T09:49:59Z\"",
        "EVENT_TOO_OLD",
        "7 days",
    ),
    (
        "time",
        "\"2026-11-27T09:55:01Z\"",
        "EVENT_IN_FUTURE",
        "5 minutes",
    ),
    (
        "data",
        "[]",
        "INVALID_REQUEST",
        "data must be a JSON object",
    ),
    ("data", "{}", "INVALID_REQUEST", "data.pharmacy is missing"),
    (
        "data",
        "{\"pharmacy\":\"a b\"}",
        "INVALID_REQUEST",
        "data.pharmacy",
    ),
    (
        "data",
        "{\"pharmacy\":\"x\",\"total\":5}",
        "INVALID_REQUEST",
        "with a currency",
    ),
    (
        "data",
        "{\"pharmacy\":\"x\",\"note\":\"a\\u0000b\"}",
        "INVALID_REQUEST",
        "data.note",
    ),
    (
        "datacontenttype",
        "\"text/xml\"",
        "INVALID_REQUEST",
        "data must be a JSON object",
    ),
];

fn must_be_refused(key: &str, value: &Value, code: &str, said: &str) {
    let (found, message) = refusal(&with(key, value.clone())).unwrap_or_default();
    assert_eq!(found, code, "{key}: {message}");
    assert!(message.contains(said), "{message}: {said}");
}

#[test]
fn each_kind_of_bad_event_is_refused_with_its_reason() {
    for (key, value, code, said) in BAD {
        let value = serde_json::from_str(value).unwrap();
        must_be_refused(key, &value, code, said);
    }
    let long = |length: usize| "y".repeat(length);
    must_be_refused("id", &json!(long(257)), "INVALID_REQUEST", "id");
    must_be_refused("more", &json!(long(33_000)), "TOO_LARGE", "32768");
    let data = json!({ "pharmacy": "x", "more": long(17_000) });
    must_be_refused("data", &data, "INVALID_REQUEST", "bytes");
    let many = read(&json!([placed(), 7, placed()]));
    let fine: Vec<bool> = many.iter().map(|told| told.event.is_ok()).collect();
    assert_eq!(fine, [true, false, true]);
}

#[test]
fn a_body_that_cannot_be_read_is_refused_as_a_whole() {
    let many = Value::Array(vec![placed(); EVENTS + 1]);
    let many = many.to_string();
    for body in ["", "{", "[]", "7", "\"x\"", "null", "[{]", many.as_str()] {
        assert!(read_batch(body, &book(), now()).is_err(), "{body}");
    }
    let most = Value::Array(vec![placed(); EVENTS]);
    assert_eq!(read(&most).len(), EVENTS);
}

#[test]
fn only_what_is_stored_tells_two_events_apart() {
    let print = |event: &Value| read(event).pop().unwrap().event.unwrap().fingerprint();
    let first = print(&placed());
    let mut more = placed();
    more["data"]["phone"] = json!("1");
    more["time"] = json!("2026-11-27T10:49:00+01:00");
    assert_eq!(print(&more), first);
    for (key, value) in [
        ("actor", json!("bob")),
        ("subject", json!("order/8")),
        ("time", json!("2026-11-27T09:49:01Z")),
        ("undoes", json!("0")),
        ("data", json!({ "pharmacy": "corner" })),
    ] {
        assert_ne!(print(&with(key, value)), first, "{key}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in ".{0,200}") {
        drop(read_batch(&text, &book(), now()));
    }
}
