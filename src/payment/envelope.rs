//! A gateway's webhook, read: what it says of a payment or a refund. Whatever it says besides is left aside.

use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use uuid::Uuid;

use crate::domain::flow::Money;
use crate::domain::payment::{PaymentStatus, Report};
use crate::domain::refund::{RefundReport, RefundStatus};
use crate::domain::whole;

/// Every envelope has a name; what else it must have depends on that.
#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    event: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Envelope<P> {
    payload: P,
}

#[derive(Deserialize)]
struct OfPayment {
    payment: Holder<Payment>,
    order: Option<Holder<Order>>,
}

#[derive(Deserialize)]
struct OfRefund {
    refund: Holder<Refund>,
    payment: Option<Holder<Payment>>,
}

#[derive(Deserialize)]
struct Holder<T> {
    entity: T,
}

/// A payment, as webhooks and the API show it.
#[derive(Deserialize)]
pub(super) struct Payment {
    pub(super) id: String,
    #[serde(deserialize_with = "whole::required")]
    amount: i64,
    currency: String,
    #[serde(default)]
    status: Option<String>,
    /// Whether its money was collected. A payment that is refunded may never have been: then its authorization was let go.
    #[serde(default)]
    captured: Option<bool>,
    #[serde(default)]
    order_id: Option<String>,
    #[serde(default, deserialize_with = "whole::optional")]
    amount_refunded: Option<i64>,
}

#[derive(Deserialize)]
struct Order {
    id: String,
}

/// A refund, as webhooks and the API show it.
#[derive(Deserialize)]
pub(super) struct Refund {
    id: String,
    #[serde(default, deserialize_with = "whole::optional")]
    amount: Option<i64>,
    #[serde(default)]
    payment_id: Option<String>,
    #[serde(default)]
    status: Option<String>,
    /// Raw, since anything may stand in notes, and must not make the rest unreadable.
    #[serde(default)]
    notes: Option<Box<RawValue>>,
}

/// The note by which a refund that a deal asked for is known again.
#[derive(Deserialize)]
struct Notes {
    stoa_refund: Uuid,
}

/// What an envelope is.
#[derive(Debug, PartialEq, Eq)]
pub enum Read {
    /// It says something of a payment.
    Of(Report),
    /// Of something that nobody here waits for.
    Other,
    /// It cannot be read, and it may be about money: people have to look. The text says why, without what it says.
    Unreadable(String),
}

/// Reads an envelope. A byte order mark before it means nothing.
pub fn read(body: &str) -> Read {
    let body = body.strip_prefix('\u{feff}').unwrap_or(body);
    match report(body) {
        Ok(Some(report)) => Read::Of(report),
        Ok(None) => Read::Other,
        Err(why) => Read::Unreadable(why),
    }
}

fn report(body: &str) -> Result<Option<Report>, String> {
    let Named { event } = parsed(body)?;
    match event.as_ref() {
        "payment.authorized" => of_payment(body, PaymentStatus::Authorized),
        "payment.captured" | "order.paid" => of_payment(body, PaymentStatus::Captured),
        "payment.failed" => of_payment(body, PaymentStatus::Failed),
        RELEASED => of_payment(body, PaymentStatus::Released),
        "refund.created" => of_refund(body, RefundStatus::Pending),
        "refund.processed" => of_refund(body, RefundStatus::Processed),
        "refund.failed" => of_refund(body, RefundStatus::Failed),
        _ => Ok(None),
    }
}

/// The event that no gateway posts: what asking it has told of an authorization that was let go.
pub(super) const RELEASED: &str = "payment.released";

fn parsed<'a, T: Deserialize<'a>>(body: &'a str) -> Result<T, String> {
    serde_json::from_str(body).map_err(|error| explain(&error))
}

/// The words of an error without the value that they repeat.
fn explain(error: &serde_json::Error) -> String {
    let said = error.to_string();
    match said.split_once(", expected ") {
        Some((_, expected)) => format!("expected {expected}"),
        None => said,
    }
}

/// A payment that belongs to no order is not one of ours.
fn of_payment(body: &str, status: PaymentStatus) -> Result<Option<Report>, String> {
    let OfPayment { payment, order } = parsed::<Envelope<_>>(body)?.payload;
    let payment: Payment = payment.entity;
    if status == PaymentStatus::Captured && payment.captured == Some(false) {
        return Err("the payment is said to be captured, and not to be".to_owned());
    }
    let mut report = payment.report_at(status)?;
    report.order = report.order.or(order.map(|holder| holder.entity.id));
    Ok(Some(report).filter(|report| report.order.is_some()))
}

