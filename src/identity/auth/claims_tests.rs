//! Tests of the rules for claims, without a token around them.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const NOW: f64 = 1_795_773_000.0;

fn read(claims: Value) -> Said {
    serde_json::from_value(claims).unwrap_or_default()
}

/// Valid claims with these changes; null removes a claim.
fn with(changes: Value) -> Said {
    let mut whole = json!({ "sub": "a1", "exp": NOW + 600.0, "iat": NOW });
    let both = whole.as_object_mut().zip(changes.as_object());
    if let Some((whole, changes)) = both {
        whole.extend(changes.clone());
    }
    read(whole)
}

fn told(rules: &Rules, said: &Said) -> Result<(), String> {
    let outcome = rules.identity(said, NOW);
    outcome.map(drop).map_err(|refusal| refusal.message())
}

#[test]
fn each_mistake_is_told_by_itself() {
    let cases = [
        (json!({ "exp": null }), "has no exp"),
        (json!({ "exp": "1795773600" }), "exp is not a number"),
        (json!({ "exp": NOW - 31.0 }), "has expired"),
        (json!({ "exp": -1 }), "has expired"),
        (json!({ "nbf": NOW + 31.0 }), "not valid yet"),
        (json!({ "nbf": "soon" }), "nbf is not a number"),
        (json!({ "iat": [] }), "iat is not a number"),
        (json!({ "sub": null }), "has no sub"),
        (json!({ "sub": 42 }), "sub is not a string"),
        (json!({ "sub": "a b" }), "sub is not a user id"),
        (json!({ "roles": "admin" }), "roles are not a list"),
        (json!({ "roles": ["admin", 3] }), "roles are not a list"),
        (json!({ "name": 42 }), "name is not a string"),
        (json!({ "email": "x".repeat(201) }), "email is not a string"),
        (json!({ "avatar_url": {} }), "avatar_url is not a string"),
        (json!({ "iss": ["a", "b"] }), "iss is not a string"),
    ];
    for (changes, wanted) in cases {
        let why = told(&Rules::none(), &with(changes.clone())).unwrap_err();
        assert!(why.contains(wanted), "{changes}: {why}");
    }
}

#[test]
fn a_time_may_have_a_fraction() {
    for changes in [
        json!({ "exp": NOW + 0.5 }),
        json!({ "exp": NOW - 29.75, "iat": NOW - 0.25, "nbf": NOW + 29.5 }),
        json!({ "exp": 1e30 }),
        json!({ "exp": u64::MAX }),
    ] {
        assert_eq!(
            told(&Rules::none(), &with(changes.clone())),
            Ok(()),
            "{changes}"
        );
    }
}

#[test]
fn issuer_and_audience_are_those_that_were_asked_for() {
    let rules = Rules {
        issuer: Some("platform".to_owned()),
        audience: Some("stoa".to_owned()),
        ..Rules::none()
    };
    let cases = [
        (json!({}), "has no iss"),
        (json!({ "iss": "other" }), "issued by another issuer"),
        (
            json!({ "iss": ["other", "platform"], "aud": "stoa" }),
            "iss is not a string",
        ),
        (json!({ "iss": "platform" }), "has no aud"),
        (
            json!({ "iss": "platform", "aud": "stoa2" }),
            "for another audience",
        ),
        (
            json!({ "iss": "platform", "aud": [] }),
            "for another audience",
        ),
        (
            json!({ "iss": "platform", "aud": [1, "stoa"] }),
            "for another audience",
        ),
    ];
    for (changes, wanted) in cases {
        let why = told(&rules, &with(changes.clone())).unwrap_err();
        assert!(why.contains(wanted), "{changes}: {why}");
    }
    for audience in [json!("stoa"), json!(["other", "stoa"])] {
        let right = with(json!({ "iss": "platform", "aud": audience }));
        assert_eq!(told(&rules, &right), Ok(()));
    }
}

#[test]
fn a_longest_life_asks_when_the_token_was_issued() {
    let rules = Rules {
        max_age: Some(600.0),
        ..Rules::none()
    };
    let cases = [
        (json!({ "iat": null }), "has no iat"),
        (json!({ "iat": NOW - 631.0 }), "too long ago"),
        (json!({ "iat": NOW + 31.0 }), "in the future"),
        (json!({ "exp": NOW + 631.0 }), "longer than this server"),
    ];
    for (changes, wanted) in cases {
        let why = told(&rules, &with(changes.clone())).unwrap_err();
        assert!(why.contains(wanted), "{changes}: {why}");
    }
    let aged = rules.identity(&with(json!({ "iat": NOW - 500.0 })), NOW);
    let until = aged.map(|identity| identity.valid_until);
    assert_eq!(until, Ok(NOW as u64 + 131), "its life ends with its age");
}

