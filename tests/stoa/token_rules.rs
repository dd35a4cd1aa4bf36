//! The refusals of tokens, and which keys of a key set are trusted.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use std::path::PathBuf;

use crate::client::{Person, Socket};
use crate::test_app::{SECRET, TestApp, claims, token};

const RSA: &[u8] = include_bytes!("../keys/test-only-rsa-private.pem");
const EC: &[u8] = include_bytes!("../keys/test-only-ec-private.pem");
const SYSTEM: &str = "00000000-0000-0000-0000-000000000000";

/// A token signed with the tests' secret, its header and claims as they are written here.
fn written(header: &str, claims: &str) -> String {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let message = format!("{}.{}", part(header), part(claims));
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256);
    format!("{message}.{}", signature.expect("a signature"))
}

fn seconds() -> u64 {
    claims("", &[]).exp - 3_600
}

/// What REST and the socket say of a token; they must say the same.
async fn told(app: &TestApp, token: &str) -> String {
    let person = Person::new(app.addresses(), "a1", token.to_owned());
    let rest = person.get("/api/v1/me").await;
    let mut socket = Socket::open(app.address, None).await.expect("a socket");
    let answer = socket.call("authenticate", json!({ "token": token })).await;
    if rest.status == 200 {
        assert!(answer.is_ok(), "{answer:?}");
        return "trusted".to_owned();
    }
    let (rest, error) = (rest.expect_status(401), answer.unwrap_err());
    for body in [&rest.body, &error] {
        assert_eq!(body["error_code"], "UNAUTHENTICATED", "{body}");
    }
    assert_eq!(rest.body["message"], error["message"]);
    assert_eq!(socket.closed().await, Some(4401));
    error["message"].as_str().expect("a text").to_owned()
}

