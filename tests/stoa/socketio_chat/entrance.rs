//! Front ends of other origins: their preflights, and their spelling of paths.

use reqwest::Method;
use serde_json::json;

use super::client::endpoint;
use crate::engineio_client::EngineIoClient;
use crate::test_app::TestApp;

const FRONT_END: &str = "https://app.example";

async fn open_to_the_front_end() -> TestApp {
    TestApp::with(&["--allowed-origins", FRONT_END]).await
}

async fn asked(app: &TestApp, method: Method, path: &str, origin: &str) -> reqwest::Response {
    let url = format!("http://{}{path}", app.address);
    let request = reqwest::Client::new().request(method.clone(), url);
    let request = request.header("origin", origin);
    let request = match method {
        Method::OPTIONS => request
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "authorization,content-type",
            ),
        _ => request,
    };
    request.send().await.expect("an answer")
}

fn header(response: &reqwest::Response, name: &str) -> Option<String> {
    let value = response.headers().get(name)?;
    Some(value.to_str().expect("a text").to_owned())
}

const PATHS: [&str; 3] = [
    "/socket.io/?EIO=4&transport=polling",
    "/api/messages/unread-count",
    "/api/v1/me",
];

#[actix_rt::test]
async fn a_page_of_a_listed_origin_is_told_that_it_may_and_only_polls_with_its_credentials() {
    let app = open_to_the_front_end().await;
    for path in PATHS {
        for method in [Method::OPTIONS, Method::GET] {
            let response = asked(&app, method.clone(), path, FRONT_END).await;
            let told = |name| header(&response, name);
            assert_eq!(
                told("access-control-allow-origin").as_deref(),
                Some(FRONT_END)
            );
            let credentials = told("access-control-allow-credentials");
            // The official client may poll with cookies, for those who balance load by them; REST needs none.
            let polls = path.starts_with("/socket.io").then_some("true");
            assert_eq!(credentials.as_deref(), polls, "{method} {path}");
            assert!(told("vary").is_some_and(|vary| vary.contains("Origin")));
            if method == Method::OPTIONS {
                assert!(response.status().is_success(), "{}", response.status());
                let methods = told("access-control-allow-methods").unwrap_or_default();
                assert!(methods.contains("POST"), "{methods}");
            }
        }
    }
}

#[actix_rt::test]
async fn a_page_of_another_origin_is_told_nothing() {
    let app = open_to_the_front_end().await;
    for path in PATHS {
        for method in [Method::OPTIONS, Method::GET] {
            let response = asked(&app, method.clone(), path, "https://evil.example").await;
            let told = header(&response, "access-control-allow-origin");
            assert_eq!(told, None, "{method} {path}");
            assert!(!response.status().is_success(), "{method} {path}");
        }
    }
}

#[actix_rt::test]
async fn a_slash_at_the_end_of_a_path_makes_no_difference() {
    let app = TestApp::start().await;
    let ann = app.person("ann").await;
    for path in ["/api/messages/conversations", "/api/v1/conversations"] {
        let plain = ann.get(&format!("{path}?limit=5")).await;
        let slashed = ann.get(&format!("{path}/?limit=5")).await;
        let (plain, slashed) = (
            plain.expect_status(200).body,
            slashed.expect_status(200).body,
        );
        assert_eq!(plain, slashed, "{path}");
    }
    let to = json!({ "target_user_id": "ann", "initial_message": "hello" });
    let bob = app.person("bob").await;
    let connected = bob.post("/api/messages/direct-connect/", to).await;
    connected.expect_status(201);
}

#[actix_rt::test]
async fn a_wrong_page_is_refused_in_plain_words() {
    let app = TestApp::start().await;
    let ann = app.person("ann").await;
    let refused = ann.get("/api/messages/conversations?page=abc").await;
    let refused = refused.expect_status(400).body;
    assert_eq!(refused["details"]["field"], "page", "{refused}");
    let reason = refused.to_string();
    assert!(!reason.contains("deserialize"), "{reason}");
}

#[actix_rt::test]
async fn a_head_request_gets_the_headers_of_a_get() {
    let app = TestApp::start().await;
    for path in ["/", "/stoory.html", "/healthz", "/readyz", "/docs"] {
        let get = asked(&app, Method::GET, path, FRONT_END).await;
        let head = asked(&app, Method::HEAD, path, FRONT_END).await;
        assert_eq!(
            (get.status(), head.status().as_u16()),
            (head.status(), 200),
            "{path}"
        );
        assert_eq!(
            header(&get, "content-length"),
            header(&head, "content-length")
        );
        assert_eq!(header(&get, "content-type"), header(&head, "content-type"));
        assert_eq!(head.text().await.expect("no body"), "");
    }
    let endpoint = endpoint(app.address);
    let head = endpoint.request("HEAD", "EIO=4&transport=polling");
    assert_eq!(endpoint.send(head).await.0, 400, "a handshake is a GET");
}

#[actix_rt::test]
async fn a_page_of_a_listed_origin_can_read_that_it_is_too_fast() {
    let options = ["--allowed-origins", FRONT_END, "--address-rate", "5"];
    let app = TestApp::with(&options).await;
    for _ in 0..100 {
        let response = asked(&app, Method::GET, "/api/v1/me", FRONT_END).await;
        if response.status() == 429 {
            let told = |name| header(&response, name);
            assert_eq!(
                told("access-control-allow-origin").as_deref(),
                Some(FRONT_END)
            );
            assert!(told("retry-after").is_some());
            let exposed = told("access-control-expose-headers").unwrap_or_default();
            assert!(exposed.contains("retry-after"), "{exposed}");
            return;
        }
    }
    panic!("never too fast");
}

#[actix_rt::test]
async fn a_poll_is_a_poll_with_and_without_a_slash() {
    let app = TestApp::with(&["--address-rate", "5"]).await;
    for path in ["/socket.io/", "/socket.io"] {
        let endpoint = EngineIoClient::new(app.address, path);
        let poller = endpoint.poller().await;
        for _ in 0..60 {
            assert_eq!(poller.post("3").await.0, 200, "{path}");
        }
    }
}
