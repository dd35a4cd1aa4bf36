//! Deals and background jobs: what one server commits is heard at the other, and work is done where jobs run.

use serde_json::{Value, json};
use std::time::{Duration, Instant};

use super::{Wired, at_once, on};
use crate::client::{Person, Socket};
use crate::deals::{Flows, TICKING, creation};
use crate::files::{Folder, picture};

/// A deal that the platform began at the first server.
async fn begin(wired: &Wired, creation: Value, people: [&str; 2]) -> String {
    for id in people {
        let known = on(&wired.one, id).get("/api/v1/me").await;
        known.expect_status(200);
    }
    let platform = wired.one.person_with("platform", &["service"]).await;
    let made = platform.post("/api/v1/conversations", creation).await;
    let made = made.expect_status(201).body;
    made["id"].as_str().expect("an id").to_owned()
}

async fn press(person: &Person, id: &str, action: &str, input: Value) {
    let path = format!("/api/v1/conversations/{id}/flow/actions/{action}");
    let pressed = person.post(&path, json!({ "input": input })).await;
    pressed.expect_status(200);
}

async fn state(socket: &mut Socket, begun: Instant) -> Value {
    let mut event = at_once(socket, "conversation_state_changed", begun).await;
    event["new_state"].take()
}

#[actix_rt::test]
async fn steps_of_a_deal_are_heard_at_once_by_who_has_joined_and_by_who_has_not() {
    let wired = Wired::new().await;
    let id = begin(&wired, creation("bid-1"), ["ines", "bela"]).await;
    let (ines, bela) = (on(&wired.one, "ines"), on(&wired.other, "bela"));
    let mut absent = bela.socket().await;
    assert_eq!(wired.other.rooms_awake(), 0);
    let begun = Instant::now();
    press(&ines, &id, "accept_connection", json!({})).await;
    assert_eq!(state(&mut absent, begun).await, "brand_owner_details");
    let mut joined = bela.joined(&id).await;
    let details = json!({ "details": "Three posts" });
    let mut of_ines = ines.joined(&id).await;
    let begun = Instant::now();
    press(&bela, &id, "send_project_details", details).await;
    for socket in [&mut joined, &mut absent, &mut of_ines] {
        assert_eq!(state(socket, begun).await, "influencer_reviewing");
    }
}

#[actix_rt::test]
async fn what_a_timer_does_at_the_server_with_jobs_is_heard_at_the_one_without() {
    let flows = Flows::with(TICKING);
    let folder = flows.folder();
    let wired = Wired::with_others(&["--flows", &folder], &["--jobs", "off"]).await;
    let ticking = json!({
        "kind": "group", "flow": { "name": "ticking" },
        "participants": [{ "user_id": "ada", "role": "one" }, { "user_id": "ben", "role": "other" }],
    });
    let id = begin(&wired, ticking, ["ada", "ben"]).await;
    let mut joined = on(&wired.other, "ada").joined(&id).await;
    let mut absent = on(&wired.other, "ben").socket().await;
    let reminder = joined.event("new_message").await;
    assert_eq!(reminder["message"]["body"], "Still there?");
    for socket in [&mut joined, &mut absent] {
        let mut states = Vec::new();
        while !states.contains(&json!("late")) {
            let mut step = socket.event("conversation_state_changed").await;
            states.push(step["new_state"].take());
        }
        assert_eq!(states, ["waiting", "late"]);
    }
}

#[actix_rt::test]
async fn a_job_of_a_server_without_jobs_is_done_at_once_by_another() {
    let wired = Wired::with_others(&[], &["--jobs", "off"]).await;
    let id = begin(&wired, creation("bid-1"), ["ines", "bela"]).await;
    let there = |id: &str| on(&wired.other, id);
    let (ines, bela) = (there("ines"), there("bela"));
    press(&ines, &id, "accept_connection", json!({})).await;
    let details = json!({ "details": "Three posts" });
    press(&bela, &id, "send_project_details", details).await;
    press(&ines, &id, "accept_project", json!({})).await;
    let price = crate::deals::rupees(5_000);
    press(&bela, &id, "send_price_offer", price).await;
    let mut socket = bela.joined(&id).await;
    let begun = Instant::now();
    press(&ines, &id, "accept_price", json!({})).await;
    // The gateway is asked for an order by a job.
    loop {
        let step = socket.event("conversation_state_changed").await;
        if step["actor"] == "payment" {
            break;
        }
    }
    // Runners look for themselves once a second.
    let took = begun.elapsed();
    assert!(took < Duration::from_millis(800), "{took:?}");
}

#[actix_rt::test]
async fn the_owner_of_a_file_hears_at_every_server_that_it_is_ready() {
    let folder = Folder::new();
    let wired = Wired::with(&["--files", &folder.option()]).await;
    let (ann, _) = wired.two().await;
    let (mut here, mut there) = (ann.socket().await, on(&wired.other, "ann").socket().await);
    let file = picture(&ann).await;
    for socket in [&mut here, &mut there] {
        let told = socket.event("file_ready").await;
        assert_eq!(told["file_id"], file["file_id"]);
    }
}
