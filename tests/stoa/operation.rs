//! Operation of the real binary: options, log, metrics, tokens, signals.

use clap::CommandFactory;
use serde_json::{Value, json};

use crate::child::{Process, outcome, program};
use crate::client::{Person, Socket};
use crate::test_app::{SECRET, fresh_database};

#[derive(clap::Parser)]
struct Line {
    #[command(flatten)]
    config: stoa::config::Config,
}

/// Has a conversation in which everything is said that must not be told; answers the ids in it.
async fn converse(server: &Process) -> Vec<String> {
    let (alice, bob) = (server.person("alice"), server.person("bob"));
    for person in [&alice, &bob] {
        person.get("/api/v1/me").await.expect_status(200);
    }
    let wanted = json!({ "kind": "direct", "participants": [{ "user_id": "bob" }], "first_message": { "body": "whispered-first" } });
    let made = alice
        .post("/api/v1/conversations", wanted)
        .await
        .expect_status(201);
    let conversation = made.body["id"].as_str().expect("an id").to_owned();
    let messages_path = format!("/api/v1/conversations/{conversation}/messages");
    let mut socket = bob.joined(&conversation).await;
    let message = alice.say(&conversation, "whispered-rest").await;
    let message = message["id"].as_str().expect("an id").to_owned();
    let send = json!({ "conversation_id": conversation, "body": "whispered-socket", "client_id": "whispered-client" });
    socket.call("send_message", send).await.expect("sent");
    let path = format!("/api/v1/messages/{message}");
    alice
        .patch(&path, json!({ "body": "whispered-edit" }))
        .await
        .expect_status(200);
    bob.patch(&path, json!({ "body": "whispered-refused" }))
        .await
        .expect_status(403);
    alice
        .request(
            "POST",
            &messages_path,
            Some("{\"body\":\"whispered-broken".to_owned()),
            &[],
        )
        .await
        .expect_status(400);
    alice
        .get(&format!("{messages_path}?limit=whispered-query"))
        .await
        .expect_status(400);
    alice
        .request("WHISPERED-METHOD", "/api/v1/me", None, &[])
        .await;
    alice.get("/whispered-asset").await;
    knock(server, &bob).await;
    socket.send_text("whispered-nonsense").await;
    assert_eq!(socket.closed().await, Some(1008));
    let signatures = [&alice, &bob].map(|person| {
        let signature = person.token.rsplit('.').next();
        signature.expect("three parts").to_owned()
    });
    [vec![conversation, message], signatures.to_vec()].concat()
}

/// Shows tokens where they are refused.
async fn knock(server: &Process, bob: &Person) {
    let forged = format!("{}whispered", bob.token);
    Person::new(server.address, "bob", forged.clone())
        .get("/api/v1/me")
        .await
        .expect_status(401);
    let mut unknown = Socket::open(server.address, None).await.expect("a socket");
    unknown
        .call("authenticate", json!({ "token": forged }))
        .await
        .expect_err("refused");
    unknown.closed().await;
    let query = format!("/ws?token={}", bob.token);
    bob.get(&query).await.expect_status(400);
}

