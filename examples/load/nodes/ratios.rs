//! What is asked of several nodes, compared with one node of the same run.

use super::Medians;
use super::case::Case;
use super::sample::Sample;
use crate::drive::Failure;
use crate::report::grouped;

/// A figure, as it is shown, and what is asked of it.
struct Line {
    what: String,
    figure: f64,
    unit: Unit,
    asked: Asked,
}

#[derive(Clone, Copy)]
enum Unit {
    /// Of the figure of one node.
    Ratio,
    Milliseconds,
    /// More than one node has.
    MoreMilliseconds,
    Percent,
    Mebibytes,
    Seconds,
}

#[derive(Clone, Copy)]
enum Asked {
    AtLeast(f64),
    AtMost(f64),
}

impl Unit {
    fn text(self, figure: f64) -> String {
        match self {
            Self::Ratio => format!("{figure:.3}"),
            Self::Milliseconds => format!("{figure:.1} ms"),
            Self::MoreMilliseconds => format!("{figure:+.2} ms"),
            Self::Percent => format!("{figure:.1} %"),
            Self::Mebibytes => format!("{figure:.1} MiB"),
            Self::Seconds => format!("{figure:.2} s"),
        }
    }
}

impl Line {
    fn cells(&self) -> [String; 4] {
        let (text, is_met) = match self.asked {
            Asked::AtLeast(least) => ("≥", self.figure >= least),
            Asked::AtMost(most) => ("≤", self.figure <= most),
        };
        let (Asked::AtLeast(bound) | Asked::AtMost(bound)) = self.asked;
        let met = if is_met { "yes" } else { "no" };
        [
            self.what.clone(),
            self.unit.text(self.figure),
            format!("{text} {}", self.unit.text(bound)),
            met.to_owned(),
        ]
    }
}

/// The lines of the table, with its head.
pub fn lines(medians: &Medians) -> Result<Vec<[String; 4]>, Failure> {
    let of = |case: Case| {
        let sample = medians.get(&case);
        sample.ok_or_else(|| format!("{} was not measured", case.name()))
    };
    let mut lines = sends(of(Case::One)?, of)?;
    lines.extend(apart(of(Case::One)?, of(Case::Apart)?));
    lines.extend(crowd(of(Case::Crowd)?, of(Case::CrowdApart)?));
    lines.extend(unused(of(Case::Unused)?));
    let head = ["ratios to one node, and more", "measured", "asked", "met"];
    let cells = lines.iter().map(Line::cells);
    Ok(std::iter::once(head.map(str::to_owned))
        .chain(cells)
        .collect())
}

fn sends<'a>(
    one: &Sample,
    of: impl Fn(Case) -> Result<&'a Sample, String>,
) -> Result<Vec<Line>, Failure> {
    let mut lines = Vec::new();
    for (case, least) in [
        (Case::OneWithRedis, 0.98),
        (Case::Apart, 0.80),
        (Case::Same, 0.70),
        (Case::Different, 0.90),
    ] {
        lines.push(Line {
            what: format!("{}: sends", case.name()),
            figure: of(case)?.sends / one.sends,
            unit: Unit::Ratio,
            asked: Asked::AtLeast(least),
        });
    }
    lines.push(Line {
        what: format!("{}: acknowledged, p99", Case::Same.name()),
        figure: of(Case::Same)?.acknowledged.p99,
        unit: Unit::Milliseconds,
        asked: Asked::AtMost(25.0),
    });
    Ok(lines)
}

fn apart(one: &Sample, apart: &Sample) -> [Line; 2] {
    let line = |quantile: &str, figure, most| Line {
        what: format!("{}: delivered, {quantile}", Case::Apart.name()),
        figure,
        unit: Unit::MoreMilliseconds,
        asked: Asked::AtMost(most),
    };
    let (near, far) = (one.delivered, apart.delivered);
    [
        line("p50", far.p50 - near.p50, 1.5),
        line("p99", far.p99 - near.p99, 10.0),
    ]
}

fn crowd(one: &Sample, apart: &Sample) -> [Line; 1] {
    [Line {
        what: format!("{}: deliveries", Case::CrowdApart.name()),
        figure: apart.deliveries / one.deliveries,
        unit: Unit::Ratio,
        asked: Asked::AtLeast(0.85),
    }]
}

fn unused(sample: &Sample) -> [Line; 4] {
    let name = Case::Unused.name();
    let rate = grouped(sample.sends.round() as u64);
    let line = |what: String, figure, unit, most| Line {
        what,
        figure,
        unit,
        asked: Asked::AtMost(most),
    };
    let cpu = sample.usage.nodes.last().copied().unwrap_or(0.0);
    let at = format!("{name}, at {rate} messages/s");
    [
        line(format!("{at}: its CPU"), cpu, Unit::Percent, 4.0),
        line(
            format!("{at}: its memory's growth"),
            sample.growth,
            Unit::Mebibytes,
            8.0,
        ),
        line(
            format!("{at}: CPU of Redis"),
            sample.usage.redis,
            Unit::Percent,
            10.0,
        ),
        line(
            "ready after a start with two peers".to_owned(),
            sample.ready,
            Unit::Seconds,
            1.0,
        ),
    ]
}
