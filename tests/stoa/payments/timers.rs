//! Timers of deals: delivered when due, deleted when no deal has them any more, tried again when the deal was unavailable.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use stoa::domain::flow::{FlowInput, Timer};
use stoa::domain::ids::ConversationNo;
use stoa::domain::refusal::Refusal;
use stoa::error::Error;

use super::fixture::{Fixture, options};
use super::recorder::Recorder;
use crate::test_app::TestApp;

async fn fixture(recorder: Recorder) -> Fixture {
    let options = options(&[]);
    let texts: Vec<&str> = options.iter().map(String::as_str).collect();
    Fixture::of(TestApp::with(&texts).await, &options, recorder)
}

const ARM: &str = "insert into flow_timers (conversation_no, name, due_at) values (7, 'deadline', now() - interval '1 second'), (8, 'deadline', now() + interval '1 hour')";
const LEFT: &str = "select count(*) as n from flow_timers where conversation_no = 7";

/// The timers that deals were told of.
fn timers(told: &[(ConversationNo, FlowInput)]) -> Vec<(ConversationNo, Timer)> {
    let timer = |(no, input): &(ConversationNo, FlowInput)| match input {
        FlowInput::Due(timer) => (*no, timer.clone()),
        other => panic!("{other:?}"),
    };
    told.iter().map(timer).collect()
}

#[tokio::test]
async fn a_timer_that_is_not_the_deals_any_more_is_deleted_and_no_other() {
    let moved_on = || {
        let misplaced = flow::Misplaced {
            current_state: "elsewhere".into(),
            state_version: 2,
            required: Vec::new(),
            available: Vec::new(),
        };
        Err(Error::Refused(Refusal::Flow(
            flow::Refusal::FlowStateInvalid(Box::new(misplaced)),
        )))
    };
    let fixture = fixture(Recorder::answering(move |_| moved_on())).await;
    fixture.run_sql(ARM);
    fixture
        .recorder
        .until("a timer", |told| !told.is_empty())
        .await;
    fixture.app.until_count(LEFT, 0).await;
    assert_eq!(
        fixture.count("select count(*) as n from flow_timers"),
        1,
        "what is not due stays"
    );
    assert_eq!(timers(&fixture.recorder.told()).len(), 1);
}

#[tokio::test]
async fn a_timer_that_was_armed_anew_meanwhile_stays() {
    use stoa::store::timers as rows;
    let app = TestApp::with(&["--jobs", "off"]).await;
    let mut connection = app.connection();
    diesel::connection::SimpleConnection::batch_execute(&mut connection, ARM).unwrap();
    let hour = std::time::Duration::from_secs(3_600);
    let claimed = rows::claim(&mut connection, 10, hour).unwrap();
    assert_eq!(claimed.len(), 1);
    assert!(
        rows::claim(&mut connection, 10, hour).unwrap().is_empty(),
        "claimed once"
    );
    let anew = "update flow_timers set due_at = now() + interval '2 hours', claimed_until = null, attempts = 0 where conversation_no = 7";
    diesel::connection::SimpleConnection::batch_execute(&mut connection, anew).unwrap();
    rows::delete(&mut connection, &claimed[0]).unwrap();
    rows::put_back(&mut connection, &claimed[0], hour, "x").unwrap();
    let kept = "select count(*) as n from flow_timers where conversation_no = 7 and last_error is null and claimed_until is null";
    assert_eq!(super::fixture::count(&mut connection, kept), 1);
}

#[tokio::test]
async fn a_deal_that_cannot_listen_is_told_again() {
    let away = Arc::new(AtomicBool::new(true));
    let listening = Arc::clone(&away);
    let recorder = Recorder::answering(move |_| match listening.load(Ordering::Relaxed) {
        true => Err(Error::Refused(Refusal::Unavailable("away"))),
        false => Ok(()),
    });
    let fixture = fixture(recorder).await;
    fixture.run_sql(ARM);
    fixture
        .recorder
        .until("tries", |told| told.len() >= 3)
        .await;
    let kept = "select count(*) as n from flow_timers where conversation_no = 7 and attempts >= 3 and last_error = 'unavailable'";
    assert_eq!(fixture.count(kept), 1);
    let told = timers(&fixture.recorder.told());
    let same = told.iter().all(|one| *one == told[0]);
    assert!(same, "the same timer each time: {told:?}");
    assert_eq!(
        (told[0].0, told[0].1.name.as_str()),
        (ConversationNo(7), "deadline")
    );
    // The deal's own step deletes a timer that it takes; the recorder's deals have no steps.
    fixture.run_sql("delete from flow_timers where conversation_no = 7");
    away.store(false, Ordering::Relaxed);
}
