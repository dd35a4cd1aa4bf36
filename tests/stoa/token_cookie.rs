//! A token in a cookie: for pages of the own origin alone, over REST, the native socket and Socket.IO.

use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::Value;
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

#[tokio::test]
async fn a_page_that_is_no_page_of_http_or_of_another_site_may_not_use_the_cookie() {
    let app = app().await;
    app.person("jonas").await;
    let (address, path) = (app.address, "/api/v1/conversations");
    for origin in [
        format!("chrome-extension://{address}"),
        format!("capacitor://{address}"),
        format!("://{address}"),
    ] {
        let refused = status(&app, Method::POST, path, Some(&origin)).await;
        assert_eq!(refused, 403, "{origin}");
    }
    let own = format!("http://{address}");
    let made = async |origin: &str, site: &str| {
        let body =
            serde_json::json!({ "kind": "direct", "participants": [{ "user_id": "jonas" }] });
        let request = Client::new()
            .post(format!("http://{address}{path}"))
            .header("cookie", cookie())
            .header("origin", origin)
            .header("sec-fetch-site", site);
        request
            .json(&body)
            .send()
            .await
            .expect("an answer")
            .status()
    };
    assert!(made(&own, "same-origin").await.is_success());
    for site in ["cross-site", "same-site"] {
        assert_eq!(made(&own, site).await, 403, "{site}");
        assert!(made(ALLOWED, site).await.is_success(), "{site}, listed");
    }
}

/// A polling session that was opened with the cookie and, like a page's first poll, without an origin.
struct Polling {
    url: String,
    header: (&'static str, String),
}

impl Polling {
    async fn open(app: &TestApp, header: (&'static str, String)) -> Self {
        let url = format!("http://{}/socket.io/?EIO=4&transport=polling", app.address);
        let opened = Client::new().get(&url).header(header.0, &header.1);
        let opened = opened.send().await.expect("an answer");
        assert_eq!(opened.status(), 200);
        let opened = opened.text().await.expect("a text");
        let opened: Value = serde_json::from_str(opened.trim_start_matches('0')).expect("JSON");
        let sid = opened["sid"].as_str().expect("a session");
        Self {
            url: format!("{url}&sid={sid}"),
            header,
        }
    }

    fn request(&self, method: Method, origin: Option<&str>) -> RequestBuilder {
        let request = Client::new()
            .request(method, &self.url)
            .header(self.header.0, &self.header.1);
        match origin {
            Some(origin) => request.header("origin", origin),
            None => request,
        }
    }

    async fn posts(&self, packets: &str, origin: Option<&str>) -> u16 {
        let posted = self.request(Method::POST, origin).body(packets.to_owned());
        posted.send().await.expect("an answer").status().as_u16()
    }

    async fn polls(&self) -> String {
        let polled = self.request(Method::GET, None).send().await;
        polled.expect("an answer").text().await.expect("a text")
    }
}

#[tokio::test]
async fn a_polling_session_of_the_cookie_acts_for_own_pages_alone() {
    let app = app().await;
    let own = format!("http://{}", app.address);
    for origin in [own.as_str(), ALLOWED] {
        let session = Polling::open(&app, ("cookie", cookie())).await;
        for strange in [None, Some("null"), Some(STRANGE)] {
            assert_eq!(session.posts("40", strange).await, 403, "{strange:?}");
        }
        assert_eq!(session.posts("40", Some(origin)).await, 200, "{origin}");
        assert!(session.polls().await.starts_with("40{"), "it lives on");
        let acts = r#"42["join","mira"]"#;
        assert_eq!(session.posts(acts, None).await, 403);
        assert_eq!(session.posts(acts, Some(origin)).await, 200);
    }
}

#[tokio::test]
async fn a_polling_session_of_a_header_needs_no_origin() {
    let app = app().await;
    let bearer = format!("Bearer {}", token(&claims("mira", &[])));
    let session = Polling::open(&app, ("authorization", bearer)).await;
    assert_eq!(session.posts("40", None).await, 200);
    assert!(session.polls().await.starts_with("40{"));
}
