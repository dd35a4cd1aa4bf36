//! What bounds native sockets bounds these too, over either transport.

use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use super::client::{SocketIoClient, endpoint, joined_poller};
use crate::connection_ends::LEEWAY_SECONDS;
use crate::engineio_client::UNKNOWN;
use crate::metrics::{figure, until_figure};
use crate::polling::until;
use crate::servers::Alone;
use crate::test_app::{TestApp, claims, token};

#[actix_rt::test]
async fn what_is_too_large_closes_the_connection() {
    let app = TestApp::alone(Alone::Metrics)
        .with(&["--rate-limits", "off", "--frame-limit", "2048"])
        .await;
    let ann = app.person("ann").await;
    let mut client = SocketIoClient::stoory(&ann).await;
    client
        .tell("send_message", json!({ "message": "x".repeat(3_000) }))
        .await;
    assert_eq!(client.closed().await, Some(1009));
    let poller = endpoint(app.address).poller().await;
    let (status, _) = poller.post(format!("4{}", "x".repeat(3_000))).await;
    assert_eq!(status, 413);
    until_figure(app.address, "stoa_connections", 0.0).await;
}

#[actix_rt::test]
async fn one_who_never_polls_again_is_closed_when_too_much_waits() {
    let options = ["--rate-limits", "off", "--outbox-limit", "16384"];
    let app = TestApp::alone(Alone::Metrics).with(&options).await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let conversation = app.direct(&ann, &bob).await;
    let poller = joined_poller(&app, &bob, &conversation).await;
    for _ in 0..40 {
        ann.say(&conversation, &"x".repeat(1_000)).await;
    }
    until_figure(app.address, "stoa_connections", 0.0).await;
    assert_eq!(poller.post("42[\"x\"]").await, (400, UNKNOWN.to_owned()));
    assert!(figure(app.address, "stoa_outbox_overflows_total").await >= 1.0);
}

#[actix_rt::test]
async fn a_thousand_handshakes_that_go_no_further_are_forgotten() {
    let options = ["--rate-limits", "off", "--authentication-seconds", "1"];
    let app = TestApp::alone(Alone::Metrics).with(&options).await;
    let ann = app.person("ann").await;
    let endpoint = endpoint(app.address);
    let mut pollers = Vec::new();
    for _ in 0..1_000 {
        pollers.push(endpoint.poller().await);
    }
    let mut client = SocketIoClient::stoory(&ann).await;
    client.call("join", json!("ann")).await;
    for poller in &pollers {
        let closed = until(
            "the session to be closed",
            async || poller.post("40").await,
            |(status, _)| *status == 400,
        );
        assert_eq!(closed.await.1, UNKNOWN);
    }
    client.call("join", json!("ann")).await;
}

#[actix_rt::test]
async fn a_thousand_sockets_that_say_nothing_more_are_closed() {
    let options = ["--rate-limits", "off", "--authentication-seconds", "1"];
    let app = TestApp::alone(Alone::Metrics).with(&options).await;
    let ann = app.person("ann").await;
    let endpoint = endpoint(app.address);
    let mut client = SocketIoClient::stoory(&ann).await;
    let mut wires = Vec::new();
    for _ in 0..1_000 {
        wires.push(endpoint.websocket("").await);
    }
    client.call("join", json!("ann")).await;
    for wire in &mut wires {
        assert_eq!(wire.closed().await, Some(4408));
    }
    client.call("join", json!("ann")).await;
}

#[actix_rt::test]
async fn a_thousand_upgrades_that_stop_half_way_leave_their_sessions_polling() {
    let app = TestApp::alone(Alone::Metrics)
        .with(&["--rate-limits", "off"])
        .await;
    let ann = app.person("ann").await;
    let endpoint = endpoint(app.address);
    let mut halves = Vec::new();
    for number in 0..1_000 {
        let poller = endpoint.poller().await;
        let mut wire = endpoint.websocket(&format!("&sid={}", poller.sid)).await;
        if number % 2 == 0 {
            wire.send("2probe").await;
        }
        halves.push((poller, wire));
    }
    let mut client = SocketIoClient::stoory(&ann).await;
    client.call("join", json!("ann")).await;
    let auth = json!({ "token": ann.token });
    // The first ones may be as old as a session gets that answers no ping.
    for (poller, _open) in halves.iter().rev().take(20) {
        assert_eq!(poller.post(format!("40{auth}")).await.0, 200);
        let answer = poller.packets(1).await;
        assert!(answer[0].starts_with("40{"), "{answer:?}");
    }
}

#[actix_rt::test]
async fn packets_that_are_no_events_are_counted_too() {
    let options = ["--session-rate", "5", "--address-rate", "1000"];
    let app = TestApp::alone(Alone::Metrics).with(&options).await;
    let ann = app.person("ann").await;
    for packet in ["430[]", "439999999999[1,2]"] {
        let mut client = SocketIoClient::stoory(&ann).await;
        for _ in 0..5 {
            client.wire().send(packet).await;
        }
        client.call("join", json!("ann")).await;
        for _ in 0..50 {
            client.wire().send_raw(Message::text(packet)).await;
        }
        assert_eq!(client.closed().await, Some(4429), "{packet}");
    }
    let mut wire = endpoint(app.address).wire().await;
    let mut refused = 0;
    let closed = loop {
        wire.send("40/nowhere,").await;
        match wire.next().await {
            Message::Text(answer) => assert!(answer.starts_with("44/nowhere,"), "{answer}"),
            Message::Close(reason) => break reason.map(|reason| u16::from(reason.code)),
            other => panic!("{other:?}"),
        }
        refused += 1;
        assert!(refused < 100, "it should have been closed");
    };
    assert_eq!((closed, refused >= 10), (Some(4429), true));
}

