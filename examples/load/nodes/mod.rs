//! The benchmark of several nodes: ratios to one node in the same run, and a table of one to several nodes.
//!
//! Each measurement has servers of its own on an empty database, so that nothing of the one before is still at work.

mod case;
mod field;
mod ratios;
mod sample;
mod table;
mod usage;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use tokio::task::LocalSet;
use tokio::time::sleep;

use crate::drive::Failure;
use crate::report::{grouped, machine, print_table};
use crate::traffic::Traffic;
use case::Case;
use field::Field;
use sample::Sample;

pub use field::MOST;

/// What is measured, and for how long.
pub struct Plan {
    /// The server program.
    pub server: PathBuf,
    /// The most nodes in the table.
    pub nodes: usize,
    /// How often everything is measured.
    pub rounds: usize,
    /// How long each measurement takes, without its beginning and its end.
    pub seconds: f64,
    /// How long each runs before it is measured.
    pub warm_up: Duration,
}

/// The middle of all rounds.
type Medians = BTreeMap<Case, Sample>;

/// Measures everything, and prints the tables. Whatever goes wrong ends it.
pub async fn run(plan: &Plan) -> Result<(), Failure> {
    let field = Field::open(plan.server.clone())?;
    let mut samples: BTreeMap<Case, Vec<Sample>> = BTreeMap::new();
    for round in 0..plan.rounds {
        let mut cases = Case::all(plan.nodes);
        if round % 2 == 1 {
            cases.reverse();
        }
        for case in cases {
            let measured = measure(plan, &field, case).await;
            let sample = measured.map_err(|failure| format!("{}: {failure}", case.name()))?;
            let (sends, deliveries) = (sample.sends.round(), sample.deliveries.round());
            eprintln!(
                "round {} of {}, {}: {} sends/s, {} deliveries/s",
                round + 1,
                plan.rounds,
                case.name(),
                grouped(sends as u64),
                grouped(deliveries as u64)
            );
            samples.entry(case).or_default().push(sample);
        }
    }
    let median = |(case, samples): (Case, Vec<Sample>)| (case, Sample::median(&samples));
    print(plan, &samples.into_iter().map(median).collect())
}

async fn measure(plan: &Plan, field: &Field, case: Case) -> Result<Sample, Failure> {
    let town = field.settle(case).await?;
    let targets = town.targets()?;
    let (window, rate) = case.load();
    let traffic = Traffic {
        name: "nodes",
        parts: case.parts(&targets),
        window,
        rate,
        warm_up: plan.warm_up,
        seconds: plan.seconds,
    };
    // What a start leaves to do is not measured.
    sleep(plan.warm_up).await;
    let before = town.memory_of_last()?;
    let tasks = LocalSet::new();
    let outcome = tasks.run_until(traffic.run(|| field.usage(&town))).await?;
    // The sockets close.
    drop(tasks);
    if outcome.problems.count > 0 {
        let (count, first) = (outcome.problems.count, outcome.problems.first.join("; "));
        return Err(format!("{count} problems: {first}").into());
    }
    let growth = town.memory_of_last()? - before;
    let ready = town.ready;
    town.stop()?;
    Sample::new(outcome, ready, growth)
}

fn print(plan: &Plan, medians: &Medians) -> Result<(), Failure> {
    let of_table = |case: &Case| matches!(case, Case::Nodes(_));
    let cases = || medians.iter().map(|(case, sample)| (*case, sample));
    let (rounds, seconds) = (plan.rounds, plan.seconds);
    println!("\n{}\n", machine());
    println!("Medians (--rounds {rounds} --seconds {seconds})\n");
    print_table(&table::figures(cases().filter(|(case, _)| !of_table(case))));
    println!();
    print_table(&ratios::lines(medians)?);
    println!("\nWith Redis, 48 conversations, senders at each node, listeners at the next one.\n");
    print_table(&table::figures(cases().filter(|(case, _)| of_table(case))));
    Ok(())
}
