//! Every branch of every flow that ships, on a real server: the scripts that simulate them are played over REST and over sockets.

pub mod gateway;
pub mod playing;
mod rows;

use flow::Definition;
use flow::simulate::{Script, transitions};
use futures_util::StreamExt;
use std::collections::BTreeSet;
use std::fs;

use crate::test_app::TestApp;
use gateway::SECRET;
use playing::Play;

/// Deals that are played side by side.
const TOGETHER: usize = 8;

fn folder(path: &str) -> String {
    format!("{}/flows/{path}", env!("CARGO_MANIFEST_DIR"))
}

fn script(flow: &str) -> Script {
    let entries = fs::read_dir(folder(&format!("scripts/{flow}"))).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut script = Script::default();
    for path in paths {
        let source = fs::read_to_string(&path).unwrap();
        script.add(path.to_str().unwrap(), &source).unwrap();
    }
    script
}

/// The runs that no other continues: with those that they continue, they are all.
fn ends(script: &Script) -> Vec<usize> {
    let continued: BTreeSet<usize> = script.runs.iter().filter_map(|run| run.after).collect();
    let all = 0..script.runs.len();
    all.filter(|index| !continued.contains(index)).collect()
}

/// A run, and those that it continues, the first one first.
fn way(script: &Script, end: usize) -> Vec<usize> {
    let mut way: Vec<usize> =
        std::iter::successors(Some(end), |index| script.runs[*index].after).collect();
    way.reverse();
    way
}

/// Plays everything twice: what is pressed over REST the first time is pressed over a socket the second time, and the other way round.
async fn every_branch(flow: &str) {
    let source = fs::read_to_string(folder(&format!("{flow}.toml"))).unwrap();
    let definition = Definition::parse(&source).unwrap();
    let script = script(flow);
    let options = ["--rate-limits", "off", "--sandbox-webhook-secret", SECRET];
    let app = TestApp::with(&options).await;
    gateway::hold_orders_and_refunds(&app);
    for role in &definition.roles {
        app.person(role).await;
    }
    let wanted: Vec<(usize, usize)> = ends(&script)
        .into_iter()
        .flat_map(|end| [(end, 0), (end, 1)])
        .collect();
    let plays = futures_util::stream::iter(wanted).map(async |(end, first)| {
        let mut play = Play::begin(&app, &definition, &script.runs[way(&script, end)[0]]).await;
        play.turn = first;
        for index in way(&script, end) {
            play.run(&script.runs[index]).await;
        }
        play.made
    });
    let made: Vec<BTreeSet<String>> = plays.buffer_unordered(TOGETHER).collect().await;
    let made: BTreeSet<String> = made.into_iter().flatten().collect();
    let all: BTreeSet<String> = transitions(&definition).into_iter().collect();
    let missing: Vec<&String> = all.difference(&made).collect();
    assert!(missing.is_empty(), "{flow}: never made: {missing:?}");
    gateway::let_all_go(&app).await;
}

#[tokio::test]
async fn every_branch_of_the_bid_flow_over_rest_and_over_sockets() {
    every_branch("bid").await;
}

#[tokio::test]
async fn every_branch_of_the_campaign_flow_over_rest_and_over_sockets() {
    every_branch("campaign").await;
}

#[tokio::test]
async fn every_branch_of_the_negotiation_flow_over_rest_and_over_sockets() {
    every_branch("negotiation").await;
}
