//! The tables of figures: a line for each case.

use super::case::Case;
use super::sample::{Quantiles, Sample};
use crate::report::grouped;

const HEAD: [&str; 9] = [
    "",
    "sends/s",
    "acknowledged p50 / p99 ms",
    "deliveries/s",
    "delivered p50 / p99 ms",
    "CPU % of the nodes",
    "PostgreSQL",
    "Redis",
    "last node ready s",
];

/// The lines of a table of these cases, with its head.
pub fn figures<'a>(cases: impl Iterator<Item = (Case, &'a Sample)>) -> Vec<[String; 9]> {
    let lines = cases.map(|(case, sample)| line(case, sample));
    std::iter::once(HEAD.map(str::to_owned))
        .chain(lines)
        .collect()
}

fn line(case: Case, sample: &Sample) -> [String; 9] {
    let quantiles = |Quantiles { p50, p99 }| format!("{p50:.2} / {p99:.2}");
    let nodes = sample.usage.nodes.iter();
    let nodes: Vec<String> = nodes.map(|percent| format!("{percent:.0}")).collect();
    [
        case.name(),
        grouped(sample.sends.round() as u64),
        quantiles(sample.acknowledged),
        grouped(sample.deliveries.round() as u64),
        quantiles(sample.delivered),
        nodes.join(" + "),
        format!("{:.0}", sample.usage.postgres),
        format!("{:.1}", sample.usage.redis),
        format!("{:.2}", sample.ready),
    ]
}
