//! Asks the gateway about orders that no webhook has reported on. What it answers is handled like a webhook.

use chrono::{DateTime, Utc};
use std::sync::Arc;
use std::time::Duration;

use super::{JobDeps, JobEnd};
use crate::domain::payment::Report;
use crate::error::Error;
use crate::payment::rendering;
use crate::store::{gateway_refunds, orders, payment_events, payments};

/// Asks about an unpaid order: first after a quarter of an hour, then whenever its age has doubled, for days.
pub(super) async fn reconcile(deps: &Arc<JobDeps>, order_no: i64) -> Result<JobEnd, Error> {
    let find = move |connection: &mut _| orders::by_no(connection, order_no);
    let Some(row) = deps.pool.run(find).await? else {
        return Ok(JobEnd::Done);
    };
    let (Some(order), "created") = (row.gateway_order_id, row.status.as_str()) else {
        return Ok(JobEnd::Done);
    };
    if !deps.has_gateway(&row.gateway) {
        return Ok(JobEnd::Retry("gateway_not_configured".to_owned()));
    }
    let asked = deps.ask(move |gateway| gateway.payments_of(&order));
    let reports = match asked.await? {
        Ok(reports) => reports,
        Err(error) => return Ok(error.into()),
    };
    let (gateway, at) = (row.gateway, deps.pool.clock().now());
    let heard = deps.pool.run(move |connection| {
        orders::set_checked(connection, order_no)?;
        for report in &reports {
            record_event(connection, &gateway, report, at)?;
        }
        Ok(())
    });
    heard.await?;
    deps.job_signal.notify();
    let first = Duration::from_millis(deps.config.payments.reconcile_after_ms);
    let longest = Duration::from_secs(u64::from(deps.config.payments.reconcile_hours) * 3_600);
    let age = (at - row.created_at).to_std().unwrap_or_default();
    Ok(next_check(age, first, longest).map_or(JobEnd::Done, JobEnd::Wait))
}

/// The time until the next check, which is the order's age; `None` once the order is older than `longest`.
fn next_check(age: Duration, first: Duration, longest: Duration) -> Option<Duration> {
    (age < longest).then(|| age.max(first).min(longest - age + first))
}

/// Stores the gateway's answer as a received event, if it is ahead of what is known.
fn record_event(
    connection: &mut diesel::PgConnection,
    gateway: &str,
    report: &Report,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    let Some((event, body)) = rendering::write(report, at.timestamp()) else {
        return Ok(());
    };
    let (subject, is_ahead) = match &report.refund {
        Some(told) => {
            let known = gateway_refunds::of(connection, gateway, &report.payment)?;
            let known = known.into_iter().find(|known| known.id == told.id);
            let is_ahead = known.is_none_or(|known| known.status < told.status);
            (&told.id, is_ahead)
        }
        None => {
            let known = payments::facts(connection, gateway, &report.payment)?;
            let is_ahead = known.is_none_or(|known| known.status < report.status);
            (&report.payment, is_ahead)
        }
    };
    if is_ahead {
        let id = format!("asked {subject} {event}");
        payment_events::receive(connection, gateway, Some(&id), body.as_bytes())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_doubles_until_it_is_not_worth_it() {
        let minutes = |count: u64| Duration::from_secs(count * 60);
        let (first, longest) = (minutes(15), minutes(96 * 60));
        let mut age = first;
        let mut looks = vec![age];
        while let Some(pause) = next_check(age, first, longest) {
            age += pause;
            looks.push(age);
        }
        let expected: Vec<Duration> = (0..9).map(|n| minutes(15 << n)).collect();
        assert_eq!(looks[..9], expected[..]);
        assert!(looks.len() <= 11 && *looks.last().unwrap() >= longest);
    }
}
