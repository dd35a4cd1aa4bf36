//! The demo: what it runs beside, whose secret its tokens have, and which tokens `stoa token` makes.

use serde_json::json;
use std::path::PathBuf;

use crate::child::{Process, outcome};
use crate::client::{Person, Socket};
use crate::servers::Alone;
use crate::test_app::{SECRET, TestApp, claims, fresh_database, token};

fn folder(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("stoa-demo-{name}-{}", std::process::id()))
}

/// The token that the demo gives for this one of its people.
async fn played(address: std::net::SocketAddr, id: &str) -> Person {
    let visitor = Person::new(address, "visitor", "none".to_owned());
    let people = visitor.get("/api/v1/demo/people").await.expect_status(200);
    let items = people.body["items"].as_array().expect("items").clone();
    let found = items.iter().find(|item| item["user_id"] == id);
    let token = found.expect("one of the cast")["token"].as_str();
    Person::new(address, id, token.expect("a token").to_owned())
}

fn minted(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let whole = [&["token", "--sub", "dora"], arguments].concat();
    let (output, said, complained) = outcome(&whole, variables);
    assert!(output.status.success(), "{complained}");
    said.trim().to_owned()
}

#[tokio::test]
async fn a_demo_of_its_own_needs_nothing_and_signs_with_its_folders_secret() {
    let folder_path = folder("own");
    let data = folder_path.to_string_lossy().into_owned();
    let variables = [
        ("STOA_DEMO", "1"),
        ("STOA_DATA_DIR", &data),
        ("STOA_LISTEN", "127.0.0.1:0"),
    ];
    let mut server = Process::launch(&["serve", "--workers", "1"], &variables).await;
    let mira = played(server.address, "mira").await;
    mira.get("/api/v1/me").await.expect_status(200);
    let dora = Person::new(server.address, "dora", minted(&["--data-dir", &data], &[]));
    dora.get("/api/v1/me").await.expect_status(200);
    let secret = std::fs::read_to_string(folder_path.join("demo-secret")).expect("a secret");
    assert!(secret.trim().len() >= 32);
    server.signal("TERM");
    let (code, log) = server.end().await;
    assert_eq!(code, Some(0), "{log}");
    assert!(!log.contains(secret.trim()));
    std::fs::remove_dir_all(folder_path).expect("its folder");
}

/// Where another server listens, nothing is made and nothing is logged but the reason.
#[test]
fn an_address_that_is_taken_is_reported_before_a_database_is_made() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let place = folder("taken");
    let data = place.to_string_lossy().into_owned();
    for (option, other) in [
        ("STOA_LISTEN", "STOA_METRICS_LISTEN"),
        ("STOA_METRICS_LISTEN", "STOA_LISTEN"),
    ] {
        let variables = [
            ("STOA_DEMO", "1"),
            ("STOA_DATA_DIR", data.as_str()),
            (option, address.as_str()),
            (other, "127.0.0.1:0"),
        ];
        let (output, _, complained) = outcome(&["serve"], &variables);
        assert_eq!(output.status.code(), Some(1), "{complained}");
        let sentence = format!("Cannot listen on {address}");
        assert!(complained.contains(&sentence), "{complained}");
        assert!(!complained.contains("database_away"), "{complained}");
        assert!(!place.exists(), "{option}: {complained}");
    }
}

/// `make run NODES=…`: the first node has a database of its own, which the others share.
#[tokio::test]
async fn nodes_of_one_demo_accept_each_others_tokens_and_say_who_they_are() {
    let place = folder("nodes");
    let data = place.to_string_lossy().into_owned();
    let all = [
        ("STOA_DEMO", "1"),
        ("STOA_LISTEN", "127.0.0.1:0"),
        ("STOA_DRAIN_NOTICE_SECONDS", "0"),
    ];
    let own = [("STOA_DATA_DIR", data.as_str()), ("STOA_NODE_TAG", "a")];
    let mut one = Process::launch(&["serve", "--workers", "1"], &[&all[..], &own].concat()).await;
    let database = stoa::app::private_database::running_url(&place).expect("a database");
    let shared = [
        ("DATABASE_URL", database.as_str()),
        ("STOA_DEMO_INTO_DATABASE", "1"),
        ("STOA_NODE_TAG", "b"),
    ];
    let other = Process::launch(&["serve", "--workers", "1"], &[&all[..], &shared].concat()).await;
    for (from, at, tag) in [(&one, &other, "b"), (&other, &one, "a")] {
        let mira = played(from.address, "mira").await;
        let mira = Person::new(at.address, "mira", mira.token);
        mira.get("/api/v1/me").await.expect_status(200);
        let mut socket = Socket::open(at.address, None).await.expect("a socket");
        let token = json!({ "token": mira.token });
        let welcome = socket.call("authenticate", token).await.expect("welcome");
        assert_eq!(welcome["node"], tag, "{welcome}");
    }
    drop(other);
    one.signal("TERM");
    let (code, log) = one.end().await;
    assert_eq!(code, Some(0), "{log}");
    std::fs::remove_dir_all(place).expect("its folder");
}

