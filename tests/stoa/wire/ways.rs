//! The ways to a Redis: TCP, a socket, TLS, users and passwords, several addresses, a cluster.

use super::{Event, Folder, Installation, Station, key, logs, must_hear_each_other, pair};
use crate::drive::process::free_address;
use crate::fleet::redis::Redis;
use crate::polling::until;

#[actix_rt::test]
async fn what_one_says_the_others_hear_and_it_does_not_hear_itself() {
    let folder = Folder::make();
    let redis = Redis::start(&folder.0).expect("Redis");
    let (one, other) = pair(&redis.url()).await;
    let stranger = Installation::new().station(&redis.url());
    stranger.until_whole().await;
    must_hear_each_other(&one, &other, 1).await;
    assert_eq!(one.events(), [Event::Whole, Event::Hint(-1)]);
    assert_eq!(other.events(), [Event::Whole, Event::Hint(1)]);
    assert_eq!(stranger.events(), [Event::Whole], "another installation");
    let counted = &one.metrics.wire;
    assert!(counted.frames_out.get() > 0 && counted.bytes_out.get() > 40);
    assert!(counted.frames_in.get() > 0 && counted.bytes_in.get() > 40);
    assert!(counted.echo_seconds.get_sample_count() > 0);
    assert_eq!(
        (counted.dropped_out.get(), counted.dropped_in.get()),
        (0, 0)
    );
}

#[actix_rt::test]
async fn what_others_publish_on_the_channel_is_refused() {
    logs::keep();
    let folder = Folder::make();
    let redis = Redis::start(&folder.0).expect("Redis");
    let installation = Installation::new();
    let station = installation.station(&redis.url());
    station.until_whole().await;
    let channel = format!("stoa:{}", installation.id);
    let forged = format!("{:x<60}", '\u{1}');
    for message in ["short", &forged] {
        redis
            .tell(&format!("PUBLISH {channel} {message}"))
            .expect("published");
    }
    let dropped = || station.metrics.wire.dropped_in.get();
    until(
        "both to be refused",
        async || dropped(),
        |dropped| *dropped == 2,
    )
    .await;
    assert_eq!(station.events(), [Event::Whole]);
    let forged_told = "feed_frame_refused no server of this installation has sealed it";
    let told = logs::with(forged_told).len();
    assert!(told > 0);
    for _ in 0..5 {
        for message in ["short", &forged] {
            let publish = format!("PUBLISH {channel} {message}");
            redis.tell(&publish).expect("published");
        }
    }
    until("all", async || dropped(), |dropped| *dropped == 12).await;
    assert_eq!(logs::with(forged_told).len(), told, "once");
}

#[actix_rt::test]
async fn a_socket_in_the_file_system_works() {
    let folder = Folder::make();
    let socket = folder.0.join("redis.sock").display().to_string();
    let _redis = Redis::start_with(&folder.0, &["--unixsocket", &socket]).expect("Redis");
    let (one, other) = pair(&format!("unix:{socket}")).await;
    must_hear_each_other(&one, &other, 1).await;
}

/// A Redis that also listens with TLS, and where it does.
pub fn with_tls(folder: &Folder, more: &[&str]) -> (Redis, String) {
    let address = free_address().expect("an address");
    let (_, port) = address.split_once(':').expect("a port");
    let file = |name: &str| key(name).display().to_string();
    let settings = [
        ["--tls-port", port],
        ["--tls-cert-file", &file("test-only-redis-certificate.pem")],
        ["--tls-key-file", &file("test-only-redis-private.pem")],
        ["--tls-ca-cert-file", &file("test-only-redis-ca.pem")],
        ["--tls-auth-clients", "no"],
    ];
    let settings = [settings.as_flattened(), more].concat();
    let redis = Redis::start_with(&folder.0, &settings).expect("Redis");
    (redis, address)
}

#[actix_rt::test]
async fn tls_is_verified_with_the_given_certificates() {
    logs::keep();
    let folder = Folder::make();
    let (redis, address) = with_tls(&folder, &[]);
    let installation = Installation::new();
    let (own, other) = ("test-only-redis-ca.pem", "test-only-other-ca.pem");
    let (_, port) = address.split_once(':').expect("a port");
    let station = |url: &str, file| installation.station_with(url, Some(key(file)));
    let by_address = station(&format!("rediss://{address}"), own);
    let by_name = station(&format!("rediss://localhost:{port}"), own);
    by_address.until_whole().await;
    by_name.until_whole().await;
    must_hear_each_other(&by_address, &by_name, 1).await;

    let distrustful = station(&format!("rediss://{address}"), other);
    until_reason(
        &distrustful,
        &address,
        "TLS fails: invalid peer certificate",
    )
    .await;
    let confused = station(&format!("rediss://{}", redis.address), own);
    until_reason(&confused, &redis.address, "it does not answer over TLS").await;
    let plain = installation.station(&format!("redis://{address}"));
    until_reason(&plain, &format!("apart {address}"), "").await;
}

