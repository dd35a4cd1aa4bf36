//! What HTTP promises beside what an endpoint does: methods, encodings, headers of every answer, preflights.

use reqwest::Method;
use serde_json::Value;

use crate::child::Process;
use crate::client::Person;
use crate::test_app::TestApp;

/// A request with no token, whatever its method.
async fn ask(app: &TestApp, method: &str, path: &str) -> reqwest::Response {
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    let url = format!("http://{}{path}", app.address);
    let request = reqwest::Client::new().request(method, url);
    request.send().await.expect("an answer")
}

fn header(response: &reqwest::Response, name: &str) -> String {
    let value = response.headers().get(name).map(|value| value.to_str());
    value.map_or(String::new(), |value| value.expect("a text").to_owned())
}

/// Every path of the API, with a word in the place of each parameter, and the methods that it takes.
async fn documented(app: &TestApp) -> Vec<(String, Vec<String>)> {
    let reader = app.person("reader").await;
    let document = reader.get("/api/openapi.json").await.expect_status(200);
    let paths = document.body["paths"].as_object().expect("paths").clone();
    let fill = |path: &str| {
        let parts = path.split('/');
        let filled = parts.map(|part| if part.starts_with('{') { "x" } else { part });
        filled.collect::<Vec<_>>().join("/")
    };
    let methods = |item: &Value| item.as_object().expect("methods").keys().cloned().collect();
    paths
        .iter()
        .map(|(path, item)| (fill(path), methods(item)))
        .collect()
}

fn allow(methods: &[&str]) -> String {
    let taken = ["GET", "POST", "PUT", "PATCH", "DELETE"];
    let mut taken: Vec<&str> = taken
        .into_iter()
        .filter(|method| methods.contains(method))
        .collect();
    if taken.contains(&"GET") {
        taken.push("HEAD");
    }
    taken.push("OPTIONS");
    taken.join(", ")
}

/// Whether a request for this path may go to the endpoints of that one, in which `x` is a parameter.
fn fits(other: &str, path: &str) -> bool {
    let (other, path): (Vec<&str>, Vec<&str>) =
        (other.split('/').collect(), path.split('/').collect());
    let mut pairs = other.iter().zip(&path);
    other.len() == path.len() && pairs.all(|(part, word)| *part == "x" || part == word)
}

/// Asks a path with every method that it does not take, and with OPTIONS.
async fn assert_refuses_others(app: &TestApp, path: &str, methods: &[&str]) {
    let wanted = allow(methods);
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "FOO"] {
        if methods.contains(&method) {
            continue;
        }
        let response = ask(app, method, path).await;
        assert_eq!(response.status(), 405, "{method} {path}");
        assert_eq!(header(&response, "allow"), wanted, "{method} {path}");
        let text = response.text().await.expect("a body");
        assert!(
            text.contains("METHOD_NOT_ALLOWED"),
            "{method} {path} {text}"
        );
    }
    let options = ask(app, "OPTIONS", path).await;
    assert_eq!(options.status(), 204, "{path}");
    assert_eq!(header(&options, "allow"), wanted, "{path}");
}

#[tokio::test]
async fn a_method_that_a_path_does_not_take_is_answered_with_those_it_takes() {
    let app = TestApp::start().await;
    let paths = documented(&app).await;
    assert!(paths.len() > 20, "{paths:?}");
    for (path, _) in &paths {
        let fitting = paths.iter().filter(|(other, _)| fits(other, path));
        let methods: Vec<String> = fitting
            .flat_map(|(_, methods)| methods)
            .map(|name| name.to_uppercase())
            .collect();
        let methods: Vec<&str> = methods.iter().map(String::as_str).collect();
        assert_refuses_others(&app, path, &methods).await;
    }
    let pages = [
        "/",
        "/docs",
        "/stoa-client.js",
        "/ws",
        "/metrics",
        "/healthz",
        "/readyz",
        "/readyz/node",
    ];
    for path in pages {
        assert_refuses_others(&app, path, &["GET"]).await;
    }
    assert_refuses_others(&app, "/api/openapi.json", &["GET"]).await;
    assert_refuses_others(&app, "/sandbox/checkout/x", &["POST"]).await;
    for method in ["GET", "POST", "OPTIONS", "DELETE"] {
        for path in ["/nothing", "/api/v1/nothing", "/api/v1/conversations/x/y/z"] {
            assert_eq!(
                ask(&app, method, path).await.status(),
                404,
                "{method} {path}"
            );
        }
    }
}

