//! Who reads the machine's clock. Everybody else is given the time, so that tests need not wait for it.

use std::fs;

use super::access::holds;
use super::{complain, files, named};

/// How the machine's clock is read.
const READS_THE_CLOCK: [&str; 7] = [
    "Instant::now",
    "SystemTime::now",
    "Utc::now",
    ".elapsed()",
    " Clock::default",
    "(Clock::default",
    "DefaultClock::default",
];
/// Who reads it; everybody else is given a `clock::Clock`, or the time.
const BY_THE_MACHINE: [(&str, &str); 18] = [
    ("src/main.rs", "gives the server its clock"),
    ("src/cli/token_command.rs", "signs tokens that servers read"),
    (
        "src/identity/rate_limits.rs",
        "goes by governor's own clock",
    ),
    ("src/telemetry/logging.rs", "says when a line was written"),
    ("src/journal/lane.rs", "sleeps until the database is back"),
    ("src/store/clock.rs", "goes on from what the database said"),
    ("src/store/dedicated.rs", "waits for the database"),
    ("src/store/health.rs", "shows how long the database is away"),
    ("src/store/hosted.rs", "notices a database that hangs"),
    ("src/store/opening.rs", "waits for the database"),
    (
        "src/store/search/conditions.rs",
        "limits the time of a search",
    ),
    ("src/store/watch.rs", "looks after the database"),
    ("src/store/worker.rs", "notices a connection that was lost"),
    (
        "src/feed/runner.rs",
        "sleeps, and leaves the database to others",
    ),
    ("src/jobs/runner.rs", "holds a lease of the database's"),
    (
        "src/jobs/delivering.rs",
        "signs for a receiver with a clock",
    ),
    ("crates/socketio/src/lib.rs", "takes it for want of another"),
    (
        "crates/socketio/src/engineio/mod.rs",
        "takes it for want of another",
    ),
];

/// The code of a file up to its tests, which may begin with any time.
fn without_tests(text: &str) -> impl Iterator<Item = &str> {
    let lines: Vec<&str> = text.lines().collect();
    let opens_tests = |pair: &[&str]| pair[0] == "#[cfg(test)]" && pair[1].contains("mod tests");
    let tests = lines.windows(2).position(opens_tests);
    let length = tests.unwrap_or(lines.len());
    lines.into_iter().take(length)
}

#[test]
fn nobody_but_these_reads_the_machines_clock() {
    let (mut wrong, mut unused) = (Vec::new(), BY_THE_MACHINE.to_vec());
    let sources = files("src", "rs");
    for path in sources.iter().chain(&files("crates/socketio/src", "rs")) {
        let (name, text) = (named(path), fs::read_to_string(path).unwrap());
        let is_test = name.ends_with("_tests.rs");
        let may = BY_THE_MACHINE.iter().any(|(file, _)| *file == name);
        let lines = without_tests(&text).filter(|_| !is_test);
        for line in lines {
            let reads = READS_THE_CLOCK.iter().any(|word| holds(line, word));
            if reads && !may {
                wrong.push(format!("{name}: {}", line.trim()));
            }
            unused.retain(|(file, _)| !reads || *file != name);
        }
    }
    complain("times that a test cannot set", &wrong);
    let unused = unused
        .iter()
        .map(|(file, why)| format!("{file}, which {why}"));
    complain("readers that read no clock", &unused.collect::<Vec<_>>());
}
