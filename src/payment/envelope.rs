//! Reads a gateway's webhook: what it reports about a payment or a refund. Other fields are ignored.

use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use uuid::Uuid;

use crate::domain::flow::Money;
use crate::domain::payment::{PaymentStatus, Report};
use crate::domain::refund::{RefundReport, RefundStatus};
use crate::domain::whole;

/// Every envelope has an event name, which determines the other fields.
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
    /// Whether its money was collected. A payment with the status `refunded` may never have been: then its
    /// authorization was released.
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
    /// Kept raw, because notes may have any form and must not make the rest unreadable.
    #[serde(default)]
    notes: Option<Box<RawValue>>,
}

/// The note that identifies a refund requested by a deal.
#[derive(Deserialize)]
struct Notes {
    stoa_refund: Uuid,
}

/// The contents of an envelope.
#[derive(Debug, PartialEq, Eq)]
pub enum Read {
    /// A report about a payment.
    Of(Report),
    /// An event that Stoa does not handle.
    Other,
    /// It cannot be read and may be about money, so an operator must look at it. The text gives the reason
    /// without quoting values.
    Unreadable(String),
}

/// Reads an envelope. A leading byte order mark is ignored.
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

/// Not a gateway's event: Stoa stores it when a query to the gateway shows that an authorization was released.
pub(super) const RELEASED: &str = "payment.released";

fn parsed<'a, T: Deserialize<'a>>(body: &'a str) -> Result<T, String> {
    serde_json::from_str(body).map_err(|error| explain(&error))
}

/// The text of an error without the value that it quotes.
fn explain(error: &serde_json::Error) -> String {
    let said = error.to_string();
    match said.split_once(", expected ") {
        Some((_, expected)) => format!("expected {expected}"),
        None => said,
    }
}

/// Returns `None` for a payment without an order, which belongs to another system.
fn of_payment(body: &str, status: PaymentStatus) -> Result<Option<Report>, String> {
    let OfPayment { payment, order } = parsed::<Envelope<_>>(body)?.payload;
    let payment: Payment = payment.entity;
    if status == PaymentStatus::Captured && payment.captured == Some(false) {
        return Err("the payment's status and its field captured contradict each other".to_owned());
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
            return Err("the refund names another payment than its event".to_owned());
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
            return Err("the payment's amount is negative".to_owned());
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

    /// Its status without regard to refunds; an unknown status counts as `created`.
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

    /// Whether part of the money went back or is on its way back.
    pub(super) fn goes_back(&self) -> bool {
        self.standing() == PaymentStatus::Captured
            && (self.is_refunded() || self.amount_refunded.is_some_and(|amount| amount > 0))
    }

    /// The full refund that the payment's own status implies, for gateways that do not list refunds.
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

    /// The report for an answer of the API.
    pub(super) fn report(self) -> Result<Report, String> {
        let status = self.standing();
        self.report_at(status)
    }
}

impl Refund {
    /// The report of an event or of the API. The refund counts as processed only if both the event's name and
    /// its own status say so. A missing amount is the requested one.
    fn report(self, event: RefundStatus, asked: Option<i64>) -> Result<RefundReport, String> {
        let amount = self.amount.or(asked).ok_or("missing field `amount`")?;
        if amount <= 0 {
            return Err("the refund's amount is not positive".to_owned());
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

    /// The report for an answer of the API; without a status the refund is pending.
    pub(super) fn of_api(mut self, asked: Option<i64>) -> Result<RefundReport, String> {
        let pending = || RefundStatus::Pending.name().to_owned();
        self.status.get_or_insert_with(pending);
        self.report(RefundStatus::Processed, asked)
    }
}

#[cfg(test)]
#[path = "envelope_tests.rs"]
mod tests;