#[tokio::test]
async fn an_endpoint_of_socket_io_says_what_it_takes() {
    let app = TestApp::start().await;
    for (method, status) in [
        ("PUT", 400),
        ("DELETE", 400),
        ("HEAD", 400),
        ("OPTIONS", 204),
    ] {
        let response = ask(&app, method, "/socket.io/?EIO=4&transport=polling").await;
        assert_eq!(
            response.status(),
            status,
            "{method}: as the protocol has it"
        );
        assert_eq!(header(&response, "allow"), "GET, POST, OPTIONS", "{method}");
    }
}

#[tokio::test]
async fn a_head_is_answered_as_a_get_without_its_body() {
    let app = TestApp::start().await;
    let alice = app.person("alice").await;
    let paths = [
        "/api/v1/me",
        "/api/v1/conversations",
        "/api/v1/nothing",
        "/api/v1/users/none",
        "/metrics",
        "/ws",
    ];
    for path in paths {
        let get = alice.get(path).await;
        let head = alice.request("HEAD", path, None, &[]).await;
        assert_eq!(head.status, get.status, "{path}");
        assert_eq!(head.body, "", "{path}");
        assert_eq!(
            head.headers.get("content-type"),
            get.headers.get("content-type"),
            "{path}"
        );
        if path != "/metrics" {
            assert_eq!(
                head.headers.get("content-length"),
                get.headers.get("content-length"),
                "{path}"
            );
        }
    }
}

#[tokio::test]
async fn a_body_in_an_encoding_is_refused_with_what_is_taken() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let conversation = app.direct(&alice, &bob).await;
    let messages = format!("/api/v1/conversations/{conversation}/messages");
    let body = Some(r#"{"body":"hello"}"#.to_owned());
    for encoding in [
        "gzip",
        "deflate",
        "br",
        "GZIP",
        "identity, gzip",
        "nonsense",
    ] {
        for path in [
            &messages,
            "/api/v1/webhooks/razorpay",
            "/sandbox/checkout/x",
        ] {
            let headers = [("content-encoding", encoding)];
            let refused = alice.request("POST", path, body.clone(), &headers).await;
            let refused = refused
                .expect_status(415)
                .expect_code("ENCODING_NOT_SUPPORTED");
            assert_eq!(refused.headers["accept-encoding"], "identity", "{path}");
        }
    }
    for encoding in ["identity", "Identity", ""] {
        let headers = [("content-encoding", encoding)];
        let sent = alice
            .request("POST", &messages, body.clone(), &headers)
            .await;
        sent.expect_status(201);
    }
}

fn assert_not_kept(what: &str, answer: &crate::client::Answer) {
    assert_eq!(
        answer.headers["x-content-type-options"], "nosniff",
        "{what}"
    );
    assert_eq!(answer.headers["cache-control"], "no-store", "{what}");
}

