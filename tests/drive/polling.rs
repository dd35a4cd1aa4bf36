//! Polling: look again and again, until what is awaited is there or a deadline has passed.

use std::error::Error;
use std::fmt::{Debug, Display, Formatter};
use std::time::{Duration, Instant};

/// The pause between two looks.
pub const INTERVAL: Duration = Duration::from_millis(20);

/// What was awaited is not there in time.
#[derive(Debug)]
pub struct Late(String);

impl Error for Late {}

impl Display for Late {
    fn fmt(&self, out: &mut Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

/// One wait: for what, since when, and how long at most.
struct Wait<'a> {
    what: &'a str,
    begun: Instant,
    patience: Duration,
}

impl<'a> Wait<'a> {
    fn begin(what: &'a str, patience: Duration) -> Self {
        let begun = Instant::now();
        Self {
            what,
            begun,
            patience,
        }
    }

    fn must_not_be_late(&self, seen: &impl Debug) -> Result<(), Late> {
        if self.begun.elapsed() < self.patience {
            return Ok(());
        }
        let (what, patience) = (self.what, self.patience);
        let text = format!("waited {patience:?} in vain for {what}; seen last: {seen:#?}");
        Err(Late(text))
    }
}

/// Looks until `look` answers `Ok`. Its `Err` says what is there instead; the last one is part of the failure.
pub async fn poll<T, S: Debug>(
    what: &str,
    patience: Duration,
    mut look: impl AsyncFnMut() -> Result<T, S>,
) -> Result<T, Late> {
    let wait = Wait::begin(what, patience);
    loop {
        match look().await {
            Ok(found) => return Ok(found),
            Err(seen) => wait.must_not_be_late(&seen)?,
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

/// `poll` for a thread without a runtime.
pub fn poll_blocking<T, S: Debug>(
    what: &str,
    patience: Duration,
    mut look: impl FnMut() -> Result<T, S>,
) -> Result<T, Late> {
    let wait = Wait::begin(what, patience);
    loop {
        match look() {
            Ok(found) => return Ok(found),
            Err(seen) => wait.must_not_be_late(&seen)?,
        }
        std::thread::sleep(INTERVAL);
    }
}
