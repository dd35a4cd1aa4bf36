//! The rounds: quiet load, a fault, and a while in which everybody catches up; and the comparison after the last one.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::ValueEnum;

use crate::Options;
use crate::drive::Failure;
use crate::fault::{Excused, Fault, Wire};
use crate::field::Field;
use crate::fleet::crowd::{Cast, Crowd, Log, locked};
use crate::fleet::judge::{judge, wait_for_all};
use crate::fleet::random::Random;
use crate::socketio::Clients;
use crate::table::{Report, Round};

/// Load without a fault before each.
const BEFORE: Duration = Duration::from_secs(2);
/// Load after each, in which everybody catches up; it counts as part of the fault.
const AFTER: Duration = Duration::from_secs(5);
const QUIET_LIMIT: Duration = Duration::from_secs(60);

/// Microseconds since 1970.
fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| i64::try_from(now.as_micros()).unwrap_or(i64::MAX))
}

/// Runs all rounds, and compares.
pub fn run(options: &Options, server: PathBuf) -> Result<Report, Failure> {
    let mut field = Field::prepare(options, &server)?;
    let crowd = Crowd::start(Cast {
        targets: field.targets()?,
        conversations: options.conversations,
        pause: Duration::from_secs(1) / options.rate.max(1),
    })?;
    let clients = match &field.balancer {
        Some(balancer) => Clients::start(balancer, &crowd)?,
        None => Clients::default(),
    };
    let rounds = strike_all(options, &mut field)?;
    let database = field.fleet.database.clone();
    let progress = Arc::clone(&crowd.progress);
    let wait = |logs: &[Arc<Mutex<Log>>]| wait_for_all(&database, logs, QUIET_LIMIT);
    let logs = crowd.end(wait)?;
    let acknowledged = locked(&progress.acknowledged).clone();
    let mut verdict = judge(&database, &logs, &acknowledged)?;
    verdict
        .wrong
        .extend(locked(&progress.wrong).iter().cloned());
    let heard = clients.end(&database)?;
    Ok(Report {
        rounds,
        verdict,
        heard,
        wire: match options.without_redis || options.one_without_redis {
            true => Wire::None,
            false => Wire::Redis,
        },
        patience: options.patience,
    })
}

fn strike_all(options: &Options, field: &mut Field) -> Result<Vec<Round>, Failure> {
    let faults: Vec<Fault> = match options.fault.is_empty() {
        true => Fault::value_variants().to_vec(),
        false => options.fault.clone(),
    };
    let possible = |fault: &Fault| fault.is_possible(field);
    let faults: Vec<Fault> = faults.into_iter().filter(possible).collect();
    let (mut random, mut rounds) = (Random::of_now(), Vec::new());
    for _ in 0..options.rounds {
        for fault in &faults {
            sleep(BEFORE);
            let from = now();
            let struck = fault.strike(field, &mut random);
            let excused = struck.map_err(|failure| format!("{fault:?}: {failure}"))?;
            let healed = now();
            sleep(AFTER);
            rounds.push(Round {
                fault: *fault,
                excused,
                from,
                healed,
                to: now(),
            });
        }
    }
    Ok(rounds)
}

impl Round {
    /// From when on somebody could hear a message of this time; `None` if it is not of this round. Socket.IO clients have no
    /// place: they may be at any node.
    pub fn origin(&self, node: Option<usize>, stored: i64) -> Option<i64> {
        if !(self.from..self.to).contains(&stored) {
            return None;
        }
        let is_excused = match self.excused {
            Excused::Nobody => false,
            Excused::Everybody => true,
            Excused::Node(place) => node.is_none_or(|node| node == place),
        };
        Some(match is_excused {
            true => stored.max(self.healed),
            false => stored,
        })
    }
}
