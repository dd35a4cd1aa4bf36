//! Tokens that a platform has already: its own names for the user's id, the name and the roles, and claims that it requires.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use std::process::Command;

use crate::client::{Answer, Person};
use crate::test_app::{SECRET, TestApp, claims};

fn signed(more: Value) -> String {
    let mut whole = json!({ "exp": claims("", &[]).exp });
    let members = whole.as_object_mut().expect("an object");
    members.extend(more.as_object().expect("an object").clone());
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &whole, &key).expect("a token")
}

async fn me(app: &TestApp, token: &str) -> Answer {
    Person::new(app.addresses(), "", token.to_owned())
        .get("/api/v1/me")
        .await
}

/// The tokens of the five platforms, as their servers sign them; what names them here; who the bearer is.
fn platforms() -> [(&'static [&'static str], Value, &'static str); 5] {
    [
        (
            &["--user-claim", "userId"],
            json!({ "userId": "64f0c0ffee64f0c0ffee64f0" }),
            "64f0c0ffee64f0c0ffee64f0",
        ),
        (
            &["--user-claim", "id", "--roles-claim", "role"],
            json!({ "id": "6a1c", "phone": "+910000000000", "role": "brand_owner" }),
            "6a1c",
        ),
        (&[], json!({ "sub": "user_2abc" }), "user_2abc"),
        (
            &[
                "--roles-claim",
                "role",
                "--role-map",
                "SUPER_ADMIN=admin,CLIENT=none",
            ],
            json!({ "sub": "65aa", "email": "a@example.com", "role": "CLIENT" }),
            "65aa",
        ),
        (
            &[
                "--user-claim",
                "user_id",
                "--require-claim",
                "token_type=access",
            ],
            json!({ "user_id": 7, "role": "customer", "token_type": "access" }),
            "7",
        ),
    ]
}

#[tokio::test]
async fn each_platforms_own_tokens_are_trusted() {
    for (options, token, id) in platforms() {
        let app = TestApp::with(options).await;
        let answer = me(&app, &signed(token)).await.expect_status(200);
        assert_eq!(answer.body["user_id"], id, "{options:?}");
    }
}

#[tokio::test]
async fn a_refresh_token_signed_with_the_same_key_opens_nothing() {
    let options = [
        "--user-claim",
        "user_id",
        "--require-claim",
        "token_type=access",
    ];
    let app = TestApp::with(&options).await;
    for (kind, wanted) in [
        (
            json!({ "user_id": 7, "token_type": "refresh" }),
            "another value",
        ),
        (json!({ "user_id": 7, "token_type": null }), "lacks a claim"),
        (json!({ "user_id": 7 }), "lacks a claim"),
        (json!({ "token_type": "access" }), "no user id"),
        (
            json!({ "token_type": "access", "user_id": 7.5 }),
            "neither a whole number",
        ),
        (
            json!({ "token_type": "access", "user_id": true }),
            "neither a whole number",
        ),
        (json!({ "token_type": "access", "sub": "a" }), "no user id"),
    ] {
        let answer = me(&app, &signed(kind.clone())).await.expect_status(401);
        let why = answer.body["message"].as_str().expect("a text");
        assert!(why.contains(wanted), "{kind}: {why}");
    }
    let several = json!({ "user_id": 7.0, "token_type": ["access", "id"] });
    let answer = me(&app, &signed(several)).await.expect_status(200);
    assert_eq!(answer.body["user_id"], "7");
}

#[tokio::test]
async fn roles_are_what_the_operator_maps_them_to() {
    let options = [
        "--roles-claim",
        "/realm/roles",
        "--name-claim",
        "full name",
        "--role-map",
        "boss=admin,helper=support",
    ];
    let app = TestApp::with(&options).await;
    let with = |roles: Value| {
        signed(json!({ "sub": "a", "full name": "A B", "realm": { "roles": roles } }))
    };
    for (theirs, ours) in [
        (json!(["boss"]), json!(["admin"])),
        (json!("boss"), json!(["admin"])),
        (json!(["helper", "boss"]), json!(["admin", "support"])),
        (json!(["admin"]), json!([])),
        (json!([]), json!([])),
        (json!(null), json!([])),
    ] {
        let answer = me(&app, &with(theirs.clone())).await.expect_status(200);
        assert_eq!(answer.body["roles"], ours, "{theirs}");
    }
    me(&app, &with(json!([7]))).await.expect_status(401);
    let answer = me(&app, &with(json!([]))).await.expect_status(200);
    assert_eq!(answer.body["name"], "A B");
}

