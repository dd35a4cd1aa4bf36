//! The runner's own tests: a list fails where a field is missing or of another type, and where events come in another order.

use serde_json::json;

use super::events::in_order;
use super::reads::{at, check};

#[test]
fn a_field_that_is_missing_or_of_another_type_is_found() {
    let answer = json!({
        "success": true,
        "rows": [{ "id": "a", "n": 1, "at": "2025-09-18T10:00:00.000Z", "last": null }, { "id": "b", "n": 2 }],
    });
    for right in [
        "success =true",
        "rows[].id text",
        "rows[].n whole|null",
        "rows[0].at time",
        "rows[0].last null",
        "rows[-1].id =b",
        "rows[1].at absent|time",
        ". object",
    ] {
        assert_eq!(check(right, &answer), Ok(()), "{right}");
    }
    for wrong in [
        "success =false",
        "rows[].at time",
        "rows[].id number",
        "rows[].n text",
        "rows[0].id time",
        "rows[2].id text",
        "rows empty",
        "other text",
        "other[].id text",
        "rows[].id.more text",
    ] {
        assert!(check(wrong, &answer).is_err(), "{wrong}");
    }
    let all = "success =true\n\n  rows[].id text\n  rows[].x text";
    assert!(
        check(all, &answer)
            .unwrap_err()
            .starts_with("rows[].x text: it is missing")
    );
    assert_eq!(at("rows[-1].id", &answer), Some(json!("b")));
    assert_eq!(at("rows[0].none", &answer), None);
}

#[test]
fn events_in_another_order_or_number_are_found() {
    let received = [json!(["a", 1]), json!(["x", 0]), json!(["b", 2])];
    let order = |wanted: &[&str], events: &[serde_json::Value]| {
        let wanted: Vec<(&str, bool)> = wanted.iter().map(|name| (*name, false)).collect();
        in_order(&wanted, events)
    };
    assert_eq!(order(&["a", "b"], &received), Ok(vec![json!(1), json!(2)]));
    assert_eq!(order(&["b"], &received), Ok(vec![json!(2)]));
    assert!(order(&["b", "a"], &received).is_err(), "another order");
    assert!(
        order(&["a", "b", "c"], &received).is_err(),
        "one is missing"
    );
    let twice = [json!(["a", 1]), json!(["a", 1])];
    assert!(order(&["a"], &twice).is_err(), "it came twice");
    assert!(order(&["a"], &[]).is_err());
    let many = [json!(["a", 1]), json!(["a", 2]), json!(["b", 3])];
    let found = in_order(&[("a", true), ("b", false)], &many);
    assert_eq!(found, Ok(vec![json!(2), json!(3)]), "the last of several");
    assert!(in_order(&[("a", false), ("b", false)], &many).is_err());
}
