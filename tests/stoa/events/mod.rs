//! The platform's events: told, stored once, followed by rules.

mod auditing;
mod crashing;
mod expiring;
mod following;
mod laws;
mod notifying;
mod plans;
mod pressing;
mod skewed;
mod telling;
mod turns;
mod withdrawing;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use serde_json::{Value, json};

use crate::client::{Answer, Person};
use crate::test_app::TestApp;

/// A rules file that ships.
pub fn shipped(name: &str) -> String {
    format!("{}/rules/{name}.toml", env!("CARGO_MANIFEST_DIR"))
}

/// A rules file of a test, for as long as it lives.
pub struct RulesFile(std::path::PathBuf);

impl RulesFile {
    pub fn with(text: &str) -> Self {
        let name = format!("stoa-rules-{}.toml", uuid::Uuid::now_v7());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).expect("a file");
        Self(path)
    }

    pub fn path(&self) -> String {
        self.0.display().to_string()
    }
}

impl Drop for RulesFile {
    fn drop(&mut self) {
        let _gone = std::fs::remove_file(&self.0);
    }
}

/// A server with rules, and the platform that tells it events.
pub struct Fixture {
    pub app: TestApp,
    pub platform: Person,
}

impl Fixture {
    /// With one rules file, and these people.
    pub async fn with(rules: &str, people: &[&str]) -> Self {
        Self::with_options(rules, people, &[]).await
    }

    /// With further options.
    pub async fn with_options(rules: &str, people: &[&str], options: &[&str]) -> Self {
        let all = [
            "--rate-limits",
            "off",
            "--rules",
            rules,
            "--job-retry-ms",
            "20",
        ];
        let app = TestApp::with(&[all.as_slice(), options].concat()).await;
        Self::on(app, people).await
    }

    pub async fn on(app: TestApp, people: &[&str]) -> Self {
        let platform = app.person_with("platform", &["service"]).await;
        for id in people {
            app.person(id).await;
        }
        Self { app, platform }
    }

    /// Tells events; answers what became of them.
    pub async fn tell(&self, events: Value) -> Value {
        let told = self.platform.post("/api/v1/events", events).await;
        told.expect_status(200).body
    }

    /// Tells events, all of which are accepted.
    pub async fn told(&self, events: Value) {
        let body = self.tell(events).await;
        assert_eq!(body["refused"], 0, "{body}");
    }

    /// Waits until all that follows at once has taken place.
    pub async fn until_handled(&self) {
        let waiting = "select count(*) as n from events where handled_at is null";
        self.app.until_count(waiting, 0).await;
    }

    /// What each rule made of an event.
    pub async fn rules_of(&self, source: &str, id: &str) -> Value {
        let path = format!("/api/v1/events/{source}/{id}");
        let shown = self.platform.get(&path).await.expect_status(200);
        shown.body["rules"].clone()
    }

    pub fn run_sql(&self, sql: &str) {
        self.app.connection().batch_execute(sql).expect("it runs");
    }

    /// The lines of a query whose column is called `line`.
    pub fn lines(&self, query: &str) -> Vec<String> {
        lines(&self.app.database, query)
    }
}

/// The lines of a query whose column is called `line`.
pub fn lines(database: &str, query: &str) -> Vec<String> {
    #[derive(QueryableByName)]
    struct Line {
        #[diesel(sql_type = Text)]
        line: String,
    }
    let mut connection = PgConnection::establish(database).expect("a connection");
    let rows: Vec<Line> = diesel::sql_query(query)
        .load(&mut connection)
        .expect("lines");
    rows.into_iter().map(|row| row.line).collect()
}

/// An event about an order.
pub fn order(id: &str, event_type: &str, order: &str, actor: Option<&str>, data: Value) -> Value {
    json!({ "source": "shop", "id": id, "type": event_type, "actor": actor, "subject": format!("order/{order}"), "data": data })
}

/// The conversations that somebody reads, newest first.
pub async fn rooms_of(person: &Person) -> Vec<Value> {
    let listed: Answer = person.get("/api/v1/conversations").await;
    let listed = listed.expect_status(200).body;
    listed["items"].as_array().expect("items").clone()
}
