//! A token in a cookie: for pages of the own origin alone, over REST, the native socket and Socket.IO.

use reqwest::{Client, Method, StatusCode};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::test_app::{TestApp, claims, token};

const ALLOWED: &str = "https://app.example.com";
const STRANGE: &str = "https://evil.example";

async fn app() -> TestApp {
    let options = [
        "--token-cookie",
        "__Host-session",
        "--allowed-origins",
        ALLOWED,
    ];
    TestApp::with(&options).await
}

fn cookie() -> String {
    format!("theme=dark; __Host-session={}", token(&claims("mira", &[])))
}

/// The status of a request with the cookie.
async fn status(app: &TestApp, method: Method, path: &str, origin: Option<&str>) -> StatusCode {
    let url = format!("http://{}{path}", app.address);
    let mut request = Client::new()
        .request(method, url)
        .header("cookie", cookie());
    if let Some(origin) = origin {
        request = request.header("origin", origin);
    }
    let asked = request
        .json(&serde_json::json!({ "kind": "direct", "participants": [{ "user_id": "jonas" }] }));
    asked.send().await.expect("an answer").status()
}

#[tokio::test]
async fn rest_takes_the_cookie_of_own_pages_alone() {
    let app = app().await;
    app.person("jonas").await;
    let own = format!("http://{}", app.address);
    let (get, post) = (Method::GET, Method::POST);
    for origin in [None, Some(own.as_str()), Some(ALLOWED)] {
        assert_eq!(
            status(&app, get.clone(), "/api/v1/me", origin).await,
            200,
            "{origin:?}"
        );
    }
    for origin in [Some(own.as_str()), Some(ALLOWED)] {
        let made = status(&app, post.clone(), "/api/v1/conversations", origin).await;
        assert!(made.is_success(), "{origin:?}: {made}");
    }
    assert_eq!(status(&app, get, "/api/v1/me", Some(STRANGE)).await, 403);
    for origin in [None, Some(STRANGE), Some("null")] {
        let refused = status(&app, post.clone(), "/api/v1/conversations", origin).await;
        assert_eq!(refused, 403, "{origin:?}");
    }
}

#[tokio::test]
async fn without_the_option_cookies_are_not_looked_at() {
    let app = TestApp::start().await;
    let own = format!("http://{}", app.address);
    let answer = status(&app, Method::GET, "/api/v1/me", Some(&own)).await;
    assert_eq!(answer, 401);
}

/// Opens a native socket with the cookie; the status where it is refused.
async fn socket(app: &TestApp, origin: Option<&str>) -> Result<(), u16> {
    let url = format!("ws://{}/ws", app.address);
    let mut request = url.into_client_request().expect("a request");
    let headers = request.headers_mut();
    headers.insert("cookie", cookie().parse().expect("a header"));
    if let Some(origin) = origin {
        headers.insert("origin", origin.parse().expect("a header"));
    }
    match tokio_tungstenite::connect_async(request).await {
        Ok(_) => Ok(()),
        Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => Err(answer.status().as_u16()),
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_socket_takes_the_cookie_of_own_pages_alone() {
    let app = app().await;
    let own = format!("http://{}", app.address);
    for origin in [own.as_str(), ALLOWED] {
        assert_eq!(socket(&app, Some(origin)).await, Ok(()), "{origin}");
    }
    for origin in [None, Some(STRANGE)] {
        assert_eq!(socket(&app, origin).await, Err(403), "{origin:?}");
    }
}

#[tokio::test]
async fn a_poll_of_a_strange_page_opens_no_session() {
    let app = app().await;
    let path = "/socket.io/?EIO=4&transport=polling";
    assert_eq!(status(&app, Method::GET, path, None).await, 200);
    assert_eq!(status(&app, Method::GET, path, Some(ALLOWED)).await, 200);
    assert_eq!(status(&app, Method::GET, path, Some(STRANGE)).await, 403);
}
