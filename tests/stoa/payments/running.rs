//! The runner: each job once on any number of runners, again when a runner dies, in order where the order matters.

use diesel::connection::SimpleConnection;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use stoa::domain::flow::{FlowInput, PaymentOutcome};
use stoa::domain::ids::ConversationNo;
use stoa::domain::job::{Job, Lane};
use stoa::domain::refusal::Refusal;
use stoa::error::Error;
use stoa::job_signal::JobSignal;
use stoa::store::jobs;

use super::fixture::{Fixture, config_of, count, options, runner};
use super::recorder::Recorder;
use crate::test_app::TestApp;

fn telling(conversation: i64, order: i64) -> Job {
    Job::TellDeal {
        conversation_no: ConversationNo(conversation),
        order,
        outcome: PaymentOutcome::Failed,
    }
}

fn write_down(app: &TestApp, jobs: impl Iterator<Item = Job>) {
    let mut connection = app.connection();
    for job in jobs {
        let Job::TellDeal {
            conversation_no, ..
        } = &job
        else {
            panic!("{job:?}")
        };
        jobs::add(
            &mut connection,
            Some(*conversation_no),
            &job,
            Duration::ZERO,
        )
        .expect("written");
    }
}

#[tokio::test]
async fn two_runners_do_each_job_once() {
    const JOBS: i64 = 200;
    let options = options(&[]);
    let app = TestApp::with(&["--jobs", "off", "--rate-limits", "off"]).await;
    let config = config_of(&app.database, &options);
    let recorder = Recorder::new();
    write_down(&app, (1..=JOBS).map(|number| telling(number, 1)));
    let runners = [(); 2].map(|()| runner(&config, &recorder, &JobSignal::default(), &app));
    let all = usize::try_from(JOBS).expect("few");
    recorder.until("all", |told| told.len() >= all).await;
    for runner in runners {
        runner.stop().await;
    }
    assert_eq!(
        count(&mut app.connection(), "select count(*) as n from jobs"),
        0
    );
    let mut times = HashMap::new();
    for (conversation, _) in recorder.told() {
        *times.entry(conversation).or_insert(0) += 1;
    }
    assert_eq!((times.len(), times.values().max()), (all, Some(&1)));
}

#[tokio::test]
async fn the_jobs_of_a_dead_runner_are_done_when_their_lease_ends() {
    let app = TestApp::with(&["--jobs", "off"]).await;
    write_down(&app, std::iter::once(telling(1, 1)));
    let mut connection = app.connection();
    let lease = Duration::from_millis(700);
    let dead = jobs::claim(&mut connection, Lane::Work, 10, lease).unwrap();
    assert_eq!(dead.len(), 1);
    assert!(
        jobs::claim(&mut connection, Lane::Work, 10, lease)
            .unwrap()
            .is_empty()
    );
    let begun = std::time::Instant::now();
    let config = config_of(&app.database, &options(&[]));
    let recorder = Recorder::new();
    let running = runner(&config, &recorder, &JobSignal::default(), &app);
    recorder.until("a second try", |told| told.len() == 1).await;
    assert!(
        begun.elapsed() > Duration::from_millis(400),
        "not before the lease ended"
    );
    running.stop().await;
    assert!(
        !jobs::finish(&mut connection, dead[0].lease).unwrap(),
        "the dead one's claim is void"
    );
    let done = jobs::finish_with(&mut connection, dead[0].lease, |_| Ok(()));
    assert!(done.unwrap().is_none(), "and nothing is done with it");
}

#[tokio::test]
async fn a_claim_that_came_later_voids_the_one_before() {
    let app = TestApp::with(&["--jobs", "off"]).await;
    write_down(&app, std::iter::once(telling(1, 1)));
    let mut connection = app.connection();
    let first = jobs::claim(&mut connection, Lane::Work, 1, Duration::ZERO).unwrap();
    let second = jobs::claim(&mut connection, Lane::Work, 1, Duration::from_secs(60)).unwrap();
    let (first, second) = (first[0].lease, second[0].lease);
    jobs::put_back(&mut connection, first, Duration::ZERO, Some("late")).unwrap();
    jobs::give_up(&mut connection, first, "late").unwrap();
    assert!(!jobs::finish(&mut connection, first).unwrap());
    let kept = "select count(*) as n from jobs where last_error is null and given_up_at is null and claimed_until > now()";
    assert_eq!(count(&mut connection, kept), 1);
    assert!(jobs::finish(&mut connection, second).unwrap());
}