#[tokio::test]
async fn figures_and_log_tell_no_secrets() {
    let mut server = Process::serve(&["--rate-limits", "off"]).await;
    let ids = converse(&server).await;
    let figures = server
        .person("alice")
        .get("/metrics")
        .await
        .expect_status(200)
        .body;
    let figures = figures.as_str().expect("text").to_owned();
    assert!(
        figures.contains(r#"route="/api/v1/conversations/{id}/messages""#),
        "{figures}"
    );
    for told in ids
        .iter()
        .map(String::as_str)
        .chain(["alice", "bob", "whispered", "WHISPERED"])
    {
        assert!(!figures.contains(told), "{told} in the figures");
    }
    server.signal("TERM");
    let (code, log) = server.end().await;
    assert_eq!(code, Some(0));
    for (what, line) in log.lines().enumerate() {
        let told: Value =
            serde_json::from_str(line).unwrap_or_else(|_| panic!("line {what} is no JSON: {line}"));
        for field in ["timestamp", "level", "service", "event"] {
            assert!(told[field].is_string(), "no {field}: {line}");
        }
    }
    for event in [
        "listening",
        "conversation_created",
        "message_sent",
        "draining",
        "stopped",
    ] {
        assert!(
            log.contains(&format!(r#""event":"{event}""#)),
            "no {event} in {log}"
        );
    }
    for told in ids[2..]
        .iter()
        .map(String::as_str)
        .chain(["whispered", SECRET])
    {
        assert!(
            !log.to_lowercase().contains(&told.to_lowercase()),
            "{told} in the log: {log}"
        );
    }
}

/// Variables that the Stoory guide names, and those that other programs read too.
const NAMED_ELSEWHERE: [&str; 6] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "DATABASE_URL",
    "RAZORPAY_KEY_ID",
    "RAZORPAY_KEY_SECRET",
    "SYSTEM_USER_ID",
];

#[test]
fn the_help_names_every_option_with_its_variable() {
    let hidden = [
        ("STOA_JWT_SECRET", "not-to-be-shown"),
        ("DATABASE_URL", "not-to-be-shown"),
    ];
    let (output, help, _) = outcome(&["serve", "--help"], &hidden);
    assert!(output.status.success());
    assert!(!help.contains("not-to-be-shown"), "{help}");
    let line = Line::command();
    let mut seen = 0;
    for option in line
        .get_arguments()
        .filter(|option| option.get_id() != "help" && option.get_id() != "print_config")
    {
        let long = option.get_long().expect("a long name");
        let variable = option
            .get_env()
            .unwrap_or_else(|| panic!("--{long} has no variable"));
        let variable = variable.to_string_lossy();
        assert!(
            NAMED_ELSEWHERE.contains(&&*variable)
                || variable == format!("STOA_{}", long.replace('-', "_").to_uppercase()),
            "{variable}"
        );
        assert!(
            help.contains(&format!("--{long}")),
            "--{long} is not in the help"
        );
        assert!(
            help.contains(&format!("[env: {variable}")),
            "{variable} is not in the help"
        );
        seen += 1;
    }
    assert!(seen > 30, "only {seen} options");
}

#[test]
fn printed_options_hold_no_secrets() {
    let url = "postgresql://stoa:hunter2@localhost/stoa";
    let variables = [("DATABASE_URL", url), ("STOA_FRAME_LIMIT", "2048")];
    for command in [vec!["serve"], vec![]] {
        let arguments = [
            command,
            vec![
                "--print-config",
                "--jwt-secret",
                SECRET,
                "--user-rate",
                "17",
            ],
        ]
        .concat();
        let (output, said, _) = outcome(&arguments, &variables);
        assert!(output.status.success());
        for shown in [
            "(redacted)",
            "frame_limit: 2048",
            "user_rate: 17",
            "data folder in use: ",
        ] {
            assert!(said.contains(shown), "no {shown} in {said}");
        }
        for secret in [SECRET, "hunter2"] {
            assert!(!said.contains(secret), "{said}");
        }
    }
}

#[test]
fn wrong_options_are_explained() {
    let database = fresh_database();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = taken.local_addr().expect("an address").to_string();
    let nonsense = format!("{}/Cargo.toml", env!("CARGO_MANIFEST_DIR"));
    let key = |name: &str| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/keys");
        format!("{folder}/test-only-{name}.pem")
    };
    let no_set = key("ec-public");
    let taken: (Vec<&str>, &str) = (
        vec!["--jwt-secret", SECRET, "--listen", &taken],
        "Choose with --listen",
    );
    for (arguments, told) in [
        (vec![], "--jwt-secret"),
        (vec!["--jwt-secret", "short"], "at least 32 bytes"),
        (
            vec!["--jwt-secret", SECRET, "--jwks", "x"],
            "cannot be used with",
        ),
        (vec!["--listen", "nowhere"], "--listen"),
        (vec!["--frame-limit", "1"], "--frame-limit"),
        (vec!["--workers", "0"], "--workers"),
        (vec!["--rate-limits", "sometimes"], "--rate-limits"),
        (vec!["--no-such-option"], "--no-such-option"),
        (vec!["--demo", "--listen", "0.0.0.0:0"], "--demo-anywhere"),
        (vec!["--demo"], "--database-url (DATABASE_URL)"),
        (vec!["--demo", "--jwks", "x"], "--jwks (STOA_JWKS)"),
        (vec!["--demo", "--jwt-secret", SECRET], "(STOA_JWT_SECRET)"),
        (vec!["--demo"], "say --demo-into-database"),
        (vec!["--demo-into-database"], "give --demo too"),
        (vec!["--jwt-public-key", "/nowhere.pem"], "/nowhere.pem"),
        (vec!["--jwt-public-key", &nonsense], "not a PEM public key"),
        (vec!["--jwt-public-key", &key("rsa-private")], "private key"),
        (vec!["--jwt-public-key", &key("ec-private")], "private key"),
        (vec!["--jwt-public-key", &key("ed-private")], "private key"),
        (
            vec!["--jwt-public-key", &key("short-rsa-public")],
            "1024 bits",
        ),
        (
            vec!["--jwt-public-key", &key("p384-public")],
            "--jwt-public-key",
        ),
        (vec!["--jwks", &no_set], "test-only-ec-public.pem"),
        taken,
    ] {
        assert_explained(&database, &arguments, told);
    }
}

fn assert_explained(database: &str, arguments: &[&str], told: &str) {
    let whole = [&["serve"], arguments].concat();
    let (output, _, complained) =
        outcome(&whole, &[("DATABASE_URL", database), ("RUST_LOG", "off")]);
    assert!(!output.status.success(), "{arguments:?}");
    assert!(complained.contains(told), "{arguments:?}: {complained}");
    assert!(
        !complained.contains("panicked"),
        "{arguments:?}: {complained}"
    );
}

#[tokio::test]
async fn the_demo_gives_everybody_a_token_where_it_may() {
    let folder = std::env::temp_dir().join(format!("stoa-operation-{}", std::process::id()));
    let data = folder.to_string_lossy().into_owned();
    let server = Process::serve(&[
        "--demo",
        "--demo-into-database",
        "--demo-anywhere",
        "--listen",
        "0.0.0.0:0",
        "--data-dir",
        &data,
    ])
    .await;
    let address: std::net::SocketAddr = format!("127.0.0.1:{}", server.address.port())
        .parse()
        .expect("an address");
    let visitor = Person::new(address, "visitor", "none".to_owned());
    let people = visitor
        .get("/api/v1/demo/people")
        .await
        .expect_status(200)
        .body;
    let people = people["items"].as_array().expect("items");
    assert!(!people.is_empty(), "the demo has people");
    for item in people {
        let text = |name: &str| item[name].as_str().expect("a text").to_owned();
        let played = Person::new(address, &text("user_id"), text("token"));
        assert_eq!(
            played.get("/api/v1/me").await.expect_status(200).body["user_id"],
            text("user_id")
        );
    }
    let _nothing_there = std::fs::remove_dir_all(folder);
}

#[tokio::test]
async fn a_minted_token_is_accepted() {
    let server = Process::serve(&[]).await;
    let mint =
        |more: &[&str]| outcome(&[&["token"], more].concat(), &[("STOA_JWT_SECRET", SECRET)]);
    let (output, said, _) = mint(&[
        "--sub", "dora", "--name", "Dora", "--role", "support", "--role", "service",
    ]);
    assert!(output.status.success());
    let dora = Person::new(server.address, "dora", said.trim().to_owned());
    let shown = dora.get("/api/v1/me").await.expect_status(200).body;
    assert_eq!(
        (shown["user_id"].as_str(), shown["name"].as_str()),
        (Some("dora"), Some("Dora"))
    );
    assert_eq!(shown["roles"], json!(["support", "service"]));
    for wrong in [
        vec!["--sub", "a b"],
        vec!["--sub", "x", "--role", "emperor"],
        vec!["--sub", "x", "--jwt-secret", "short"],
        vec![],
    ] {
        let (output, said, complained) = mint(&wrong);
        assert!(!output.status.success() && said.is_empty(), "{wrong:?}");
        assert!(
            !complained.is_empty() && !complained.contains("panicked"),
            "{wrong:?}: {complained}"
        );
    }
}

#[test]
fn the_version_is_told() {
    let said = program(&["--version"], &[])
        .output()
        .expect("it runs")
        .stdout;
    assert_eq!(
        String::from_utf8_lossy(&said).trim(),
        format!("stoa {}", env!("CARGO_PKG_VERSION"))
    );
}
