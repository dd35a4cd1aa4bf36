//! A Redis that is away, a server without one, a server that stops: nothing is lost, and listeners hear a little later.

use diesel::connection::SimpleConnection;
use serde_json::json;
use std::time::{Duration, Instant};

use super::{AT_ONCE, Pair, Wired, at_once, on, own_redis, until_whole};
use crate::client::{Answer, Person, Socket};
use crate::metrics::{figure, until_figure};
use crate::nodes::meeting::until_peers;
use crate::polling::until;
use crate::postgres::TestCluster;
use crate::servers::Alone;
use crate::test_app::TestApp;

/// A check comes each second; the rest is for a busy machine.
const SOON: Duration = Duration::from_secs(4);

async fn until_wire(app: &TestApp, wanted: &str) {
    let person = on(app, "somebody");
    let look = async || person.get("/readyz").await;
    let is_so = |ready: &Answer| ready.body["checks"]["wire"] == wanted;
    until(wanted, look, is_so).await;
}

async fn hears(socket: &mut Socket, speaker: &Person, id: &str, within: Duration) {
    let said = speaker.say(id, "heard?").await;
    let begun = Instant::now();
    let heard = socket.event("new_message").await;
    assert_eq!(heard["message"]["id"], said["id"]);
    assert!(begun.elapsed() < within, "{:?}", begun.elapsed());
}

#[actix_rt::test]
async fn while_redis_is_away_listeners_hear_a_little_later_and_at_once_when_it_is_back() {
    let mut wired = Wired::new().await;
    let (ann, bob) = wired.two().await;
    let id = wired.one.direct(&ann, &bob).await;
    let mut socket = bob.joined(&id).await;
    hears(&mut socket, &ann, &id, AT_ONCE).await;
    wired.redis.kill();
    for _ in 0..3 {
        hears(&mut socket, &ann, &id, SOON).await;
    }
    for app in [&wired.pair.one, &wired.pair.other] {
        until_wire(app, "apart").await;
    }
    // A load balancer keeps both.
    let ready = ann.get("/readyz/node").await;
    ready.expect_status(200);
    wired.redis.start_again().expect("Redis");
    wired.until_whole().await;
    for _ in 0..3 {
        hears(&mut socket, &ann, &id, AT_ONCE).await;
    }
    let left = socket.drain().await;
    let messages = left.iter().filter(|event| event["event"] == "new_message");
    assert_eq!(messages.count(), 0, "heard twice: {left:?}");
}

#[actix_rt::test]
async fn what_redis_forgets_or_cuts_off_is_heard_all_the_same() {
    let wired = Wired::new().await;
    let (ann, bob) = wired.two().await;
    let id = wired.one.direct(&ann, &bob).await;
    let mut socket = bob.joined(&id).await;
    wired.redis.tell("FLUSHALL").expect("flushed");
    hears(&mut socket, &ann, &id, AT_ONCE).await;
    for kind in ["pubsub", "normal"] {
        let kill = format!("CLIENT KILL TYPE {kind}");
        wired.redis.tell(&kill).expect("killed");
        hears(&mut socket, &ann, &id, SOON).await;
    }
    wired.until_whole().await;
    hears(&mut socket, &ann, &id, AT_ONCE).await;
}

#[actix_rt::test]
async fn a_watermark_that_was_lost_is_heard_with_the_next_check() {
    let wired = Wired::new().await;
    let (ann, bob) = wired.two().await;
    let id = wired.one.direct(&ann, &bob).await;
    let mut socket = bob.joined(&id).await;
    for number in 1..=5 {
        bob.say(&id, &format!("number {number}")).await;
    }
    let seen = format!("/api/v1/conversations/{id}/seen");
    for seq in 1..=5 {
        let killed = wired.redis.tell("CLIENT KILL TYPE pubsub");
        killed.expect("killed");
        let marked = ann.post(&seen, json!({ "seq": seq })).await;
        marked.expect_status(200);
        let begun = Instant::now();
        while socket.event("message_seen").await["seq"] != json!(seq) {}
        assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
        wired.until_whole().await;
    }
}

#[actix_rt::test]
async fn a_server_without_redis_and_one_with_it_hear_each_other_by_checks() {
    let redis = own_redis().await;
    let url = format!("redis://{}", redis.address);
    let options = ["--rate-limits", "off"];
    let wired = TestApp::alone(Alone::Pair)
        .with(&[&options[..], &["--redis", &url]].concat())
        .await;
    let other = TestApp::alone(Alone::Pair)
        .on(wired.database.clone(), &options)
        .await;
    let (ann, bob) = (on(&wired, "ann"), on(&other, "bob"));
    bob.get("/api/v1/me").await.expect_status(200);
    tokio::join!(until_peers(&ann, 1), until_peers(&bob, 1));
    let id = wired.direct(&ann, &bob).await;
    let mut of_bob = bob.joined(&id).await;
    hears(&mut of_bob, &ann, &id, SOON).await;
    let mut of_ann = ann.joined(&id).await;
    hears(&mut of_ann, &bob, &id, SOON).await;
    until_wire(&other, "off").await;
    until_figure(wired.address, "stoa_peers{state=\"without_wire\"}", 1.0).await;
}

