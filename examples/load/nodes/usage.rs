//! What processes have used, from /proc.

use std::fs::{read_dir, read_to_string};

use crate::drive::Failure;
use crate::report::value_in;

/// The ticks of /proc in a second, on every Linux.
const TICKS: f64 = 100.0;

/// Seconds of a core that each has used so far.
#[derive(Clone, Default)]
pub struct Usage {
    pub nodes: Vec<f64>,
    /// All processes of PostgreSQL.
    pub postgres: f64,
    pub redis: f64,
}

/// The fields of a process's `stat` that are needed here.
struct Stat {
    parent: u32,
    /// Ticks of its own.
    own: u64,
    /// Ticks of its children that have ended.
    ended: u64,
}

impl Usage {
    /// The percent of a core since an earlier look.
    pub fn since(&self, earlier: &Self, seconds: f64) -> Self {
        let percent = |now: f64, before: f64| (now - before) / seconds * 100.0;
        let nodes = self.nodes.iter().zip(&earlier.nodes);
        Self {
            nodes: nodes.map(|(now, before)| percent(*now, *before)).collect(),
            postgres: percent(self.postgres, earlier.postgres),
            redis: percent(self.redis, earlier.redis),
        }
    }
}

/// The seconds of a core that a process has used.
pub fn of_process(process: u32) -> Result<f64, Failure> {
    let stat = stat(process).ok_or_else(|| format!("process {process} has ended"))?;
    Ok(stat.own as f64 / TICKS)
}

/// The seconds of a core that a process and its children have used, also those that have ended.
pub fn of_family(process: u32) -> Result<f64, Failure> {
    let head = stat(process).ok_or_else(|| format!("process {process} has ended"))?;
    let names = read_dir("/proc")?.flatten();
    let ids = names.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let children = ids.filter_map(stat).filter(|stat| stat.parent == process);
    let children: u64 = children.map(|child| child.own).sum();
    Ok((head.own + head.ended + children) as f64 / TICKS)
}

/// The MiB of memory that a process has, without pages of files, which come and go.
pub fn resident(process: u32) -> Result<f64, Failure> {
    let value = value_in(&format!("/proc/{process}/status"), "RssAnon");
    let kibibytes = value.and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    let kibibytes = kibibytes.ok_or_else(|| format!("process {process} has ended"))?;
    Ok(kibibytes / 1_024.0)
}

fn stat(process: u32) -> Option<Stat> {
    let text = read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name before it may contain anything.
    let (_, fields) = text.rsplit_once(") ")?;
    let fields: Vec<&str> = fields.split(' ').collect();
    let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
    Some(Stat {
        parent: u32::try_from(number(1)?).ok()?,
        own: number(11)? + number(12)?,
        ended: number(13)? + number(14)?,
    })
}