#[tokio::test]
async fn each_mistake_in_a_token_is_told_by_itself() {
    let app = TestApp::start().await;
    let (now, plain) = (seconds(), r#"{"alg":"HS256"}"#);
    let good = format!(r#"{{"sub":"a1","exp":{}}}"#, now + 600);
    let other = jsonwebtoken::encode(
        &Header::new(Algorithm::HS256),
        &json!({ "sub": "a1", "exp": now + 600 }),
        &EncodingKey::from_secret(b"another secret, as long as the first one was"),
    );
    let body = |more: &str| written(plain, &format!(r#"{{"exp":{},{more}}}"#, now + 600));
    let cases = [
        (written(plain, r#"{"sub":"a1"}"#), "has no exp"),
        (other.expect("a token"), "signature is wrong"),
        (body(r#""name":"A""#), "has no sub"),
        (body(r#""sub":42"#), "sub is not a string"),
        (
            body(r#""sub":"a1","roles":"admin""#),
            "roles are not a list",
        ),
        (body(r#""sub":"a1","sub":"a2""#), "with distinct names"),
        (
            body(&format!(r#""sub":"{SYSTEM}""#)),
            "stands for the system",
        ),
        (written(plain, r#"{"sub":"a1","exp":1}"#), "has expired"),
        (
            body(&format!(r#""sub":"a1","nbf":{}"#, now + 100)),
            "not valid yet",
        ),
        (written(r#"{"alg":"HS512"}"#, &good), "another algorithm"),
        (written(r#"{"alg":"none"}"#, &good), "another algorithm"),
        (
            written(r#"{"alg":"HS256","crit":["exp2"],"exp2":1}"#, &good),
            "crit",
        ),
        (
            written(r#"{"alg":"HS256","crit":["b64"],"b64":false}"#, &good),
            "crit",
        ),
        (written(r#"{"alg":"HS256","crit":[]}"#, &good), "crit"),
        (written(r#"{"alg":"HS256","crit":["alg"]}"#, &good), "crit"),
        (written(r#"{"alg":"HS256","crit":"exp"}"#, &good), "crit"),
        (written(r#"{"alg":"HS256","crit":null}"#, &good), "crit"),
        ("garbage".to_owned(), "not a JWT"),
    ];
    for (token, wanted) in cases {
        let why = told(&app, &token).await;
        assert!(why.contains(wanted), "{wanted}: {why}");
    }
}

#[tokio::test]
async fn times_in_a_token_may_have_fractions() {
    let app = TestApp::start().await;
    let (now, plain) = (seconds(), r#"{"alg":"HS256"}"#);
    for exp in [
        format!("{}.5", now + 600),
        format!("{}.0", now + 600),
        "1.9e9".to_owned(),
    ] {
        let claims = format!(r#"{{"sub":"a1","exp":{exp},"iat":{now}.25,"nbf":{now}.5}}"#);
        assert_eq!(
            told(&app, &written(plain, &claims)).await,
            "trusted",
            "{exp}"
        );
    }
}

#[tokio::test]
async fn an_issuer_is_one_text() {
    let app = TestApp::with(&[
        "--rate-limits",
        "off",
        "--jwt-issuer",
        "https://idp.example",
    ])
    .await;
    let from = |iss: &str| {
        let claims = format!(r#"{{"sub":"a1","exp":{},"iss":{iss}}}"#, seconds() + 600);
        written(r#"{"alg":"HS256"}"#, &claims)
    };
    assert_eq!(
        told(&app, &from(r#""https://idp.example""#)).await,
        "trusted"
    );
    for (iss, wanted) in [
        (
            r#"["https://evil.example","https://idp.example"]"#,
            "iss is not a string",
        ),
        (r#"["https://idp.example"]"#, "iss is not a string"),
        (r#""https://evil.example""#, "issued by another issuer"),
    ] {
        let why = told(&app, &from(iss)).await;
        assert!(why.contains(wanted), "{iss}: {why}");
    }
}

#[tokio::test]
async fn the_systems_id_is_nobodys() {
    let app = TestApp::with(&["--rate-limits", "off", "--system-user-id", "stoa-system"]).await;
    let platform = app.person_with("platform", &["service"]).await;
    let put = platform
        .put("/api/v1/users/stoa-system", json!({ "name": "x" }))
        .await;
    let put = put.expect_status(400).expect_code("INVALID_REQUEST");
    assert_eq!(put.body["details"]["field"], "id");
    platform
        .put(&format!("/api/v1/users/{SYSTEM}"), json!({}))
        .await
        .expect_status(200);
    assert!(
        told(&app, &token(&claims("stoa-system", &[])))
            .await
            .contains("system")
    );
    let wanted = json!({ "kind": "direct", "participants": [{ "user_id": "stoa-system" }] });
    let alice = app.person("alice").await;
    let made = alice.post("/api/v1/conversations", wanted).await;
    made.expect_status(404).expect_code("USER_NOT_FOUND");
    assert_eq!(
        app.count("select count(*) as n from users where id = 'stoa-system'"),
        0
    );
}

/// A key of the tests' key set with these changes.
fn key(name: &str, changes: Value) -> Value {
    let set: Value = serde_json::from_str(include_str!("../keys/test-only-jwks.json")).unwrap();
    let keys = set["keys"].as_array().unwrap();
    let mut key = keys.iter().find(|key| key["kid"] == name).unwrap().clone();
    let changes = changes.as_object().unwrap().clone();
    key.as_object_mut().unwrap().extend(changes);
    key
}

fn key_set(name: &str, keys: &Value) -> PathBuf {
    let file = std::env::temp_dir().join(format!("stoa-{name}-{}.json", std::process::id()));
    std::fs::write(&file, json!({ "keys": keys }).to_string()).expect("a file");
    file
}

fn with_kid(algorithm: Algorithm, key: &EncodingKey, kid: &str) -> String {
    let mut header = Header::new(algorithm);
    header.kid = Some(kid.to_owned());
    let claims = json!({ "sub": "a1", "exp": seconds() + 600 });
    jsonwebtoken::encode(&header, &claims, key).expect("a token")
}

#[tokio::test]
async fn keys_of_a_set_that_are_no_use_are_ignored() {
    let file = key_set(
        "mixed",
        &json!([
            key("rsa-1", json!({ "kid": "enc-1", "use": "enc", "alg": "RSA-OAEP" })),
            key("rsa-1", json!({ "kid": "enc-2", "use": "enc" })),
            key("rsa-1", json!({ "kid": "ps-1", "alg": "PS256" })),
            key("rsa-1", json!({})),
            { "kty": "AKP", "alg": "ML-DSA-44", "kid": "new-1", "pub": "AAAA" },
            key("ec-1", json!({ "key_ops": ["verify"] })),
        ]),
    );
    let named = file.to_string_lossy().into_owned();
    let app = TestApp::with(&["--rate-limits", "off", "--jwks", &named]).await;
    let rsa = EncodingKey::from_rsa_pem(RSA).expect("a key");
    let ec = EncodingKey::from_ec_pem(EC).expect("a key");
    assert_eq!(
        told(&app, &with_kid(Algorithm::RS256, &rsa, "rsa-1")).await,
        "trusted"
    );
    assert_eq!(
        told(&app, &with_kid(Algorithm::ES256, &ec, "ec-1")).await,
        "trusted"
    );
    for kid in ["enc-1", "enc-2", "ps-1", "new-1"] {
        let why = told(&app, &with_kid(Algorithm::RS256, &rsa, kid)).await;
        assert!(why.contains("(kid) that is not trusted"), "{kid}: {why}");
    }
    std::fs::remove_file(file).expect("the file");
}

#[test]
fn a_set_without_a_key_for_signatures_is_refused_with_the_reasons() {
    let file = key_set(
        "none",
        &json!([
            key("rsa-1", json!({ "kid": "enc-1", "use": "enc", "alg": "RSA-OAEP" })),
            { "kty": "EC", "crv": "P-384", "kid": "big", "x": "AAAA", "y": "AAAA" },
        ]),
    );
    let named = file.to_string_lossy().into_owned();
    let database = crate::test_app::fresh_database();
    let asked = ["serve", "--jwks", &named, "--listen", "127.0.0.1:0"];
    let (output, _, complained) = crate::child::outcome(&asked, &[("DATABASE_URL", &database)]);
    assert!(!output.status.success());
    for told in [
        "--jwks",
        "\"enc-1\" is not for signatures",
        "\"big\" is incomplete, or of another kind",
    ] {
        assert!(complained.contains(told), "{told}: {complained}");
    }
    std::fs::remove_file(file).expect("the file");
}

#[tokio::test]
async fn the_log_says_why_tokens_are_refused_and_cannot_be_flooded() {
    let mut server = crate::child::Process::serve(&["--rate-limits", "off"]).await;
    let bad = format!("{}x", token(&claims("a1", &[])));
    let bad = Person::new(server.address, "a1", bad);
    for _ in 0..200 {
        bad.get("/api/v1/me").await.expect_status(401);
    }
    let expired = written(r#"{"alg":"HS256"}"#, r#"{"sub":"a1","exp":1}"#);
    let expired = Person::new(server.address, "a1", expired);
    expired.get("/api/v1/me").await.expect_status(401);
    server.signal("TERM");
    let (_, log) = server.end().await;
    let lines: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("token_refused"))
        .collect();
    for reason in ["signature is wrong", "has expired"] {
        assert!(lines.iter().any(|line| line.contains(reason)), "{lines:?}");
    }
    assert!(lines.len() < 60, "{} lines of 201", lines.len());
    assert!(!log.contains(&bad.token) && !log.contains(&expired.token));
}
