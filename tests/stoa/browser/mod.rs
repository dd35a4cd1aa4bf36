//! Real browsers at the demo UI: one chromedriver for all of these tests, which ends with them in whatever way they end.

mod access;
mod annotations;
mod client;
mod conversation;
mod deals;
mod details;
mod files;
mod files_access;
mod guide;
mod hostile;
mod interruptions;
mod leaving;
mod markup;
mod mine;
mod people;
mod people_access;
mod polled_page;
mod search;
mod threads;
pub mod window;

use serde_json::json;
use std::fs::{DirBuilder, read_to_string};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use crate::client::{PATIENCE, Person};
use crate::drive::polling::poll_blocking;
use crate::test_app::TestApp;

const DRIVERS: [&str; 2] = ["chromedriver", "chromium.chromedriver"];
const BROWSERS: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];
const STARTED: &str = "started successfully on port ";
/// Waits until the end of its input, which comes when this process ends in whatever way; then ends the driver and all browsers.
const JANITOR: &str = r#"
trap '' INT TERM HUP
family() {
    for child in $(cat /proc/"$1"/task/*/children); do
        echo "$child"
        family "$child"
    done
}
"$2" --port=0 > "$1/driver.log" 2>&1 < /dev/null &
driver=$!
cat > /dev/null
for process in $(family "$driver") "$driver"; do kill -KILL "$process"; done
for turn in $(seq 100); do rm -rf "$1" && break; sleep 0.05; done
"#;

/// A chromedriver that listens.
struct Driver {
    port: u16,
    browser: PathBuf,
    /// Where the browsers keep what they know.
    folder: PathBuf,
    _janitor: Child,
}

/// The driver of all tests. Whatever is missing fails them.
fn driver() -> &'static Driver {
    static DRIVER: OnceLock<Driver> = OnceLock::new();
    DRIVER.get_or_init(|| {
        let program = program(&DRIVERS, "chromium-driver (Ubuntu: chromium-chromedriver)");
        let browser = program_of_browser();
        let folder = PathBuf::from(format!("/tmp/stoa-browser-{}", std::process::id()));
        DirBuilder::new().create(&folder).expect("a folder");
        let mut janitor = Command::new("sh");
        janitor.args(["-c", JANITOR, "janitor"]);
        janitor.arg(&folder).arg(program).env("TMPDIR", &folder);
        janitor.stdin(Stdio::piped()).process_group(0);
        let janitor = janitor.stdout(Stdio::null()).stderr(Stdio::null());
        let janitor = janitor.spawn().expect("a shell");
        Driver {
            port: port(&folder.join("driver.log")),
            browser,
            folder,
            _janitor: janitor,
        }
    })
}

/// The port that the driver has chosen, as soon as it listens there.
fn port(log: &Path) -> u16 {
    let look = || {
        let said = read_to_string(log).unwrap_or_default();
        let tail = said.split_once(STARTED).map(|(_, tail)| tail);
        match tail.and_then(|tail| tail.split_once('.')) {
            Some((number, _)) => Ok(number.parse().expect("a port")),
            None => Err(said),
        }
    };
    let port = poll_blocking("the port of chromedriver", PATIENCE, look);
    port.unwrap_or_else(|late| panic!("{late}"))
}

fn program_of_browser() -> PathBuf {
    program(&BROWSERS, "chromium, or google-chrome")
}

/// The first of these that really runs: on Ubuntu, some are scripts that only say where to get a snap.
fn program(names: &[&str], package: &str) -> PathBuf {
    let runs = |path: &PathBuf| {
        let mut command = Command::new(path);
        command.arg("--version").stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let paths = names
        .iter()
        .flat_map(|name| std::env::split_paths(&folders).map(move |folder| folder.join(name)));
    let found = paths.filter(|path| path.is_file()).find(runs);
    found.unwrap_or_else(|| {
        panic!(
            "the browser tests need one of {names:?} on the path; install {package}, or run scripts/install.sh test"
        )
    })
}

/// A server in demo mode that notices quickly who has gone.
async fn stage() -> TestApp {
    TestApp::with(&[
        "--rate-limits",
        "off",
        "--demo",
        "--demo-into-database",
        "--offline-grace-seconds",
        "1",
    ])
    .await
}

/// Somebody of the demo's cast, with the token that the demo hands out.
async fn player(app: &TestApp, id: &str) -> Person {
    let nobody = Person::new(app.addresses(), "nobody", String::new());
    let people = nobody.get("/api/v1/demo/people").await.expect_status(200);
    let items = people.body["items"].as_array().expect("items");
    let person = items.iter().find(|person| person["user_id"] == id);
    let token = person.expect("one of the cast")["token"].as_str();
    Person::new(app.addresses(), id, token.expect("a token").to_owned())
}

/// The id of the conversation about the bakery's counter, between mira and jonas.
async fn counter(mira: &Person) -> String {
    let path = "/api/v1/conversations?subject_type=job&subject_id=4711";
    let found = mira.get(path).await.expect_status(200);
    let id = found.body["items"][0]["id"].as_str();
    id.expect("the demo's conversation").to_owned()
}

/// The id of the conversation that two of the cast have with each other alone.
async fn direct(maker: &Person, other: &str) -> String {
    let wanted = json!({ "kind": "direct", "participants": [{ "user_id": other }] });
    let made = maker.post("/api/v1/conversations", wanted).await;
    assert!([200, 201].contains(&made.status), "{}", made.body);
    let id = made.body["id"].as_str().map(str::to_owned);
    id.expect("an id")
}

/// The id of a new group that a person makes with others of the cast.
async fn group(maker: &Person, others: &[&str]) -> String {
    let people: Vec<_> = others.iter().map(|id| json!({ "user_id": id })).collect();
    let wanted = json!({ "kind": "group", "title": "A group", "participants": people });
    let made = maker.post("/api/v1/conversations", wanted).await;
    let id = made.expect_status(201).body["id"]
        .as_str()
        .map(str::to_owned);
    id.expect("an id")
}
