//! Many idle connections: the memory of each, and that none is lost.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::spawn_local;
use tokio::time::sleep;

use crate::drive::Failure;
use crate::drive::client::{Socket, Target};
use crate::ledger::Problems;
use crate::report::{Row, grouped, rate, value_in};

/// Connections opened before the first measurement of memory, so that one-time allocations do not count.
const FIRST: usize = 50;
/// Concurrent handshakes.
const OPENERS: usize = 32;
const REST: Duration = Duration::from_secs(4);

/// Opens connections, leaves them idle, and compares the server's memory before and after.
pub async fn run(
    target: &Target,
    connections: usize,
    process: Option<u32>,
) -> Result<Row, Failure> {
    let lost = Rc::new(Cell::new(0));
    hold(open(target, 0..FIRST).await?, &lost);
    sleep(Duration::from_secs(1)).await;
    let before = process.and_then(resident_kibibytes);
    let started = Instant::now();
    let sockets = open(target, FIRST..FIRST + connections).await?;
    let seconds = started.elapsed().as_secs_f64();
    hold(sockets, &lost);
    sleep(REST).await;
    let after = process.and_then(resident_kibibytes);
    let memory = match before.zip(after) {
        Some((before, after)) => {
            format!(
                "{:.1} KiB for each",
                after.saturating_sub(before) as f64 / connections as f64
            )
        }
        None => "memory unknown (--pid)".into(),
    };
    let mut problems = Problems::default();
    if lost.get() > 0 {
        problems.add(|| format!("{} connections were lost", lost.get()));
    }
    Ok(Row {
        scenario: "idle",
        load: format!("{} connections", grouped(connections as u64)),
        figures: format!("{memory}; {} opened/s", rate(connections as u64, seconds)),
        asked: "< 12 KiB",
        checked: format!(
            "{} still open",
            grouped((FIRST + connections - lost.get()) as u64)
        ),
        problems,
    })
}

async fn open(target: &Target, numbers: std::ops::Range<usize>) -> Result<Vec<Socket>, Failure> {
    let openers: Vec<_> = (0..OPENERS)
        .map(|opener| {
            let (target, mine) = (
                target.clone(),
                numbers.clone().skip(opener).step_by(OPENERS),
            );
            spawn_local(async move {
                let mut sockets = Vec::new();
                for number in mine {
                    let user = format!("idle-{}-{number}", std::process::id());
                    sockets.push(
                        target
                            .connect(&user)
                            .await
                            .map_err(|failure| format!("connection {number}: {failure}"))?,
                    );
                }
                Ok::<_, String>(sockets)
            })
        })
        .collect();
    let mut sockets = Vec::new();
    for opener in openers {
        sockets.extend(opener.await??);
    }
    Ok(sockets)
}

/// Keeps sockets open and answers their pings.
fn hold(sockets: Vec<Socket>, lost: &Rc<Cell<usize>>) {
    for mut socket in sockets {
        let lost = lost.clone();
        spawn_local(async move {
            while socket.next().await.is_ok() {}
            lost.set(lost.get() + 1);
        });
    }
}

fn resident_kibibytes(process: u32) -> Option<u64> {
    let value = value_in(&format!("/proc/{process}/status"), "VmRSS")?;
    value.split(' ').next()?.parse().ok()
}
