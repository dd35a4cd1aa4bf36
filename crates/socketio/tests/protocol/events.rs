//! Events, acknowledgements and attachments, against the echo.

use super::engineio_client::Wire;
use super::{TestServer, patient, patient_socketio};
use socketio::Options;

async fn round(wire: &mut Wire, packet: &str) -> String {
    wire.send(packet).await;
    wire.text().await
}

#[tokio::test]
async fn arguments_come_back_as_they_went() {
    let server = TestServer::patient();
    let mut wire = server.client().connected(1).await;
    for arguments in [
        r#",1,"2",{"3":[true]}"#,
        "",
        r#",null,"\u00e9é",[[]],1.50,{"a":{"b":"]"}}"#,
    ] {
        let sent = format!(r#"42["message"{arguments}]"#);
        let wanted = format!(r#"42["message-back"{arguments}]"#);
        assert_eq!(round(&mut wire, &sent).await, wanted);
    }
    wire.send(r#"42["nobody knows this",1]"#).await;
    wire.send(r#"42["message-with-ack","without an id"]"#).await;
    assert_eq!(
        round(&mut wire, r#"42["message"]"#).await,
        r#"42["message-back"]"#
    );
}

#[tokio::test]
async fn an_event_is_acknowledged_with_its_number() {
    let server = TestServer::patient();
    let mut wire = server.client().connected(1).await;
    let answer = round(
        &mut wire,
        r#"42456["message-with-ack",1,"2",{"3":[false]}]"#,
    )
    .await;
    assert_eq!(answer, r#"43456[1,"2",{"3":[false]}]"#);
    assert_eq!(
        round(&mut wire, r#"420["message-with-ack"]"#).await,
        "430[]"
    );
}

#[tokio::test]
async fn attachments_come_back_behind_their_event() {
    let server = TestServer::patient();
    let mut wire = server.client().connected(1).await;
    let places = r#"{"_placeholder":true,"num":0},{"a":{"_placeholder":true,"num":1}}"#;
    for (sent, wanted) in [
        (
            format!(r#"452-["message",{places}]"#),
            format!(r#"452-["message-back",{places}]"#),
        ),
        (
            format!(r#"452-789["message-with-ack",{places}]"#),
            format!("462-789[{places}]"),
        ),
    ] {
        wire.send(&sent).await;
        wire.send_bytes(&[1, 2, 3]).await;
        wire.send_bytes(&[]).await;
        assert_eq!(wire.text().await, wanted);
        assert_eq!(wire.bytes().await, [1, 2, 3]);
        assert!(wire.bytes().await.is_empty());
    }
    assert_eq!(
        round(&mut wire, r#"450-["message",1]"#).await,
        r#"42["message-back",1]"#
    );
    wire.send(r#"4510-["message"]"#).await;
    for number in 0..10 {
        wire.send_bytes(&[number]).await;
    }
    assert_eq!(wire.text().await, r#"4510-["message-back"]"#);
    for number in 0..10 {
        assert_eq!(wire.bytes().await, [number]);
    }
}

#[tokio::test]
async fn attachments_travel_over_polling_too() {
    let server = TestServer::patient();
    let poller = server.client().poller().await;
    poller.post("40").await;
    assert_eq!(poller.packets(2).await[1], r#"42["auth",{}]"#);
    let event = r#"["message",{"_placeholder":true,"num":0}]"#;
    poller.post(format!("451-{event}")).await;
    assert_eq!(poller.post("bAQID\u{1e}42[\"message\"]").await.0, 200);
    let wanted = "451-[\"message-back\",{\"_placeholder\":true,\"num\":0}]\u{1e}bAQID\u{1e}42[\"message-back\"]";
    assert_eq!(poller.packets(3).await.join("\u{1e}"), wanted);
}

#[tokio::test]
async fn attachments_that_do_not_fit_their_event_end_the_connection() {
    let server = TestServer::patient();
    let mut wire = server.client().connected(1).await;
    wire.send_bytes(&[1]).await;
    assert_eq!(wire.closed().await, Some(1008), "bytes without an event");
    let mut wire = server.client().connected(1).await;
    wire.send(r#"452-["message"]"#).await;
    wire.send_bytes(&[1]).await;
    wire.send(r#"42["message"]"#).await;
    assert_eq!(wire.closed().await, Some(1008), "text between attachments");
}

#[tokio::test]
async fn an_event_is_bounded_with_its_attachments() {
    let small = Options {
        assembly_limit: 1_000,
        ..patient_socketio()
    };
    let server = TestServer::echo(patient(), small);
    let event = r#"452-["message"]"#;
    let mut wire = server.client().connected(1).await;
    wire.send(event).await;
    wire.send_bytes(&[0; 500]).await;
    wire.send_bytes(&vec![0; 500 - event.len() + 1]).await;
    assert_eq!(
        wire.text().await,
        r#"452-["message-back"]"#,
        "without the 4, it just fits"
    );
    let mut wire = server.client().connected(1).await;
    wire.send(event).await;
    wire.send_bytes(&[0; 500]).await;
    wire.send_bytes(&[0; 500]).await;
    assert_eq!(wire.closed().await, Some(1009));
}