fn of_refund(body: &str, event: RefundStatus) -> Result<Option<Report>, String> {
    let OfRefund { refund, payment } = parsed::<Envelope<_>>(body)?.payload;
    let (refund, payment): (Refund, _) = (refund.entity, payment.map(|holder| holder.entity));
    let named = refund.payment_id.clone().filter(|id| !id.is_empty());
    let told = refund.report(event, None)?;
    let mut report = match (payment, named) {
        (Some(payment), Some(named)) if named != payment.id => {
            return Err("the refund is of another payment than the one beside it".to_owned());
        }
        (Some(payment), _) => {
            let status = payment.standing();
            payment.report_at(status)?
        }
        (None, Some(payment)) => Report {
            payment,
            order: None,
            paid: None,
            status: PaymentStatus::Created,
            refund: None,
        },
        (None, None) => return Err("missing field `payment_id`".to_owned()),
    };
    report.refund = Some(told);
    Ok(Some(report))
}

impl Payment {
    fn report_at(self, status: PaymentStatus) -> Result<Report, String> {
        if self.amount < 0 {
            return Err("the payment's amount is below nothing".to_owned());
        }
        Ok(Report {
            payment: self.id,
            order: self.order_id,
            paid: Some(Money {
                amount: self.amount,
                currency: self.currency.to_ascii_uppercase(),
            }),
            status,
            refund: None,
        })
    }

    /// How far it has come, but for what went back; a status that is not documented counts as begun.
    fn standing(&self) -> PaymentStatus {
        let named = self.status.as_deref();
        let named = named.map_or_else(
            || match self.captured {
                Some(true) => Some(PaymentStatus::Captured),
                Some(false) | None => None,
            },
            PaymentStatus::named,
        );
        match (named.unwrap_or(PaymentStatus::Created), self.captured) {
            (PaymentStatus::Refunded, Some(false)) => PaymentStatus::Released,
            (PaymentStatus::Captured, Some(false)) => PaymentStatus::Authorized,
            (PaymentStatus::Refunded, _) => PaymentStatus::Captured,
            (other, _) => other,
        }
    }

    /// Whether some of what was collected went back, or is on its way.
    pub(super) fn goes_back(&self) -> bool {
        self.standing() == PaymentStatus::Captured
            && (self.is_refunded() || self.amount_refunded.is_some_and(|amount| amount > 0))
    }

    /// What its own status says of refunds: that all of it went back. For a gateway that does not list them.
    pub(super) fn whole_refund(&self) -> Option<RefundReport> {
        self.is_refunded().then(|| RefundReport {
            id: format!("refund of {}", self.id),
            asked: None,
            amount: self.amount,
            status: RefundStatus::Processed,
        })
    }

    fn is_refunded(&self) -> bool {
        self.status.as_deref() == Some(PaymentStatus::Refunded.name())
    }

    /// What the API says of it.
    pub(super) fn report(self) -> Result<Report, String> {
        let status = self.standing();
        self.report_at(status)
    }
}

impl Refund {
    /// What an event says of it, or the API. Only what both the event's name and the refund's own status call processed is. Where no
    /// amount is told, it is the one that was asked for.
    fn report(self, event: RefundStatus, asked: Option<i64>) -> Result<RefundReport, String> {
        let amount = self.amount.or(asked).ok_or("missing field `amount`")?;
        if amount <= 0 {
            return Err("the refund's amount is not above nothing".to_owned());
        }
        let own = self.status.as_deref();
        let status = match event {
            RefundStatus::Processed => own.map_or(Some(event), RefundStatus::named),
            other => Some(other),
        };
        let notes = self.notes.as_ref();
        let notes = notes.and_then(|notes| serde_json::from_str::<Notes>(notes.get()).ok());
        Ok(RefundReport {
            id: self.id,
            asked: notes.map(|notes| notes.stoa_refund),
            amount,
            status: status.unwrap_or(RefundStatus::Pending),
        })
    }

    /// What the API says of it: without a status it is under way.
    pub(super) fn of_api(mut self, asked: Option<i64>) -> Result<RefundReport, String> {
        let pending = || RefundStatus::Pending.name().to_owned();
        self.status.get_or_insert_with(pending);
        self.report(RefundStatus::Processed, asked)
    }
}

#[cfg(test)]
#[path = "envelope_tests.rs"]
mod tests;