#[tokio::test]
async fn a_demo_in_a_database_signs_with_that_databases_secret_and_never_with_a_configured_one() {
    let database = tokio::task::spawn_blocking(fresh_database)
        .await
        .expect("a database");
    let in_demo = ["--rate-limits", "off", "--demo", "--demo-into-database"];
    let mut demo = TestApp::alone(Alone::Pair)
        .on(database.clone(), &in_demo)
        .await;
    let plain = TestApp::alone(Alone::Pair)
        .on(database.clone(), &["--rate-limits", "off"])
        .await;
    let mira = played(demo.address, "mira").await;
    mira.get("/api/v1/me").await.expect_status(200);
    let elsewhere = Person::new(plain.address, "mira", mira.token.clone());
    elsewhere.get("/api/v1/me").await.expect_status(401);
    let alice = Person::new(demo.address, "alice", token(&claims("alice", &[])));
    alice.get("/api/v1/me").await.expect_status(200);
    let dora = minted(&[], &[("DATABASE_URL", &database)]);
    let dora = Person::new(demo.address, "dora", dora);
    dora.get("/api/v1/me").await.expect_status(200);
    demo.stop().await;
    demo.start_again().await;
    mira.get("/api/v1/me").await.expect_status(200);
    assert_eq!(
        plain.count("select count(*) as n from installation where demo_secret is not null"),
        1
    );
}

#[test]
fn a_database_without_a_demo_has_no_secret_to_sign_with() {
    let database = fresh_database();
    let asked = ["token", "--sub", "dora"];
    let (output, _, complained) = outcome(&asked, &[("DATABASE_URL", &database)]);
    assert!(!output.status.success());
    assert!(
        complained.contains("There is no demo in this database"),
        "{complained}"
    );
}

#[test]
fn a_variable_that_says_neither_yes_nor_no_is_refused_with_a_hint() {
    let (output, _, complained) = outcome(&["serve"], &[("STOA_DEMO", "maybe")]);
    assert!(!output.status.success());
    assert!(complained.contains("say true or false"), "{complained}");
}

#[test]
fn a_token_that_no_server_would_take_is_not_made() {
    let long = "n".repeat(201);
    for (arguments, told) in [
        (["--hours", "0"], "--hours"),
        (["--hours", "99999999999"], "--hours"),
        (["--name", &long], "name is not a string of at most 200"),
        (["--email", &long], "email is not a string of at most 200"),
        (["--sub", "a b"], "sub is not a user id"),
    ] {
        let sub: &[&str] = match arguments[0] {
            "--sub" => &[],
            _ => &["--sub", "dora"],
        };
        let whole = [&["token"], sub, &arguments].concat();
        let (output, said, complained) = outcome(&whole, &[("STOA_JWT_SECRET", SECRET)]);
        assert!(!output.status.success() && said.is_empty(), "{arguments:?}");
        assert!(complained.contains(told), "{arguments:?}: {complained}");
    }
}

#[test]
fn a_folder_without_flows_is_refused() {
    let folder_path = folder("flows");
    std::fs::create_dir_all(&folder_path).expect("a folder");
    let database = fresh_database();
    let named = folder_path.to_string_lossy().into_owned();
    let asked = [
        "serve",
        "--jwt-secret",
        SECRET,
        "--flows",
        &named,
        "--listen",
        "127.0.0.1:0",
    ];
    let (output, _, complained) = outcome(&asked, &[("DATABASE_URL", &database)]);
    assert!(!output.status.success());
    assert!(complained.contains("--flows"), "{complained}");
    assert!(complained.contains("no flow file"), "{complained}");
    std::fs::remove_dir_all(folder_path).expect("its folder");
}
