//! Several servers on one database: they know of each other, and what is said on one is heard on all, in order and once.

mod ears;
mod hearing;
mod installations;
mod meeting;
mod plans;
mod wired;

use crate::client::Person;
use crate::servers::Alone;
use crate::test_app::{TestApp, claims, token};

/// Two servers on one database.
pub struct Pair {
    pub one: TestApp,
    pub other: TestApp,
}

impl Pair {
    /// Both with these options.
    pub async fn with(options: &[&str]) -> Self {
        Self::with_others(options, &[]).await
    }

    /// Both with these options, and the other one with more.
    pub async fn with_others(both: &[&str], other: &[&str]) -> Self {
        let both = [&["--rate-limits", "off"], both].concat();
        let one = TestApp::alone(Alone::Pair).with(&both).await;
        let other = [&both, other].concat();
        let other = TestApp::alone(Alone::Pair)
            .on(one.database.clone(), &other)
            .await;
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