#[test]
fn a_time_of_issue_that_lies_ahead_is_none() {
    let issued = |iat: f64| {
        let identity = Rules::none().identity(&with(json!({ "iat": iat })), NOW);
        identity.map(|identity| identity.issued_at)
    };
    assert_eq!(issued(NOW + 0.9), Ok(Some(NOW as i64)));
    assert_eq!(issued(NOW * 1_000.0), Ok(None), "milliseconds");
}

/// The id that a token gives whose claim `id` has this JSON text.
fn id_of(number: &str) -> Result<String, String> {
    let claims = ClaimOptions {
        user_claim: Some("id".parse().expect("a claim")),
        ..ClaimOptions::default()
    };
    let said = serde_json::from_str(&format!(r#"{{ "id": {number}, "exp": {} }}"#, NOW + 600.0));
    let identity = Rules::of_claims(claims).identity(&said.expect("claims"), NOW);
    identity
        .map(|identity| identity.id.to_string())
        .map_err(|refusal| refusal.message())
}

#[test]
fn whole_numbers_of_64_bits_are_ids_exactly_as_they_stand() {
    for exact in [
        "0",
        "7",
        "-7",
        "9007199254740991",
        "9007199254740992",
        "9007199254740993",
        "175928847299117063",
        "9223372036854775807",
        "-9223372036854775808",
        "18446744073709551615",
    ] {
        assert_eq!(id_of(exact), Ok(exact.to_owned()));
    }
    for (written, id) in [
        ("-0", "0"),
        ("-0.0", "0"),
        ("7.0", "7"),
        ("70E-1", "7"),
        ("9007199254740991.0", "9007199254740991"),
        ("-9007199254740991.0", "-9007199254740991"),
    ] {
        assert_eq!(id_of(written), Ok(id.to_owned()), "{written}");
    }
}

#[test]
fn numbers_that_are_no_exact_whole_numbers_are_no_ids() {
    for wrong in [
        "1.5",
        "1e300",
        "-1e300",
        "9007199254740992.0",
        "9007199254740993.0",
        "18446744073709551616",
        "-9223372036854775809",
        "true",
    ] {
        let why = id_of(wrong).expect_err(wrong);
        assert!(why.contains("neither a whole number"), "{wrong}: {why}");
    }
}

#[test]
fn the_word_of_the_platform_is_kept_and_grants_nothing() {
    let claims = ClaimOptions {
        roles_claim: Some("/realm/role".parse().expect("a claim")),
        ..ClaimOptions::default()
    };
    let said = |more: Value| with(more);
    let word = |rules: &Rules, said: &Said| {
        let identity = rules.identity(said, NOW).expect("an identity");
        assert_eq!(identity.roles, Roles::default());
        identity.platform_role.map(|word| word.to_string())
    };
    let plain = said(json!({ "role": "influencer" }));
    assert_eq!(word(&Rules::none(), &plain).as_deref(), Some("influencer"));
    assert_eq!(word(&Rules::none(), &said(json!({ "role": 7 }))), None);
    assert_eq!(word(&Rules::none(), &said(json!({}))), None);
    let named = said(json!({ "role": "other", "realm": { "role": "seller" } }));
    let rules = Rules::of_claims(claims);
    assert_eq!(word(&rules, &named).as_deref(), Some("seller"));
    assert_eq!(word(&rules, &plain).as_deref(), Some("influencer"));
    let wrong = said(json!({ "realm": { "role": 7 } }));
    let why = told(&rules, &wrong).expect_err("a number");
    assert!(why.contains("neither a string nor a list"), "{why}");
}

proptest! {
    #[test]
    fn every_whole_number_of_64_bits_is_another_id(one in any::<i64>(), other in any::<u64>()) {
        prop_assert_eq!(id_of(&one.to_string()), Ok(one.to_string()));
        prop_assert_eq!(id_of(&other.to_string()), Ok(other.to_string()));
    }

    #[test]
    fn no_claims_make_the_rules_panic(exp in any::<f64>(), iat in any::<f64>(), text in ".*") {
        let said = with(json!({ "exp": exp, "iat": iat, "sub": text, "name": text }));
        let rules = Rules { max_age: Some(60.0), ..Rules::none() };
        let _ = rules.identity(&said, NOW);
    }

    #[test]
    fn no_token_is_taken_once_it_has_ended(over in 30.001f64..1e9) {
        let said = with(json!({ "exp": NOW - over }));
        prop_assert!(Rules::none().identity(&said, NOW).is_err());
    }
}
