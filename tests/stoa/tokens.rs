//! Which tokens are trusted and which are not, over REST and over the socket; what ends a connection for its token or its origin.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio_tungstenite::tungstenite::Error;

use crate::client::{Person, Socket};
use crate::test_app::{SECRET, TestApp, claims, token};

const RSA: &[u8] = include_bytes!("../keys/test-only-rsa-private.pem");
const RSA_PUBLIC: &[u8] = include_bytes!("../keys/test-only-rsa-public.pem");
const OTHER_RSA: &[u8] = include_bytes!("../keys/test-only-other-rsa-private.pem");
const EC: &[u8] = include_bytes!("../keys/test-only-ec-private.pem");
const ED: &[u8] = include_bytes!("../keys/test-only-ed-private.pem");

/// A server that trusts what is in one of the test keys' files.
async fn with_key(option: &str, name: &str) -> TestApp {
    let file = format!("{}/tests/keys/test-only-{name}", env!("CARGO_MANIFEST_DIR"));
    TestApp::with(&["--rate-limits", "off", option, &file]).await
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("a clock").as_secs()
}

/// Claims that are right, with these changes; a null takes a claim away.
fn said(changes: Value) -> Value {
    let mut whole = json!({ "sub": "alice", "name": "Alice", "exp": now() + 3_600 });
    for (name, value) in changes.as_object().expect("an object") {
        match value.is_null() {
            true => drop(whole.as_object_mut().expect("an object").remove(name)),
            false => whole[name] = value.clone(),
        }
    }
    whole
}

fn signed(algorithm: Algorithm, key: &EncodingKey, claims: &Value) -> String {
    jsonwebtoken::encode(&Header::new(algorithm), claims, key).expect("a token")
}

fn with_secret(changes: Value) -> String {
    signed(
        Algorithm::HS256,
        &EncodingKey::from_secret(SECRET.as_bytes()),
        &said(changes),
    )
}

fn with_kid(algorithm: Algorithm, key: &EncodingKey, kid: Option<&str>) -> String {
    let mut header = Header::new(algorithm);
    header.kid = kid.map(str::to_owned);
    jsonwebtoken::encode(&header, &said(json!({})), key).expect("a token")
}

fn unsigned(algorithm: &str, signature: &str) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = part(&json!({ "alg": algorithm, "typ": "JWT" }));
    format!("{header}.{}.{signature}", part(&said(json!({}))))
}

/// A good token whose part at `place` is replaced.
fn altered(index: usize, part: &str) -> String {
    let good = with_secret(json!({}));
    let mut parts: Vec<&str> = good.split('.').collect();
    parts[index] = part;
    parts.join(".")
}

/// Presents a token in each of the three places: REST, the header of the upgrade, the first frame.
async fn at_each_endpoint(app: &TestApp, token: &str) -> [u16; 3] {
    let person = Person::new(app.addresses(), "alice", token.to_owned());
    let rest = person.get("/api/v1/me").await;
    if rest.status == 401 {
        assert_eq!(rest.body["error_code"], "UNAUTHENTICATED");
        assert_eq!(rest.headers["www-authenticate"], "Bearer");
    }
    let header = match Socket::open(app.address, Some(token))
        .await
        .map_err(|error| *error)
    {
        Ok(_) => 200,
        Err(Error::Http(response)) => response.status().as_u16(),
        Err(other) => panic!("{other}"),
    };
    let mut socket = Socket::open(app.address, None).await.expect("a socket");
    let frame = match socket.call("authenticate", json!({ "token": token })).await {
        Ok(welcome) => {
            assert_eq!(welcome["user_id"], "alice");
            200
        }
        Err(error) => {
            assert_eq!(error["error_code"], "UNAUTHENTICATED");
            assert_eq!(socket.closed().await, Some(4401));
            401
        }
    };
    [rest.status, header, frame]
}

async fn assert_refused(app: &TestApp, cases: Vec<(&str, String)>) {
    for (name, token) in cases {
        assert_eq!(at_each_endpoint(app, &token).await, [401; 3], "{name}");
    }
}

async fn assert_trusted(app: &TestApp, cases: Vec<(&str, String)>) {
    for (name, token) in cases {
        assert_eq!(at_each_endpoint(app, &token).await, [200; 3], "{name}");
    }
}

