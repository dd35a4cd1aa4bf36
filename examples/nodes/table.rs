//! The table of faults with the lateness that was observed, and the verdict.

use std::collections::BTreeMap;
use std::fmt;

use crate::fault::{Excused, Fault, Wire};
use crate::fleet::judge::{Delay, Verdict};
use crate::socketio::Heard;

const HEAD: &str = "fault               rounds  receptions    p50 s    p99 s  latest s  asked s  Socket.IO: p99 s  latest s";
const SHOWN: usize = 20;

/// One fault, once.
pub struct Round {
    pub fault: Fault,
    pub excused: Excused,
    /// When it began, was undone, and when everybody had had time to catch up, in microseconds since 1970.
    pub from: i64,
    pub healed: i64,
    pub to: i64,
}

/// How it went.
pub struct Report {
    pub rounds: Vec<Round>,
    pub verdict: Verdict,
    pub heard: Heard,
    pub wire: Wire,
    pub patience: f64,
}

/// How late listeners were, in seconds, the earliest first.
#[derive(Default)]
struct Lateness(Vec<f64>);

impl Lateness {
    fn of(rounds: &[&Round], delays: &[Delay]) -> Self {
        let late = |delay: &Delay| {
            let origin = |round: &&Round| round.origin(delay.node, delay.stored);
            let origin = rounds.iter().find_map(origin)?;
            Some((delay.heard - origin).max(0) as f64 / 1_000_000.0)
        };
        let mut all: Vec<f64> = delays.iter().filter_map(late).collect();
        all.sort_by(f64::total_cmp);
        Self(all)
    }

    fn at(&self, part: f64) -> f64 {
        let last = self.0.len().saturating_sub(1);
        let place = (last as f64 * part).round() as usize;
        self.0.get(place).copied().unwrap_or(0.0)
    }
}

impl Report {
    fn by_fault(&self) -> BTreeMap<Fault, Vec<&Round>> {
        let mut faults: BTreeMap<Fault, Vec<&Round>> = BTreeMap::new();
        for round in &self.rounds {
            faults.entry(round.fault).or_default().push(round);
        }
        faults
    }

    fn wrong(&self) -> Vec<&String> {
        self.verdict.wrong.iter().chain(&self.heard.wrong).collect()
    }

    fn late(&self) -> Vec<String> {
        let late = |(fault, rounds): (Fault, Vec<&Round>)| {
            let latest = Lateness::of(&rounds, &self.verdict.delays).at(1.0);
            let asked = fault.asked(self.wire) * self.patience;
            (latest > asked).then(|| format!("{fault:?}: {latest:.2} s, asked are {asked:.1} s"))
        };
        self.by_fault().into_iter().filter_map(late).collect()
    }

    /// Whether nothing was lost, doubled, out of order or too late.
    pub fn is_right(&self) -> bool {
        self.wrong().is_empty() && self.late().is_empty() && self.verdict.messages > 0
    }

    fn row(&self, fault: Fault, rounds: &[&Round]) -> String {
        let native = Lateness::of(rounds, &self.verdict.delays);
        let socketio = Lateness::of(rounds, &self.heard.delays);
        format!(
            "{:<19} {:>6} {:>11} {:>8.3} {:>8.3} {:>9.2} {:>8.1} {:>17.3} {:>9.2}",
            format!("{fault:?}"),
            rounds.len(),
            native.0.len(),
            native.at(0.5),
            native.at(0.99),
            native.at(1.0),
            fault.asked(self.wire),
            socketio.at(0.99),
            socketio.at(1.0),
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{HEAD}")?;
        for (fault, rounds) in self.by_fault() {
            writeln!(out, "{}", self.row(fault, &rounds))?;
        }
        let (wrong, late) = (self.wrong(), self.late());
        let Self { verdict, heard, .. } = self;
        writeln!(
            out,
            "{} messages; {} receptions by native listeners, {} by {} Socket.IO clients, which began afresh {} times: {} wrong, {} faults with late listeners",
            verdict.messages,
            verdict.receptions,
            heard.receptions,
            heard.clients,
            heard.not_recovered,
            wrong.len(),
            late.len(),
        )?;
        for what in wrong.into_iter().take(SHOWN) {
            writeln!(out, "WRONG: {what}")?;
        }
        late.iter()
            .try_for_each(|what| writeln!(out, "LATE: {what}"))
    }
}
