//! Reads messages: pages of history over kept connections, and joins that return 50 messages.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::task::spawn_local;

use crate::drive::Failure;
use crate::drive::client::{Socket, Target, answer, list, send_frame, text, whole};
use crate::drive::frame::{self, Frame};
use crate::ledger::Problems;
use crate::meter::Stage;
use crate::report::{Row, grouped, rate};

const PAGE: usize = 50;
const STORED: u64 = 200;
/// Concurrent readers when the rate is measured.
const READERS: usize = 8;

/// A conversation with stored messages.
struct Stored {
    id: String,
    reader: String,
    last_seq: u64,
}

/// Reads the newest page repeatedly: one reader for the durations, several for the rate.
pub async fn history(target: &Target, seconds: f64) -> Result<Row, Failure> {
    let stored = store(target, "history").await?;
    let mut problems = Problems::default();
    let path = format!("/conversations/{}/messages?limit={PAGE}", stored.id);
    let request = Rc::new((target.clone(), stored.reader.clone(), path));
    let first = answer(target.get(&request.1, &request.2)?).await?;
    check(list(&first, "items")?, stored.last_seq, &mut problems);
    let expected = Rc::new(first);
    let problems = Rc::new(RefCell::new(problems));
    let (alone, together) = (Rc::new(Stage::new()?), Rc::new(Stage::new()?));
    let half = Duration::from_secs_f64(seconds / 2.0);
    read(&request, half, &alone, &expected, &problems).await?;
    let started = Instant::now();
    let readers: Vec<_> = (0..READERS)
        .map(|_| {
            let (request, together, expected, problems) = (
                request.clone(),
                together.clone(),
                expected.clone(),
                problems.clone(),
            );
            spawn_local(async move {
                let outcome = read(&request, half, &together, &expected, &problems).await;
                outcome.map_err(|failure| failure.to_string())
            })
        })
        .collect();
    for reader in readers {
        reader.await??;
    }
    let taken = started.elapsed().as_secs_f64();
    let pages = alone.count() + together.count();
    Ok(Row {
        scenario: "history",
        load: format!("pages of {PAGE}, 1 and {READERS} readers"),
        figures: format!(
            "alone p50/p99 {}; together {}/s",
            alone.quantiles(),
            rate(together.count(), taken)
        ),
        asked: "p50 < 2 ms, 3,000/s",
        checked: format!("{} pages", grouped(pages)),
        problems: problems.take(),
    })
}

async fn read(
    request: &(Target, String, String),
    duration: Duration,
    stage: &Stage,
    expected: &Value,
    problems: &RefCell<Problems>,
) -> Result<(), Failure> {
    let (target, reader, path) = request;
    let prepared = target.get(reader, path)?;
    let (started, mut expected_text) = (Instant::now(), None);
    while started.elapsed() < duration {
        let asked = Instant::now();
        let request = prepared.try_clone().ok_or("a GET cannot be sent again")?;
        let page = request.send().await?.error_for_status()?.text().await?;
        stage.record(asked.elapsed());
        // Pages are compared as text with one that was checked as JSON.
        let known = match &expected_text {
            Some(known) => known,
            None if serde_json::from_str::<Value>(&page)? == *expected => {
                expected_text.insert(page.clone())
            }
            None => return Err("two readers got different pages".into()),
        };
        if *known != page {
            problems
                .borrow_mut()
                .add(|| "the same page was answered differently".into());
        }
    }
    Ok(())
}

/// Leaves and joins repeatedly.
pub async fn join(target: &Target, seconds: f64) -> Result<Row, Failure> {
    let stored = store(target, "join").await?;
    let mut problems = Problems::default();
    let stage = Stage::new()?;
    let mut socket = target.connect(&stored.reader).await?;
    let creation = serde_json::json!({ "conversation_id": stored.id });
    let started = Instant::now();
    while started.elapsed().as_secs_f64() < seconds {
        let asked = Instant::now();
        let text = socket.ask("join_conversation", &creation).await?;
        stage.record(asked.elapsed());
        let answer: Value = serde_json::from_str(&text)?;
        let told = answer
            .get("data")
            .ok_or_else(|| format!("joining was refused: {text}"))?;
        check(list(told, "messages")?, stored.last_seq, &mut problems);
        if whole(told, "last_seq")? != stored.last_seq {
            problems.add(|| "a join told another last seq than was acknowledged".into());
        }
        socket.ask("leave_conversation", &creation).await?;
    }
    Ok(Row {
        scenario: "join",
        load: format!("{PAGE} messages, 1 socket"),
        figures: format!("p50/p99 {}", stage.quantiles()),
        asked: "< 5 ms",
        checked: format!("{} joins", grouped(stage.count())),
        problems,
    })
}

async fn store(target: &Target, name: &str) -> Result<Stored, Failure> {
    let person = |index: usize| format!("{name}-{}-{index}", std::process::id());
    let id = target.converse(&[person(0), person(1)]).await?;
    let mut socket = target.connect(&person(0)).await?;
    socket.join(&id, None).await?;
    let mut last_seq = 0;
    for number in 1..=STORED {
        socket
            .put(send_frame(
                number,
                &id,
                &format!("{name}-{number}"),
                &format!("{number} of {name}"),
            ))
            .await?;
        socket.flush().await?;
        last_seq = acknowledged(&mut socket, number).await?;
    }
    Ok(Stored {
        id,
        reader: person(1),
        last_seq,
    })
}

/// Waits for the acknowledgement of a send; returns its seq.
async fn acknowledged(socket: &mut Socket, number: u64) -> Result<u64, Failure> {
    loop {
        match frame::read(&socket.next().await?) {
            Frame::Stored { request, message } if request == number => return Ok(message.seq),
            Frame::Refused { text, .. } => return Err(format!("a send was refused: {text}").into()),
            Frame::Stored { .. } | Frame::Message(_) | Frame::Other => {}
        }
    }
}

/// Checks that a page has the newest messages, in order.
fn check(items: &[Value], last_seq: u64, problems: &mut Problems) {
    let expected: Vec<u64> = (last_seq + 1 - PAGE as u64..=last_seq).collect();
    let told: Vec<u64> = items
        .iter()
        .filter_map(|item| whole(item, "seq").ok())
        .collect();
    if told != expected {
        problems.add(|| format!("expected the {PAGE} messages up to seq {last_seq}, got {told:?}"));
    }
    if items
        .iter()
        .any(|item| text(item, "body").is_ok_and(str::is_empty))
    {
        problems.add(|| "a message came without its body".into());
    }
}