#[tokio::test]
async fn no_answer_is_guessed_at_and_what_is_meant_for_one_is_not_kept() {
    let options = ["--rate-limits", "off", "--body-limit", "2048"];
    let app = TestApp::with(&options).await;
    let alice = app.person("alice").await;
    let flows = alice.get("/api/v1/flows").await.expect_status(200).body;
    let name = flows["items"][0]["name"].as_str().expect("a flow");
    let picture = format!("/api/v1/flows/{name}/graph.svg");
    for (path, status) in [
        ("/api/v1/me", 200),
        ("/api/v1/conversations", 200),
        (picture.as_str(), 200),
        ("/api/v1/nothing", 404),
        ("/api/openapi.json", 200),
        ("/healthz", 200),
        ("/metrics", 200),
        ("/ws", 400),
        ("/socket.io/?EIO=4&transport=polling", 200),
        ("/socket.io/?EIO=3&transport=polling", 400),
    ] {
        let answer = alice.get(path).await.expect_status(status);
        assert_not_kept(path, &answer);
    }
    let wrong = alice.request("DELETE", "/api/v1/me", None, &[]).await;
    assert_not_kept("405", &wrong.expect_status(405));
    let large = Some("x".repeat(3_000));
    let large = alice
        .request("POST", "/api/v1/conversations", large, &[])
        .await;
    assert_not_kept("413", &large.expect_status(413));
    let nobody = Person::new(app.addresses(), "nobody", "none".to_owned());
    assert_not_kept("401", &nobody.get("/api/v1/me").await.expect_status(401));
    let page = alice.get("/stoa-client.js").await.expect_status(200);
    assert_eq!(page.headers["x-content-type-options"], "nosniff");
    assert_eq!(
        page.headers["cache-control"], "no-cache",
        "a browser asks whether it is the same still"
    );
}

#[tokio::test]
async fn a_preflight_that_is_refused_has_the_error_body_of_everywhere() {
    let app = TestApp::with(&["--allowed-origins", "https://app.example.com"]).await;
    let url = format!("http://{}/api/v1/me", app.address);
    let preflight = |origin: &'static str| {
        let request = reqwest::Client::new().request(Method::OPTIONS, &url);
        let request = request.header("origin", origin);
        request
            .header("access-control-request-method", "POST")
            .send()
    };
    for origin in [
        "https://evil.example",
        "null",
        "https://app.example.com.evil.example",
    ] {
        let refused = preflight(origin).await.expect("an answer");
        assert_eq!(refused.status(), 403, "{origin}");
        let headers = refused.headers().clone();
        assert!(
            !headers.contains_key("access-control-allow-origin"),
            "{origin}"
        );
        let told: Value = serde_json::from_str(&refused.text().await.unwrap()).expect("JSON");
        assert_eq!(told["error_code"], "ORIGIN_REFUSED");
        assert_eq!(told["success"], false);
    }
    let allowed = preflight("https://app.example.com")
        .await
        .expect("an answer");
    assert!(allowed.status().is_success());
    assert!(
        !allowed
            .headers()
            .contains_key("access-control-allow-credentials")
    );
}

#[tokio::test]
async fn the_figures_say_how_they_are_written() {
    let app = TestApp::start().await;
    let figures = ask(&app, "GET", "/metrics").await;
    assert_eq!(
        header(&figures, "content-type"),
        "text/plain; version=0.0.4; charset=utf-8"
    );
}

#[tokio::test]
async fn the_figures_can_have_an_address_of_their_own() {
    let mut server = Process::serve(&["--metrics-listen", "127.0.0.1:0"]).await;
    let alice = server.person("alice");
    alice.get("/api/v1/me").await.expect_status(200);
    alice.get("/metrics").await.expect_status(404);
    let head = alice.request("HEAD", "/metrics", None, &[]).await;
    head.expect_status(404);
    let own = server.logged("metrics_listening").await;
    let own: Result<std::net::SocketAddr, _> = own["address"].as_str().expect("an address").parse();
    let reader = Person::new(own.expect("an address"), "nobody", String::new());
    let figures = reader.get("/metrics").await.expect_status(200).body;
    let figures = figures.as_str().expect("text");
    assert!(figures.contains(r#"route="/api/v1/me""#), "{figures}");
    for path in ["/", "/api/v1/me", "/healthz", "/ws"] {
        reader.get(path).await.expect_status(404);
    }
    server.signal("TERM");
    assert_eq!(server.end().await.0, Some(0));
}
