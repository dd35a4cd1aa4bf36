//! One browser session of its own: what somebody sees, presses and types. Every look waits until it is so, or fails the test.

use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::elements::Element;
use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::fmt::Debug;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use super::driver;
use crate::client::PATIENCE;
use crate::drive::polling::poll;
use crate::test_app::TestApp;

const OPTIONS: [&str; 10] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    // A microphone that beeps, and that may be used.
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
];
/// Runs before everything else in each page: what a page must never do is written down, beyond a reload.
const WATCH: &str = r"
const note = (what) => {
    const faults = JSON.parse(sessionStorage.getItem('faults') ?? '[]');
    sessionStorage.setItem('faults', JSON.stringify([...faults, what]));
};
addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) => note(`${effectiveDirective} ${blockedURI}`));
addEventListener('error', ({ message }) => message && note(message));
addEventListener('unhandledrejection', ({ reason }) => note(`${reason?.stack ?? reason}`));
";

/// Light or dark.
#[derive(Clone, Copy)]
pub enum Scheme {
    Light,
    Dark,
}

/// A browser with one page. Dropping it ends the browser.
pub struct Window {
    client: Client,
    session: String,
    port: u16,
}

/// A message by its words.
pub fn message(body: &str) -> String {
    format!(
        "//article[@data-test='message'][.//*[@data-test='message-body'][normalize-space()='{body}']]"
    )
}

/// A message in a state.
pub fn message_in(body: &str, state: &str) -> String {
    format!("{}[@data-state='{state}']", message(body))
}

/// A part of a message.
pub fn part(body: &str, name: &str) -> String {
    format!("{}//*[@data-test='{name}']", message(body))
}

/// Whatever carries this `data-test`.
pub fn hook(name: &str) -> String {
    format!("[data-test={name}]")
}

/// The line of a conversation in the list.
pub fn item(conversation: &str) -> String {
    format!("[data-test=conversation-item][data-id='{conversation}']")
}

/// Whether a field has taken nothing: it was not ready, or drawn anew between looking and typing.
fn takes_no_key(error: &str) -> bool {
    error.contains("not interactable") || error.contains("stale element")
}

fn locator(selector: &str) -> Locator<'_> {
    if selector.starts_with('/') {
        Locator::XPath(selector)
    } else {
        Locator::Css(selector)
    }
}

impl Window {
    /// A browser of its own, as wide as a desk's.
    pub async fn open() -> Self {
        static OPENED: AtomicU32 = AtomicU32::new(0);
        let driver = driver();
        let number = OPENED.fetch_add(1, Ordering::Relaxed);
        let profile = driver.folder.join(format!("profile-{number}"));
        let mut options: Vec<String> = OPTIONS.map(str::to_owned).to_vec();
        options.push(format!("--user-data-dir={}", profile.display()));
        let wanted = json!({ "goog:chromeOptions": { "binary": driver.browser, "args": options } });
        let wanted: Capabilities = serde_json::from_value(wanted).expect("capabilities");
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(wanted)
            .connect(&format!("http://127.0.0.1:{}", driver.port))
            .await
            .expect("a browser session");
        let session = client.session_id().await.expect("an answer");
        let window = Self {
            client,
            session: session.expect("a session"),
            port: driver.port,
        };
        let watch = json!({ "source": WATCH });
        window
            .develop("Page.addScriptToEvaluateOnNewDocument", watch)
            .await;
        window.resize(1280, 800).await;
        window.tint(Scheme::Light).await;
        window
    }

    /// A browser in which somebody of the demo has a conversation open.
    pub async fn open_as(app: &TestApp, person: &str, conversation: &str) -> Self {
        let window = Self::open().await;
        window
            .visit(app, &format!("/?as={person}#{conversation}"))
            .await;
        window
            .see("[data-test=message], [data-test=action-card], [data-test=turn-line]")
            .await;
        window
    }

    /// Goes to an address of the server, as if it was typed.
    pub async fn visit(&self, app: &TestApp, path: &str) {
        self.go_to(&format!("http://{}{path}", app.address)).await;
    }

