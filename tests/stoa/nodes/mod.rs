//! Several servers on one database: they know of each other, and what is said on one is heard on all, in order and once.

mod ears;
mod hearing;
mod installations;
mod meeting;
mod plans;

use crate::client::Person;
use crate::test_app::{TestApp, claims, token};

/// Two servers on one database.
pub struct Pair {
    pub one: TestApp,
    pub other: TestApp,
}

impl Pair {
    /// Both with these options.
    pub async fn with(options: &[&str]) -> Self {
        let options = [&["--rate-limits", "off"], options].concat();
        let one = TestApp::with(&options).await;
        let other = TestApp::on(one.database.clone(), &options).await;
        Self { one, other }
    }

    /// Both, when each knows of the other.
    pub async fn acquainted(options: &[&str]) -> Self {
        let pair = Self::with(options).await;
        for app in [&pair.one, &pair.other] {
            meeting::until_peers(&on(app, "somebody"), 1).await;
        }
        pair
    }
}

/// Somebody at a server.
pub fn on(app: &TestApp, id: &str) -> Person {
    Person::new(app.address, id, token(&claims(id, &[])))
}
