//! The database's clock. Due times and ages are measured by it on every server, so that servers' own clocks do
//! not matter.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use diesel::dsl::now;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Double, Integer, Interval, Timestamptz};
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::pool::explain;
use crate::error::Error;

diesel::define_sql_function! {
    /// A length of time.
    fn make_interval(years: Integer, months: Integer, weeks: Integer, days: Integer, hours: Integer, minutes: Integer, seconds: Double) -> Interval;
}
diesel::define_sql_function! {
    /// The function of the operator `+`.
    #[sql_name = "timestamptz_pl_interval"]
    fn later(at: Timestamptz, by: Interval) -> Timestamptz;
}
diesel::define_sql_function! {
    /// The current time, even inside a transaction.
    fn clock_timestamp() -> Timestamptz;
}

type Length = make_interval<i32, i32, i32, i32, i32, i32, f64>;

/// The database's current time plus `length`.
pub(super) fn after_now(length: Duration) -> later<now, Length> {
    seconds_from_now(length.as_secs_f64())
}

/// The database's current time minus some seconds.
pub(super) fn ago(seconds: u32) -> later<now, Length> {
    seconds_from_now(-f64::from(seconds))
}

fn seconds_from_now(seconds: f64) -> later<now, Length> {
    later(now, make_interval(0, 0, 0, 0, 0, 0, seconds))
}

/// How long a statement may take that sets a clock again.
const EXACT: Duration = Duration::from_millis(100);

/// The database's clock without a query for each reading.
#[derive(Clone, Debug, Default)]
pub struct DatabaseClock(Arc<Mutex<Option<Reading>>>);

/// One reading of the database's clock.
#[derive(Clone, Copy, Debug)]
struct Reading {
    at: Instant,
    said: DateTime<Utc>,
}

/// Reads the database's clock, with microsecond precision.
pub fn read(connection: &mut PgConnection) -> Result<DateTime<Utc>, Error> {
    diesel::select(clock_timestamp())
        .get_result(connection)
        .map_err(explain)
}

impl DatabaseClock {
    /// Sets this clock from the database's.
    pub(super) fn set_by(&self, connection: &mut PgConnection) -> QueryResult<()> {
        self.set_with(|| {
            let said = diesel::select(clock_timestamp()).get_result(connection)?;
            Ok((said, ()))
        })
    }

    /// Sets this clock from what the database says in a statement besides its answer. A statement that took long says too little
    /// about the time, so it sets only a clock that was never set.
    pub(super) fn set_with<T>(
        &self,
        ask: impl FnOnce() -> QueryResult<(DateTime<Utc>, T)>,
    ) -> QueryResult<T> {
        let asked = Instant::now();
        let (said, answer) = ask()?;
        let took = asked.elapsed();
        let mut reading = self.0.lock();
        if took <= EXACT || reading.is_none() {
            let at = asked + took / 2;
            *reading = Some(Reading { at, said });
        }
        Ok(answer)
    }

    /// The current time, with microsecond precision. Before the database was first reached it is this machine's
    /// time.
    pub fn now(&self) -> DateTime<Utc> {
        let reading = *self.0.lock();
        let time = reading.map_or_else(Utc::now, |reading| reading.after(reading.at.elapsed()));
        time.trunc_subsecs(6)
    }
}

impl Reading {
    fn after(self, elapsed: Duration) -> DateTime<Utc> {
        self.said + TimeDelta::from_std(elapsed).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_that_took_long_does_not_set_a_clock_again() {
        let clock = DatabaseClock::default();
        let says = |hours: i64| Ok((Utc::now() + TimeDelta::hours(hours), ()));
        let ahead = || (clock.now() - Utc::now()).as_seconds_f64() / 3_600.0;
        let slowly = |hours: i64| {
            clock.set_with(|| {
                std::thread::sleep(EXACT * 2);
                says(hours)
            })
        };
        slowly(1).unwrap();
        assert!((ahead() - 1.0).abs() < 0.1, "it was not set before");
        slowly(2).unwrap();
        assert!((ahead() - 1.0).abs() < 0.1);
        clock.set_with(|| says(3)).unwrap();
        assert!((ahead() - 3.0).abs() < 0.1);
    }

    #[test]
    fn the_time_goes_on_from_what_the_database_said() {
        let said = Utc::now() - TimeDelta::hours(3);
        let at = Instant::now();
        let clock = DatabaseClock(Arc::new(Mutex::new(Some(Reading { at, said }))));
        let (first, second) = (clock.now(), clock.now());
        assert!(said.trunc_subsecs(6) <= first && first <= second);
        assert!(second - said < TimeDelta::minutes(1));
        let reading = Reading { at, said };
        assert_eq!(
            reading.after(Duration::from_secs(5)) - said,
            TimeDelta::seconds(5)
        );
    }
}
