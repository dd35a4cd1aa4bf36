//! The webhook endpoint for gateways: a signed event is stored once, whatever happens; an unsigned one is not stored.

use diesel::connection::SimpleConnection;
use std::time::Duration;
use stoa::config::Secret;
use stoa::payment::{Gateway, Razorpay as Real};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::fixture::{Fixture, config_of, event, options, post};
use super::hex_hmac;
use super::razorpay::{OLD_SECRET, Razorpay, WEBHOOK_SECRET};
use crate::polling::until;
use crate::postgres::TestCluster;
use crate::test_app::TestApp;

const DOCUMENTED: &str = r#"{"entity":"event","account_id":"acc_BFQ7uQEaa7j2z7","event":"order.paid","contains":["payment","order"],"created_at":1567674606}"#;
const ITS_SIGNATURE: &str = "34fe5e771617751a7b38328465a6cdb3acaa13daa2a09dfec04640fa3b6fb7eb";
const EVENTS: &str = "select count(*) as n from payment_events";
const EVENT_JOBS: &str = "select count(*) as n from jobs where kind = 'payment_event'";

#[test]
fn the_documented_hint_is_known_again() {
    let given = [
        "--razorpay-key-id",
        "rzp",
        "--razorpay-key-secret",
        "key_secret_demo",
        "--razorpay-webhook-secrets",
        "x",
    ];
    let options = config_of("unused", &given.map(str::to_owned)).payments;
    let razorpay = Real::new("rzp", Secret::from("key_secret_demo"), &options);
    let signature = "2800437aee1fe0724e379293634a0540d9fb2e3c4b78d1c2779d1ba2b9de7295";
    assert!(razorpay.is_hint("order_DESlLckIVRkHWj", "pay_DESlfW9H8K9uqM", signature));
    assert!(!razorpay.is_hint("order_DESlLckIVRkHWk", "pay_DESlfW9H8K9uqM", signature));
    assert!(!razorpay.is_hint(
        "order_DESlLckIVRkHWj",
        "pay_DESlfW9H8K9uqM",
        &signature[1..]
    ));
    assert!(!format!("{razorpay:?} {options:?}").contains("key_secret_demo"));
}

#[tokio::test]
async fn a_signed_webhook_is_stored_once() {
    let fixture = Fixture::at(&Razorpay::start().await).await;
    let address = fixture.app.address;
    assert_eq!(post(address, "one", DOCUMENTED, ITS_SIGNATURE).await, 200);
    assert_eq!(hex_hmac(WEBHOOK_SECRET, DOCUMENTED), ITS_SIGNATURE);
    for _ in 0..3 {
        assert_eq!(post(address, "one", DOCUMENTED, ITS_SIGNATURE).await, 200);
    }
    assert_eq!(fixture.count(EVENTS), 1);
    let old = hex_hmac(OLD_SECRET, DOCUMENTED);
    assert_eq!(
        post(address, "two", DOCUMENTED, &old).await,
        200,
        "the old secret"
    );
    assert_eq!(
        post(address, "", DOCUMENTED, ITS_SIGNATURE).await,
        200,
        "without an id"
    );
    assert_eq!(post(address, "", DOCUMENTED, ITS_SIGNATURE).await, 200);
    assert_eq!(fixture.count(EVENTS), 3);
    let other = DOCUMENTED.replace("1567674606", "1567674607");
    assert_eq!(fixture.post("one", &other).await, 200);
    assert_eq!(
        fixture.count(EVENTS),
        4,
        "nobody signs the id: another body is another event"
    );
}

#[tokio::test]
async fn a_webhook_without_a_valid_signature_leaves_no_trace() {
    let fixture = Fixture::at(&Razorpay::start().await).await;
    let address = fixture.app.address;
    let altered = DOCUMENTED.replace("order.paid", "order.paix");
    let retired = hex_hmac("whsec_demo_minus_1", DOCUMENTED);
    let key_secret = hex_hmac("key_secret_demo", DOCUMENTED);
    for signature in ["", "zz", &ITS_SIGNATURE[..62], &retired, &key_secret] {
        assert_eq!(
            post(address, "x", DOCUMENTED, signature).await,
            401,
            "{signature}"
        );
    }
    assert_eq!(post(address, "x", &altered, ITS_SIGNATURE).await, 401);
    let url = format!("http://{address}/api/v1/webhooks/razorpay");
    let answer = reqwest::Client::new()
        .post(url)
        .body(DOCUMENTED)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 401, "no signature at all");
    let told = answer.text().await.unwrap();
    assert!(
        !told.contains("whsec") && !told.contains(ITS_SIGNATURE),
        "{told}"
    );
    assert_eq!((fixture.count(EVENTS), fixture.count(EVENT_JOBS)), (0, 0));
}