#[actix_rt::test]
async fn who_is_too_fast_is_told_so_and_then_closed() {
    let options = [
        "--session-rate",
        "5",
        "--user-rate",
        "1000",
        "--address-rate",
        "1000",
    ];
    let app = TestApp::alone(Alone::Metrics).with(&options).await;
    let ann = app.person("ann").await;
    let mut client = SocketIoClient::stoory(&ann).await;
    let mut refused = None;
    for _ in 0..30 {
        let answer = client.ask("join", json!("ann")).await;
        if answer["success"] == false {
            refused = Some(answer);
        }
    }
    let refused = refused.expect("too fast");
    assert_eq!(refused["error_code"], "RATE_LIMITED");
    assert_eq!(refused["temporary"], true);
    let packet = json!(["join", "ann"]);
    for _ in 0..400 {
        client.wire().send(&format!("42{packet}")).await;
    }
    assert_eq!(client.closed().await, Some(4429));
}

#[actix_rt::test]
async fn a_connection_ends_with_its_token_and_with_its_server() {
    let mut app = TestApp::alone(Alone::Metrics).start().await;
    let ann = app.person("ann").await;
    let mut claims = claims("ann", &[]);
    claims.exp -= 3_600 + LEEWAY_SECONDS - 2;
    let auth = json!({ "token": token(&claims) });
    let mut brief = SocketIoClient::connect(app.address, "/", auth)
        .await
        .expect("connected");
    assert_eq!(brief.closed().await, Some(4401));
    let auth = json!({ "token": token(&claims) });
    let refused = SocketIoClient::connect(app.address, "/", auth).await;
    let refused = refused.err().expect("a refusal");
    assert_eq!(
        refused["data"]["error_code"], "UNAUTHENTICATED",
        "{refused}"
    );
    let mut client = SocketIoClient::stoory(&ann).await;
    app.stop().await;
    assert_eq!(client.closed().await, Some(1012));
}

#[actix_rt::test]
async fn origins_and_tokens_are_checked_at_the_handshake() {
    let app = TestApp::alone(Alone::Metrics).start().await;
    let (ann, endpoint) = (app.person("ann").await, endpoint(app.address));
    let from = |origin: &str| {
        let request = endpoint.request("GET", "EIO=4&transport=polling");
        endpoint.send(request.header("origin", origin))
    };
    assert_eq!(from("https://evil.example").await.0, 403);
    assert_eq!(from(&format!("http://{}", app.address)).await.0, 200);
    let (status, _) = endpoint.get("EIO=4&transport=polling&token=x").await;
    assert_eq!(status, 403, "a token has no place in an address");
    let request = endpoint.request("GET", "EIO=4&transport=polling");
    let (_, opened) = endpoint.send(request.bearer_auth(&ann.token)).await;
    let opened: serde_json::Value = serde_json::from_str(&opened[1..]).expect("JSON");
    let poller = crate::engineio_client::Poller {
        client: endpoint.clone(),
        sid: opened["sid"].as_str().expect("a sid").to_owned(),
    };
    poller.post("40").await;
    assert!(
        poller.packets(1).await[0].starts_with("40{"),
        "the header's token counts too"
    );
}

#[actix_rt::test]
async fn one_who_does_not_read_is_closed_and_comes_back_for_the_rest() {
    let app = TestApp::alone(Alone::Metrics)
        .with(&["--rate-limits", "off", "--outbox-limit", "65536"])
        .await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let conversation = app.direct(&ann, &bob).await;
    let mut client = SocketIoClient::stoory(&bob).await;
    client.call("join_conversation", json!(conversation)).await;
    ann.say(&conversation, "first").await;
    client.event("new_message").await;
    // From here on it does not read: what the kernel does not take waits, until that is too much.
    let mut said = 0;
    while figure(app.address, "stoa_outbox_overflows_total").await == 0.0 {
        ann.say(&conversation, &format!("{said} {}", "x".repeat(7_900)))
            .await;
        said += 1;
        assert!(said < 4_000, "it should have run over");
    }
    until_figure(app.address, "stoa_connections", 0.0).await;
    let (mut back, is_found) = client.disconnect().again(&bob).await;
    assert!(is_found);
    for number in 0..said {
        let heard = back.event("new_message").await;
        let body = heard["message"]["message"].as_str().expect("a text");
        assert!(
            body.starts_with(&format!("{number} ")),
            "{number}: {body:.20}"
        );
    }
}

#[actix_rt::test]
async fn polls_of_an_address_are_not_counted_and_handshakes_are() {
    let app = TestApp::alone(Alone::Metrics)
        .with(&["--address-rate", "5"])
        .await;
    let endpoint = endpoint(app.address);
    let poller = endpoint.poller().await;
    for _ in 0..60 {
        assert_eq!(poller.post("3").await.0, 200);
    }
    let mut statuses = Vec::new();
    for _ in 0..30 {
        statuses.push(endpoint.get("EIO=4&transport=polling").await.0);
    }
    assert!(
        statuses.contains(&429),
        "handshakes are counted: {statuses:?}"
    );
}
