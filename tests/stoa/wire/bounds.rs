//! What waits is bounded, and what a server said before it stopped is heard.

use std::time::Duration;
use stoa::wire::section::Section;

use super::{Event, Folder, Installation, must_hear_each_other, pair};
use crate::fleet::redis::Redis;
use crate::polling::until;

#[actix_rt::test]
async fn last_words_are_heard() {
    let folder = Folder::make();
    let redis = Redis::start(&folder.0).expect("Redis");
    let (one, other) = pair(&redis.url()).await;
    let numbers = 1..=5_000;
    for number in numbers.clone() {
        one.say(number);
    }
    one.outgoing.say_always(Section::Stopping);
    one.stop().await;
    let said: Vec<Event> = numbers.map(Event::Hint).chain([Event::Bye]).collect();
    let heard = |events: &Vec<Event>| events.ends_with(&[Event::Bye]);
    let events = until("the last word", async || other.events(), heard).await;
    assert_eq!(events[1..], said);
}

/// 24 MiB, for a server that takes nothing.
#[actix_rt::test]
async fn a_server_that_takes_nothing_keeps_little_and_is_apart() {
    let folder = Folder::make();
    let redis = Redis::start(&folder.0).expect("Redis");
    let installation = Installation::new();
    let speaker = installation.station(&redis.url());
    let (mut lazy, heard) = installation.silent_station(&redis.url(), None);
    lazy.beat();
    speaker.until_whole().await;
    let dropped = async || lazy.metrics.wire.dropped_in.get();
    let echoes = async || lazy.metrics.wire.echo_seconds.get_sample_count();
    until("to be whole", echoes, |count| *count > 0).await;
    for _ in 0..24 {
        let sent = speaker.metrics.wire.bytes_out.get();
        speaker.outgoing.say(|| Section::Hint {
            topic: "x".repeat(1_000_000),
            numbers: vec![1],
        });
        let bytes = async || speaker.metrics.wire.bytes_out.get();
        until("it to be published", bytes, |now| *now >= sent + 1_000_000).await;
    }
    until("it to be too much", dropped, |dropped| *dropped > 0).await;
    lazy.listen(heard);
    let seen = async || lazy.events();
    let is_back = |events: &Vec<Event>| {
        let apart = events.iter().position(|event| *event == Event::Apart);
        apart.is_some_and(|apart| events[apart..].contains(&Event::Whole))
    };
    let events = until("to be apart and whole again", seen, is_back).await;
    let taken = events.iter().filter(|event| **event == Event::Hint(1));
    assert!(taken.count() < 17, "{events:?}");
    must_hear_each_other(&speaker, &lazy, 2).await;
    assert_eq!(speaker.metrics.wire.dropped_out.get(), 0);
}

#[actix_rt::test]
async fn a_wire_that_is_dropped_ends() {
    let folder = Folder::make();
    let redis = Redis::start(&folder.0).expect("Redis");
    let installation = Installation::new();
    let (station, mut heard) = installation.silent_station(&redis.url(), None);
    drop(station);
    let end = async { while heard.next().await.is_some() {} };
    tokio::time::timeout(Duration::from_secs(10), end)
        .await
        .expect("an end");
}