#[actix_rt::test]
async fn servers_that_start_without_redis_begin_to_hear_each_other_when_it_is_there() {
    let mut redis = own_redis().await;
    redis.kill();
    let url = format!("redis://{}", redis.address);
    let options = ["--rate-limits", "off", "--redis", &url];
    let begun = Instant::now();
    let one = TestApp::alone(Alone::Pair).with(&options).await;
    let other = TestApp::alone(Alone::Pair)
        .on(one.database.clone(), &options)
        .await;
    assert!(
        begun.elapsed() < Duration::from_secs(20),
        "it waited for Redis"
    );
    let ann = on(&one, "ann");
    let ready = async || ann.get("/readyz/node").await;
    until("a ready node", ready, |ready| ready.status == 200).await;
    redis.start_again().expect("Redis");
    for app in [&one, &other] {
        until_whole(app).await;
    }
}

#[actix_rt::test]
async fn a_server_that_stops_says_all_that_it_has_to_say_and_leaves() {
    let mut wired = Wired::new().await;
    let (ann, bob) = wired.two().await;
    let id = wired.one.direct(&ann, &bob).await;
    let mut socket = bob.joined(&id).await;
    let said = ann.say(&id, "the last word").await;
    let begun = Instant::now();
    wired.pair.one.stop().await;
    let heard = at_once(&mut socket, "new_message", begun).await;
    assert_eq!(heard["message"]["id"], said["id"]);
    until_peers(&bob, 0).await;
    let gaps = figure(wired.other.address, "stoa_feed_gaps_total").await;
    assert_eq!(gaps, 0.0);
    wired.pair.one.start_again().await;
    wired.until_whole().await;
    let ann = on(&wired.one, "ann");
    hears(&mut socket, &ann, &id, AT_ONCE).await;
}

#[actix_rt::test]
async fn two_deployments_on_one_redis_do_not_hear_each_other() {
    let redis = own_redis().await;
    let url = format!("redis://{}", redis.address);
    let options = ["--rate-limits", "off", "--redis", &url];
    let one = TestApp::alone(Alone::Pair).with(&options).await;
    let stranger = TestApp::alone(Alone::Pair).with(&options).await;
    for app in [&one, &stranger] {
        until_wire(app, "whole").await;
        let body = on(app, "somebody").get("/readyz").await.body;
        assert_eq!(body["checks"]["peers"], json!(0));
    }
}

/// The connection is lost after the commit and before anybody heard: commits wait for a standby that is not there, and the one of the
/// change is sent away while it waits.
#[actix_rt::test]
async fn a_change_that_was_committed_although_its_connection_was_lost_is_told_to_the_other_server()
{
    let made = tokio::task::spawn_blocking(|| {
        let cluster = TestCluster::start().expect("a cluster");
        let url = cluster.create_database("alone").expect("a database");
        (cluster, url)
    });
    let (_cluster, database) = made.await.expect("a thread");
    let redis = own_redis().await;
    let url = format!("redis://{}", redis.address);
    let options = ["--rate-limits", "off", "--redis", &url, "--jobs", "off"];
    let one = TestApp::alone(Alone::Failures);
    let one = one.on(database.clone(), &options).await;
    let other = TestApp::alone(Alone::Failures);
    let pair = Pair {
        one,
        other: other.on(database, &options).await,
    };
    let wired = Wired { pair, redis };
    wired.until_whole().await;
    let (ann, bob) = wired.two().await;
    let id = wired.one.group(&ann, &[&bob]).await;
    let mut socket = bob.joined(&id).await;
    let run = |statements: &[&str]| {
        let mut connection = wired.one.connection();
        for statement in statements {
            connection.batch_execute(statement).expect("done");
        }
    };
    run(&[
        "alter system set synchronous_standby_names = 'nobody'",
        "select pg_reload_conf()",
    ]);
    let place = format!("/api/v1/conversations/{id}");
    let renaming = ann.patch(&place, json!({ "title": "renamed" }));
    let losing = async {
        let waiting = "select count(*) as n from pg_stat_activity where wait_event = 'SyncRep'";
        wired.one.until_count(waiting, 1).await;
        run(&[
            "alter system reset synchronous_standby_names",
            "select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'",
            "select pg_reload_conf()",
        ]);
        Instant::now()
    };
    let (answer, lost) = tokio::join!(renaming, losing);
    assert_eq!(answer.status, 503, "{answer:?}");
    let heard = socket.event("conversation_updated").await;
    assert_eq!(heard["conversation"]["title"], "renamed");
    assert!(lost.elapsed() < SOON, "{:?}", lost.elapsed());
}