#[tokio::test]
async fn signed_nonsense_is_kept_for_people_to_look_at() {
    let fixture = Fixture::at(&Razorpay::start().await).await;
    for (id, body) in [
        ("a", ""),
        ("b", "[]"),
        ("c", "{\"event\":7}"),
        ("d", "nonsense"),
        ("e", "a\0b"),
    ] {
        assert_eq!(fixture.post(id, body).await, 200, "{body}");
    }
    fixture.until_idle().await;
    let given_up = "select count(*) as n from jobs where kind = 'payment_event' and given_up_at is not null and last_error like 'event_unreadable: %'";
    assert_eq!(fixture.count(given_up), 5);
    assert_eq!(
        fixture.count("select count(*) as n from payment_events where handled_at is null"),
        5
    );
    assert!(fixture.recorder.told().is_empty());
}

/// The status line that a head alone is answered with.
async fn answer_to(address: std::net::SocketAddr, head: &str, body: &[u8]) -> String {
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let _refused_already = stream.write_all(body).await;
    let mut answer = [0; 64];
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read(&mut answer));
    let read = read.await.expect("in time").unwrap();
    String::from_utf8_lossy(&answer[..read]).into_owned()
}

#[tokio::test]
async fn a_body_that_is_too_long_is_refused_before_it_is_read() {
    let fixture = Fixture::at(&Razorpay::start().await).await;
    let head = "POST /api/v1/webhooks/razorpay HTTP/1.1\r\nhost: x\r\nx-razorpay-signature: x\r\n";
    let declared = format!("{head}content-length: 10485760\r\n\r\n");
    let told = answer_to(fixture.app.address, &declared, b"").await;
    assert!(told.starts_with("HTTP/1.1 413"), "{told}");
    let chunked = format!("{head}transfer-encoding: chunked\r\n\r\n");
    let mut chunks = Vec::new();
    for _ in 0..40 {
        chunks.extend_from_slice(b"8000\r\n");
        chunks.extend_from_slice(&[b'x'; 0x8000]);
        chunks.extend_from_slice(b"\r\n");
    }
    let told = answer_to(fixture.app.address, &chunked, &chunks).await;
    assert!(told.starts_with("HTTP/1.1 413"), "{told}");
    let long = format!("{{\"x\":\"{}\"}}", "x".repeat(900_000));
    assert_eq!(
        fixture.post("long", &long).await,
        200,
        "within the limit, above that of other bodies"
    );
}

#[tokio::test]
async fn while_the_database_is_away_the_gateway_is_asked_to_come_back() {
    let cluster = tokio::task::spawn_blocking(|| TestCluster::start().expect("a cluster"))
        .await
        .unwrap();
    let url = cluster.create_database("alone").expect("a database");
    let options = options(&Razorpay::start().await.options());
    let texts: Vec<&str> = options.iter().map(String::as_str).collect();
    let app = TestApp::on(url, &texts).await;
    cluster.stop_immediate().expect("stopped");
    let paid = event("order.paid", "order_x", "pay_x", 100);
    let signature = hex_hmac(WEBHOOK_SECRET, &paid.body);
    assert_eq!(
        post(app.address, &paid.id, &paid.body, &signature).await,
        503
    );
    cluster.start_again().expect("started");
    let send = async || post(app.address, &paid.id, &paid.body, &signature).await;
    until("the event to be taken", send, |status| *status == 200).await;
    let mut connection = app.connection();
    assert_eq!(super::fixture::count(&mut connection, EVENT_JOBS), 1);
    connection.batch_execute("select 1").unwrap();
}