    /// Goes to an address, as if it was typed.
    pub async fn go_to(&self, address: &str) {
        self.leave().await;
        self.client.goto(address).await.expect("a page");
    }

    /// Closes the page; the window stays.
    pub async fn leave(&self) {
        self.client.goto("about:blank").await.expect("nothing");
    }

    /// Back to the page that was left.
    pub async fn go_back(&self) {
        self.client.back().await.expect("the page before");
    }

    pub async fn reload(&self) {
        self.client.refresh().await.expect("the page again");
    }

    /// A command of the browser's own protocol.
    async fn develop(&self, command: &str, parameters: Value) -> Value {
        let address = format!(
            "http://127.0.0.1:{}/session/{}/goog/cdp/execute",
            self.port, self.session
        );
        let request = reqwest::Client::new().post(address);
        let body = json!({ "cmd": command, "params": parameters });
        let answer = request.json(&body).send().await.expect("an answer");
        let answer: Value = answer.json().await.expect("JSON");
        assert!(answer["value"].get("error").is_none(), "{answer}");
        answer["value"].clone()
    }

    /// Exactly so many pixels, fewer than a window on a desk can have too.
    pub async fn resize(&self, width: u32, height: u32) {
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.develop("Emulation.setDeviceMetricsOverride", size)
            .await;
    }

    /// Without movement, so that nothing is looked at while it fades.
    pub async fn tint(&self, scheme: Scheme) {
        let value = match scheme {
            Scheme::Light => "light",
            Scheme::Dark => "dark",
        };
        let features = json!([
            { "name": "prefers-color-scheme", "value": value },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]);
        self.develop(
            "Emulation.setEmulatedMedia",
            json!({ "features": features }),
        )
        .await;
    }

    /// Keeps a picture of the page below `target/tmp`, for people to look at.
    pub async fn picture(&self, name: &str) {
        let picture = self.client.screenshot().await.expect("a picture");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        std::fs::write(folder.join(format!("{name}.png")), picture).expect("a file");
    }

