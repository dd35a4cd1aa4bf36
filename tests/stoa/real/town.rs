//! Three nodes behind a balancer, and the people who reach them through it.

use serde_json::json;
use std::net::SocketAddr;
use std::time::Duration;
use stoa::identity::auth::mint;

use crate::client::Person;
use crate::clients::Client;
use crate::clients::commands::Connecting;
use crate::drive::client::SECRET;
use crate::fleet::balancer::{Balancer, Kind};
use crate::fleet::redis::Redis;
use crate::fleet::{Fleet, Recipe, TAGS, empty_database};
use crate::test_app::claims;

/// How long a restarted node may take to be ready, on a machine that does much besides.
const READY_LIMIT: Duration = Duration::from_secs(60);
/// The interval of HAProxy's checks, twice: an operator waits for as long before taking the next node.
const NOTICED: Duration = Duration::from_secs(2);
/// How long a node stays frozen: longer than HAProxy takes to notice.
const FROZEN: Duration = Duration::from_secs(8);

/// How a node ends.
#[derive(Clone, Copy, Debug)]
pub enum End {
    Killed,
    Frozen,
    Stopped,
}

/// Whether a client gets what it missed as events; the one for Python cannot read what that adds to an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    On,
    Off,
}

/// Nodes behind a balancer.
pub struct Town {
    pub fleet: Fleet,
    pub balancer: Balancer,
    pub address: SocketAddr,
    /// Ends with the town.
    _redis: Redis,
}

impl Town {
    /// Starts everything.
    pub fn open(kind: Kind) -> Self {
        let place = empty_database().unwrap_or_else(|failure| panic!("{failure}"));
        let redis = Redis::start(place.0.folder()).unwrap_or_else(|failure| panic!("{failure}"));
        let recipe = Recipe {
            program: env!("CARGO_BIN_EXE_stoa").into(),
            database: place.1.clone(),
            redis: Some(redis.url()),
            arguments: [
                "--drain-notice-seconds",
                "3",
                "--drain-seconds",
                "1",
                "--workers",
                "1",
            ]
            .map(str::to_owned)
            .to_vec(),
        };
        let fleet = Fleet::start(place, &vec![recipe; TAGS.len()]);
        let fleet = fleet.unwrap_or_else(|failure| panic!("{failure}"));
        let balancer = Balancer::start(kind, &fleet.addresses(), fleet.folder());
        let balancer = balancer.unwrap_or_else(|failure| panic!("{failure}"));
        let address = balancer.address.parse().expect("an address");
        Self {
            fleet,
            balancer,
            address,
            _redis: redis,
        }
    }

    /// The page's address.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Somebody who comes through the balancer.
    pub fn person(&self, id: &str) -> Person {
        let token = mint(SECRET, &claims(id, &[])).expect("a token");
        Person::new(self.address, id, token)
    }

    /// A group of all these; answers its id.
    pub async fn group(&self, people: &[Person]) -> String {
        for person in people {
            person.get("/api/v1/me").await.expect_status(200);
        }
        let (owner, others) = people.split_first().expect("somebody");
        let others: Vec<_> = others
            .iter()
            .map(|person| json!({ "user_id": person.id }))
            .collect();
        let wanted = json!({ "kind": "group", "title": "all", "participants": others });
        let made = owner.post("/api/v1/conversations", wanted).await;
        let made = made.expect_status(201).body;
        made["id"].as_str().expect("an id").to_owned()
    }

    /// Connects a client at its first try; answers its state.
    #[track_caller]
    pub fn connect<'a>(
        &'a self,
        client: &'a mut Client,
        (person, recovery): (&'a Person, Recovery),
        transports: &'a [&'a str],
        joins: Option<&'a str>,
    ) -> impl Future<Output = serde_json::Value> + 'a {
        let (place, url) = (std::panic::Location::caller(), self.url());
        async move {
            let how = Connecting {
                name: &person.id,
                url: &url,
                auth: json!({ "token": person.token, "recovery": recovery == Recovery::On }),
                transports,
                with_credentials: false,
                joins,
            };
            let state = client.connect(how).await;
            assert_eq!(state["connected"], true, "{place}: {transports:?}: {state}");
            state
        }
    }

    /// Ends a node in this way, and brings it back.
    pub fn end(&mut self, place: usize, end: End) {
        let node = &mut self.fleet.nodes[place];
        let ended = match end {
            End::Killed => {
                node.kill();
                node.start_again()
            }
            End::Stopped => node.stop().and_then(|()| node.start_again()),
            End::Frozen => node.process().and_then(|process| {
                process.signal("STOP")?;
                std::thread::sleep(FROZEN);
                process.signal("CONT")
            }),
        };
        let back = ended.and_then(|()| node.wait_until_ready(READY_LIMIT));
        back.unwrap_or_else(|failure| panic!("{end:?}: {failure}"));
        std::thread::sleep(NOTICED);
    }
}
