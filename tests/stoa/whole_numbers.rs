//! Whole numbers in every JSON spelling are accepted at every endpoint, and a repeated name in a form or a context is refused.

use serde_json::{Value, json};

use crate::client::{Answer, Person};
use crate::deals::Flows;
use crate::test_app::TestApp;

/// A deal that remembers an amount and a number, and asks for both.
const FLOW: &str = r#"
name = "ticking"
version = 1
title = "Numbers"
roles = ["one", "other"]
initial = "asking"

[context]
price = { type = "money", currency = "INR" }
count = "integer"

[states.asking]
title = "Asking"
awaiting = "one"
chat = "free"
deadline = { after = "P9D", to = "over" }
prompt.one = { title = "Fill it in" }

[states.over]
title = "Over"
terminal = true

[actions.fill]
from = "asking"
by = "one"
to = "asking"
label = "Fill in"
input = [{ name = "price", type = "money", currency = "INR" }, { name = "count", type = "number" }]
set = { price = "input.price", count = "input.count" }

[actions.stop]
from = "asking"
by = "other"
to = "over"
label = "Stop"
"#;

struct Fixture {
    app: TestApp,
    _flows: Flows,
    platform: Person,
    ada: Person,
}

impl Fixture {
    async fn open() -> Self {
        let flows = Flows::with(FLOW);
        let app = TestApp::with(&["--rate-limits", "off", "--flows", &flows.folder()]).await;
        let platform = app.person_with("platform", &["service"]).await;
        let (ada, _ben) = (app.person("ada").await, app.person("ben").await);
        Self {
            app,
            _flows: flows,
            platform,
            ada,
        }
    }

    /// Begins a deal with this flow as it is written.
    async fn begin(&self, flow: &str) -> Answer {
        let body = format!(
            r#"{{"kind":"group","participants":[{{"user_id":"ada","role":"one"}},{{"user_id":"ben","role":"other"}}],"flow":{flow}}}"#
        );
        let path = "/api/v1/conversations";
        self.platform.request("POST", path, Some(body), &[]).await
    }

