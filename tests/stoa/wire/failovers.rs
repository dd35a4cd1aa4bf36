//! The master fails or is changed: servers follow to the new one, as sentinels or its role say.

use std::time::Duration;

use super::{Event, Folder, Installation, Station, is, logs, must_hear_each_other};
use crate::drive::process::free_address;
use crate::fleet::redis::Redis;
use crate::fleet::sentinels::Sentinels;
use crate::polling::{until, until_within};

const FAILOVER: Duration = Duration::from_secs(60);

async fn pair_behind(sentinels: &Sentinels) -> (Station, Station) {
    super::pair(&sentinels.url()).await
}

/// Waits until a station is whole after it was apart once more.
async fn until_whole_again(station: &Station, before: usize) {
    let seen = async || station.events().split_off(before);
    let has_been_apart = |seen: &Vec<Event>| seen.contains(&Event::Apart);
    until_within(FAILOVER, "to have been apart", seen, has_been_apart).await;
    let whole = is(Event::Whole);
    until_within(
        FAILOVER,
        "to be whole again",
        async || station.state(),
        whole,
    )
    .await;
}

#[actix_rt::test]
async fn a_planned_failover_is_followed() {
    let folder = Folder::make();
    let mut sentinels = Sentinels::start(&folder.0).expect("sentinels");
    let (one, other) = pair_behind(&sentinels).await;
    must_hear_each_other(&one, &other, 1).await;
    let before = (one.events().len(), other.events().len());
    sentinels.fail_over().expect("a failover");
    until_whole_again(&one, before.0).await;
    until_whole_again(&other, before.1).await;
    must_hear_each_other(&one, &other, 2).await;
}

#[actix_rt::test]
async fn a_frozen_master_is_left() {
    let folder = Folder::make();
    let mut sentinels = Sentinels::start(&folder.0).expect("sentinels");
    let (one, other) = pair_behind(&sentinels).await;
    let before = (one.events().len(), other.events().len());
    let master = sentinels.master().expect("a master").address.clone();
    let frozen = sentinels.at(&master).expect("the master");
    frozen
        .process()
        .expect("it runs")
        .signal("STOP")
        .expect("frozen");
    sentinels.wait_for_another(&master).expect("a failover");
    until_whole_again(&one, before.0).await;
    until_whole_again(&other, before.1).await;
    must_hear_each_other(&one, &other, 1).await;
    let thawed = sentinels.at(&master).expect("the old master");
    thawed
        .process()
        .expect("it runs")
        .signal("CONT")
        .expect("thawed");
    must_hear_each_other(&one, &other, 2).await;
}

#[actix_rt::test]
async fn sentinels_that_do_not_know_the_name_are_said() {
    logs::keep();
    let folder = Folder::make();
    let sentinels = Sentinels::start(&folder.0).expect("sentinels");
    let url = sentinels.url().replace("/stoa", "/wr0ng");
    let _station = Installation::new().station(&url);
    let told = async || logs::with("it knows no master with the name wr0ng");
    until("a line in the log", told, |told| !told.is_empty()).await;
    let sentinel = sentinels.url().replace("redis-sentinel://", "");
    let sentinel = sentinel.split(',').next().expect("a sentinel");
    let _station = Installation::new().station(&format!("redis://{sentinel}"));
    let told = async || logs::with("it is a sentinel: use redis-sentinel://");
    until("a line in the log", told, |told| !told.is_empty()).await;
}

/// Without sentinels nobody closes the connections to a master that becomes a replica.
#[actix_rt::test]
async fn a_master_that_becomes_a_replica_is_left() {
    let folder = Folder::make();
    let first = Redis::start(&folder.join("first")).expect("Redis");
    let second = Redis::start(&folder.join("second")).expect("Redis");
    let replica_of = |redis: &Redis| format!("REPLICAOF {}", redis.address.replace(':', " "));
    second.tell(&replica_of(&first)).expect("a replica");
    let absent = free_address().expect("an address");
    let url = format!("{},{},{absent}", first.url(), second.address);
    let (one, other) = super::pair(&url).await;
    let before = (one.events().len(), other.events().len());
    second.tell("REPLICAOF NO ONE").expect("a master");
    first.tell(&replica_of(&second)).expect("a replica");
    until_whole_again(&one, before.0).await;
    until_whole_again(&other, before.1).await;
    must_hear_each_other(&one, &other, 1).await;
}
