//! Forms of deals, filled in with ordinary and with hostile texts.

use serde_json::Value;
use stoa::domain::visible::shows_something;

use super::Flows;
use crate::client::{Answer, Person};
use crate::naughty::strings;
use crate::test_app::TestApp;

/// A deal of one form with a field of each type.
const FORM: &str = r#"
name = "ticking"
version = 1
title = "A form"
roles = ["one", "other"]
initial = "asking"

[context]
kept = "text"

[states.asking]
title = "Asking"
awaiting = "one"
deadline = { after = "P9D", to = "over" }
[states.asking.prompt.one]
title = "Fill it in"
subtitle = "Last time: {ctx.kept|nothing}"

[states.over]
title = "Over"
terminal = true

[actions.fill]
from = "asking"
by = "one"
to = "asking"
label = "Fill in"
input = [
  { name = "line", type = "text", max_length = 300 },
  { name = "area", type = "textarea", max_length = 4000 },
  { name = "email", type = "email" },
  { name = "url", type = "url" },
  { name = "day", type = "date" },
  { name = "number", type = "number", min = -5, max = 5 },
  { name = "price", type = "money", currency = "INR", min = 100 },
]
set = { kept = "input.area" }
say = "{input.line|}:{input.area|}"
audit = "{input.price|} {input.day|} {input.number|} {input.email|} {input.url|}"
emit = { event = "form.filled", with = { area = "input.area", price = "input.price" } }

[actions.stop]
from = "asking"
by = "other"
to = "over"
label = "Stop"
"#;

struct Form {
    _app: TestApp,
    _flows: Flows,
    ada: Person,
    id: String,
}

impl Form {
    async fn open() -> Self {
        let flows = Flows::with(FORM);
        let app = TestApp::with(&["--rate-limits", "off", "--flows", &flows.folder()]).await;
        let platform = app.person_with("platform", &["service"]).await;
        let (ada, _ben) = (app.person("ada").await, app.person("ben").await);
        let made = platform.post("/api/v1/conversations", super::crashing::ticking());
        let id = made.await.expect_status(201).body["id"]
            .as_str()
            .unwrap()
            .to_owned();
        Self {
            _app: app,
            _flows: flows,
            ada,
            id,
        }
    }

    /// Presses with a form as it is written.
    async fn fill(&self, written: &str) -> Answer {
        let path = format!("/api/v1/conversations/{}/flow/actions/fill", self.id);
        let body = Some(format!(r#"{{"input":{written}}}"#));
        self.ada.request("POST", &path, body, &[]).await
    }

    async fn last(&self, path: &str) -> Value {
        let path = format!("/api/v1/conversations/{}/{path}", self.id);
        let page = self.ada.get(&path).await.expect_status(200).body;
        page["items"].as_array().unwrap().last().unwrap().clone()
    }
}

#[tokio::test]
async fn typed_text_is_kept_unchanged_or_its_field_is_refused() {
    let form = Form::open().await;
    let (mut taken, mut after) = (0, 0);
    for string in strings() {
        let answer = form.fill(&format!(r#"{{"area":"{string}"}}"#)).await;
        match answer.status {
            200 => {
                let step = form.last(&format!("flow/history?after={after}")).await;
                after = step["seq"].as_i64().unwrap();
                let meant: String = serde_json::from_str(&format!("\"{string}\"")).unwrap();
                let kept = step["input"]["area"].as_str().unwrap_or_default();
                // A text that shows nothing is as good as none.
                let meant = Some(meant.trim()).filter(|meant| shows_something(meant));
                assert_eq!(kept, meant.unwrap_or_default(), "{string}");
                taken += 1;
            }
            _ => drop(answer.expect_status(400).expect_code("INVALID_REQUEST")),
        }
        for field in ["line", "email", "url", "day", "number", "price"] {
            let answer = form.fill(&format!(r#"{{"{field}":"{string}"}}"#)).await;
            if answer.status != 200 {
                answer.expect_status(400).expect_code("INVALID_REQUEST");
            }
        }
    }
    assert!(taken > 100, "{taken}");
}

/// What no field of this name takes.
const WRONG: &[(&str, &str)] = &[
    ("price", "-1"),
    ("price", "0"),
    ("price", "99"),
    ("price", "100.5"),
    ("price", "1e30"),
    ("price", "9223372036854775808"),
    ("price", "9223372036854775807"),
    ("price", "9007199254740992"),
    ("price", r#"{"amount":9007199254740992,"currency":"INR"}"#),
    ("price", "\"100\""),
    ("price", "true"),
    ("price", "[100]"),
    ("price", "{}"),
    ("price", r#"{"amount":100,"currency":"USD"}"#),
    ("price", r#"{"amount":100,"currency":null}"#),
    ("price", r#"{"amount":"100","currency":"INR"}"#),
    ("price", r#"{"amount":-100,"currency":"INR"}"#),
    ("price", r#"{"amount":100,"currency":"INR","tip":1}"#),
    ("number", "-6"),
    ("number", "6"),
    ("number", "0.5"),
    ("number", "1e3"),
    ("number", "99999999999999999999"),
    ("day", "20260101"),
    ("day", "\"2026-02-30\""),
    ("url", "\"javascript:alert(1)\""),
    ("url", "\"http://plain.example\""),
    ("line", "\"two\\nlines\""),
    ("line", "7"),
    ("area", "{\"a\":1}"),
    ("area", "\"nothing \\u0000 here\""),
    ("other", "1"),
];

#[tokio::test]
async fn money_and_numbers_are_whole_bounded_and_of_the_right_currency() {
    let form = Form::open().await;
    for (field, wrong) in WRONG {
        let refused = form.fill(&format!(r#"{{"{field}":{wrong}}}"#)).await;
        let refused = refused.expect_status(400).expect_code("INVALID_REQUEST");
        let named = refused.body["details"]["field"].as_str().unwrap();
        assert!(
            [*field, "input", "body"].contains(&named),
            "{field} {wrong}: {named}"
        );
    }
    for right in [
        "100",
        r#"{"amount":100}"#,
        "100.0",
        "1e2",
        r#"{"amount":5e5,"currency":"INR"}"#,
        r#"{"amount":9007199254740991,"currency":"INR"}"#,
        "9007199254740991",
    ] {
        let pressed = form.fill(&format!(r#"{{"price":{right}}}"#)).await;
        pressed.expect_status(200);
    }
    for wrong in [
        "[]",
        "\"x\"",
        "7",
        &format!(r#"{{"area":"{}"}}"#, "x".repeat(9_000)),
    ] {
        form.fill(wrong).await.expect_status(400);
    }
    let literal = form.fill(r#"{"area":"{ctx.kept} {{input.line}}"}"#).await;
    literal.expect_status(200);
    let said = form.last("messages?limit=100").await;
    assert!(
        said["body"]
            .as_str()
            .unwrap()
            .contains("{ctx.kept} {{input.line}}"),
        "{said}"
    );
}
