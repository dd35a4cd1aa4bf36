//! The log lines of the wire in this process.

use log::{LevelFilter, Log, Metadata, Record};
use std::sync::{Mutex, OnceLock};

#[derive(Default)]
struct Lines(Mutex<Vec<String>>);

impl Log for Lines {
    fn enabled(&self, metadata: &Metadata) -> bool {
        metadata.target().starts_with("stoa::wire")
    }

    fn log(&self, record: &Record) {
        if self.enabled(record.metadata()) {
            let value = |name: &str| record.key_values().get(name.into());
            let text = |name| {
                value(name)
                    .map(|value| value.to_string())
                    .unwrap_or_default()
            };
            let line = format!("{} {}", text("event"), text("reason"));
            self.0.lock().expect("a lock").push(line);
        }
    }

    fn flush(&self) {}
}

fn all() -> &'static Lines {
    static LINES: OnceLock<&'static Lines> = OnceLock::new();
    LINES.get_or_init(|| {
        let lines: &'static Lines = Box::leak(Box::default());
        log::set_logger(lines).expect("no other logger in the tests");
        log::set_max_level(LevelFilter::Info);
        lines
    })
}

/// Keeps the lines from now on.
pub fn keep() {
    all();
}

/// The lines so far that contain this.
pub fn with(part: &str) -> Vec<String> {
    let lines = all().0.lock().expect("a lock");
    let found = lines.iter().filter(|line| line.contains(part));
    found.cloned().collect()
}
