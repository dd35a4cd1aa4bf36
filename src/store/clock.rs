//! The database's clock: what is due and how old a row is, all servers say by it, whatever their own clocks say.

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
    /// What the operator `+` calls.
    #[sql_name = "timestamptz_pl_interval"]
    fn later(at: Timestamptz, by: Interval) -> Timestamptz;
}
diesel::define_sql_function! {
    /// The time of the call, within a transaction too.
    fn clock_timestamp() -> Timestamptz;
}

type Length = make_interval<i32, i32, i32, i32, i32, i32, f64>;

/// The database's now, and so much later.
pub(super) fn in_time(length: Duration) -> later<now, Length> {
    seconds_from_now(length.as_secs_f64())
}

/// The database's now, and so many seconds earlier.
pub(super) fn ago(seconds: u32) -> later<now, Length> {
    seconds_from_now(-f64::from(seconds))
}

fn seconds_from_now(seconds: f64) -> later<now, Length> {
    later(now, make_interval(0, 0, 0, 0, 0, 0, seconds))
}

/// What the database's clock says, without asking it each time.
#[derive(Clone, Debug, Default)]
pub struct DatabaseClock(Arc<Mutex<Option<Reading>>>);

/// A look at the database's clock.
#[derive(Clone, Copy, Debug)]
struct Reading {
    at: Instant,
    said: DateTime<Utc>,
}

/// What the database's clock says now, as exactly as the database keeps it.
pub fn read(connection: &mut PgConnection) -> Result<DateTime<Utc>, Error> {
    diesel::select(clock_timestamp())
        .get_result(connection)
        .map_err(explain)
}

impl DatabaseClock {
    /// Looks at the clock of the database.
    pub(super) fn set_by(&self, connection: &mut PgConnection) -> QueryResult<()> {
        let asked = Instant::now();
        let said = diesel::select(clock_timestamp()).get_result(connection)?;
        let at = asked + asked.elapsed() / 2;
        *self.0.lock() = Some(Reading { at, said });
        Ok(())
    }

    /// The time now, as exactly as the database keeps it. Before the database was ever reached it is this machine's time.
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
