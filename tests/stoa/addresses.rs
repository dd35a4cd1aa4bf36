//! Web addresses that people give: the scheme has no case, and nothing in them shows another host than the one they lead to.

use serde_json::{Value, json};

use crate::child::outcome;
use crate::client::{Answer, Person};
use crate::test_app::{SECRET, TestApp};

/// A request to every endpoint that takes an address; `true` where it was accepted.
async fn give(alice: &Person, service: &Person, conversation: &str, url: &str) -> [Answer; 4] {
    let messages = format!("/api/v1/conversations/{conversation}/messages");
    let attached = json!({ "attachments": [{ "url": url }] });
    let media = json!({ "conversation_id": conversation, "message": "m", "media_url": url });
    let subject = json!({
        "kind": "group", "participants": [{ "user_id": "bob" }],
        "subject": { "type": "job", "id": "42", "url": url },
    });
    let profile = json!({ "name": "Dora", "avatar_url": url });
    [
        alice.post(&messages, attached).await,
        alice.post("/api/messages/send", media).await,
        service.post("/api/v1/conversations", subject).await,
        service.put("/api/v1/users/dora", profile).await,
    ]
}

fn field(answer: &Answer) -> &Value {
    &answer.body["details"]["field"]
}

#[tokio::test]
async fn an_address_leads_where_it_shows() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let service = app.person_with("platform", &["service"]).await;
    let id = app.direct(&alice, &bob).await;
    for url in [
        "https://a.example/x",
        "HTTPS://A.example/x",
        "hTTps://a.example:8443/@x",
    ] {
        for answer in give(&alice, &service, &id, url).await {
            assert!(answer.status < 300, "{url}: {answer:?}");
        }
    }
    for (url, told) in [
        ("http://a.example/x", "must be an https URL"),
        ("https://user:pw@a.example/", "without a user or a password"),
        (
            "https://bank.example@evil.example/",
            "without a user or a password",
        ),
        ("https://evil\u{202e}moc.knab/", "no invisible characters"),
        ("https://a\u{200b}b.example/", "no invisible characters"),
    ] {
        for answer in give(&alice, &service, &id, url).await {
            let answer = answer.expect_status(400).expect_code("INVALID_REQUEST");
            let message = answer.body["message"].as_str().expect("a message");
            assert!(
                message.contains(told),
                "{url:?} {}: {message}",
                field(&answer)
            );
        }
    }
}

#[test]
fn addresses_among_the_options_are_looked_at_too() {
    let variables = [("STOA_JWT_SECRET", SECRET), ("RUST_LOG", "off")];
    for (option, url, told) in [
        (
            "--webhook-url",
            "https://me:hunter2@a.example/x",
            "no password",
        ),
        ("--webhook-url", "a.example/x", "as https://"),
        ("--public-url", "ftp://a.example", "as https://"),
        ("--razorpay-base-url", "https://me@a.example", "no password"),
    ] {
        let arguments = ["serve", option, url, "--print-config"];
        let (output, _, complained) = outcome(&arguments, &variables);
        assert!(!output.status.success(), "{option} {url}");
        assert!(
            complained.contains(option) && complained.contains(told),
            "{complained}"
        );
    }
    let arguments = [
        "serve",
        "--public-url",
        "HTTPS://Chat.example",
        "--print-config",
    ];
    let (output, said, complained) = outcome(&arguments, &variables);
    assert!(output.status.success(), "{complained}");
    assert!(said.contains("https://Chat.example"), "{said}");
}
