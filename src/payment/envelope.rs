//! A gateway's webhook, read: what it says of a payment. Whatever it says besides is left aside.

use serde::Deserialize;
use serde_json::{Map, json};

use crate::domain::flow::Money;
use crate::domain::payment::{PaymentStatus, RefundReport, RefundStatus, Report};

#[derive(Deserialize)]
struct Envelope {
    event: String,
    #[serde(default)]
    payload: Payload,
}

#[derive(Default, Deserialize)]
struct Payload {
    payment: Option<Holder<Payment>>,
    order: Option<Holder<Order>>,
    refund: Option<Holder<Refund>>,
}

#[derive(Deserialize)]
struct Holder<T> {
    entity: T,
}

/// A payment, as webhooks and the API show it.
#[derive(Deserialize)]
pub(super) struct Payment {
    id: String,
    amount: i64,
    currency: String,
    status: String,
    order_id: Option<String>,
    #[serde(default)]
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
    #[serde(default)]
    amount: i64,
    #[serde(default)]
    payment_id: String,
    #[serde(default)]
    status: Option<String>,
}

/// What an envelope is.
#[derive(Debug, PartialEq, Eq)]
pub enum Read {
    /// It says something of a payment.
    Of(Report),
    /// Of something that nobody here waits for.
    Other,
}

/// Reads an envelope. One that is no JSON, or lacks what its event must have, says nothing that could be acted on.
pub fn read(body: &str) -> Read {
    let said = serde_json::from_str(body).ok().and_then(report);
    said.map_or(Read::Other, Read::Of)
}

fn report(envelope: Envelope) -> Option<Report> {
    let Payload {
        payment,
        order,
        refund,
    } = envelope.payload;
    let payment = payment.map(|holder| holder.entity);
    let order = order.map(|holder| holder.entity.id);
    let refund = refund.map(|holder| holder.entity);
    let status = match envelope.event.as_str() {
        "payment.authorized" => PaymentStatus::Authorized,
        "payment.captured" | "order.paid" => PaymentStatus::Captured,
        "payment.failed" => PaymentStatus::Failed,
        "refund.created" => return refunded(refund?, payment, RefundStatus::Pending),
        "refund.processed" => return refunded(refund?, payment, RefundStatus::Processed),
        "refund.failed" => return refunded(refund?, payment, RefundStatus::Failed),
        _ => return None,
    };
    let mut report = payment?.report_at(status);
    report.order = report.order.or(order);
    report.order.is_some().then_some(report)
}

/// A refund is of money that was captured. What is back for good is counted only once the gateway says so.
fn refunded(refund: Refund, payment: Option<Payment>, status: RefundStatus) -> Option<Report> {
    let counted = payment.as_ref().and_then(|payment| payment.amount_refunded);
    let returned = match status {
        RefundStatus::Processed => refund.amount.max(counted.unwrap_or(0)),
        RefundStatus::Pending | RefundStatus::Failed => 0,
    };
    let mut report = match payment {
        Some(payment) => payment.report_at(PaymentStatus::Captured),
        None if refund.payment_id.is_empty() => return None,
        None => Report {
            payment: refund.payment_id.clone(),
            order: None,
            paid: None,
            status: PaymentStatus::Captured,
            returned: 0,
            refund: None,
        },
    };
    report.returned = returned;
    report.refund = Some(RefundReport {
        id: refund.id,
        status,
    });
    Some(report)
}

impl Payment {
    fn report_at(self, status: PaymentStatus) -> Report {
        Report {
            payment: self.id,
            order: self.order_id,
            paid: Some(Money {
                amount: self.amount,
                currency: self.currency,
            }),
            status,
            returned: 0,
            refund: None,
        }
    }

    /// What the API says of it; a status that is not documented counts as begun.
    pub(super) fn report(self) -> Report {
        let status = PaymentStatus::named(&self.status).unwrap_or(PaymentStatus::Created);
        let returned = match status {
            PaymentStatus::Refunded => self.amount,
            _ => self.amount_refunded.unwrap_or(0),
        };
        let mut report = self.report_at(status);
        report.returned = returned;
        report
    }
}

impl Refund {
    /// What the API says of it.
    pub(super) fn report(self) -> RefundReport {
        let status = self.status.as_deref().and_then(RefundStatus::named);
        RefundReport {
            id: self.id,
            status: status.unwrap_or(RefundStatus::Pending),
        }
    }
}

/// An envelope that says the same as a report: for what was learned by asking, and for what the sandbox says. None for a
/// payment that was only begun.
pub fn write(report: &Report, at: i64) -> Option<(&'static str, String)> {
    let event = match report.status {
        PaymentStatus::Created => return None,
        PaymentStatus::Failed => "payment.failed",
        PaymentStatus::Authorized => "payment.authorized",
        PaymentStatus::Captured => "payment.captured",
        PaymentStatus::Refunded => "refund.processed",
    };
    Some((event, render(event, report, at)))
}

/// An envelope of a given event about a payment.
pub(super) fn render(event: &str, report: &Report, at: i64) -> String {
    let order = report.order.as_deref().unwrap_or_default();
    let (amount, currency) = match &report.paid {
        Some(paid) => (paid.amount, paid.currency.as_str()),
        None => (0, ""),
    };
    let payment = json!({ "entity": {
        "id": report.payment, "entity": "payment", "amount": amount, "currency": currency,
        "status": report.status.name(), "order_id": order, "amount_refunded": report.returned, "notes": [],
    } });
    let mut payload = Map::new();
    payload.insert("payment".to_owned(), payment);
    if event == "order.paid" {
        payload.insert("order".to_owned(), json!({ "entity": {
            "id": order, "entity": "order", "amount": amount, "amount_paid": amount, "amount_due": 0, "currency": currency,
            "status": "paid", "notes": [],
        } }));
    }
    if event == "refund.processed" {
        let id = report.refund.as_ref().map_or("", |refund| &refund.id);
        payload.insert("refund".to_owned(), json!({ "entity": {
            "id": id, "entity": "refund", "amount": report.returned, "currency": currency, "payment_id": report.payment,
            "status": "processed", "notes": [],
        } }));
    }
    let contains: Vec<&String> = payload.keys().collect();
    json!({ "entity": "event", "event": event, "contains": contains, "payload": payload, "created_at": at }).to_string()
}

#[cfg(test)]
#[path = "envelope_tests.rs"]
mod tests;
