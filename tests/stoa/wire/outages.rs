//! Redis is away, frozen, restarted, flushed, or closes connections: a server knows that it is apart, and is whole again by itself.

use std::time::{Duration, Instant};

use super::{Event, Folder, Installation, logs, must_hear_each_other, pair};
use crate::client::PATIENCE;
use crate::drive::process::free_address;
use crate::fleet::link::{End, Link, State};
use crate::fleet::redis::Redis;
use crate::polling::until;

/// A lost connection is noticed at once, on a busy machine a little later, and in any case before a silent one.
const AT_ONCE: Duration = Duration::from_millis(1_400);
/// A silent one after 1.5 seconds.
const SILENCE: Duration = Duration::from_millis(2_500);

#[actix_rt::test]
async fn a_redis_that_is_away_at_the_start_delays_nothing() {
    logs::keep();
    let folder = Folder::make();
    let mut redis = Redis::absent(&folder.0, &[]).expect("Redis");
    let installation = Installation::new();
    let begun = Instant::now();
    let (one, other) = (
        installation.station(&redis.url()),
        installation.station(&redis.url()),
    );
    assert!(begun.elapsed() < AT_ONCE);
    one.until_apart(AT_ONCE).await;
    redis.start_again().expect("Redis");
    one.until_whole().await;
    other.until_whole().await;
    must_hear_each_other(&one, &other, 1).await;
    assert_eq!(one.events(), [Event::Apart, Event::Whole, Event::Hint(-1)]);
    let refused = format!("feed_apart {}: it cannot be reached", redis.address);
    let told = logs::with(&refused).len();
    assert!((1..=4).contains(&told), "{told} lines");
}

#[actix_rt::test]
async fn it_is_whole_again_after_a_restart() {
    let folder = Folder::make();
    let mut redis = Redis::start(&folder.0).expect("Redis");
    let (one, other) = pair(&redis.url()).await;
    for round in 1..=3 {
        redis.kill();
        one.until_apart(AT_ONCE).await;
        other.until_apart(AT_ONCE).await;
        redis.start_again().expect("Redis");
        one.until_whole().await;
        other.until_whole().await;
        must_hear_each_other(&one, &other, round).await;
    }
}

#[actix_rt::test]
async fn closed_connections_are_made_anew() {
    let folder = Folder::make();
    let redis = Redis::start(&folder.0).expect("Redis");
    let (one, other) = pair(&redis.url()).await;
    for (kind, number) in [("pubsub", 1), ("normal", 2), ("pubsub", 3)] {
        redis
            .tell(&format!("CLIENT KILL TYPE {kind}"))
            .expect("killed");
        one.until_apart(AT_ONCE).await;
        other.until_apart(AT_ONCE).await;
        one.until_whole().await;
        other.until_whole().await;
        must_hear_each_other(&one, &other, number).await;
    }
}

#[actix_rt::test]
async fn a_frozen_redis_is_noticed_and_found_again() {
    let folder = Folder::make();
    let redis = Redis::start(&folder.0).expect("Redis");
    let (one, other) = pair(&redis.url()).await;
    let process = redis.process().expect("it runs");
    process.signal("STOP").expect("frozen");
    one.until_apart(SILENCE).await;
    other.until_apart(SILENCE).await;
    process.signal("CONT").expect("thawed");
    one.until_whole().await;
    other.until_whole().await;
    must_hear_each_other(&one, &other, 1).await;
}

#[actix_rt::test]
async fn a_flush_changes_nothing() {
    let folder = Folder::make();
    let redis = Redis::start(&folder.0).expect("Redis");
    let (one, other) = pair(&redis.url()).await;
    redis.tell("FLUSHALL").expect("flushed");
    must_hear_each_other(&one, &other, 1).await;
    assert_eq!(one.events(), [Event::Whole, Event::Hint(-1)]);
    assert_eq!(other.events(), [Event::Whole, Event::Hint(1)]);
}

#[actix_rt::test]
async fn a_way_that_breaks_or_stalls_is_noticed_and_found_again() {
    logs::keep();
    let folder = Folder::make();
    let redis = Redis::start(&folder.0).expect("Redis");
    let way = free_address().expect("an address");
    let (from, to) = (End::Tcp(way.clone()), End::Tcp(redis.address.clone()));
    let link = Link::open(from, to).expect("a way");
    let installation = Installation::new();
    let direct = installation.station(&redis.url());
    let far = installation.station(&format!("redis://{way}"));
    direct.until_whole().await;
    far.until_whole().await;
    for (state, within, number) in [(State::Cut, AT_ONCE, 1), (State::Stalled, SILENCE, 2)] {
        link.set(state);
        far.until_apart(within).await;
        link.set(State::Open);
        far.until_whole().await;
        must_hear_each_other(&far, &direct, number).await;
    }
    assert_eq!(direct.state(), Some(Event::Whole));

    link.set(State::Stalled);
    let given_up = async || logs::with("what this server publishes does not come back").len();
    let before = given_up().await;
    until("connections to be given up", given_up, |now| *now > before).await;
    link.set(State::Open);
    far.until_whole().await;
    must_hear_each_other(&far, &direct, 3).await;
}

#[actix_rt::test]
async fn what_waited_too_long_is_not_published() {
    let folder = Folder::make();
    let mut redis = Redis::start(&folder.0).expect("Redis");
    let (one, other) = pair(&redis.url()).await;
    redis.kill();
    one.until_apart(AT_ONCE).await;
    one.say(1);
    tokio::time::sleep(Duration::from_millis(2_200)).await;
    redis.start_again().expect("Redis");
    one.until_whole().await;
    other.until_whole().await;
    must_hear_each_other(&one, &other, 2).await;
    assert!(!other.events().contains(&Event::Hint(1)));
    let dropped = async || one.metrics.wire.dropped_out.get();
    until("it to be counted", dropped, |dropped| *dropped > 0).await;
}

#[actix_rt::test]
async fn it_stops_also_while_redis_is_away_or_frozen() {
    let folder = Folder::make();
    let redis = Redis::start(&folder.0).expect("Redis");
    let (one, other) = pair(&redis.url()).await;
    let nowhere = Installation::new().station("redis://127.0.0.1:1");
    nowhere.until_apart(PATIENCE).await;
    redis
        .process()
        .expect("it runs")
        .signal("STOP")
        .expect("frozen");
    for station in [one, other, nowhere] {
        station.say(1);
        let begun = Instant::now();
        station.stop().await;
        let took = begun.elapsed();
        assert!(took < Duration::from_millis(1_500), "{took:?}");
    }
}