    async fn begun(&self) -> String {
        let made = self.begin(r#"{"name":"ticking"}"#).await;
        made.expect_status(201).body["id"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    async fn press(&self, deal: &str, body: &str) -> Answer {
        let path = format!("/api/v1/conversations/{deal}/flow/actions/fill");
        let body = Some(body.to_owned());
        self.ada.request("POST", &path, body, &[]).await
    }

    async fn stands(&self, deal: &str) -> Value {
        let path = format!("/api/v1/conversations/{deal}/flow");
        self.ada.get(&path).await.expect_status(200).body
    }

    async fn context(&self, deal: &str) -> Value {
        let path = format!("/api/messages/conversations/{deal}/context");
        let shown = self.ada.get(&path).await.expect_status(200).body;
        shown["conversation"]["flow_data"].clone()
    }
}

fn told(answer: &Answer) -> (u16, &str, &str) {
    let field = answer.body["details"]["field"].as_str().unwrap_or_default();
    let message = answer.body["message"].as_str().unwrap_or_default();
    (answer.status, field, message)
}

#[tokio::test]
async fn a_watermark_and_a_version_may_be_written_with_a_point() {
    let fixture = Fixture::open().await;
    let deal = fixture.begun().await;
    fixture.ada.say(&deal, "a word").await;
    let seen = format!("/api/v1/conversations/{deal}/seen");
    let seen = |body: &str| {
        fixture
            .ada
            .request("POST", &seen, Some(body.to_owned()), &[])
    };
    for right in [r#"{"seq":1.0}"#, r#"{"seq":2e0}"#, r#"{"seq":2}"#] {
        seen(right).await.expect_status(200);
    }
    for wrong in [r#"{"seq":1.5}"#, r#"{"seq":"1"}"#, r#"{"seq":1e300}"#] {
        let answer = seen(wrong).await;
        assert_eq!(
            told(&answer),
            (400, "seq", "seq must be a whole number"),
            "{wrong}"
        );
    }
    let stands = fixture.stands(&deal).await;
    let version = stands["state_version"].as_i64().unwrap();
    let pressed = format!(r#"{{"state_version":{version}.0,"input":{{"count":3.0}}}}"#);
    fixture.press(&deal, &pressed).await.expect_status(200);
    let wrong = fixture.press(&deal, r#"{"state_version":1.5}"#).await;
    assert_eq!(told(&wrong).1, "state_version");
    let flow = r#"{"name":"ticking","version":1.0,"context":{}}"#;
    fixture.begin(flow).await.expect_status(201);
}

#[tokio::test]
async fn so_may_those_of_a_socket() {
    let fixture = Fixture::open().await;
    let deal = fixture.begun().await;
    fixture.ada.say(&deal, "a word").await;
    let mut socket = fixture.ada.socket().await;
    let whole: Value = serde_json::from_str("1.0").unwrap();
    for (event, field) in [("join_conversation", "after"), ("mark_seen", "seq")] {
        let mut payload = json!({ "conversation_id": deal, field: whole });
        socket.call(event, payload.clone()).await.unwrap();
        payload[field] = json!(1.5);
        let refused = socket.call(event, payload).await.unwrap_err();
        assert_eq!(refused["details"]["field"], field, "{refused}");
    }
    let stands = fixture.stands(&deal).await;
    let version = stands["state_version"].as_f64().unwrap();
    let press = json!({ "conversation_id": deal, "action": "fill", "state_version": version, "input": { "count": 3.0 } });
    socket.call("flow_action", press).await.unwrap();
    assert_eq!(fixture.context(&deal).await["count"], json!(3));
}

#[tokio::test]
async fn amounts_are_whole_and_no_greater_than_browsers_can_read() {
    let fixture = Fixture::open().await;
    for (amount, kept) in [
        ("500000.0", 500_000),
        ("5e5", 500_000),
        ("9007199254740991", 9_007_199_254_740_991_i64),
    ] {
        let context = format!(
            r#"{{"name":"ticking","context":{{"price":{{"amount":{amount},"currency":"INR"}},"count":7.0}}}}"#
        );
        let made = fixture.begin(&context).await.expect_status(201);
        let deal = made.body["id"].as_str().unwrap();
        let known = fixture.context(deal).await;
        let expected = json!({ "price": { "amount": kept, "currency": "INR" }, "count": 7 });
        assert_eq!(known, expected, "{amount}");
        let form = format!(r#"{{"input":{{"price":{amount}}}}}"#);
        fixture.press(deal, &form).await.expect_status(200);
        assert_eq!(fixture.context(deal).await["price"]["amount"], json!(kept));
    }
    for (amount, why) in [
        (
            "1.5",
            "price must be an amount: a whole number of the smallest unit",
        ),
        (
            "\"500000\"",
            "price must be an amount: a whole number of the smallest unit",
        ),
        (
            "9007199254740992",
            "price must be at most 9007199254740991: browsers cannot read greater amounts exactly",
        ),
        (
            "9223372036854775807",
            "price must be at most 9007199254740991: browsers cannot read greater amounts exactly",
        ),
    ] {
        let context = format!(r#"{{"name":"ticking","context":{{"price":{amount}}}}}"#);
        assert_eq!(
            told(&fixture.begin(&context).await),
            (400, "price", why),
            "{amount}"
        );
        let deal = fixture.begun().await;
        let form = format!(r#"{{"input":{{"price":{amount}}}}}"#);
        let pressed = fixture.press(&deal, &form).await;
        assert_eq!(told(&pressed), (400, "price", why), "{amount}");
    }
    let count = r#"{"name":"ticking","context":{"count":-9007199254740992}}"#;
    assert_eq!(told(&fixture.begin(count).await).1, "count");
}

#[tokio::test]
async fn a_repeated_name_in_stored_json_is_refused_at_every_endpoint() {
    let fixture = Fixture::open().await;
    let deal = fixture.begun().await;
    let twice = r#"{"a":{"b":1,"b":2}}"#;
    let message = format!(r#"{{"body":"x","context":{twice}}}"#);
    let begin = |more: &str| {
        format!(
            r#"{{"kind":"direct","participants":[{{"user_id":"ada"}},{{"user_id":"ben"}}],{more}}}"#
        )
    };
    let (said, begun) = (
        format!("/api/v1/conversations/{deal}/messages"),
        "/api/v1/conversations".to_owned(),
    );
    for (path, body, outer) in [
        (&said, message.clone(), "context"),
        (
            &begun,
            begin(&format!(r#""first_message":{message}"#)),
            "first_message.context",
        ),
        (
            &begun,
            begin(&format!(
                r#""subject":{{"type":"job","id":"1","data":{twice}}}"#
            )),
            "subject.data",
        ),
    ] {
        let field = format!("{outer}.a.b");
        let answer = fixture
            .platform
            .request("POST", path, Some(body), &[])
            .await;
        let why = format!("{field} is given twice");
        assert_eq!(told(&answer), (400, field.as_str(), why.as_str()));
    }
    let mut socket = fixture.ada.socket().await;
    socket
        .send_text(&format!(
            r#"{{"event":"send_message","id":7,"data":{{"conversation_id":"{deal}","body":"x","context":{twice}}}}}"#
        ))
        .await;
    let answer = socket.answer_to(7).await;
    assert_eq!(
        answer["error"]["details"]["field"], "context.a.b",
        "{answer}"
    );
    assert!(!fixture.ada.bodies(&deal).await.contains(&"x".to_owned()));
}

#[tokio::test]
async fn a_name_that_stands_twice_in_a_context_or_a_form_is_told() {
    let fixture = Fixture::open().await;
    let deal = fixture.begun().await;
    let made = || fixture.app.count("select count(*) as n from conversations");
    let before = made();
    for (written, name) in [
        (
            r#"{"price":{"amount":1,"amount":500000,"currency":"INR"}}"#,
            "price.amount",
        ),
        (r#"{"count":1,"count":2}"#, "count"),
        (r#"{"price":1,"pric\u0065":2}"#, "price"),
    ] {
        let must_tell = |answer: &Answer, outer: &str| {
            let field = format!("{outer}.{name}");
            let why = format!("{field} is given twice");
            assert_eq!(
                told(answer),
                (400, field.as_str(), why.as_str()),
                "{written}"
            );
        };
        let flow = format!(r#"{{"name":"ticking","context":{written}}}"#);
        let begun = fixture.begin(&flow).await;
        must_tell(&begun, "flow.context");
        let pressed = fixture
            .press(&deal, &format!(r#"{{"input":{written}}}"#))
            .await;
        must_tell(&pressed, "input");
        let path = format!("/api/messages/conversations/{deal}/button-click");
        let click = format!(r#"{{"button_id":"fill","additional_data":{written}}}"#);
        let clicked = fixture.ada.request("POST", &path, Some(click), &[]).await;
        must_tell(&clicked, "additional_data");
        let mut socket = fixture.ada.socket().await;
        let frame = format!(
            r#"{{"event":"flow_action","id":7,"data":{{"conversation_id":"{deal}","action":"fill","state_version":1,"input":{written}}}}}"#
        );
        socket.send_text(&frame).await;
        let answer = socket.answer_to(7).await;
        let field = format!("input.{name}");
        assert_eq!(answer["error"]["details"]["field"], field, "{answer}");
    }
    assert_eq!(made(), before, "nothing was begun");
}
