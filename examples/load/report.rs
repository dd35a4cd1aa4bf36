//! The table at the end of a run, with the machine's data.

use std::fs::read_to_string;
use std::process::Command;

use crate::drive::Failure;
use crate::ledger::Problems;

/// The result of one scenario.
pub struct Row {
    pub scenario: &'static str,
    /// The load.
    pub load: String,
    /// The measurements.
    pub figures: String,
    /// The project's requirement.
    pub asked: &'static str,
    /// How much was checked.
    pub checked: String,
    pub problems: Problems,
}

impl Row {
    /// The row of a scenario that failed.
    pub fn failed(scenario: &'static str, failure: &Failure) -> Self {
        let mut problems = Problems::default();
        problems.add(|| failure.to_string());
        let [load, figures, checked] = [const { String::new() }; 3];
        Self {
            scenario,
            load,
            figures,
            asked: "",
            checked,
            problems,
        }
    }

    /// Whether there were no problems.
    pub fn is_right(&self) -> bool {
        self.problems.count == 0
    }
}

/// A number with thousands separators.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A rate per second, with thousands separators.
pub fn rate(count: u64, seconds: f64) -> String {
    grouped((count as f64 / seconds).round() as u64)
}

/// Prints the table and the problems.
pub fn print(rows: &[Row]) {
    let head = ["scenario", "load", "measured", "asked", "checked", "wrong"].map(str::to_owned);
    let lines: Vec<[String; 6]> = std::iter::once(head)
        .chain(rows.iter().map(cells))
        .collect();
    println!("\n{}\n", machine());
    print_table(&lines);
    println!();
    for row in rows {
        row.problems
            .first
            .iter()
            .for_each(|problem| println!("WRONG in {}: {problem}", row.scenario));
    }
}

/// Prints lines of cells, the first of which is the head.
pub fn print_table<const COLUMNS: usize>(lines: &[[String; COLUMNS]]) {
    let width = |column: usize| {
        lines
            .iter()
            .filter_map(|line| line.get(column))
            .map(|cell| cell.chars().count())
            .max()
    };
    for (number, line) in lines.iter().enumerate() {
        let padded = |fill: char| {
            let cell = |(column, text): (usize, &String)| {
                let missing = width(column)
                    .unwrap_or(0)
                    .saturating_sub(text.chars().count());
                format!("{text}{}", String::from(fill).repeat(missing))
            };
            line.iter()
                .enumerate()
                .map(cell)
                .collect::<Vec<_>>()
                .join(" | ")
        };
        println!("| {} |", padded(' '));
        if number == 0 {
            let rule: Vec<String> = (0..line.len())
                .map(|column| "-".repeat(width(column).unwrap_or(0)))
                .collect();
            println!("| {} |", rule.join(" | "));
        }
    }
}

fn cells(row: &Row) -> [String; 6] {
    let wrong = grouped(row.problems.count);
    [
        row.scenario.into(),
        row.load.clone(),
        row.figures.clone(),
        row.asked.into(),
        row.checked.clone(),
        wrong,
    ]
}

/// The machine and its PostgreSQL.
pub fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let memory = value_in("/proc/meminfo", "MemTotal")
        .and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
    let processor =
        value_in("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown processor".into());
    let postgres = Command::new("postgres").arg("--version").output().ok();
    let postgres = postgres.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let postgres = postgres.unwrap_or_else(|| "unknown PostgreSQL".into());
    format!(
        "{cores} cores · {:.0} GiB · {processor} · {postgres}",
        memory.unwrap_or(0) as f64 / 1_048_576.0
    )
}

/// The value after a name in a file of "name: value" lines.
pub fn value_in(path: &str, name: &str) -> Option<String> {
    let text = read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_once(':')
        .map(|(_, value)| value.trim().to_owned())
}