#[tokio::test]
async fn no_forged_token_is_trusted() {
    let app = TestApp::start().await;
    let secret = EncodingKey::from_secret(SECRET.as_bytes());
    let other = EncodingKey::from_secret(b"another secret, as long as the first one was");
    let good = with_secret(json!({}));
    let stripped = good.rsplit_once('.').expect("three parts").0;
    let payload =
        URL_SAFE_NO_PAD.encode(said(json!({ "sub": "admin", "roles": ["admin"] })).to_string());
    assert_refused(
        &app,
        vec![
            ("alg none", unsigned("none", "")),
            ("alg None", unsigned("None", "")),
            ("alg nOnE", unsigned("nOnE", "")),
            (
                "alg none with a signature",
                unsigned("none", good.rsplit('.').next().expect("three parts")),
            ),
            ("no alg that exists", unsigned("HS257", "AAAA")),
            ("HS384", signed(Algorithm::HS384, &secret, &said(json!({})))),
            ("HS512", signed(Algorithm::HS512, &secret, &said(json!({})))),
            (
                "RS256",
                signed(
                    Algorithm::RS256,
                    &EncodingKey::from_rsa_pem(RSA).expect("a key"),
                    &said(json!({})),
                ),
            ),
            (
                "another secret",
                signed(Algorithm::HS256, &other, &said(json!({}))),
            ),
            ("no signature", format!("{stripped}.")),
            ("no third part", stripped.to_owned()),
            ("a fourth part", format!("{good}.AAAA")),
            ("another payload", altered(1, &payload)),
            (
                "another header",
                altered(0, &URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","kid":"x"}"#)),
            ),
            ("a short signature", good[..good.len() - 4].to_owned()),
            ("garbage", "garbage".to_owned()),
            ("dots", "...".to_owned()),
            ("not base64", altered(1, "%%%%")),
            (
                "no JSON inside",
                altered(1, &URL_SAFE_NO_PAD.encode("nonsense")),
            ),
        ],
    )
    .await;
    assert_trusted(&app, vec![("and a right one is", good)]).await;
}

#[tokio::test]
async fn no_token_with_wrong_claims_is_trusted() {
    let app = TestApp::start().await;
    let claim = |changes: Value| with_secret(changes);
    assert_refused(
        &app,
        vec![
            ("expired", claim(json!({ "exp": now() - 60 }))),
            ("expired long ago", claim(json!({ "exp": 1 }))),
            ("not yet", claim(json!({ "nbf": now() + 300 }))),
            ("no exp", claim(json!({ "exp": null }))),
            (
                "exp as text",
                claim(json!({ "exp": (now() + 3_600).to_string() })),
            ),
            ("exp before all time", claim(json!({ "exp": -5 }))),
            ("no sub", claim(json!({ "sub": null }))),
            ("sub as a number", claim(json!({ "sub": 7 }))),
            ("empty sub", claim(json!({ "sub": "" }))),
            ("sub with a space", claim(json!({ "sub": "a b" }))),
            ("sub with a NUL", claim(json!({ "sub": "alice\0" }))),
            ("sub beyond ASCII", claim(json!({ "sub": "älice" }))),
            ("long sub", claim(json!({ "sub": "x".repeat(129) }))),
            ("name with a NUL", claim(json!({ "name": "a\0b" }))),
            ("roles as a text", claim(json!({ "roles": "admin" }))),
            ("huge", claim(json!({ "name": "x".repeat(20_000) }))),
        ],
    )
    .await;
    assert_trusted(
        &app,
        vec![
            (
                "20 seconds over, within the leeway",
                claim(json!({ "exp": now() - 20 })),
            ),
            (
                "20 seconds early, within the leeway",
                claim(json!({ "nbf": now() + 20 })),
            ),
            (
                "an audience that nobody asked for",
                claim(json!({ "aud": ["somebody", "else"] })),
            ),
            (
                "an issuer that nobody asked for",
                claim(json!({ "iss": "somebody" })),
            ),
            ("no roles", claim(json!({ "roles": [] }))),
            ("unknown roles", claim(json!({ "roles": ["emperor"] }))),
        ],
    )
    .await;
}

#[tokio::test]
async fn issuer_and_audience_must_be_ours_where_they_are_configured() {
    let options = [
        "--rate-limits",
        "off",
        "--jwt-issuer",
        "platform",
        "--jwt-audience",
        "stoa",
    ];
    let app = TestApp::with(&options).await;
    let from = |iss: Value, aud: Value| with_secret(json!({ "iss": iss, "aud": aud }));
    assert_refused(
        &app,
        vec![
            ("neither", from(Value::Null, Value::Null)),
            ("no issuer", from(Value::Null, json!("stoa"))),
            ("no audience", from(json!("platform"), Value::Null)),
            ("another issuer", from(json!("other"), json!("stoa"))),
            ("another audience", from(json!("platform"), json!("other"))),
            (
                "other audiences",
                from(json!("platform"), json!(["other", "third"])),
            ),
        ],
    )
    .await;
    assert_trusted(
        &app,
        vec![
            ("both right", from(json!("platform"), json!("stoa"))),
            (
                "one of its audiences is ours",
                from(json!("platform"), json!(["other", "stoa"])),
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_public_key_trusts_its_own_algorithm_alone() {
    let rsa = || EncodingKey::from_rsa_pem(RSA).expect("a key");
    let other = EncodingKey::from_rsa_pem(OTHER_RSA).expect("a key");
    let ec = || EncodingKey::from_ec_pem(EC).expect("a key");
    let ed = || EncodingKey::from_ed_pem(ED).expect("a key");
    let public_as_secret = EncodingKey::from_secret(RSA_PUBLIC);
    let plain = |algorithm, key: EncodingKey| signed(algorithm, &key, &said(json!({})));
    let all = || {
        [
            ("rsa", plain(Algorithm::RS256, rsa())),
            ("ec", plain(Algorithm::ES256, ec())),
            ("ed", plain(Algorithm::EdDSA, ed())),
        ]
    };
    for kind in ["rsa", "ec", "ed"] {
        let app = with_key("--jwt-public-key", &format!("{kind}-public.pem")).await;
        let (own, others): (Vec<_>, Vec<_>) =
            all().into_iter().partition(|(name, _)| *name == kind);
        assert_trusted(&app, own).await;
        assert_refused(&app, others).await;
        assert_refused(
            &app,
            vec![
                (
                    "the public key as a secret",
                    signed(Algorithm::HS256, &public_as_secret, &said(json!({}))),
                ),
                (
                    "another key",
                    signed(Algorithm::RS256, &other, &said(json!({}))),
                ),
                ("RS512", plain(Algorithm::RS512, rsa())),
                ("PS256", plain(Algorithm::PS256, rsa())),
                ("alg none", unsigned("none", "")),
            ],
        )
        .await;
    }
}

#[tokio::test]
async fn a_key_set_is_searched_by_kid() {
    let app = with_key("--jwks", "jwks.json").await;
    let rsa = EncodingKey::from_rsa_pem(RSA).expect("a key");
    let ec = EncodingKey::from_ec_pem(EC).expect("a key");
    assert_trusted(
        &app,
        vec![
            ("rsa-1", with_kid(Algorithm::RS256, &rsa, Some("rsa-1"))),
            ("ec-1", with_kid(Algorithm::ES256, &ec, Some("ec-1"))),
        ],
    )
    .await;
    assert_refused(
        &app,
        vec![
            (
                "unknown kid",
                with_kid(Algorithm::RS256, &rsa, Some("rsa-2")),
            ),
            ("no kid", with_kid(Algorithm::RS256, &rsa, None)),
            (
                "the kid of the other",
                with_kid(Algorithm::RS256, &rsa, Some("ec-1")),
            ),
            (
                "the other's key",
                with_kid(Algorithm::ES256, &ec, Some("rsa-1")),
            ),
            ("the shared secret of others", token(&claims("alice", &[]))),
        ],
    )
    .await;
}

/// What REST answers to these headers and this path.
async fn status_of(app: &TestApp, path: &str, headers: &[&str]) -> u16 {
    let mut request = reqwest::Client::new().get(format!("http://{}{path}", app.address));
    for header in headers {
        request = request.header("authorization", *header);
    }
    request.send().await.expect("a response").status().as_u16()
}

#[tokio::test]
async fn a_token_stands_in_one_header_and_nowhere_else() {
    let app = TestApp::start().await;
    let good = token(&claims("alice", &[]));
    let bearer = format!("Bearer {good}");
    for header in [
        format!("Bearer {good} {good}"),
        format!("Bearer {good}, Bearer {good}"),
        format!("Basic {good}"),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        good.clone(),
    ] {
        assert_eq!(
            status_of(&app, "/api/v1/me", &[&header]).await,
            401,
            "{header:.20}"
        );
    }
    assert_eq!(
        status_of(&app, "/api/v1/me", &[&bearer, &bearer]).await,
        401,
        "two headers"
    );
    assert_eq!(
        status_of(&app, &format!("/api/v1/me?token={good}"), &[]).await,
        401
    );
    assert_eq!(
        status_of(&app, "/api/v1/me", &[&format!("bearer {good}")]).await,
        200
    );
    for name in ["token", "access_token"] {
        let url = format!("ws://{}/ws?{name}={good}", app.address);
        match tokio_tungstenite::connect_async(url).await {
            Err(Error::Http(response)) => assert_eq!(response.status().as_u16(), 400, "{name}"),
            other => panic!("{other:?}"),
        }
    }
}
