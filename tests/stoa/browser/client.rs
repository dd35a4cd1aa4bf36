//! The socket client in a page: why there is no connection is told.

use serde_json::{Value, json};

use super::stage;
use super::window::Window;
use crate::test_app::{TestApp, claims, token};

/// The connection of a client with these options as it is when it is first in this state.
async fn connection(window: &Window, options: Value, state: &str) -> Value {
    let script = format!(
        "import('/stoa-client.js').then(({{ StoaClient }}) => new Promise((resolve) => {{
            const client = new StoaClient({options});
            client.on('state', ({{ state, code, error }}) => {{
                if (state !== '{state}') return;
                resolve({{ code, error: error && {{ code: error.code, message: error.message, details: error.details }} }});
                setTimeout(() => client.close());
            }});
            client.connect();
        }}))"
    );
    window.promised(&script).await
}

fn address(app: &TestApp, path: &str) -> String {
    format!("ws://{}{path}", app.address)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_says_why_it_has_no_connection() {
    let app = stage().await;
    let window = Window::open().await;
    window.visit(&app, "/").await;
    let with = |path: &str, user: &str, token: &str| json!({ "url": address(&app, path), "userId": user, "token": token });
    let good = token(&claims("olga", &[]));
    let mut old = claims("olga", &[]);
    old.exp -= 7_200;

    let garbage = connection(&window, with("/ws", "olga", "garbage"), "stopped").await;
    assert_eq!(garbage["code"], 4401);
    assert_eq!(garbage["error"]["code"], "UNAUTHENTICATED");
    let told = garbage["error"]["message"].as_str().expect("a text");
    assert!(told.contains("not a JWT"), "{told}");
    let expired = connection(&window, with("/ws", "olga", &token(&old)), "stopped").await;
    assert_eq!(expired["error"]["message"], "The token has expired");

    let other = connection(&window, with("/ws", "rex", &good), "stopped").await;
    assert_eq!(other["error"]["code"], "IDENTITY_MISMATCH");
    assert_eq!(other["error"]["details"]["user_id"], "olga");

    let nowhere = connection(&window, with("/nowhere", "olga", &good), "waiting").await;
    assert_eq!(nowhere["error"]["code"], "UNREACHABLE");
    let told = nowhere["error"]["message"].as_str().expect("a text");
    assert!(told.contains(&address(&app, "/nowhere")), "{told}");

    let open = connection(&window, with("/ws", "olga", &good), "open").await;
    assert_eq!(open["error"], Value::Null);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_was_signed_out_comes_back_with_a_token_that_counts() {
    let app = stage().await;
    let platform = app.person_with("platform", &["service"]).await;
    let window = Window::open().await;
    window.visit(&app, "/").await;
    let mut fresh = claims("olga", &[]);
    // Issued before the sign-out: what a platform that is quick gives out.
    fresh.iat = Some(fresh.exp - 3_600 - 5);
    let early = token(&fresh);
    fresh.iat = Some(fresh.exp - 3_600 + 20);
    let late = token(&fresh);
    let start = format!(
        "import('/stoa-client.js').then(({{ StoaClient }}) => new Promise((resolve) => {{
            const tokens = ['{early}', '{late}'];
            window.told = [];
            const client = new StoaClient({{ url: '{}', userId: 'olga', token: '{early}', renewToken: async () => tokens.shift() }});
            client.on('state', ({{ state, error }}) => {{ window.told.push([state, error?.message ?? null]); if (state === 'open') resolve(state); }});
            client.connect();
        }}))",
        address(&app, "/ws")
    );
    assert_eq!(window.promised(&start).await, "open");
    let out = platform.post("/api/v1/users/olga/sign-out", json!({}));
    out.await.expect_status(200);
    window
        .until("return window.told.filter(([state]) => state === 'open').length === 2")
        .await;
    let told = window.ask("return JSON.stringify(window.told)").await;
    let told = told.as_str().expect("a text");
    for words in ["signed out", "a token needs an iat of"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert!(!told.contains("stopped"), "{told}");
}
