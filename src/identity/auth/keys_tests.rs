//! Tests which keys of a key set are used, and why others are not.

use serde_json::{Value, json};

use super::*;

const SET: &str = include_str!("../../../tests/keys/test-only-jwks.json");

/// The key with this name in the tests' key set, with these changes; null removes a member.
fn key(name: &str, changes: Value) -> Value {
    let set: Value = serde_json::from_str(SET).unwrap();
    let keys = set["keys"].as_array().unwrap();
    let mut key = keys.iter().find(|key| key["kid"] == name).unwrap().clone();
    for (name, value) in changes.as_object().unwrap() {
        match value.is_null() {
            true => drop(key.as_object_mut().unwrap().remove(name)),
            false => key[name] = value.clone(),
        }
    }
    key
}

fn why_not(key: Value) -> String {
    let sorted = sort(&[key]);
    assert!(sorted.usable.is_empty());
    sorted.ignored[0].1.clone()
}

#[test]
fn a_key_for_signatures_is_used() {
    for name in ["rsa-1", "ec-1"] {
        for changes in [
            json!({}),
            json!({ "use": null, "alg": null }),
            json!({ "use": null, "key_ops": ["sign", "verify"] }),
            json!({ "x5c": ["AAAA"], "ext": true }),
        ] {
            let sorted = sort(&[key(name, changes.clone())]);
            assert_eq!(
                sorted.usable.len(),
                1,
                "{name} {changes}: {:?}",
                sorted.ignored
            );
        }
    }
}

#[test]
fn a_key_that_is_no_use_says_why() {
    let short = "3".repeat(168);
    let cases = [
        ("rsa-1", json!({ "use": "enc", "alg": "RSA-OAEP" }), "use"),
        ("rsa-1", json!({ "use": "tls" }), "use"),
        ("rsa-1", json!({ "use": 7 }), "use"),
        ("rsa-1", json!({ "key_ops": ["encrypt"] }), "key_ops"),
        ("rsa-1", json!({ "key_ops": [] }), "key_ops"),
        ("rsa-1", json!({ "alg": "PS256" }), "(alg)"),
        ("rsa-1", json!({ "alg": "ES256" }), "does not go with"),
        ("rsa-1", json!({ "alg": "XYZ" }), "(alg)"),
        ("rsa-1", json!({ "n": short }), "bits"),
        ("rsa-1", json!({ "n": "!" }), "malformed"),
        ("rsa-1", json!({ "e": "" }), "malformed"),
        ("rsa-1", json!({ "n": null }), "incomplete"),
        ("rsa-1", json!({ "kty": "NEW" }), "another kind"),
        ("ec-1", json!({ "crv": "P-384" }), "another kind"),
        ("ec-1", json!({ "x": "AAAA" }), "malformed"),
        (
            "ec-1",
            json!({ "kty": "oct", "k": "AAAA" }),
            "shared secret",
        ),
    ];
    for (name, mut changes, wanted) in cases {
        if changes.get("alg").is_none() {
            changes["alg"] = Value::Null;
        }
        let why = why_not(key(name, changes.clone()));
        assert!(why.contains(wanted), "{name} {changes}: {why}");
    }
    for key in [json!(7), json!("x"), json!(null), json!({}), json!([])] {
        assert!(!why_not(key).is_empty());
    }
}

#[test]
fn one_key_that_is_no_use_takes_no_other_away() {
    let keys = [
        key(
            "rsa-1",
            json!({ "kid": "enc-1", "use": "enc", "alg": "RSA-OAEP" }),
        ),
        key("rsa-1", json!({})),
        key("ec-1", json!({ "kid": null })),
        key("ec-1", json!({ "crv": "P-384", "kid": "ec-2" })),
        key("ec-1", json!({})),
    ];
    let sorted = sort(&keys);
    let used: Vec<_> = sorted
        .usable
        .iter()
        .map(|found| found.id.as_deref())
        .collect();
    let ignored: Vec<&str> = sorted
        .ignored
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(used, [Some("rsa-1"), Some("ec-1")]);
    assert_eq!(ignored, ["\"enc-1\"", "\"ec-2\"", "key 3"]);
}

#[test]
fn the_bits_of_a_modulus_are_counted() {
    assert_eq!(bits(&[]), 0);
    assert_eq!(bits(&[0, 0x80, 0]), 16);
    assert_eq!(bits(&[0x01, 0xff]), 9);
    assert_eq!(modulus(&[0x30, 6, 2, 1, 5, 2, 1, 3]), Some(&[5][..]));
    assert_eq!(modulus(&[0x30, 0x81, 6, 2, 1, 5, 2, 1, 3]), Some(&[5][..]));
    for broken in [
        &[][..],
        &[0x30],
        &[0x30, 9, 2],
        &[0x30, 0x88, 255, 255, 255, 255, 255, 255, 255, 255],
        &[2, 1, 5],
    ] {
        assert_eq!(modulus(broken), None, "{broken:?}");
    }
}
