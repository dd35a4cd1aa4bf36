//! Handshakes that are accepted and refused.

use serde_json::Value;

use super::engineio_client::{BAD, UNKNOWN};
use super::recording::recording;
use super::{TestServer, patient};
use actix_web::HttpRequest;
use socketio::engineio::Hooks;
use socketio::engineio::Options;
use std::sync::Arc;

#[tokio::test]
async fn a_session_opens_over_polling_with_what_the_client_needs() {
    let server = TestServer::patient();
    for path in ["/engine.io/", "/engine.io", "/socket.io/", "/socket.io"] {
        let client = super::EngineIoClient::new(server.address, path);
        let (status, body) = client.get("EIO=4&transport=polling&t=abc").await;
        assert_eq!(status, 200);
        let opened: Value = serde_json::from_str(body.strip_prefix('0').unwrap()).unwrap();
        assert_eq!(opened["upgrades"], serde_json::json!(["websocket"]));
        assert_eq!(opened["pingInterval"], 60_000);
        assert_eq!(opened["pingTimeout"], 60_000);
        assert_eq!(opened["maxPayload"], 1_000_000);
        assert_eq!(opened.as_object().unwrap().len(), 5);
        assert_eq!(opened["sid"].as_str().unwrap().len(), 32);
    }
    let client = server.raw();
    assert_ne!(client.poller().await.sid, client.poller().await.sid);
}

#[tokio::test]
async fn a_session_opens_over_a_websocket_and_has_nothing_to_upgrade_to() {
    let server = TestServer::patient();
    let opened = server.raw().websocket("").await.text().await;
    let opened: Value = serde_json::from_str(opened.strip_prefix('0').unwrap()).unwrap();
    assert_eq!(opened["upgrades"], serde_json::json!([]));
    assert_eq!(opened["pingInterval"], 60_000);
}

#[tokio::test]
async fn a_wrong_query_is_told_what_is_wrong() {
    let server = TestServer::patient();
    let client = server.raw();
    let version = r#"{"code":5,"message":"Unsupported protocol version"}"#;
    let transport = r#"{"code":0,"message":"Transport unknown"}"#;
    let method = r#"{"code":2,"message":"Bad handshake method"}"#;
    let wrong = [
        ("GET", "transport=polling", version),
        ("GET", "EIO=3&transport=polling", version),
        ("GET", "EIO=abc&transport=websocket", version),
        ("GET", "EIO=4", transport),
        ("GET", "EIO=4&transport=abc", transport),
        ("GET", "", transport),
        ("POST", "EIO=4&transport=polling", method),
        ("PUT", "EIO=4&transport=polling", method),
        ("GET", "EIO=4&transport=websocket", BAD),
        ("GET", "EIO=4&transport=polling&sid=constructor", UNKNOWN),
        (
            "GET",
            "EIO=4&transport=polling&sid=00000000000000000000000000000000",
            UNKNOWN,
        ),
    ];
    for (verb, query, told) in wrong {
        let answer = client.send(client.request(verb, query)).await;
        assert_eq!(answer, (400, told.to_owned()), "{verb} {query}");
    }
    let unknown = "&sid=00000000000000000000000000000000";
    assert_eq!(client.try_websocket(unknown).await.err(), Some(400));
    let poller = client.poller().await;
    let answer = client.send(client.request("PUT", &poller.query())).await;
    assert_eq!(answer, (400, BAD.to_owned()));
    assert_eq!(
        poller.post("4a").await,
        (200, "ok".to_owned()),
        "it lives on"
    );
}

/// Only pages of one origin, and clients without an origin, may connect.
#[derive(Debug)]
struct Listed;

impl Hooks for Listed {
    fn admits(&self, request: &HttpRequest) -> bool {
        let origin = request.headers().get("origin");
        origin.is_none_or(|origin| origin == "https://app.example")
    }
}

#[tokio::test]
async fn pages_of_listed_origins_may_connect_and_no_others() {
    let options = Options {
        hooks: Arc::new(Listed),
        ..patient()
    };
    let server = TestServer::echo(options, super::patient_socketio());
    let client = server.raw();
    let query = "EIO=4&transport=polling";
    for (origin, status) in [("https://app.example", 200), ("https://evil.example", 403)] {
        let request = client.request("GET", query).header("origin", origin);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status, "{origin}");
        let header = |name| {
            response
                .headers()
                .get(name)
                .map(|value| value.to_str().unwrap().to_owned())
        };
        let echoed = (status == 200).then(|| origin.to_owned());
        assert_eq!(header("access-control-allow-origin"), echoed);
        assert_eq!(header("vary").as_deref(), Some("Origin"));
    }
    let forbidden = r#"{"code":4,"message":"Forbidden"}"#.to_owned();
    let request = client.request("OPTIONS", query).header("origin", "null");
    assert_eq!(client.send(request).await, (403, forbidden));
    assert_eq!(client.get(query).await.0, 200, "what is no page may");
}

#[tokio::test]
async fn the_application_may_refuse_what_brings_packets_of_a_session() {
    let (server, _notes) = recording(patient());
    let client = server.client();
    let opened = client.request("GET", "EIO=4&transport=polling");
    let (status, opened) = client.send(opened.header("x-who", "guarded")).await;
    assert_eq!(status, 200, "{opened}");
    let opened: Value = serde_json::from_str(opened.strip_prefix('0').unwrap()).unwrap();
    let sid = opened["sid"].as_str().unwrap();
    let query = format!("EIO=4&transport=polling&sid={sid}");
    let forbidden = r#"{"code":4,"message":"Forbidden"}"#.to_owned();
    let post = || client.request("POST", &query).body("40");
    assert_eq!(client.send(post()).await, (403, forbidden));
    let upgrade = client.try_websocket(&format!("&sid={sid}")).await;
    assert_eq!(upgrade.err(), Some(403));
    let answer = client.send(post().header("x-who", "guarded")).await;
    assert_eq!(answer, (200, "ok".to_owned()), "it lives on");
}

#[tokio::test]
async fn a_page_asks_first_whether_it_may() {
    let server = TestServer::patient();
    let client = server.client();
    let request = client
        .request("OPTIONS", "EIO=4&transport=polling")
        .header("origin", "https://any.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type,x-token");
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 204);
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("access-control-allow-origin"), "https://any.example");
    assert_eq!(header("access-control-allow-methods"), "GET, POST");
    assert_eq!(
        header("access-control-allow-headers"),
        "content-type,x-token"
    );
    assert_eq!(header("access-control-allow-credentials"), "true");
}

#[tokio::test]
async fn the_application_may_turn_a_handshake_away() {
    let (server, _notes) = recording(patient());
    let client = server.client();
    for (who, status) in [("forbidden", 403), ("unavailable", 503), ("me", 200)] {
        let request = client.request("GET", "EIO=4&transport=polling");
        let answer = client.send(request.header("x-who", who)).await;
        assert_eq!(answer.0, status, "{answer:?}");
    }
}