    /// What a function body gives in the page.
    pub async fn ask(&self, script: &str) -> Value {
        let answer = self.client.execute(script, Vec::new()).await;
        answer.unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// What a promise in the page comes to.
    pub async fn promised(&self, script: &str) -> Value {
        let script = format!(
            "const done = arguments[0]; ({script}).then(done, (error) => done(`${{error}}`));"
        );
        let answer = self.client.execute_async(&script, Vec::new()).await;
        answer.unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// Waits until a function body gives true in the page.
    pub async fn until(&self, script: &str) {
        let look = async || match self.ask(script).await {
            Value::Bool(true) => Ok(()),
            other => Err(other),
        };
        self.poll(script, look).await;
    }

    /// Waits until `look` answers `Ok`; where it does not, keeps a picture of the page, and quotes its words.
    async fn poll<T, S: Debug>(&self, awaited: &str, look: impl AsyncFnMut() -> Result<T, S>) -> T {
        match poll(awaited, PATIENCE, look).await {
            Ok(found) => found,
            Err(late) => {
                let name = format!("failed-{}", &self.session[..8]);
                self.picture(&name).await;
                let shown = self.ask("return document.body.innerText").await;
                panic!(
                    "{late}\n{name}.png below target/tmp shows:\n{}",
                    shown.as_str().unwrap_or_default()
                );
            }
        }
    }

    /// Waits until this is on the screen.
    pub async fn see(&self, selector: &str) -> Element {
        let look = async || match self.client.find(locator(selector)).await {
            Ok(element) if element.is_displayed().await.unwrap_or(false) => Ok(element),
            Ok(_) => Err("it is hidden".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        self.poll(selector, look).await
    }

    /// Waits until this is on the screen with these words somewhere in it.
    pub async fn read(&self, selector: &str, words: &str) {
        let look = async || match self.see(selector).await.text().await {
            Ok(text) if text.contains(words) => Ok(()),
            other => Err(other),
        };
        self.poll(&format!("{words:?} in {selector}"), look).await;
    }

    /// Waits until there is nothing like this.
    pub async fn miss(&self, selector: &str) {
        let look = async || match self.count(selector).await {
            0 => Ok(()),
            more => Err(more),
        };
        self.poll(&format!("no {selector}"), look).await;
    }

    pub async fn count(&self, selector: &str) -> usize {
        let all = self.client.find_all(locator(selector)).await;
        all.expect("an answer").len()
    }

    /// Presses something as soon as it can be pressed.
    pub async fn press(&self, selector: &str) {
        let look = async || self.see(selector).await.click().await;
        self.poll(&format!("to press {selector}"), look).await;
    }

    /// Presses one of the tools of a message, which show when the message has the focus.
    pub async fn use_tool(&self, body: &str, tool: &str) {
        let script = format!(
            "document.evaluate({:?}, document, null, 9).singleNodeValue.focus()",
            message(body)
        );
        self.see(&message(body)).await;
        self.ask(&script).await;
        self.press(&part(body, tool)).await;
    }

    /// Chooses a file of this machine in a field for files, which may be hidden.
    pub async fn choose_file(&self, selector: &str, path: &Path) {
        let found = self.client.wait().for_element(locator(selector)).await;
        let keys = path.to_str().expect("a path");
        let chosen = found.expect("a field").send_keys(keys).await;
        chosen.expect("a file is chosen");
    }

    /// Chooses an option by its value.
    pub async fn choose(&self, selector: &str, value: &str) {
        let look = async || self.see(selector).await.select_by_value(value).await;
        let awaited = format!("to choose {value} in {selector}");
        self.poll(&awaited, look).await;
    }

    /// Empties a field as soon as it can be, though the page may draw it anew meanwhile.
    pub async fn clear(&self, selector: &str) {
        let look = async || self.see(selector).await.clear().await;
        self.poll(&format!("to empty {selector}"), look).await;
    }

    /// Types into something as soon as it can be typed into.
    pub async fn write(&self, selector: &str, text: &str) {
        let look = async || match self.see(selector).await.send_keys(text).await {
            // It took no key then: trying again types nothing twice.
            Err(error) if takes_no_key(&error.to_string()) => Err(error),
            typed => Ok(typed),
        };
        let awaited = format!("to write into {selector}");
        let typed = self.poll(&awaited, look).await;
        typed.unwrap_or_else(|error| panic!("{selector}: {error}"));
    }

    /// Types a message and sends it with Enter.
    pub async fn say(&self, body: &str) {
        self.write(&hook("composer"), &format!("{body}\n")).await;
    }

    /// Presses keys, wherever the focus is.
    pub async fn strike(&self, keys: &[char]) {
        let mut actions = KeyActions::new("keyboard".to_owned());
        for key in keys {
            actions = actions.then(KeyAction::Down { value: *key });
            actions = actions.then(KeyAction::Up { value: *key });
        }
        let done = self.client.perform_actions(actions).await;
        done.expect("keys that can be pressed");
    }

    /// The words of all messages, from the top.
    pub async fn bodies(&self) -> Vec<String> {
        let script = "return [...document.querySelectorAll('[data-test=message-body]')].map((body) => body.textContent)";
        serde_json::from_value(self.ask(script).await).expect("words")
    }

    /// The ids of all messages that are stored, from the top.
    pub async fn ids(&self) -> Vec<String> {
        let script = "return [...document.querySelectorAll('[data-test=message]')].map((message) => message.dataset.id)";
        serde_json::from_value(self.ask(script).await).expect("ids")
    }

    /// Fails the test if a page has broken its content policy or thrown an error.
    pub async fn expect_no_faults(&self) {
        let script = "return JSON.parse(sessionStorage.getItem('faults') ?? '[]')";
        assert_eq!(self.ask(script).await, json!([]));
    }
}

impl Drop for Window {
    /// Also when a test fails, and without a runtime: the driver is asked by hand.
    fn drop(&mut self) {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) else {
            return;
        };
        let _ = stream.set_read_timeout(Some(PATIENCE));
        let line = format!("DELETE /session/{} HTTP/1.1", self.session);
        let _ = write!(
            stream,
            "{line}\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n\r\n",
            self.port
        );
        let _ = stream.read(&mut [0]);
    }
}
