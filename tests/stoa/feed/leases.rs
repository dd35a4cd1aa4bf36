//! One server at a time runs a consumer; another takes over when it is gone.

use diesel::PgConnection;
use diesel::connection::SimpleConnection;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use uuid::Uuid;

use super::{BOUNDS, Fixture, counting, follow};
use crate::client::PATIENCE;
use crate::polling::until_blocking;
use crate::servers::Alone;
use crate::test_app::TestApp;
use stoa::error::Error;
use stoa::feed::{Bounds, Consumer, Found, NewEntries, pass};

#[test]
fn while_one_server_runs_a_consumer_no_other_does() {
    let mut fixture = Fixture::followed();
    let (one, other) = (Uuid::now_v7(), Uuid::now_v7());
    let mut connection = fixture.connection();
    let mut look = |server| follow(&mut connection, &*counting(), server);
    fixture.say(&[1]);
    assert_eq!(look(one), Found::CaughtUp);
    fixture.say(&[2]);
    assert_eq!(look(other), Found::Nothing);
    assert_eq!(look(one), Found::CaughtUp);
    fixture.say(&[3]);
    super::take_over(&mut fixture.writer);
    assert_eq!(look(other), Found::CaughtUp);
    assert_eq!(look(one), Found::Nothing);
    fixture.must_be_right();
}

/// Announces that it holds its lease, and counts when the test lets it.
struct Slow {
    counting: Arc<dyn Consumer>,
    begun: Sender<()>,
    told: Mutex<Receiver<()>>,
}

impl Consumer for Slow {
    fn name(&self) -> &str {
        self.counting.name()
    }

    fn handle(&self, connection: &mut PgConnection, entries: &[NewEntries]) -> Result<(), Error> {
        self.begun.send(()).unwrap();
        let told = self.told.lock().unwrap().recv_timeout(PATIENCE);
        told.expect("told to count");
        self.counting.handle(connection, entries)
    }
}

#[test]
fn a_server_whose_lease_ends_in_the_middle_of_a_pass_keeps_others_waiting_and_counts_once() {
    let mut fixture = Fixture::followed();
    fixture.say(&[1, 2]);
    let ((says, begun), (tell, told)) = (channel(), channel());
    let brief = Bounds {
        lease: Duration::from_millis(1),
        ..BOUNDS
    };
    let (mut first, mut second) = (fixture.connection(), fixture.connection());
    std::thread::scope(|scope| {
        let slow = Slow {
            counting: counting(),
            begun: says,
            told: Mutex::new(told),
        };
        let slow = scope.spawn(move || pass(&mut first, &slow, Uuid::now_v7(), brief));
        begun.recv_timeout(PATIENCE).expect("the first pass");
        let others = counting();
        let waits = "select count(*) as n from pg_stat_activity where wait_event_type = 'Lock' and query like '%feed_consumers%' and datname = current_database()";
        let other = scope.spawn(move || pass(&mut second, &*others, Uuid::now_v7(), brief));
        until_blocking(
            "the second pass to wait",
            || fixture.number(waits),
            |n| *n > 0,
        );
        tell.send(()).unwrap();
        assert_eq!(slow.join().unwrap().unwrap(), Found::CaughtUp);
        other.join().unwrap().unwrap();
    });
    fixture.catch_up();
    fixture.must_be_right();
}

#[tokio::test]
async fn of_two_servers_one_counts_and_the_other_goes_on_when_it_stops() {
    let mut one = TestApp::alone(Alone::Pair).start().await;
    let other = TestApp::alone(Alone::Pair)
        .on(one.database.clone(), &["--rate-limits", "off"])
        .await;
    let (ann, bob) = (other.person("ann").await, other.person("bob").await);
    let id = other.direct(&ann, &bob).await;
    let counted = "select coalesce(sum(count), 0)::bigint as n from messages_per_day";
    for (number, text) in (1..).zip(["one", "two"]) {
        ann.say(&id, text).await;
        other.until_count(counted, number).await;
    }
    let former = "create table former as select holder from feed_consumers";
    other.connection().batch_execute(former).unwrap();
    one.stop().await;
    let kept = "select count(*) as n from feed_consumers join former using (holder) where leased_until > now()";
    assert_eq!(
        other.count(kept),
        0,
        "a server that stops gives its leases back"
    );
    ann.say(&id, "three").await;
    other.until_count(counted, 3).await;
    let holders =
        "select count(distinct holder) as n from feed_consumers where leased_until > now()";
    assert_eq!(other.count(holders), 1);
}