/// Waits until a station is apart, and the log says of this address why.
async fn until_reason(station: &Station, address: &str, reason: &str) {
    station.until_apart(crate::client::PATIENCE).await;
    let lines = async || logs::with(address);
    let is_said = |lines: &Vec<String>| lines.iter().any(|line| line.contains(reason));
    until("a reason in the log", lines, is_said).await;
}

const USER: &str = "ACL SETUSER stoa reset on >s3cret resetchannels";

#[actix_rt::test]
async fn a_user_needs_three_commands_and_the_channels() {
    logs::keep();
    let folder = Folder::make();
    let redis = Redis::start(&folder.0).expect("Redis");
    let url = format!("redis://stoa:s3cret@{}", redis.address);
    let set = |permitted: &str| redis.tell(&format!("{USER} {permitted}")).expect("a user");
    set("+hello +publish +subscribe &stoa:*");
    let (one, other) = pair(&url).await;
    must_hear_each_other(&one, &other, 1).await;
    set("+hello +publish +subscribe &other:*");
    until_reason(
        &one,
        &redis.address,
        "the user is not permitted what is needed",
    )
    .await;
    set("+hello +publish +subscribe &stoa:*");
    one.until_whole().await;
    let told = logs::with(&redis.address);
    assert!(!told.iter().any(|line| line.contains("s3cret")), "{told:?}");
}

#[actix_rt::test]
async fn a_wrong_password_is_said_and_tried_again() {
    logs::keep();
    let folder = Folder::make();
    let redis = Redis::start(&folder.0).expect("Redis");
    redis.tell(&format!("{USER} +@all &*")).expect("a user");
    let url = format!("redis://stoa:wr%6Fng@{}", redis.address);
    let station = Installation::new().station(&url);
    until_reason(
        &station,
        &redis.address,
        "the user or the password is wrong",
    )
    .await;
    assert_eq!(logs::with(&redis.address).len(), 1, "it is said once");
    redis
        .tell("ACL SETUSER stoa >wrong")
        .expect("another password");
    station.until_whole().await;
}

#[actix_rt::test]
async fn a_missing_password_is_said() {
    logs::keep();
    let folder = Folder::make();
    let mut redis = Redis::absent(&folder.0, &["--requirepass", "s3cret"]).expect("Redis");
    redis.start_again().expect("Redis");
    let installation = Installation::new();
    let station = installation.station(&redis.url());
    until_reason(&station, &redis.address, "it asks for a password").await;
    let other = installation.station(&format!("redis://:s3cret@{}", redis.address));
    other.until_whole().await;
}

#[actix_rt::test]
async fn of_several_the_master_is_used() {
    let folder = Folder::make();
    let replica = Redis::start(&folder.join("replica")).expect("Redis");
    let master = Redis::start(&folder.join("master")).expect("Redis");
    let replicate = format!("REPLICAOF {}", master.address.replace(':', " "));
    replica.tell(&replicate).expect("a replica");
    let absent = free_address().expect("an address");
    let addresses = [absent, replica.address.clone(), master.address.clone()];
    let one_way = format!("redis://{}", addresses.join(","));
    let other_way = format!("redis://{},{}", addresses[2], addresses[1]);
    let installation = Installation::new();
    let one = installation.station(&one_way);
    let other = installation.station(&other_way);
    one.until_whole().await;
    other.until_whole().await;
    must_hear_each_other(&one, &other, 1).await;
}

#[actix_rt::test]
async fn a_replica_alone_is_not_used() {
    logs::keep();
    let folder = Folder::make();
    let replica = Redis::start(&folder.0).expect("Redis");
    let absent = free_address().expect("an address").replace(':', " ");
    replica
        .tell(&format!("REPLICAOF {absent}"))
        .expect("a replica");
    let station = Installation::new().station(&replica.url());
    until_reason(&station, &replica.address, "it is a replica").await;
}

/// A node of a cluster.
fn of_cluster(folder: &Folder, name: &str) -> (Redis, String) {
    let bus = free_address().expect("an address");
    let (_, port) = bus.split_once(':').expect("a port");
    let settings = ["--cluster-enabled", "yes", "--cluster-port", port];
    let redis = Redis::start_with(&folder.join(name), &settings).expect("Redis");
    (redis, port.to_owned())
}

#[actix_rt::test]
async fn any_nodes_of_a_cluster_work() {
    let folder = Folder::make();
    let (first, _) = of_cluster(&folder, "first");
    let (second, port) = of_cluster(&folder, "second");
    first.tell("CLUSTER ADDSLOTSRANGE 0 16383").expect("slots");
    let meet = format!("CLUSTER MEET {} {port}", second.address.replace(':', " "));
    first.tell(&meet).expect("a meeting");
    for node in [&first, &second] {
        let state = async || node.tell("CLUSTER INFO").expect("a state");
        let is_whole = |state: &String| {
            state.contains("cluster_state:ok") && state.contains("cluster_known_nodes:2")
        };
        until("the cluster", state, is_whole).await;
    }
    let installation = Installation::new();
    let one = installation.station(&first.url());
    let other = installation.station(&second.url());
    one.until_whole().await;
    other.until_whole().await;
    must_hear_each_other(&one, &other, 1).await;
}
