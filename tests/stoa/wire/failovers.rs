//! The master fails or is changed: servers follow to the new one, as sentinels or its role say.

use std::process::Command;
use std::time::Duration;

use super::ways::with_tls;
use super::{Event, Folder, Installation, Station, is, key, logs, must_hear_each_other};
use crate::drive::process::free_address;
use crate::fleet::process::{Process, program};
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

/// A sentinel that listens with TLS only, and asks for a password.
fn closed_sentinel(folder: &Folder, master: &str) -> (Process, String) {
    let address = free_address().expect("an address");
    let (_, port) = address.split_once(':').expect("a port");
    let file = |name: &str| key(name).display().to_string();
    let text = format!(
        "bind 127.0.0.1\nport 0\ntls-port {port}\ndir {}\nrequirepass s3cret\n\
         tls-cert-file {}\ntls-key-file {}\ntls-ca-cert-file {}\ntls-auth-clients no\n\
         tls-replication yes\nsentinel monitor stoa {} 1\nsentinel auth-pass stoa s3cret\n",
        folder.join("sentinel").display(),
        file("test-only-redis-certificate.pem"),
        file("test-only-redis-private.pem"),
        file("test-only-redis-ca.pem"),
        master.replace(':', " "),
    );
    let settings = folder.0.join("sentinel.conf");
    std::fs::write(&settings, text).expect("settings");
    let mut command = Command::new(program("redis-server").expect("Redis"));
    command.arg(&settings).arg("--sentinel");
    let log = folder.0.join("sentinel.log");
    let process = Process::start(&mut command, &log).expect("a sentinel");
    (process, address)
}

#[actix_rt::test]
async fn sentinels_may_use_tls_and_ask_for_the_password() {
    let folder = Folder::make();
    let (_redis, master) = with_tls(&folder, &["--requirepass", "s3cret"]);
    let (_sentinel, address) = closed_sentinel(&folder, &master);
    let url = format!("rediss-sentinel://:s3cret@{address}/stoa");
    let certificates = key("test-only-redis-ca.pem");
    let station = Installation::new().station_with(&url, Some(certificates));
    station.until_whole().await;
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
