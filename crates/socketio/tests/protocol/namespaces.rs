//! Namespaces: joining, leaving, and what ends a connection.

use std::time::Duration;

use super::engineio_client::Wire;
use super::{TestServer, patient, patient_socketio};
use socketio::Options;

async fn send_and_read(wire: &mut Wire, packet: &str) -> String {
    wire.send(packet).await;
    wire.text().await
}

#[tokio::test]
async fn a_namespace_is_entered_with_and_without_a_payload() {
    let server = TestServer::patient();
    let cases = [
        ("40", "40{\"sid\":\"", r#"42["auth",{}]"#),
        (
            r#"40{"token":"123"}"#,
            "40{\"sid\":\"",
            r#"42["auth",{"token":"123"}]"#,
        ),
        (
            "40/custom,",
            "40/custom,{\"sid\":\"",
            r#"42/custom,["auth",{}]"#,
        ),
        (
            "40/custom",
            "40/custom,{\"sid\":\"",
            r#"42/custom,["auth",{}]"#,
        ),
        (
            r#"40/custom,{"a":[1]}"#,
            "40/custom,{\"sid\":\"",
            r#"42/custom,["auth",{"a":[1]}]"#,
        ),
    ];
    for (packet, connected, greeted) in cases {
        let mut wire = server.client().wire().await;
        let answer = send_and_read(&mut wire, packet).await;
        assert!(answer.starts_with(connected), "{answer}");
        assert!(!answer.contains("pid"), "{answer}");
        assert_eq!(wire.text().await, greeted);
    }
}

#[tokio::test]
async fn an_unknown_namespace_is_refused_and_the_connection_goes_on() {
    let server = TestServer::patient();
    let mut wire = server.client().wire().await;
    let refused = send_and_read(&mut wire, "40/random,{}").await;
    assert_eq!(refused, r#"44/random,{"message":"Invalid namespace"}"#);
    assert!(send_and_read(&mut wire, "40").await.starts_with("40{"));
}

#[tokio::test]
async fn one_connection_is_in_several_namespaces() {
    let server = TestServer::patient();
    let mut wire = server.client().connected(1).await;
    assert!(
        send_and_read(&mut wire, "40/custom,")
            .await
            .starts_with("40/custom,{")
    );
    assert_eq!(wire.text().await, r#"42/custom,["auth",{}]"#);
    let back = send_and_read(&mut wire, r#"42/custom,["message","b"]"#).await;
    assert_eq!(back, r#"42/custom,["message-back","b"]"#);
    wire.send("41/custom,").await;
    let back = send_and_read(&mut wire, r#"42["message","a"]"#).await;
    assert_eq!(back, r#"42["message-back","a"]"#);
    assert!(
        send_and_read(&mut wire, "40/custom,")
            .await
            .starts_with("40/custom,{")
    );
    assert_eq!(wire.text().await, r#"42/custom,["auth",{}]"#);
    wire.send("41/custom,").await;
    wire.send(r#"42/custom,["message","b"]"#).await;
    assert_eq!(wire.closed().await, Some(1008), "it is not in it any more");
}

#[tokio::test]
async fn a_client_cannot_enter_a_namespace_twice() {
    let server = TestServer::patient();
    let mut wire = server.client().connected(1).await;
    wire.send("40").await;
    assert_eq!(wire.closed().await, Some(1008));
}

#[tokio::test]
async fn nothing_may_come_before_a_connect() {
    let server = TestServer::patient();
    for early in [
        r#"2["message"]"#,
        "31[]",
        "1",
        r#"2/custom,["message"]"#,
        r#"51-["message"]"#,
    ] {
        let mut wire = server.client().wire().await;
        wire.send(&format!("4{early}")).await;
        wire.send_raw(tokio_tungstenite::tungstenite::Message::binary(vec![1]))
            .await;
        assert_eq!(wire.closed().await, Some(1008), "{early}");
    }
}

#[tokio::test]
async fn anything_unreadable_ends_the_connection() {
    let server = TestServer::patient();
    let wrong = [
        "4",
        "4abc",
        "42{}",
        "42",
        "42[]",
        "42[null]",
        r#"42abc["message-with-ack",1]"#,
        r#"42["message""#,
        r#"42["connect"]"#,
        "44{}",
        "47",
        "43",
        "43[]",
        "41x",
        "40[]",
        r#"45["message"]"#,
        r#"4511-["message"]"#,
        r#"42/custom["message"]"#,
    ];
    for packet in wrong {
        let mut wire = server.client().connected(1).await;
        wire.send(packet).await;
        assert_eq!(wire.closed().await, Some(1008), "{packet}");
    }
}

#[tokio::test]
async fn a_connection_in_no_namespace_is_closed_after_a_while() {
    let soon = Options {
        connect_timeout: Duration::from_millis(100),
        ..patient_socketio()
    };
    let options = socketio::engineio::Options {
        ping_interval: Duration::from_secs(60),
        ping_timeout: Duration::from_millis(400),
        ..patient()
    };
    let server = TestServer::echo(options, soon);
    assert_eq!(server.client().wire().await.closed().await, Some(4408));
    let mut refused = server.client().wire().await;
    refused.send("40/random").await;
    assert_eq!(refused.closed().await, Some(4408));
    let mut left = server.client().connected(1).await;
    left.send("41").await;
    assert_eq!(left.closed().await, Some(4408));
    let poller = server.client().poller().await;
    assert_eq!(poller.get().await, (200, "1".to_owned()));
    poller.expect_gone().await;
}

#[tokio::test]
async fn a_connection_asks_for_a_bounded_number_of_namespaces() {
    let few = Options {
        namespaces: 1,
        ..patient_socketio()
    };
    let server = TestServer::echo(patient(), few);
    let mut wire = server.client().connected(1).await;
    wire.send("40/custom,").await;
    assert_eq!(wire.closed().await, Some(1008));
}