/// Claims are committed without waiting: a database that crashes may have forgotten one, number of attempts and all.
#[tokio::test]
async fn a_claim_that_the_database_forgot_is_void_once_another_was_made() {
    let app = TestApp::with(&["--jobs", "off"]).await;
    write_down(&app, std::iter::once(telling(1, 1)));
    let mut connection = app.connection();
    let lease = Duration::from_secs(60);
    let forgotten = jobs::claim(&mut connection, Lane::Work, 1, lease).unwrap();
    let forget = "update jobs set attempts = 0, claimed_until = null";
    connection.batch_execute(forget).unwrap();
    let made_again = jobs::claim(&mut connection, Lane::Work, 1, lease).unwrap();
    let (forgotten, made_again) = (forgotten[0].lease, made_again[0].lease);
    jobs::put_back(&mut connection, forgotten, Duration::ZERO, Some("late")).unwrap();
    assert!(!jobs::finish(&mut connection, forgotten).unwrap());
    assert!(jobs::finish(&mut connection, made_again).unwrap());
}

#[tokio::test]
async fn a_deal_is_told_things_in_their_order_whatever_fails() {
    const EACH: i64 = 20;
    let tries = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&tries);
    // Every third telling fails once.
    let recorder =
        Recorder::answering(move |_| match counted.fetch_add(1, Ordering::Relaxed) % 3 {
            0 => Err(Error::Refused(Refusal::Unavailable("busy"))),
            _ => Ok(()),
        });
    let app = TestApp::with(&["--jobs", "off"]).await;
    write_down(
        &app,
        (1..=EACH).flat_map(|order| [telling(1, order), telling(2, order)]),
    );
    let config = config_of(&app.database, &options(&[]));
    let running = runner(&config, &recorder, &JobSignal::default(), &app);
    app.until_count("select count(*) as n from jobs", 0).await;
    running.stop().await;
    for conversation in [1, 2] {
        let told = recorder.told().into_iter();
        let order = |(no, input): (ConversationNo, FlowInput)| match input {
            FlowInput::Payment { order, .. } if no.0 == conversation => Some(order),
            _ => None,
        };
        let mut orders: Vec<i64> = told.filter_map(order).collect();
        assert!(orders.is_sorted(), "{orders:?}");
        orders.dedup();
        assert_eq!(orders, (1..=EACH).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_job_that_fails_keeps_why_and_is_given_up_after_its_time() {
    let recorder = Recorder::answering(|_| Err(Error::Refused(Refusal::FlowNotFound)));
    let options = options(&[]);
    let texts: Vec<&str> = options.iter().map(String::as_str).collect();
    let fixture = Fixture::of(TestApp::with(&texts).await, &options, recorder);
    write_down(&fixture.app, std::iter::once(telling(1, 1)));
    fixture
        .recorder
        .until("tries", |told| told.len() >= 3)
        .await;
    assert_eq!(fixture.count("select count(*) as n from jobs where last_error = 'flow_not_found' and given_up_at is null"), 1);
    fixture.run_sql("update jobs set created_at = now() - interval '5 days'");
    fixture.until_idle().await;
    assert_eq!(fixture.count("select count(*) as n from jobs where given_up_at is not null and last_error = 'flow_not_found'"), 1);
}

#[tokio::test]
async fn a_kind_that_this_version_does_not_know_waits_for_one_that_does() {
    let fixture = Fixture::with(&[]).await;
    fixture.run_sql("insert into jobs (kind, payload) values ('of_tomorrow', '{}')");
    let kept =
        "select count(*) as n from jobs where last_error = 'unknown_kind' and given_up_at is null";
    fixture.app.until_count(kept, 1).await;
}

#[tokio::test]
async fn a_payload_that_this_version_cannot_read_waits_for_one_that_can() {
    let fixture = Fixture::with(&[]).await;
    fixture.run_sql("insert into jobs (kind, payload) values ('refund', '{\"refund\": 7}')");
    let kept = "select count(*) as n from jobs where last_error = 'unreadable_payload' and given_up_at is null";
    fixture.app.until_count(kept, 1).await;
}