#[tokio::test]
async fn the_command_signs_tokens_of_each_platform() {
    for (options, _, _) in platforms() {
        let app = TestApp::with(options).await;
        let signed = Command::new(env!("CARGO_BIN_EXE_stoa"))
            .args(["token", "--sub", "7", "--jwt-secret", SECRET])
            .args(options)
            .output()
            .expect("a command");
        assert!(signed.status.success(), "{signed:?}");
        let token = String::from_utf8(signed.stdout).expect("a text");
        let answer = me(&app, token.trim()).await.expect_status(200);
        assert_eq!(answer.body["user_id"], "7", "{options:?}");
    }
}

#[test]
fn options_that_name_no_claim_are_refused() {
    for (option, value, told) in [
        ("--user-claim", "", "needs a name"),
        ("--user-claim", "exp", "meaning of its own"),
        ("--role-map", "boss=king", "`king` is none of"),
        ("--require-claim", "token_type", "token_type=access"),
    ] {
        let refused = Command::new(env!("CARGO_BIN_EXE_stoa"))
            .args(["serve", "--jwt-secret", SECRET, option, value])
            .output()
            .expect("a command");
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(
            !refused.status.success() && said.contains(told),
            "{option} {value}: {said}"
        );
    }
}

/// A token that the command signs with these options.
fn minted(options: &[&str]) -> Result<String, String> {
    let signed = Command::new(env!("CARGO_BIN_EXE_stoa"))
        .args(["token", "--jwt-secret", SECRET])
        .args(options)
        .output()
        .expect("a command");
    match signed.status.success() {
        true => Ok(String::from_utf8_lossy(&signed.stdout).trim().to_owned()),
        false => Err(String::from_utf8_lossy(&signed.stderr).into_owned()),
    }
}

/// The claims of a token, as they stand in it.
fn claims_of(token: &str) -> String {
    let claims = token.split('.').nth(1).expect("three parts");
    let claims = URL_SAFE_NO_PAD.decode(claims).expect("base64");
    String::from_utf8(claims).expect("a text")
}

#[tokio::test]
async fn the_command_signs_numbered_users_where_it_is_told_so() {
    let options = ["--user-claim", "user_id"];
    let app = TestApp::with(&options).await;
    for id in ["7", "9007199254740993", "18446744073709551615"] {
        let asked = [&["--sub", id, "--sub-number"][..], &options[..]].concat();
        let token = minted(&asked).expect("a token");
        let claims = claims_of(&token);
        assert!(claims.contains(&format!("\"user_id\":{id}")), "{claims}");
        let answer = me(&app, &token).await.expect_status(200);
        assert_eq!(answer.body["user_id"], id);
    }
    let text = minted(&["--sub", "7", "--user-claim", "user_id"]).expect("a token");
    assert!(claims_of(&text).contains("\"user_id\":\"7\""));
    for (sub, more, told) in [
        ("a7", &options[..], "whole number"),
        ("7.0", &options[..], "whole number"),
        ("07", &options[..], "whole number"),
        ("7", &[][..], "sub is not a string"),
    ] {
        let asked = [&["--sub", sub, "--sub-number"][..], more].concat();
        let refused = minted(&asked).expect_err(sub);
        assert!(refused.contains(told), "{sub}: {refused}");
    }
}

#[tokio::test]
async fn two_large_numbers_are_two_users() {
    let app = TestApp::with(&["--user-claim", "id"]).await;
    for id in [
        9_007_199_254_740_992_u64,
        9_007_199_254_740_993,
        175_928_847_299_117_063,
    ] {
        let answer = me(&app, &signed(json!({ "id": id })))
            .await
            .expect_status(200);
        assert_eq!(answer.body["user_id"], id.to_string());
    }
}

#[tokio::test]
async fn a_refusal_names_what_the_operator_named() {
    let options = ["--user-claim", "id", "--roles-claim", "role"];
    let app = TestApp::with(&options).await;
    let system = json!({ "id": "00000000-0000-0000-0000-000000000000" });
    let told = me(&app, &signed(system)).await.expect_status(401).body;
    let why = told["message"].as_str().expect("a text");
    assert!(why.contains("--user-claim"), "{why}");
    let wrong = json!({ "id": "a", "role": 7 });
    let told = me(&app, &signed(wrong)).await.expect_status(401).body;
    let why = told["message"].as_str().expect("a text");
    assert!(
        why.contains("neither a string nor a list of strings"),
        "{why}"
    );
}
