//! The wire over a real Redis: what one server says the others hear, and what becomes of it while Redis is away.

mod bounds;
mod failovers;
mod logs;
mod outages;
mod ways;

use clock::Clock;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use stoa::config::RedisOptions;
use stoa::config::redis::RedisUrl;
use stoa::telemetry::metrics::Metrics;
use stoa::wire::outgoing::Outgoing;
use stoa::wire::running::{Heard, Incoming, RunningWire, StartedWire, Wire};
use stoa::wire::seal::WireKey;
use stoa::wire::section::{Beat, Section};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::polling::{until, until_within};

/// How often a station gives a sign of life.
const BEAT: Duration = Duration::from_millis(50);

/// A folder that is removed when it is dropped.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn make() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("stoa-wire-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir(&folder).expect("a folder");
        Self(folder)
    }

    pub fn join(&self, name: &str) -> PathBuf {
        let folder = self.0.join(name);
        std::fs::create_dir(&folder).expect("a folder");
        folder
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _left_behind = std::fs::remove_dir_all(&self.0);
    }
}

/// A key of the tests.
pub fn key(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join("tests/keys").join(name)
}

/// What came in, without signs of life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Hint(i64),
    Bye,
    Apart,
    Whole,
}

/// A server's end of the wire.
pub struct Station {
    pub node: Uuid,
    pub outgoing: Outgoing,
    pub metrics: Arc<Metrics>,
    events: Arc<Mutex<Vec<(Event, Instant)>>>,
    running: Option<RunningWire>,
    tasks: Vec<JoinHandle<()>>,
}

/// Who shares a wire.
#[derive(Clone, Copy)]
pub struct Installation {
    pub id: Uuid,
    key: [u8; 32],
}

impl Installation {
    pub fn new() -> Self {
        Self {
            id: Uuid::new_v4(),
            key: [7; 32],
        }
    }

    /// Starts a server's end.
    pub fn station(self, url: &str) -> Station {
        self.station_with(url, None)
    }

    /// Starts one with certificates.
    pub fn station_with(self, url: &str, certificates: Option<PathBuf>) -> Station {
        let (mut station, heard) = self.silent_station(url, certificates);
        station.listen(heard);
        station.beat();
        station
    }

    /// Starts one that neither takes what it hears nor gives signs of life.
    pub fn silent_station(self, url: &str, certificates: Option<PathBuf>) -> (Station, Heard) {
        let metrics = Arc::new(Metrics::new().expect("metrics"));
        let node = Uuid::new_v4();
        let wire = Wire {
            installation: self.id,
            key: WireKey::new(&self.key),
            node,
            clock: Clock::default(),
            metrics: metrics.wire.clone(),
        };
        let options = RedisOptions {
            redis: Some(RedisUrl::from(url)),
            redis_ca: certificates,
        };
        let started = wire.start(&options).expect("a wire").expect("a Redis");
        let StartedWire {
            outgoing,
            heard,
            running,
        } = started;
        outgoing.set_peers(true);
        let station = Station {
            node,
            outgoing,
            metrics,
            events: Arc::default(),
            running: Some(running),
            tasks: Vec::new(),
        };
        (station, heard)
    }
}

impl Station {
    /// Takes what it hears from now on.
    pub fn listen(&mut self, mut heard: Heard) {
        let events = Arc::clone(&self.events);
        self.tasks.push(actix_rt::spawn(async move {
            while let Some(incoming) = heard.next().await {
                let now = Instant::now();
                let told = told(incoming).into_iter().map(|event| (event, now));
                events.lock().expect("a lock").extend(told);
            }
        }));
    }

    /// Gives signs of life from now on.
    pub fn beat(&mut self) {
        let outgoing = self.outgoing.clone();
        self.tasks.push(actix_rt::spawn(async move {
            loop {
                outgoing.say_always(Section::Beat(Beat::default()));
                tokio::time::sleep(BEAT).await;
            }
        }));
    }

    pub fn say(&self, number: i64) {
        self.outgoing.say(|| hint(number));
    }

    pub fn events(&self) -> Vec<Event> {
        let events = self.events.lock().expect("a lock");
        events.iter().map(|(event, _)| event.clone()).collect()
    }

    /// The state that was told last.
    pub fn state(&self) -> Option<Event> {
        let is_state = |event: &Event| matches!(event, Event::Apart | Event::Whole);
        self.events().into_iter().rfind(is_state)
    }

    pub async fn until_whole(&self) {
        until("to be whole", async || self.state(), is(Event::Whole)).await;
    }

    /// Waits until it is apart, which it must be within this time.
    pub async fn until_apart(&self, within: Duration) {
        let apart = is(Event::Apart);
        until_within(within, "to be apart", async || self.state(), apart).await;
    }

    pub async fn until_heard(&self, number: i64) {
        let has_heard = |events: &Vec<Event>| events.contains(&Event::Hint(number));
        until("to hear", async || self.events(), has_heard).await;
    }

    /// Ends as a server that stops does.
    pub async fn stop(mut self) {
        self.running.take().expect("it runs").stop().await;
    }
}

impl Drop for Station {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

pub fn is(event: Event) -> impl Fn(&Option<Event>) -> bool {
    move |seen| *seen == Some(event.clone())
}

pub fn hint(number: i64) -> Section {
    Section::Hint {
        topic: "tests".to_owned(),
        numbers: vec![number],
    }
}

fn told(incoming: Incoming) -> Vec<Event> {
    let frame = match incoming {
        Incoming::Apart => return vec![Event::Apart],
        Incoming::Whole => return vec![Event::Whole],
        Incoming::Frame(frame) => frame,
    };
    let event = |section: &Section| match section {
        Section::Hint { numbers, .. } => numbers.first().copied().map(Event::Hint),
        Section::Stopping => Some(Event::Bye),
        _ => None,
    };
    frame.sections.iter().filter_map(event).collect()
}

/// Two ends that hear each other.
pub async fn pair(url: &str) -> (Station, Station) {
    let installation = Installation::new();
    let pair = (installation.station(url), installation.station(url));
    pair.0.until_whole().await;
    pair.1.until_whole().await;
    pair
}

/// Each must hear what the other says now.
pub async fn must_hear_each_other(one: &Station, other: &Station, number: i64) {
    one.say(number);
    other.until_heard(number).await;
    other.say(-number);
    one.until_heard(-number).await;
}
